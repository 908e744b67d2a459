"""Sessions of rooms and their participants."""

from __future__ import annotations

from datetime import datetime

import attrs

from telnyx_video.models.base import Record


@attrs.frozen(kw_only=True, repr=False, unsafe_hash=False, slots=False)
class RoomParticipant(Record):
    """A participant in a session of a room, now or earlier."""

    session_id: str | None = None
    """The participant's session."""
    context: str | None = None
    """What the client SDK said about the participant, such as a display name."""
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
