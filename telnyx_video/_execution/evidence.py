"""Checks whether a reply or a room is about the room that was requested. Pure.

A reply may be a late or repeated one; a room that was found may be another's. Servers may leave
fields out, write them in another form, and have clocks of their own: none of that is proof.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Final, cast
from urllib.parse import urlsplit

import attrs

from telnyx_video._base.errors import Outcome, ResponseDecodeError
from telnyx_video._base.http import HttpReply
from telnyx_video._base.text import show
from telnyx_video._wire.headers import server_time
from telnyx_video.models import UNSET, CreateRoomRequest, Room
from telnyx_video.models._codec import api_fields

CLOCK_SLACK: Final = timedelta(seconds=5)
"""How far the clocks behind ``Date`` and ``created_at`` may differ, being of different machines."""

RECENT_IDS: Final = 4096
"""Ids of created rooms that a client remembers, to notice a reply that arrives twice."""

OTHER_TYPES: Final = frozenset(
    {"composition", "room_composition", "room_participant", "room_recording", "room_session"}
)
"""Record types of other objects."""


@attrs.define
class ServerProfile:
    """Facts about the server, from the replies to a client's creates; shared by its calls."""

    clock_offset: timedelta = timedelta()
    """How far ``created_at`` lies before ``Date``, at most; 0 or less."""
    rewritten: set[str] = attrs.Factory(set[str])
    """Fields that the server does not store unchanged."""
    _recent_ids: dict[str, None] = attrs.Factory(dict[str, None])
    _date: str | None = None

    def check(self, request: CreateRoomRequest, room: Room, reply: HttpReply) -> None:
        """Check that a successful reply is about the room that was requested, and learn from it.

        Raises:
            ResponseDecodeError: it is about another one, such as a late or repeated reply.
        """
        name = request.unique_name
        if room.id in self._recent_ids:
            problem = f"room {show(room.id)} was created by an earlier call"
        elif name is UNSET and (fields := self.contradictions(request, room)):
            problem = f"its {', '.join(fields)} are not as requested"
        elif name is not UNSET and room.unique_name != name and not _may_be_named(request, room):
            problem = f"it names {show(room.unique_name)}, not {show(name)}"
        elif room.record_type in OTHER_TYPES:
            problem = f"it is a {room.record_type}"
        else:
            self.remember(room)
            # Not a URL in another form: that contradicts nothing, and any other URL still does.
            if name is not UNSET:
                self.rewritten.update(self.contradictions(request, room))
            if (date := reply.headers.get("date")) != self._date:  # about once a second
                self._date = date
                self._learn_offset(room, reply)
            return
        raise ResponseDecodeError(
            f"the reply is about another room: {problem} - it may be a late or repeated one; "
            "whether this request was applied is unknown",
            Outcome.UNKNOWN,
            reply.status,
            reply.headers.get("x-request-id"),
            reply.body,
        )

    def contradictions(self, request: CreateRoomRequest, room: Room) -> tuple[str, ...]:
        """Fields that show that a room was made by another request."""
        differing = differing_fields(request, room)
        return differing and tuple(
            name
            for name in differing
            if name not in self.rewritten and _contradicts(request, room, name)
        )

    def knows(self, room: Room) -> bool:
        """Whether an earlier call returned the room as made by it."""
        return room.id in self._recent_ids

    def remember(self, room: Room) -> None:
        """Note that a call returns the room as made by it: no other call can have made it."""
        if len(self._recent_ids) == RECENT_IDS:
            del self._recent_ids[next(iter(self._recent_ids))]
        self._recent_ids[room.id] = None

    def _learn_offset(self, room: Room, reply: HttpReply) -> None:
        now = server_time(reply.headers)
        if now is not None and room.created_at is not None:
            self.clock_offset = min(self.clock_offset, room.created_at - now)

    def may_postdate(self, room: Room, now: datetime | None, seconds: float) -> bool:
        """Whether a room can have been made within so many seconds, by the server's own clock."""
        if room.created_at is None or now is None:
            return True
        slack = CLOCK_SLACK + _precision(room.created_at) - self.clock_offset
        # Compared as durations: a zero time, such as year 1, has none before it.
        return now - room.created_at <= timedelta(seconds=seconds) + slack


def differing_fields(request: CreateRoomRequest, room: Room) -> tuple[str, ...]:
    """Return the fields that the request sets and in which the room is not as requested."""
    differing: list[str] = []
    for name in _FIELDS:
        wanted = getattr(request, name)
        if wanted is not UNSET:
            actual = getattr(room, name)
            if actual != wanted and _differs(name, wanted, actual):
                differing.append(name)
    return tuple(differing)


_FIELDS: Final = api_fields(CreateRoomRequest)


def _differs(name: str, wanted: object, actual: object) -> bool:
    nothing = (None, "")
    if name.startswith("webhook_"):
        return not (wanted in nothing and actual in nothing)
    # The others always have a value: a reply that leaves one out does not say that it differs.
    return actual is not None


def _contradicts(request: CreateRoomRequest, room: Room, name: str) -> bool:
    """Whether a field that differs was certainly not sent like this."""
    wanted, actual = getattr(request, name), getattr(room, name)
    if actual is None and name not in room.null_fields:
        return False
    if name.endswith("_url"):
        return _normal_url(wanted) != _normal_url(actual)
    return True


def _normal_url(url: object) -> object:
    """Normalize a URL as servers may do."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url.strip())
        default = {"http": 80, "https": 443}.get(parts.scheme)
        port = None if parts.port == default else parts.port
    except ValueError:
        return url
    return parts.scheme, parts.hostname, port, parts.path.rstrip("/"), parts.query


def is_same_name(request: CreateRoomRequest, room: Room) -> bool:
    """Whether a room has the request's name, or a form of it that servers may store."""
    return room.unique_name is not None and fold(room.unique_name) == fold(
        cast("str", request.unique_name)
    )


def _may_be_named(request: CreateRoomRequest, room: Room) -> bool:
    """Whether the name in a reply is compatible: rooms without a name have a null."""
    if room.unique_name is None:
        return "unique_name" not in room.null_fields
    return is_same_name(request, room)


def fold(name: str) -> str:
    """Return a name without case, surplus spaces and differences of Unicode form."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _precision(time: datetime) -> timedelta:
    """How far a time may have been rounded down, judged by its zeros."""
    if time.second or time.microsecond:
        return timedelta()
    if time.hour or time.minute:
        return timedelta(minutes=1)
    return timedelta(days=1)
