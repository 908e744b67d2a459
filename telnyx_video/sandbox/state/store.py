"""Everything that the server knows, behind one door."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from telnyx_video.sandbox.state.compositions import Compositions
from telnyx_video.sandbox.state.database import Database, utc_now
from telnyx_video.sandbox.state.deliveries import Deliveries
from telnyx_video.sandbox.state.events import Events
from telnyx_video.sandbox.state.meetings import Meetings
from telnyx_video.sandbox.state.queries import Query
from telnyx_video.sandbox.state.recordings import delete_recordings, recordings_in
from telnyx_video.sandbox.state.records import Recording
from telnyx_video.sandbox.state.rooms import Rooms, rooms_in
from telnyx_video.sandbox.state.tables import Table


class Store:
    """The state of one server. All of it may be used from any thread.

    Args:
        db: A file that keeps it, or None to keep it in memory. What a method has committed
            survives a kill of the process.
        now: Tells the time, in UTC.
        composition_delay: Seconds that a composition takes.

    Raises:
        OSError: when the file cannot be opened, or is not a database.
    """

    def __init__(
        self,
        db: str | os.PathLike[str] | None = None,
        *,
        now: Callable[[], datetime] = utc_now,
        composition_delay: float = 1.0,
    ) -> None:
        self._db = Database(db, now)
        rooms = rooms_in(self._db)
        self.recordings: Table[Recording] = recordings_in(self._db)
        self.deliveries: Deliveries = Deliveries(self._db)
        self.events: Events = Events(self._db, rooms, self.deliveries)
        self.meetings: Meetings = Meetings(self._db, rooms, self.recordings, self.events)
        self.rooms: Rooms = Rooms(self._db, rooms, self.meetings)
        self.compositions: Compositions = Compositions(self._db, self.events, composition_delay)

    def moment(self) -> datetime:
        """Return the time in UTC."""
        return self._db.moment()

    def now(self) -> str:
        """Return the time as it is stored."""
        return self._db.now()

    def delete_recordings(self, query: Query, *, one_page: bool) -> int:
        """Remove the recordings that match, on one page or on all; return how many they were."""
        return delete_recordings(self._db, self.recordings, query, one_page=one_page)

    def undone(self) -> AbstractContextManager[None]:
        """Take back what this thread changes inside of the context; other threads wait."""
        return self._db.undone()

    def clear(self) -> None:
        """Forget everything."""
        self._db.clear()

    def close(self) -> None:
        """Let go of the database; the store cannot be used afterwards."""
        self._db.close()
