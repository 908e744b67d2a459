"""The state of one server: every table behind one object."""

import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from telnyx_video.sandbox.state.compositions import Compositions
from telnyx_video.sandbox.state.database import Database
from telnyx_video.sandbox.state.deliveries import Deliveries
from telnyx_video.sandbox.state.events import Events
from telnyx_video.sandbox.state.records import Recording
from telnyx_video.sandbox.state.rooms import Rooms, rooms_table
from telnyx_video.sandbox.state.sessions import Sessions
from telnyx_video.sandbox.state.source import SystemSource
from telnyx_video.sandbox.state.tables import Query, Table


class Store:
    """The state of one server. Every method may be called from any thread.

    Args:
        db: A file, or None for memory. What a method has committed survives a kill of the process.
        source: Where times and ids come from.
        composition_delay: Seconds that a composition takes to complete.

    Raises:
        OSError: if the file cannot be opened, or is not a database.
    """

    def __init__(
        self,
        db: str | os.PathLike[str] | None = None,
        *,
        source: SystemSource | None = None,
        composition_delay: float = 1.0,
    ) -> None:
        self.source: SystemSource = source or SystemSource()
        self._db = Database(db, self.source)
        rooms = rooms_table(self._db)
        self.recordings: Table[Recording] = Table(
            self._db,
            "recordings",
            Recording,
            computed={
                "status": "CASE WHEN ended_at IS NULL THEN 'processing' ELSE 'completed' END",
                "started_at": "created_at",
            },
        )
        self.deliveries: Deliveries = Deliveries(self._db)
        self.events: Events = Events(self._db, rooms, self.deliveries)
        self.sessions: Sessions = Sessions(self._db, rooms, self.recordings, self.events)
        self.rooms: Rooms = Rooms(self._db, rooms, self.sessions)
        self.compositions: Compositions = Compositions(self._db, self.events, composition_delay)

        self._tables: Mapping[str, Table[Any]] = {
            "rooms": rooms,
            "sessions": self.sessions.table,
            "participants": self.sessions.participants,
            "recordings": self.recordings,
            "compositions": self.compositions.table,
        }

    @property
    def revision(self) -> int:
        """Grows with every change of the state."""
        return self._db.revision

    def moment(self) -> datetime:
        """Return the time in UTC."""
        return self._db.moment()

    def now(self) -> str:
        """Return the time as it is stored."""
        return self._db.now()

    def delete_recordings(self, query: Query, *, one_page: bool) -> int:
        """Remove the matching recordings, on one page or on all; return how many there were."""
        with self._db.transaction():
            matching = (
                self.recordings.page(query)[0] if one_page else self.recordings.matching(query)
            )
            for recording in matching:
                self.recordings.delete(recording.id)
        return len(matching)

    def put(self, records: Iterable[tuple[str, Any]]) -> None:
        """Insert records, or replace those with the same id; all or none.

        Args:
            records: Each with the name of its table.

        Raises:
            sqlite3.IntegrityError: if a constraint fails.
        """
        with self._db.transaction():
            for name, record in records:
                self._tables[name].delete(record.id)
                self._tables[name].insert(record)

    def rolled_back(self) -> AbstractContextManager[None]:
        """Roll back what this thread changes inside of the context; other threads wait."""
        return self._db.rolled_back()

    def clear(self) -> None:
        """Remove everything."""
        self._db.clear()
        self.source.reset()

    def close(self) -> None:
        """Close the database; the store cannot be used afterwards."""
        self._db.close()
