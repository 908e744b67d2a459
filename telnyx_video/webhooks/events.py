"""The events of webhooks as attrs classes: one for each type, and one for all unknown types.

An event has the shape of Telnyx's JSON: fields that all events have, and a ``payload`` of its type.
Absent fields of a payload are None; fields that this version does not know are kept in ``extra``.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from telnyx_video.models.base import Model

__all__ = [
    "EVENT_CLASSES",
    "CompositionCompleted",
    "CompositionCompletedPayload",
    "Delivery",
    "Event",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantLeftPayload",
    "ParticipantPayload",
    "Payload",
    "RecordingCompleted",
    "RecordingCompletedPayload",
    "RecordingPayload",
    "RecordingStarted",
    "SessionEnded",
    "SessionEndedPayload",
    "SessionStarted",
    "UnknownEvent",
    "WebhookEvent",
]


@attrs.frozen
class Delivery:
    """Data about the delivery of an event; None where the request did not say."""

    attempt: int | None = None
    """The number of this attempt to deliver the event, counted from 1."""
    delivered_to: str | None = None
    """The URL that Telnyx sent it to."""


@attrs.define(kw_only=True, slots=False)
class Event(Model):
    """Something that happened in a room."""

    id: str
    """The event's identifier, the same each time that the event is delivered."""
    event_type: str
    """The type's name, such as ``"video.room.session.started"``."""
    occurred_at: datetime | None = None
    """When it happened. Deliveries may arrive out of order: sort by this."""
    record_type: str | None = None
    """``"event"``."""
    delivery: Delivery | None = attrs.field(default=None, eq=False, repr=False)
    """Data about the delivery that the event was read from."""


@attrs.define(kw_only=True, slots=False)
class Payload(Model):
    """The fields that every payload has."""

    room_id: str | None = None
    """The room in which it happened."""
    session_id: str | None = None
    """The session in which it happened."""


@attrs.define(kw_only=True, slots=False)
class SessionEndedPayload(Payload):
    """The payload of ``video.room.session.ended``."""

    duration_secs: float | None = None
    """How long the session was, in seconds."""
    ended_reason: str | None = None
    """Why it ended; the possible values are not documented."""


@attrs.define(kw_only=True, slots=False)
class ParticipantPayload(Payload):
    """The payload of ``video.room.participant.joined``."""

    participant_id: str | None = None
    context: str | None = None
    """Data of the client SDK about the participant, such as a display name."""


@attrs.define(kw_only=True, slots=False)
class ParticipantLeftPayload(ParticipantPayload):
    """The payload of ``video.room.participant.left``."""

    duration_secs: float | None = None
    """How long they were in the session, in seconds."""
    left_reason: str | None = None
    """Why they left; the possible values are not documented."""


@attrs.define(kw_only=True, slots=False)
class RecordingPayload(Payload):
    """The payload of ``video.room.recording.started``: one track of one participant."""

    participant_id: str | None = None
    """Who is recorded."""
    recording_id: str | None = None
    type: str | None = None
    """``"audio"`` or ``"video"``."""


@attrs.define(kw_only=True, slots=False)
class RecordingCompletedPayload(RecordingPayload):
    """The payload of ``video.room.recording.completed``."""

    download_url: str | None = attrs.field(default=None, repr=False)
    """The URL of the file. Anyone who has it can fetch the file, for a while."""
    codec: str | None = None
    """The encoding, such as ``"opus"``."""
    duration_secs: float | None = None
    """Its length, in seconds."""
    size_mb: float | None = None
    """Its size, in megabytes."""


@attrs.define(kw_only=True, slots=False)
class CompositionCompletedPayload(Payload):
    """The payload of ``video.room.composition.completed``."""

    composition_id: str | None = None
    download_url: str | None = attrs.field(default=None, repr=False)
    """The URL of the file. Anyone who has it can fetch the file, for a while."""
    format: str | None = None
    """The file's format, such as ``"mp4"``."""
    resolution: str | None = None
    """Width and height in pixels, such as ``"1280x720"``."""
    duration_secs: float | None = None
    """Its length, in seconds."""
    size_mb: float | None = None
    """Its size, in megabytes."""


@attrs.define(kw_only=True, slots=False)
class SessionStarted(Event):
    """``video.room.session.started``: the first participant has joined a room."""

    payload: Payload


@attrs.define(kw_only=True, slots=False)
class SessionEnded(Event):
    """``video.room.session.ended``: a session has ended."""

    payload: SessionEndedPayload


@attrs.define(kw_only=True, slots=False)
class ParticipantJoined(Event):
    """``video.room.participant.joined``: a participant has joined a session."""

    payload: ParticipantPayload


@attrs.define(kw_only=True, slots=False)
class ParticipantLeft(Event):
    """``video.room.participant.left``: a participant has left a session."""

    payload: ParticipantLeftPayload


@attrs.define(kw_only=True, slots=False)
class RecordingStarted(Event):
    """``video.room.recording.started``: the recording of a track has begun."""

    payload: RecordingPayload


@attrs.define(kw_only=True, slots=False)
class RecordingCompleted(Event):
    """``video.room.recording.completed``: a recording can be downloaded."""

    payload: RecordingCompletedPayload


@attrs.define(kw_only=True, slots=False)
class CompositionCompleted(Event):
    """``video.room.composition.completed``: a composition can be downloaded."""

    payload: CompositionCompletedPayload


@attrs.define(kw_only=True, slots=False)
class UnknownEvent(Event):
    """An event of a type that this version does not know, or of a known type with another payload.

    Telnyx signed it like any other, so it is not refused.
    """

    payload: dict[str, object] = attrs.field(repr=False)
    """The payload as received; not in the repr, since it may hold the URL of a file."""
    problem: str | None = attrs.field(default=None, eq=False)
    """Why an event of a known type did not parse as one; None if the type is unknown."""


WebhookEvent = (
    SessionStarted
    | SessionEnded
    | ParticipantJoined
    | ParticipantLeft
    | RecordingStarted
    | RecordingCompleted
    | CompositionCompleted
    | UnknownEvent
)
"""Any event; type checkers report a ``match`` that forgets one of them."""

EVENT_CLASSES: dict[str, type[WebhookEvent]] = {
    "video.room.session.started": SessionStarted,
    "video.room.session.ended": SessionEnded,
    "video.room.participant.joined": ParticipantJoined,
    "video.room.participant.left": ParticipantLeft,
    "video.room.recording.started": RecordingStarted,
    "video.room.recording.completed": RecordingCompleted,
    "video.room.composition.completed": CompositionCompleted,
}
"""The class of each known type."""
