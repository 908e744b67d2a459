"""What the API speaks, as attrs classes: requests that are checked, replies as they came.

Requests refuse to exist when the API would refuse them: constructing one with bad values raises a
single ``InvalidRequestError`` that lists every problem. Replies are not judged, only typed.

Field meanings and bounds: https://developers.telnyx.com/api-reference/rooms/create-a-room
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, Generic, Literal, Self, TypedDict, TypeVar, cast

import attrs

from telnyx_video import _checks as check
from telnyx_video.errors import ErrorDetail, InvalidRequestError, RateLimit

__all__ = [
    "UNSET",
    "CreateRoomRequest",
    "DateRange",
    "Page",
    "Reply",
    "Room",
    "RoomFields",
    "RoomParticipant",
    "RoomSession",
    "Unset",
]


T = TypeVar("T")


class Unset(enum.Enum):
    """The type of ``UNSET``."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Final = Unset.UNSET
"""Stands for "not given": the field is left out of the request, and the API's default holds."""


class RoomFields(TypedDict, total=False):
    """The settings of a room as keywords; see :class:`CreateRoomRequest` for their meaning."""

    unique_name: str | Unset
    max_participants: int | Unset
    enable_recording: bool | Unset
    webhook_event_url: str | Unset
    webhook_event_failover_url: str | Unset | None
    webhook_timeout_secs: int | Unset | None


@attrs.frozen(kw_only=True)
class CreateRoomRequest:
    """The settings of a room to be made, checked when constructed.

    ``UNSET`` leaves a field out, so that the API's default holds; ``None`` is sent as null where
    the API allows null.

    Raises:
        InvalidRequestError: a value breaks a bound; all such values are listed.
    """

    unique_name: str | Unset = UNSET
    """The room's name, unique within the account; not empty. Without a name, a create whose answer
    is lost can be neither repeated safely nor looked up."""
    max_participants: int | Unset = UNSET
    """How many people may be in the room at once: 2 to 50. The API's default is 10."""
    enable_recording: bool | Unset = UNSET
    """Whether the room is recorded. The API's default is false."""
    webhook_event_url: str | Unset = UNSET
    """Where events of the room are sent: a URL with scheme and host, at most 2000 characters."""
    webhook_event_failover_url: str | Unset | None = UNSET
    """Where events go if the first URL fails; ``""`` or None for nowhere, which is the default."""
    webhook_timeout_secs: int | Unset | None = UNSET
    """Seconds to wait for a webhook's receiver: 0 to 30; None for the API's own choice."""

    def __attrs_post_init__(self) -> None:
        problems: list[ErrorDetail] = []
        if self.unique_name is not UNSET:
            check.name(problems, "unique_name", self.unique_name)
        if self.max_participants is not UNSET:
            check.integer(problems, "max_participants", self.max_participants, 2, 50)
        if self.enable_recording is not UNSET:
            check.boolean(problems, "enable_recording", self.enable_recording)
        if self.webhook_event_url is not UNSET:
            check.url(problems, "webhook_event_url", self.webhook_event_url)
        if self.webhook_event_failover_url not in (UNSET, None, ""):
            check.url(problems, "webhook_event_failover_url", self.webhook_event_failover_url)
        if self.webhook_timeout_secs not in (UNSET, None):
            check.integer(problems, "webhook_timeout_secs", self.webhook_timeout_secs, 0, 30)
        if problems:
            raise InvalidRequestError(tuple(problems))

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> Self:
        """Make a request from a mapping of the API's field names, as read from a file.

        Raises:
            InvalidRequestError: a name is not one of the API's, or a value breaks a bound; all
                problems are listed.
        """
        problems = [
            ErrorDetail(
                f"no such field; the API knows {', '.join(_REQUEST_FIELDS)}",
                code="unknown_field",
                pointer="/" + name.replace("~", "~0").replace("/", "~1"),
            )
            for name in fields
            if name not in _REQUEST_FIELDS
        ]
        known = {name: value for name, value in fields.items() if name in _REQUEST_FIELDS}
        try:
            request = cls(**cast("RoomFields", known))
        except InvalidRequestError as error:
            problems.extend(error.details)
        else:
            if not problems:
                return request
        raise InvalidRequestError(tuple(problems))

    def to_dict(self) -> dict[str, object]:
        """The fields that are set, under the API's names."""
        return {
            name: value for name in _REQUEST_FIELDS if (value := getattr(self, name)) is not UNSET
        }


_REQUEST_FIELDS = tuple(attribute.name for attribute in attrs.fields(CreateRoomRequest))


@attrs.frozen
class DateRange:
    """A span of days (UTC) to filter a list by; each bound is included."""

    gte: date | None = None
    """The first day."""
    lte: date | None = None
    """The last day."""


@attrs.define
class Reply:
    """What came with a reply beside its content."""

    request_id: str | None = None
    """The ``x-request-id`` header: quote it to Telnyx support."""
    rate_limit: RateLimit | None = None
    """The rate-limit figures, if the reply had any."""


@attrs.define
class Model:
    """What the API sends, in whole or in part: lossless conversion from and to JSON-like dicts."""

    extra: dict[str, object] = attrs.field(factory=dict[str, object], kw_only=True)
    """Fields of the reply that this version does not know, as they came."""
    null_fields: frozenset[str] = attrs.field(default=frozenset(), kw_only=True, repr=False)
    """Known fields that the reply gave as null; like absent ones, they read as None."""

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Self:
        """Read an object as the API writes it.

        Raises:
            ResponseDecodeError: a value has the wrong type; the message names its path.
        """
        # Conversion lives a storey above; only these two conveniences reach up to it.
        from telnyx_video import _wire

        return _wire.structure(data, cls)

    def to_dict(self) -> dict[str, object]:
        """Write the object as the API would: ``from_dict(x.to_dict()) == x``."""
        from telnyx_video import _wire

        return _wire.unstructure(self)


@attrs.define
class Record(Model):
    """What the API keeps under an id. Absent and null fields are None."""

    id: str = attrs.field(kw_only=True)
    """The object's identifier, as sent."""


@attrs.define(kw_only=True)
class RoomParticipant(Record):
    """Someone who is, or was, in a session of a room."""

    session_id: str | None = None
    """The session that the participant is part of."""
    context: str | None = None
    """What the client SDK said of the participant, such as a display name."""
    joined_at: datetime | None = None
    updated_at: datetime | None = None
    left_at: datetime | None = None
    """When the participant left; None while they are in the session."""
    record_type: str | None = None
    """``"room_participant"``."""


@attrs.define(kw_only=True)
class RoomSession(Record):
    """One meeting in a room: from the first participant's coming to the last one's going."""

    room_id: str | None = None
    active: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    ended_at: datetime | None = None
    """When the session ended; None while it is active."""
    participants: list[RoomParticipant] | None = None
    """The participants, where the reply includes them."""
    record_type: str | None = None
    """``"room_session"``."""


@attrs.define(kw_only=True)
class Room(Record):
    """A video room as the API describes it. Absent and null fields are None."""

    unique_name: str | None = None
    """The room's name, unique within the account."""
    max_participants: int | None = None
    """How many people may be in the room at once."""
    enable_recording: bool | None = None
    """Whether the room is recorded."""
    webhook_event_url: str | None = None
    """Where events of the room are sent."""
    webhook_event_failover_url: str | None = None
    """Where events go if the first URL fails; ``""`` for nowhere."""
    webhook_timeout_secs: int | None = None
    """Seconds that a webhook's receiver is given."""
    created_at: datetime | None = None
    """When the room was made, with its time zone."""
    updated_at: datetime | None = None
    """When the room was last changed, with its time zone."""
    active_session_id: str | None = None
    """The session going on in the room, if any."""
    sessions: list[RoomSession] | None = None
    """The room's sessions, where the reply includes them."""
    record_type: str | None = None
    """``"room"``."""
    reply: Reply | None = attrs.field(default=None, eq=False, repr=False)
    """What came beside the room in the reply that it was read from."""


@attrs.frozen
class Page(Generic[T]):
    """One page of a list."""

    items: list[T]
    reply: Reply = attrs.field(eq=False, repr=False)
    """What came beside the items."""
    page_number: int | None = None
    """This page's number, counted from 1."""
    page_size: int | None = None
    """How many items a full page has."""
    total_pages: int | None = None
    total_results: int | None = None
    """How many items all pages have together, at the time of this reply."""

    @property
    def is_last(self) -> bool:
        """Whether no page can follow: this one is empty, or the last one by its own figures."""
        if not self.items:
            return True
        if self.page_number is None or self.total_pages is None:
            return False
        return self.page_number >= self.total_pages
