"""The database under the store: its tables, its one lock, its transactions and its clock."""

import os
import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from threading import RLock
from typing import Any

# `number` keeps the order of creation, since times may be equal.
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
    room_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
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
    room_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
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
    record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS pending_deliveries
    ON deliveries (room_id, occurred_at) WHERE state = 'pending';
"""

_NAMES = (
    "rooms",
    "sessions",
    "participants",
    "recordings",
    "compositions",
    "events",
    "deliveries",
)


def timestamp(time: datetime) -> str:
    """Return a time in UTC as it is stored and shown; their order is that of the times."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_between(start: str, end: str) -> int:
    """Return the whole seconds between two times as they are stored."""
    return int((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


class Database:
    """One connection to the tables. Every method may be called from any thread.

    Args:
        db: A file that keeps the tables, or None to keep them in memory. What was committed
            survives a kill of the process.
        now: Tells the time, in UTC; the statements have it as `now_utc()`.

    Raises:
        OSError: when the file cannot be opened, or is not a database.
    """

    def __init__(self, db: str | os.PathLike[str] | None, now: Callable[[], datetime]) -> None:
        self.moment: Callable[[], datetime] = now
        self.lock: AbstractContextManager[object] = RLock()
        """Holds other threads off for as long as it is held; this thread may take it again."""
        path = ":memory:" if db is None else os.fspath(db)
        try:
            self._db = self._connect(path)
        except sqlite3.Error as error:
            raise OSError(f"the sandbox cannot keep its rooms in {path!r}: {error}") from error

    def now(self) -> str:
        """Return the time as it is stored."""
        return timestamp(self.moment())

    def change(self, statement: str, values: Sequence[object] = ()) -> int:
        """Execute a statement that changes rows and return how many it did.

        Raises:
            sqlite3.IntegrityError: when a constraint does not allow it; then nothing is changed.
        """
        with self.lock:
            return self._db.execute(statement, values).rowcount

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Execute a statement that looks for rows and return them."""
        with self.lock:
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Commit what this thread changes inside of the context as one, unless it raises.

        Other threads wait, and other processes with their changes. Inside of another one it is a
        part of that.
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
    def undone(self) -> Generator[None]:
        """Take back what this thread changes inside of the context; others wait."""
        with self.lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")

    def clear(self) -> None:
        """Remove every row."""
        with self.transaction():
            for name in _NAMES:
                self._db.execute(f"DELETE FROM {name}")  # noqa: S608 # names are ours

    def close(self) -> None:
        """Let go of the database; it cannot be used afterwards."""
        with self.lock:
            self._db.close()

    def _connect(self, path: str) -> sqlite3.Connection:
        # Our own lock does what `check_same_thread` would; None commits each statement.
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            # A commit reaches the log before it returns, and so outlives a killed process; NORMAL
            # saves the wait for the disk, which only a power failure would have made worth it.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(_TABLES)
            connection.create_function("now_utc", 0, self.now)
        except BaseException:
            connection.close()
            raise
        return connection
