"""Rooms: create, look up, change and delete."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from telnyx_video.sandbox.state.database import Database
from telnyx_video.sandbox.state.records import Room
from telnyx_video.sandbox.state.sessions import Sessions
from telnyx_video.sandbox.state.tables import NameTakenError, Query, Table


def rooms_table(database: Database) -> Table[Room]:
    """Return the table of rooms."""
    active = "(SELECT id FROM sessions WHERE room_id = rooms.id AND ended_at IS NULL)"
    return Table(database, "rooms", Room, computed={"active_session_id": active})


class Rooms:
    """The rooms, oldest first.

    Args:
        database: Stores them.
        table: The table of rooms.
        sessions: Their sessions.
    """

    def __init__(self, database: Database, table: Table[Room], sessions: Sessions) -> None:
        self._db = database
        self._table = table
        self._sessions = sessions

    def create(self, settings: Mapping[str, Any]) -> Room:
        """Store a new room with these settings, all of which are given.

        Raises:
            NameTakenError: if another room has its unique name.
        """
        now = self._db.now()
        room = Room(id=self._db.new_id(), created_at=now, updated_at=now, **settings)
        try:
            self._table.insert(room)
        except sqlite3.IntegrityError as error:
            raise NameTakenError(room.unique_name) from error
        return room

    def get(self, room_id: str) -> Room | None:
        """Return the room with this id, or None."""
        return self._table.get(room_id)

    def update(self, room_id: str, settings: Mapping[str, Any]) -> Room | None:
        """Change these settings of a room and return it, or None if it does not exist.

        Raises:
            NameTakenError: if another room has the new unique name; then nothing is changed.
        """
        with self._db.lock:
            try:
                self._table.update(room_id, {**settings, "updated_at": self._db.now()})
            except sqlite3.IntegrityError as error:
                raise NameTakenError(settings["unique_name"]) from error
            return self._table.get(room_id)

    def delete(self, room_id: str) -> bool:
        """End a room's session and delete the room; return whether it existed.

        Its sessions and recordings remain.
        """
        with self._db.transaction():
            room = self._table.get(room_id)
            if room is None:
                return False
            self._sessions.end_active(room)
            return self._table.delete(room_id)

    def page(self, query: Query) -> tuple[list[Room], int]:
        """Return a page of rooms, and the number of rooms on all pages."""
        return self._table.page(query)

    def newest(self, count: int) -> list[Room]:
        """Return the newest rooms, newest first."""
        numbers = "SELECT number FROM rooms ORDER BY number DESC LIMIT ?"
        return self._table.where(f"number IN ({numbers})", count)[::-1]

    def all(self) -> list[Room]:
        """Return every room."""
        return self._table.where()

    def __len__(self) -> int:
        return len(self._table)
