"""Rooms: what can be asked for, checked, and what the API tells of one, as it came.

Field meanings and bounds: https://developers.telnyx.com/api-reference/rooms/create-a-room
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Self, TypedDict, cast

import attrs

from telnyx_video._base import validate as check
from telnyx_video._base.errors import ErrorDetail, InvalidRequestError
from telnyx_video._base.text import plain_str, show
from telnyx_video.models.base import Record, check_webhooks, keep_plain
from telnyx_video.models.sessions import RoomSession
from telnyx_video.models.unset import UNSET, Unset


class RoomFields(TypedDict, total=False):
    """The settings of a room as keywords; see :class:`~telnyx_video.CreateRoomRequest`."""

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
    the API allows null. A string of another class, such as a member of ``class Names(str, Enum)``,
    is kept as the plain string that it equals.

    Raises:
        InvalidRequestError: a value breaks a bound; all such values are listed.
    """

    unique_name: str | Unset = UNSET
    """The room's name, unique within the account; not empty, and at most 4000 bytes when it is
    percent-encoded (4000 ASCII letters, 333 emoji), since a look-up has it in its URL. Without a
    name, a create whose answer is lost can be neither repeated safely nor looked up."""
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
            if type(self.unique_name) is not str:
                keep_plain(self, "unique_name")
            check.name(problems, "unique_name", self.unique_name, _IF_NAMELESS)
        if self.max_participants is not UNSET:
            check.integer(problems, "max_participants", self.max_participants, 2, 50)
        if self.enable_recording is not UNSET:
            check.boolean(problems, "enable_recording", self.enable_recording)
        check_webhooks(problems, self)
        check.refuse(problems)

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> Self:
        """Make a request from a mapping of the API's field names, as read from a file.

        Raises:
            InvalidRequestError: it is no mapping, a name is not one of the API's, or a value
                breaks a bound; all problems are listed.
        """
        problems: list[ErrorDetail] = []
        known: dict[str, object] = {}
        check.mapping(problems, "fields", fields)
        check.refuse(problems)
        for name, value in fields.items():
            # The names may be any: csv gives None to the surplus cells of a row.
            if isinstance(cast("object", name), str) and name in _REQUEST_FIELDS:
                known[plain_str(name)] = value
            else:
                problems.append(_unknown_field(name))
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


def _unknown_field(name: object) -> ErrorDetail:
    problem = f"no such field; the API knows {', '.join(_REQUEST_FIELDS)}"
    text = plain_str(name) if isinstance(name, str) else show(name)
    return ErrorDetail(problem, code="unknown_field", pointer=check.pointer(text))


_IF_NAMELESS = "must not be empty; leave it out for a room without a name"

_REQUEST_FIELDS = tuple(attribute.name for attribute in attrs.fields(CreateRoomRequest))


@attrs.define(kw_only=True)
class Room(Record):
    """A video room as the API describes it."""

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
