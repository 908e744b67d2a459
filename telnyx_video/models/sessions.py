"""Sessions, which are the meetings in a room, and those who take part in them."""

from __future__ import annotations

from datetime import datetime

import attrs

from telnyx_video.models.base import Record


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
