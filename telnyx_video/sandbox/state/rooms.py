"""The rooms: created, looked for, changed and deleted."""

import sqlite3
import uuid
from collections.abc import Mapping
from typing import Any

from telnyx_video.sandbox.state.database import Database
from telnyx_video.sandbox.state.errors import NameTakenError
from telnyx_video.sandbox.state.meetings import Meetings
from telnyx_video.sandbox.state.queries import Query
from telnyx_video.sandbox.state.records import Room
from telnyx_video.sandbox.state.tables import Table


def rooms_in(database: Database) -> Table[Room]:
    """Return the table of rooms."""
    going_on = "(SELECT id FROM sessions WHERE room_id = rooms.id AND ended_at IS NULL)"
    return Table(database, "rooms", Room, computed={"active_session_id": going_on})


class Rooms:
    """The rooms, oldest first.

    Args:
        database: Where they are.
        table: Theirs.
        meetings: What goes on in them.
    """

    def __init__(self, database: Database, table: Table[Room], meetings: Meetings) -> None:
        self._db = database
        self._table = table
        self._meetings = meetings

    def create(self, settings: Mapping[str, Any]) -> Room:
        """Store a new room that has these settings, all of them given.

        Raises:
            NameTakenError: when another room has its unique name.
        """
        now = self._db.now()
        room = Room(id=str(uuid.uuid4()), created_at=now, updated_at=now, **settings)
        try:
            self._table.insert(room)
        except sqlite3.IntegrityError as error:
            raise NameTakenError(room.unique_name) from error
        return room

    def get(self, room_id: str) -> Room | None:
        """Return the room of this id, if there is one."""
        return self._table.get(room_id)

    def update(self, room_id: str, settings: Mapping[str, Any]) -> Room | None:
        """Change these settings of a room and return it, if there is one of this id.

        Raises:
            NameTakenError: when another room has the new unique name; then nothing is changed.
        """
        with self._db.lock:
            try:
                self._table.update(room_id, {**settings, "updated_at": self._db.now()})
            except sqlite3.IntegrityError as error:
                raise NameTakenError(settings["unique_name"]) from error
            return self._table.get(room_id)

    def delete(self, room_id: str) -> bool:
        """End a room's session and remove the room; tell whether there was one of this id.

        What was recorded of it stays, and so do its sessions.
        """
        with self._db.transaction():
            room = self._table.get(room_id)
            if room is None:
                return False
            self._meetings.empty(room)
            return self._table.delete(room_id)

    def page(self, query: Query) -> tuple[list[Room], int]:
        """Return the rooms on a page, and how many there are on all pages."""
        return self._table.page(query)

    def all(self) -> list[Room]:
        """Return every room."""
        return self._table.where()

    def __len__(self) -> int:
        return len(self._table)
