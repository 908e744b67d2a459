"""Rooms, their sessions and participants, and the tokens to join them.

Field meanings and bounds: https://developers.telnyx.com/api-reference/rooms/create-a-room
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Self, TypedDict, cast

import attrs

from telnyx_video._base import validate as check
from telnyx_video._base.errors import ErrorDetail
from telnyx_video._base.text import did_you_mean, plain_str, show
from telnyx_video._base.validate import InvalidRequestError
from telnyx_video.models._codec import UNSET, Unset, unstructure
from telnyx_video.models.base import Model, Record, Reply, Request, check_webhooks, checked_extra

MIN_PARTICIPANTS: Final = 2
MAX_PARTICIPANTS: Final = 50
"""How many people may be in a room, by the API's reference."""


class RoomFields(TypedDict, total=False):
    """The settings of a room as keywords; see :class:`~telnyx_video.CreateRoomRequest`."""

    unique_name: str | Unset
    max_participants: int | Unset
    enable_recording: bool | Unset
    webhook_event_url: str | Unset
    webhook_event_failover_url: str | Unset | None
    webhook_timeout_secs: int | Unset | None
    extra: Mapping[str, object] | Unset


@attrs.frozen(kw_only=True, repr=False)
class CreateRoomRequest(Request):
    """The settings of a room to create, checked when constructed.

    ``UNSET`` leaves a field out, so that the API's default applies; ``None`` is sent as null where
    the API allows null. A name that is a member of an enumeration is kept as its plain string.

    Raises:
        InvalidRequestError: a value breaks a bound; all such values are listed.
        TypeError: a keyword is not one of the fields.
    """

    unique_name: str | Unset = UNSET
    """The room's name, unique within the account; not empty, and at most 4000 bytes when it is
    percent-encoded (4000 ASCII letters, 333 emoji), since a look-up has it in its URL. Without a
    name, a create whose reply is lost can neither be repeated safely nor looked up."""
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
    extra: Mapping[str, object] | Unset = attrs.field(default=UNSET, hash=False, repr=False)
    """Further fields that the API takes and this version does not know, sent as they are: anything
    that JSON can express. They are in no repr, since any of them may be a secret."""

    def __attrs_post_init__(self) -> None:
        # Most requests are right at a glance; the checks that explain would take twice as long.
        name, size = self.unique_name, self.max_participants
        if not (
            ((type(name) is str and name.isascii() and 0 < len(name) < _SHORT) or name is UNSET)
            and (
                size is UNSET
                or (type(size) is int and MIN_PARTICIPANTS <= size <= MAX_PARTICIPANTS)
            )
            and type(self.enable_recording) in (bool, Unset)
            and self.webhook_event_url is UNSET
            and self.webhook_event_failover_url is UNSET
            and self.webhook_timeout_secs is UNSET
            and self.extra is UNSET
        ):
            self._check()

    def _check(self) -> None:
        """Check every field; raise ``InvalidRequestError`` with all problems."""
        problems: list[ErrorDetail] = []
        if self.unique_name is not UNSET:
            if type(self.unique_name) is not str:
                object.__setattr__(self, "unique_name", plain_str(self.unique_name))
            check.name(problems, "unique_name", self.unique_name, _IF_NAMELESS)
        if self.max_participants is not UNSET:
            check.integer(
                problems,
                "max_participants",
                self.max_participants,
                MIN_PARTICIPANTS,
                MAX_PARTICIPANTS,
            )
        if self.enable_recording is not UNSET:
            check.boolean(problems, "enable_recording", self.enable_recording)
        check_webhooks(problems, self)
        if self.extra is not UNSET:
            extra = checked_extra(problems, self.extra, _REQUEST_FIELDS)
            object.__setattr__(self, "extra", extra)
        check.refuse(problems)

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> Self:
        """Make a request from a mapping of the API's field names, as read from a file.

        Raises:
            InvalidRequestError: it is not a mapping, a name is not one of the API's, or a value
                breaks a bound; all problems are listed. An unknown name is a problem of the data
                here, unlike an unknown keyword in code, which is a ``TypeError``.
        """
        problems: list[ErrorDetail] = []
        check.mapping(problems, "fields", fields)
        check.refuse(problems)
        # The names may be anything: csv gives None to the surplus cells of a row.
        known = {
            name: value
            for name, value in fields.items()
            if isinstance(cast("object", name), str) and name in _REQUEST_FIELDS
        }
        problems += (_unknown_field(name) for name in fields if name not in known)
        try:
            request = cls(**cast("RoomFields", known))
        except InvalidRequestError as error:
            problems.extend(error.details)
        else:
            if not problems:
                return request
        del fields, known  # a traceback may show locals, and a URL may hold a password
        raise InvalidRequestError(tuple(problems))

    def to_dict(self) -> dict[str, object]:
        """The fields that are set, under the API's names; ``extra`` is a nested object."""
        return unstructure(self)


def _unknown_field(name: object) -> ErrorDetail:
    text = name if isinstance(name, str) else show(name)
    problem = f"not a field{did_you_mean(text, _REQUEST_FIELDS)} (fields: {_FIELD_LIST})"
    return ErrorDetail(problem, code="unknown_field", pointer=check.pointer(text))


_SHORT: Final = check.MAX_NAME_LENGTH // 3
"""Characters of an ASCII name that fits even if all of them are percent-encoded."""

_IF_NAMELESS = "must not be empty; leave it out for a room without a name"

_REQUEST_FIELDS = attrs.fields_dict(CreateRoomRequest)
_FIELD_LIST = ", ".join(_REQUEST_FIELDS)


@attrs.frozen(kw_only=True, repr=False, unsafe_hash=False, slots=False)
class RoomParticipant(Record):
    """A participant in a session of a room, now or earlier."""

    session_id: str | None = None
    """The participant's session."""
    context: str | None = None
    """Data of the client SDK about the participant, such as a display name."""
    joined_at: datetime | None = None
    updated_at: datetime | None = None
    left_at: datetime | None = None
    """When the participant left; None while they are in the session."""
    record_type: str | None = None
    """``"room_participant"``."""


@attrs.frozen(kw_only=True, repr=False, unsafe_hash=False, slots=False)
class RoomSession(Record):
    """A session of a room: from the first participant's arrival to the last one's departure."""

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


@attrs.frozen(kw_only=True, repr=False, unsafe_hash=False, slots=False)
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
    """Seconds to wait for a webhook's receiver."""
    created_at: datetime | None = None
    """When the room was created, with its time zone."""
    updated_at: datetime | None = None
    """When the room was last changed, with its time zone."""
    active_session_id: str | None = None
    """The room's active session, if any."""
    sessions: list[RoomSession] | None = None
    """The room's sessions, where the reply includes them."""
    record_type: str | None = None
    """``"room"``."""


@attrs.define(kw_only=True, repr=False, slots=False)
class JoinToken(Model):
    """Lets a participant into a room for a limited time. Its secrets are in no repr.

    https://developers.telnyx.com/api-reference/rooms-client-tokens/create-client-token-to-join-a-room
    """

    token: str = attrs.field(repr=False)
    """The client token: pass it only to the participant's client SDK."""
    token_expires_at: datetime
    """Until when the token admits a participant."""
    refresh_token: str | None = attrs.field(default=None, repr=False)
    """Gets another client token. The reply to a refresh has none: keep the first."""
    refresh_token_expires_at: datetime | None = None
    """Until when the refresh token is valid."""
    reply: Reply | None = attrs.field(default=None, eq=False, repr=False)
    """The facts of the reply."""

    def seconds_left(self, now: datetime | None = None) -> float:
        """Seconds for which the client token is still valid; negative once it has expired.

        Args:
            now: The current time, with its zone; by default this machine's, which may be wrong.
        """
        return _seconds_until(self.token_expires_at, now)

    def refresh_seconds_left(self, now: datetime | None = None) -> float | None:
        """The same for the refresh token; None if the reply had none, or no expiry."""
        if self.refresh_token is None or self.refresh_token_expires_at is None:
            return None
        return _seconds_until(self.refresh_token_expires_at, now)


def _seconds_until(time: datetime, now: datetime | None) -> float:
    return (time - (now or datetime.now(UTC))).total_seconds()
