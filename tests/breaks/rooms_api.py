"""A rooms API on a bare socket, with configurable treatment of names, settings and times."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import attrs

from support.scripted_server import Act, Visit, answer, cut

Keep = Callable[[dict[str, Any]], dict[str, Any]]
"""Converts the fields of a request to those of the room."""

DUPLICATE = answer(
    422,
    {
        "errors": [
            {
                "code": "10012",
                "title": "Duplicate resource",
                "detail": "The name has already been taken",
                "source": {"pointer": "/unique_name"},
            }
        ]
    },
)


def fold(name: str) -> str:
    """Return a name in the folded form in which some servers compare it."""
    return unicodedata.normalize("NFC", name).strip().lower()


def timestamp(time: datetime) -> str:
    """Return a time in the API's format."""
    return time.isoformat().replace("+00:00", "Z")


@attrs.define
class RoomsApi:
    """Keeps names unique; everything else is configurable."""

    taken: Act = DUPLICATE
    keep: Keep = dict
    """How the fields of a request become those of the room."""
    same: Callable[[str], str] = str
    """The key by which names are compared."""
    filter_folds: bool = False
    """Whether the list's filter compares names by `same`, too."""
    losses: int = 0
    """The number of creates whose reply is lost after the commit."""
    ahead: timedelta = timedelta()
    """How far the clock of ``Date`` is ahead of ``created_at``."""
    date: str | None = None
    """The ``Date`` header; None for the current time."""
    write_time: Callable[[datetime], str] = timestamp
    rooms: list[dict[str, Any]] = attrs.Factory(list[dict[str, Any]])
    patches: int = 0
    look_ups: int = 0

    async def __call__(self, visit: Visit) -> None:
        """Serve one request."""
        request = visit.request
        assert request is not None
        if request.method == "GET":
            self.look_ups += 1
            await self._reply(200, self._listed(request.target))(visit)
        elif request.method == "PATCH":
            self.patches += 1
            [room] = [room for room in self.rooms if request.target.endswith(room["id"])]
            room |= cast("dict[str, Any]", request.json)
            await self._reply(200, {"data": room})(visit)
        else:
            await self._create(cast("dict[str, Any]", request.json))(visit)

    def add(self, age: timedelta = timedelta(), **fields: Any) -> dict[str, Any]:
        """Add a room."""
        room = {"id": str(uuid4()), "unique_name": None, **self.keep(fields)}
        room.setdefault("created_at", self.write_time(datetime.now(UTC) - age))
        self.rooms.append(room)
        return room

    def _create(self, fields: dict[str, Any]) -> Act:
        name = fields.get("unique_name")
        if name is not None and any(self._is_named(room, name) for room in self.rooms):
            return self.taken
        room = self.add(**fields)
        if self.losses:
            self.losses -= 1
            return cut
        return self._reply(201, {"data": room})

    def _is_named(self, room: Mapping[str, Any], name: str) -> bool:
        kept = room["unique_name"]
        return kept is not None and self.same(kept) == self.same(name)

    def _listed(self, target: str) -> dict[str, Any]:
        query = parse_qs(urlsplit(target).query)
        rooms = self.rooms
        for name in query.get("filter[unique_name]", []):
            rooms = [
                room
                for room in rooms
                if room["unique_name"] == name or (self.filter_folds and self._is_named(room, name))
            ]
        if query["page[number]"] != ["1"]:
            rooms = []
        return {
            "data": rooms,
            "meta": {"page_number": 1, "total_pages": 1, "total_results": len(rooms)},
        }

    def _reply(self, status: int, content: object) -> Act:
        date = format_datetime(datetime.now(UTC) + self.ahead, usegmt=True)
        return answer(status, content, {"Date": self.date or date})
