"""What Telnyx tells of rooms, as attrs classes: one for each type of event, one for the rest.

An event has the shape of Telnyx's own JSON: what is common to all events, and a ``payload`` of its
type. Fields of a payload that a delivery lacks are None; fields that this version does not know
are kept in ``extra``.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from telnyx_video.models import Model

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
    """What came with an event beside its content; None where the delivery did not say."""

    attempt: int | None = None
    """How many times Telnyx has tried to deliver this event, counted from 1."""
    delivered_to: str | None = None
    """The URL that Telnyx sent it to."""


@attrs.define(kw_only=True)
class Event(Model):
    """Something that happened in a room, as Telnyx tells it."""

    id: str
    """The event's identifier. Deliveries may come twice: it is what tells them."""
    event_type: str
    """The type's name, such as ``"video.room.session.started"``."""
    occurred_at: datetime | None = None
    """When it happened. Deliveries may come out of order: it is what orders them."""
    record_type: str | None = None
    """``"event"``."""
    delivery: Delivery | None = attrs.field(default=None, eq=False, repr=False)
    """What came beside the event in the delivery that it was read from."""


@attrs.define(kw_only=True)
class Payload(Model):
    """What every event of a room tells."""

    room_id: str | None = None
    """The room in which it happened."""
    session_id: str | None = None
    """The session in which it happened."""


@attrs.define(kw_only=True)
class SessionEndedPayload(Payload):
    """What is told of a session at its end."""

    duration_secs: float | None = None
    """How long the session was, in seconds."""
    ended_reason: str | None = None
    """Why it ended; the possible values are not documented."""


@attrs.define(kw_only=True)
class ParticipantPayload(Payload):
    """What is told of a participant."""

    participant_id: str | None = None
    context: str | None = None
    """What the client SDK said of the participant, such as a display name."""


@attrs.define(kw_only=True)
class ParticipantLeftPayload(ParticipantPayload):
    """What is told of a participant who has left."""

    duration_secs: float | None = None
    """How long they were in the session, in seconds."""
    left_reason: str | None = None
    """Why they left; the possible values are not documented."""


@attrs.define(kw_only=True)
class RecordingPayload(Payload):
    """What is told of a recording: that of one track of one participant."""

    participant_id: str | None = None
    """Who is recorded."""
    recording_id: str | None = None
    type: str | None = None
    """``"audio"`` or ``"video"``."""


@attrs.define(kw_only=True)
class RecordingCompletedPayload(RecordingPayload):
    """What is told of a recording that can be fetched."""

    download_url: str | None = attrs.field(default=None, repr=False)
    """Where the file is. Whoever has the URL can fetch it, for a while."""
    codec: str | None = None
    """How it is encoded, such as ``"opus"``."""
    duration_secs: float | None = None
    """Its length, in seconds."""
    size_mb: float | None = None
    """Its size, in megabytes."""


@attrs.define(kw_only=True)
class CompositionCompletedPayload(Payload):
    """What is told of a composition that can be fetched."""

    composition_id: str | None = None
    download_url: str | None = attrs.field(default=None, repr=False)
    """Where the file is. Whoever has the URL can fetch it, for a while."""
    format: str | None = None
    """The file's format, such as ``"mp4"``."""
    resolution: str | None = None
    """Width and height in pixels, such as ``"1280x720"``."""
    duration_secs: float | None = None
    """Its length, in seconds."""
    size_mb: float | None = None
    """Its size, in megabytes."""


@attrs.define(kw_only=True)
class SessionStarted(Event):
    """``video.room.session.started``: the first participant has come into a room."""

    payload: Payload


@attrs.define(kw_only=True)
class SessionEnded(Event):
    """``video.room.session.ended``: a session is over."""

    payload: SessionEndedPayload


@attrs.define(kw_only=True)
class ParticipantJoined(Event):
    """``video.room.participant.joined``: someone has come into a session."""

    payload: ParticipantPayload


@attrs.define(kw_only=True)
class ParticipantLeft(Event):
    """``video.room.participant.left``: someone has gone from a session."""

    payload: ParticipantLeftPayload


@attrs.define(kw_only=True)
class RecordingStarted(Event):
    """``video.room.recording.started``: a track of a participant is being recorded."""

    payload: RecordingPayload


@attrs.define(kw_only=True)
class RecordingCompleted(Event):
    """``video.room.recording.completed``: a recording is ready to be fetched."""

    payload: RecordingCompletedPayload


@attrs.define(kw_only=True)
class CompositionCompleted(Event):
    """``video.room.composition.completed``: a composition is ready to be fetched."""

    payload: CompositionCompletedPayload


@attrs.define(kw_only=True)
class UnknownEvent(Event):
    """An event of another type, or of a known type whose payload is not as expected.

    Telnyx signed it all the same: nothing that it sends is lost because this version is older.
    """

    payload: dict[str, object] = attrs.field(repr=False)
    """The payload, as it came; in no repr, since whoever has a file's address may have the file."""
    problem: str | None = attrs.field(default=None, eq=False)
    """Why an event of a known type could not be read as one; None if its type is not known."""


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
"""Whatever can be received; type checkers tell when a ``match`` forgets one of them."""

EVENT_CLASSES: dict[str, type[WebhookEvent]] = {
    "video.room.session.started": SessionStarted,
    "video.room.session.ended": SessionEnded,
    "video.room.participant.joined": ParticipantJoined,
    "video.room.participant.left": ParticipantLeft,
    "video.room.recording.started": RecordingStarted,
    "video.room.recording.completed": RecordingCompleted,
    "video.room.composition.completed": CompositionCompleted,
}
"""The class of each known type of event, by the type's name."""
