"""The rooms of the server, in SQLite, and how they are looked for; nothing here knows HTTP.

SQLite is where unique names are enforced, so that no interleaving of requests, threads or
processes can make two rooms of one name.
"""

import os
import sqlite3
import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from threading import RLock
from typing import Any, Literal

import attrs

_TABLE = """
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
)
"""

# The parameter is given once and compared twice.
_BEGINS_ALIKE = """EXISTS (
    SELECT 1 FROM (SELECT lower(unique_name) AS stored, lower(?) AS wanted)
    WHERE instr(stored, wanted) = 1 OR instr(wanted, stored) = 1
)"""

_COMPARISONS = {"eq": "=", "gte": ">=", "lte": "<="}


class NameTakenError(Exception):
    """Another room has this unique name."""


@attrs.frozen
class Room:
    """One room as it is stored.

    Source: https://developers.telnyx.com/api-reference/rooms/create-a-room
    """

    id: str
    """A random UUID, in its canonical spelling."""
    unique_name: str | None
    """Unique among the rooms that have one."""
    max_participants: int
    """Places, 2 to 50."""
    enable_recording: bool = attrs.field(converter=bool)  # SQLite gives back 0 and 1
    """Whether sessions are recorded."""
    webhook_event_url: str | None
    """Where events go, at most 2000 characters."""
    webhook_event_failover_url: str
    """Where events go when they cannot be delivered, or ""."""
    webhook_timeout_secs: int | None
    """Seconds that a delivery may take, 0 to 30."""
    created_at: str
    """ISO 8601 in UTC, with microseconds."""
    updated_at: str
    """ISO 8601 in UTC, with microseconds."""

    def as_json(self, *, include_sessions: bool = False) -> dict[str, object]:
        """Return the published object; no room of this server has had a session yet.

        A key whose value would be null is left out: the published schema allows it no null.
        """
        shown: dict[str, object] = {
            name: value for name in _FIELDS if (value := getattr(self, name)) is not None
        }
        if include_sessions:
            shown["sessions"] = []
        shown["record_type"] = "room"
        return shown


_FIELDS = tuple(field.name for field in attrs.fields(Room))
_COLUMNS = ", ".join(_FIELDS)
_MARKS = ", ".join("?" * len(_FIELDS))
_INSERT = f"INSERT INTO rooms ({_COLUMNS}) VALUES ({_MARKS})"  # noqa: S608 # names are ours
_SELECT = f"SELECT {_COLUMNS} FROM rooms"  # noqa: S608 # names are ours
_COUNT = "SELECT count(*) FROM rooms"


@attrs.frozen
class DateFilter:
    """Keeps the rooms whose time lies on, from or up to a whole day in UTC."""

    field: Literal["created_at", "updated_at"]
    """The time that is compared."""
    comparison: Literal["eq", "gte", "lte"]
    """On, from or up to the day; each includes it."""
    day: date
    """The day, in UTC."""


@attrs.frozen
class ListQuery:
    """Which rooms are wanted, and which page of them.

    Source: https://developers.telnyx.com/api-reference/rooms/view-a-list-of-rooms
    """

    unique_name: str | None = None
    """Compared exactly, case included, unless told otherwise; None is any."""
    exact: bool = True
    """False also finds names of which this one is a beginning, or the reverse, in any case."""
    created_before: str | None = None
    """A time as it is stored; None is any."""
    dates: tuple[DateFilter, ...] = ()
    """Each of them must hold."""
    page_number: int = 1
    """From 1."""
    page_size: int = 20
    """Rooms on a page, 1 to 250."""
    include_sessions: bool = False
    """Whether each room shows its sessions."""

    def condition(self) -> tuple[str, list[str]]:
        """Return the WHERE clause and the values for its placeholders."""
        terms, values = ["TRUE"], list[str]()
        if self.unique_name is not None:
            terms.append("unique_name = ?" if self.exact else _BEGINS_ALIKE)
            values.append(self.unique_name)
        if self.created_before is not None:
            terms.append("created_at < ?")
            values.append(self.created_before)
        for wanted in self.dates:
            # The first ten characters of a stored time are its day in UTC.
            terms.append(f"substr({wanted.field}, 1, 10) {_COMPARISONS[wanted.comparison]} ?")
            values.append(wanted.day.isoformat())
        return f" WHERE {' AND '.join(terms)}", values


def timestamp(time: datetime) -> str:
    """Return a time in UTC as it is stored and shown."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _connect(path: str) -> sqlite3.Connection:
    # The store's own lock does what `check_same_thread` would; None commits each statement.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        # A commit reaches the log before it returns, and so outlives a killed process; NORMAL
        # saves the wait for the disk, which only a power failure would have made worth it.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_TABLE)
    except BaseException:
        connection.close()
        raise
    return connection


class RoomStore:
    """The rooms, oldest first. Every method may be called from any thread.

    Args:
        db: A file that keeps the rooms, or None to keep them in memory. What a method has
            committed survives a kill of the process.
        now: Tells the time, in UTC.

    Raises:
        OSError: when the file cannot be opened, or is not a database.
    """

    def __init__(
        self, db: str | os.PathLike[str] | None = None, *, now: Callable[[], datetime] = _utc_now
    ) -> None:
        self._now = now
        self._lock = RLock()
        path = ":memory:" if db is None else os.fspath(db)
        try:
            self._db = _connect(path)
        except sqlite3.Error as error:
            raise OSError(f"the sandbox cannot keep its rooms in {path!r}: {error}") from error

    def create(self, settings: Mapping[str, Any]) -> Room:
        """Store a new room that has these settings, all of them given.

        Raises:
            NameTakenError: when another room has its unique name.
        """
        now = self._timestamp()
        room = Room(id=str(uuid.uuid4()), created_at=now, updated_at=now, **settings)
        with self._lock:
            try:
                self._db.execute(_INSERT, [getattr(room, name) for name in _FIELDS])
            except sqlite3.IntegrityError as error:
                raise NameTakenError(room.unique_name) from error
        return room

    def get(self, room_id: str) -> Room | None:
        """Return the room of this id, if there is one."""
        with self._lock:
            return self._read(room_id)

    def update(self, room_id: str, settings: Mapping[str, Any]) -> Room | None:
        """Change these settings of a room and return it, if there is one of this id.

        Raises:
            NameTakenError: when another room has the new unique name; then nothing is changed.
        """
        changes = {**settings, "updated_at": self._timestamp()}
        assignments = ", ".join(f"{name} = ?" for name in changes)
        statement = f"UPDATE rooms SET {assignments} WHERE id = ?"  # noqa: S608 # names are ours
        with self._lock:
            try:
                self._db.execute(statement, (*changes.values(), room_id))
            except sqlite3.IntegrityError as error:
                raise NameTakenError(settings["unique_name"]) from error
            return self._read(room_id)

    def delete(self, room_id: str) -> bool:
        """Remove a room, and tell whether there was one of this id."""
        with self._lock:
            return self._db.execute("DELETE FROM rooms WHERE id = ?", (room_id,)).rowcount > 0

    def page(self, query: ListQuery) -> tuple[list[Room], int]:
        """Return the rooms on a page, and how many there are on all pages."""
        where, values = query.condition()
        window = (query.page_size, (query.page_number - 1) * query.page_size)
        with self._lock:
            (total,) = self._db.execute(_COUNT + where, values).fetchone()
            rows = self._db.execute(
                f"{_SELECT}{where} ORDER BY number LIMIT ? OFFSET ?", (*values, *window)
            ).fetchall()
        return [Room(*row) for row in rows], total

    def all(self) -> list[Room]:
        """Return every room."""
        with self._lock:
            rows = self._db.execute(f"{_SELECT} ORDER BY number").fetchall()
        return [Room(*row) for row in rows]

    def __len__(self) -> int:
        with self._lock:
            (count,) = self._db.execute(_COUNT).fetchone()
        return int(count)

    def clear(self) -> None:
        """Remove every room."""
        with self._lock:
            self._db.execute("DELETE FROM rooms")

    @contextmanager
    def undone(self) -> Generator[None]:
        """Take back what this thread changes inside of the context; other threads wait."""
        with self._lock:
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of the database; the store cannot be used afterwards."""
        with self._lock:
            self._db.close()

    def _timestamp(self) -> str:
        return timestamp(self._now())

    def _read(self, room_id: str) -> Room | None:
        row = self._db.execute(f"{_SELECT} WHERE id = ?", (room_id,)).fetchone()
        return None if row is None else Room(*row)
