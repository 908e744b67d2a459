"""The state of one server: its tables behind one object."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from telnyx_video.sandbox.state.compositions import Compositions
from telnyx_video.sandbox.state.database import Database, Query, SystemSource, Table
from telnyx_video.sandbox.state.events import Deliveries, Events
from telnyx_video.sandbox.state.records import Recording
from telnyx_video.sandbox.state.rooms import Rooms, Sessions, rooms_table


class Store:
    """The state of one server. Every method may be called from any thread.

    Args:
        db: A file, or None for memory. Committed changes survive a kill of the process.
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
        self.database: Database = Database(db, self.source)
        rooms = rooms_table(self.database)
        self.recordings: Table[Recording] = Table(
            self.database,
            "recordings",
            Recording,
            computed={
                "status": "CASE WHEN ended_at IS NULL THEN 'processing' ELSE 'completed' END",
                "started_at": "created_at",
            },
        )
        self.deliveries: Deliveries = Deliveries(self.database)
        self.events: Events = Events(self.database, rooms, self.deliveries)
        self.sessions: Sessions = Sessions(self.database, rooms, self.recordings, self.events)
        self.rooms: Rooms = Rooms(self.database, rooms, self.sessions)
        self.compositions: Compositions = Compositions(
            self.database, self.events, composition_delay
        )
        self._tables: Mapping[str, Table[Any]] = {
            "rooms": rooms,
            "sessions": self.sessions.table,
            "participants": self.sessions.participants,
            "recordings": self.recordings,
            "compositions": self.compositions.table,
        }

    def delete_recordings(self, query: Query, *, one_page: bool) -> int:
        """Remove the matching recordings, on one page or on all; return how many there were."""
        with self.database.transaction():
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
        with self.database.transaction():
            for name, record in records:
                self._tables[name].delete(record.id)
                self._tables[name].insert(record)

    def clear(self) -> None:
        """Remove everything."""
        self.database.clear()
        self.source.reset()

    def close(self) -> None:
        """Close the database; the store cannot be used afterwards."""
        self.database.close()
