"""The SQLite database: its schema, one connection, transactions, and tables of records.

SQLite enforces unique names, so that no interleaving of requests, threads or processes can create
two rooms with one name. Each change is one transaction together with its consequences, so that a
killed process leaves a consistent state.
"""

import operator
import os
import random
import sqlite3
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any, Generic, Literal, TypeVar, cast

import attrs

T = TypeVar("T")

Comparison = Literal["eq", "gte", "lte"]

MAX_INTEGER = 2**63 - 1
"""SQLite's largest integer."""

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
CREATE INDEX IF NOT EXISTS list_participants_of_session ON participants (session_id);
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
"""Maximum number of rows in a table; further ones are refused."""

HISTORY = {"events": 100_000, "deliveries": 10_000}
"""Number of rows that a table keeps; the oldest are deleted."""

FULL = "the sandbox is full"
"""The message of SQLite for a row beyond the limits."""

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


class NameTakenError(Exception):
    """Another room has this unique name."""


class AbsentError(LookupError):
    """No object has this id."""


class ConflictError(ValueError):
    """The change conflicts with the current state; the message says how."""


class FullError(ConflictError):
    """A table has reached its limit."""


class SystemSource:
    """Times of the system clock and random ids."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    def new_id(self) -> str:
        """Return a random UUID."""
        return str(uuid.uuid4())

    def tick(self) -> None:
        """Do nothing: the system clock advances by itself."""

    def reset(self) -> None:
        """Do nothing: there is no sequence to restart."""


class SeededSource(SystemSource):
    """Times and ids that are the same in every run; each request takes one second.

    Args:
        seed: Determines the ids.
    """

    START = datetime(2025, 1, 1, tzinfo=UTC)
    """The time before the first request."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.reset()

    def now(self) -> datetime:
        """Return the time in UTC."""
        return self._now

    def new_id(self) -> str:
        """Return the next UUID of the sequence."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def tick(self) -> None:
        """Advance the clock by a second."""
        self._now += timedelta(seconds=1)

    def reset(self) -> None:
        """Start again from the first id and time."""
        self._random = random.Random(self._seed)
        self._now = self.START


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
        """Commit the changes of this thread inside the context as one transaction.

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
        """Roll back the changes of this thread inside the context; other threads wait."""
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
        # Our own lock replaces `check_same_thread`; isolation level None commits each statement.
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


@attrs.frozen
class Filter:
    """Keeps the rows whose field compares with the value; null never does."""

    field: str
    value: str | int
    comparison: Comparison = "eq"
    whole_day: bool = False
    """The value is a day, compared with the UTC day of a field that is a time."""


@attrs.frozen
class Query:
    """Selects rows, oldest first, and a page of them."""

    filters: tuple[Filter, ...] = ()
    """All must match."""
    page_number: int = 1
    """From 1."""
    page_size: int = 20
    """Rows on a page, 1 to 250."""
    include: bool = False
    """Whether rooms show their sessions, and sessions their participants."""
    exact: bool = True
    """False also matches unique names that start with the filter's value, or the reverse, in any
    case."""
    created_before: str | None = None
    """A stored time; None is any."""


_COMPARISONS = {"eq": "=", "gte": ">=", "lte": "<="}

# The subquery uses the one parameter twice.
_BEGINS_ALIKE = """EXISTS (
    SELECT 1 FROM (SELECT lower(unique_name) AS stored, lower(?) AS wanted)
    WHERE instr(stored, wanted) = 1 OR instr(wanted, stored) = 1
)"""


class Table(Generic[T]):
    """The rows of one table as records, oldest first.

    Args:
        database: Holds the table.
        name: Its name.
        record: The attrs class of its rows, whose first field is `id`.
        born: The column with the time of creation.
        computed: SQL for fields of the record, or of filters, that are not columns.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        record: type[T],
        *,
        born: str = "created_at",
        computed: Mapping[str, str] | None = None,
    ) -> None:
        self._db = database
        self._name = name
        self._record = record
        self._born = born
        self._computed: Mapping[str, str] = computed or {}
        fields = [str(field.name) for field in attrs.fields(cast("Any", record))]
        stored = [field for field in fields if field not in self._computed]
        marks = ", ".join("?" * len(stored))
        self._values = operator.attrgetter(*stored)
        self._insert = f"INSERT INTO {name} ({', '.join(stored)}) VALUES ({marks})"  # noqa: S608 # names are ours
        columns = ", ".join(self._computed.get(field, field) for field in fields)
        self._select = f"SELECT {columns} FROM {name}"  # noqa: S608 # names are ours

    def insert(self, record: T) -> None:
        """Add a row.

        Raises:
            FullError: if the table has reached its limit.
            sqlite3.IntegrityError: if a constraint fails.
        """
        try:
            self._db.change(self._insert, self._values(record))
        except sqlite3.IntegrityError as error:
            if FULL not in str(error):
                raise
            message = f"The sandbox holds at most {LIMITS[self._name]} {self._name}: reset it."
            raise FullError(message) from error

    def update(self, record_id: str, changes: Mapping[str, object]) -> None:
        """Change columns of the row with this id, if it exists.

        Raises:
            sqlite3.IntegrityError: if a constraint fails.
        """
        assignments = ", ".join(f"{column} = ?" for column in changes)
        statement = f"UPDATE {self._name} SET {assignments} WHERE id = ?"  # noqa: S608 # names are ours
        self._db.change(statement, (*changes.values(), record_id))

    def delete(self, record_id: str) -> bool:
        """Remove the row with this id; return whether it existed."""
        statement = f"DELETE FROM {self._name} WHERE id = ?"  # noqa: S608 # names are ours
        return self._db.change(statement, (record_id,)) > 0

    def get(self, record_id: str) -> T | None:
        """Return the record with this id, or None."""
        return next(iter(self.where("id = ?", record_id)), None)

    def where(self, condition: str = "TRUE", *values: object) -> list[T]:
        """Return the records that match a condition in SQL."""
        rows = self._db.rows(f"{self._select} WHERE {condition} ORDER BY number", values)
        return [self._record(*row) for row in rows]

    def page(self, query: Query) -> tuple[list[T], int]:
        """Return a page of records, and the number of records on all pages."""
        condition, values = self._condition(query)
        offset = min((query.page_number - 1) * query.page_size, MAX_INTEGER)
        window = (query.page_size, offset)
        counting = f"SELECT count(*) FROM {self._name} WHERE {condition}"  # noqa: S608 # as above
        listing = f"{self._select} WHERE {condition} ORDER BY number LIMIT ? OFFSET ?"
        with self._db.lock:
            ((total,),) = self._db.rows(counting, values)
            rows = self._db.rows(listing, (*values, *window))
        return [self._record(*row) for row in rows], total

    def matching(self, query: Query) -> list[T]:
        """Return the matching records of all pages."""
        condition, values = self._condition(query)
        return self.where(condition, *values)

    def __len__(self) -> int:
        ((count,),) = self._db.rows(f"SELECT count(*) FROM {self._name}")  # noqa: S608 # as above
        return int(count)

    def _condition(self, query: Query) -> tuple[str, Sequence[str | int]]:
        """Return a condition in SQL and the values of its placeholders."""
        terms, values = ["TRUE"], list[str | int]()
        for wanted in query.filters:
            terms.append(self._term(wanted, exact=query.exact))
            values.append(wanted.value)
        if query.created_before is not None:
            terms.append(f"{self._born} < ?")
            values.append(query.created_before)
        return " AND ".join(terms), values

    def _term(self, wanted: Filter, *, exact: bool) -> str:
        if wanted.field == "unique_name" and not exact:
            return _BEGINS_ALIKE
        field = self._computed.get(wanted.field, wanted.field)
        if wanted.whole_day:
            field = f"substr({field}, 1, 10)"  # of a stored time, its day in UTC
        return f"{field} {_COMPARISONS[wanted.comparison]} ?"
