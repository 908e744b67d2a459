"""The SQLite database: tables, bounds, one lock, transactions, the clock and new ids."""

import os
import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from threading import RLock
from typing import Any

from telnyx_video.sandbox.state.source import SystemSource

# `number` keeps the order of creation, since timestamps may be equal.
_TABLES = """
CREATE TABLE IF NOT EXISTS rooms (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    unique_name TEXT UNIQUE,
    max_participants INTEGER NOT NULL,
    enable_recording INTEGER NOT NULL,
    webhook_event_url TEXT,
    webhook_event_failover_url TEXT NOT NULL,
    webhook_timeout_secs INTEGER,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS sessions (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    room_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE INDEX IF NOT EXISTS sessions_of_room ON sessions (room_id);
CREATE UNIQUE INDEX IF NOT EXISTS active_session ON sessions (room_id) WHERE ended_at IS NULL;
CREATE TABLE IF NOT EXISTS participants (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL,
    context TEXT,
    muted INTEGER NOT NULL,
    joined_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    left_at TEXT
);
CREATE INDEX IF NOT EXISTS participants_of_session ON participants (session_id);
CREATE TABLE IF NOT EXISTS recordings (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    room_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    participant_id TEXT NOT NULL,
    type TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ended_at TEXT,
    duration_secs INTEGER,
    size_mb REAL
);
CREATE INDEX IF NOT EXISTS recordings_of_session ON recordings (session_id);
CREATE TABLE IF NOT EXISTS compositions (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    room_id TEXT,
    session_id TEXT,
    resolution TEXT NOT NULL,
    video_layout TEXT,
    webhook_event_url TEXT,
    webhook_event_failover_url TEXT NOT NULL,
    webhook_timeout_secs INTEGER,
    started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    duration_secs INTEGER NOT NULL,
    size_mb REAL NOT NULL,
    created_at TEXT NOT NULL,
    processing_at TEXT NOT NULL,
    completed_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    occurred_at TEXT NOT NULL,
    room_id TEXT,
    session_id TEXT,
    participant_id TEXT,
    recording_id TEXT,
    composition_id TEXT
);
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    event_type TEXT NOT NULL,
    occurred_at TEXT NOT NULL,
    room_id TEXT NOT NULL,
    url TEXT NOT NULL,
    failover_url TEXT NOT NULL,
    timeout_secs INTEGER,
    payload TEXT NOT NULL,
    file_name TEXT,
    state TEXT NOT NULL,
    record TEXT NOT NULL,
    replay_to TEXT
);
CREATE INDEX IF NOT EXISTS pending_deliveries
    ON deliveries (room_id, occurred_at) WHERE state = 'pending';
"""

LIMITS = {
    "rooms": 1_000_000,
    "sessions": 1_000_000,
    "participants": 1_000_000,
    "recordings": 2_000_000,
    "compositions": 100_000,
}
"""Rows that a table holds at most; a further one is refused."""

HISTORY = {"events": 100_000, "deliveries": 10_000}
"""Rows that a table keeps; of more, the oldest are forgotten."""

FULL = "the sandbox is full"
"""What SQLite reports for a row beyond the limits."""

# The numbers of the first and of the last row bound the count; only then are the rows counted.
_LIMITING = """
CREATE TRIGGER IF NOT EXISTS limit_{table} BEFORE INSERT ON {table} WHEN
    (SELECT max(number) FROM {table}) - (SELECT min(number) FROM {table}) + 1 >= {most}
    AND (SELECT count(*) FROM {table}) >= {most}
BEGIN SELECT RAISE(ABORT, '{full}'); END;
"""
_FORGETTING = """
CREATE TRIGGER IF NOT EXISTS forget_{table} AFTER INSERT ON {table} WHEN
    NEW.number > {most}
BEGIN DELETE FROM {table} WHERE number <= NEW.number - {most}; END;
"""


def timestamp(time: datetime) -> str:
    """Return a time in UTC as it is stored and shown; such strings sort by time."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_between(start: str, end: str) -> int:
    """Return the whole seconds between two times as they are stored."""
    return int((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


class Database:
    """One connection to the tables. Every method may be called from any thread.

    Args:
        db: A file, or None for memory. What was committed survives a kill of the process.
        source: Where times and ids come from; statements have the time as `now_utc()`.

    Raises:
        OSError: if the file cannot be opened, or is not a database.
    """

    def __init__(self, db: str | os.PathLike[str] | None, source: SystemSource) -> None:
        self.moment: Callable[[], datetime] = source.now
        self.new_id: Callable[[], str] = source.new_id
        self.lock: AbstractContextManager[object] = RLock()
        """Held while the connection is in use; reentrant."""
        path = ":memory:" if db is None else os.fspath(db)
        try:
            self._db = self._connect(path)
        except sqlite3.Error as error:
            raise OSError(f"the sandbox cannot keep its rooms in {path!r}: {error}") from error

    @property
    def revision(self) -> int:
        """The number of rows changed so far."""
        return self._db.total_changes

    def now(self) -> str:
        """Return the time as it is stored."""
        return timestamp(self.moment())

    def change(self, statement: str, values: Sequence[object] = ()) -> int:
        """Execute a statement that changes rows and return how many.

        Raises:
            sqlite3.IntegrityError: if a constraint fails; then nothing is changed.
        """
        with self.lock:
            return self._db.execute(statement, values).rowcount

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Execute a query and return its rows."""
        with self.lock:
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Commit what this thread changes inside of the context as one transaction.

        An exception rolls it back. Other threads and processes wait. Nested transactions are part
        of the outer one.
        """
        with self.lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def rolled_back(self) -> Generator[None]:
        """Roll back what this thread changes inside of the context; other threads wait."""
        with self.lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")

    def clear(self) -> None:
        """Remove every row."""
        with self.transaction():
            for table in (*LIMITS, *HISTORY):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 # names are ours

    def close(self) -> None:
        """Close the database; it cannot be used afterwards."""
        with self.lock:
            self._db.close()

    def _connect(self, path: str) -> sqlite3.Connection:
        # Our own lock does what `check_same_thread` would; None commits each statement.
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            # A commit reaches the log file before it returns, and so survives a killed process.
            # NORMAL skips waiting for the disk, which only protects against power failures.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(_TABLES + _bounds())
            connection.create_function("now_utc", 0, self.now)
        except BaseException:
            connection.close()
            raise
        return connection


def _bounds() -> str:
    limits = (_LIMITING.format(table=table, most=most, full=FULL) for table, most in LIMITS.items())
    history = (_FORGETTING.format(table=table, most=most) for table, most in HISTORY.items())
    return "".join((*limits, *history))
