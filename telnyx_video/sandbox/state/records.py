"""The stored records, and how each is published.

A key whose value would be null is left out, since the published schemas allow no null. Times are
ISO 8601 in UTC with microseconds; ids are UUIDs in canonical form.
"""

import json
from collections.abc import Iterable
from typing import Literal, cast

import attrs

RecordingType = Literal["audio", "video"]

EventType = Literal[
    "video.room.session.started",
    "video.room.session.ended",
    "video.room.participant.joined",
    "video.room.participant.left",
    "video.room.recording.started",
    "video.room.recording.completed",
    "video.room.composition.completed",
]

DeliveryState = Literal["pending", "delivered", "failed", "not_sent"]

ACCOUNT_ID = "b2d4f7a0-5c1e-4b7e-9a53-0e1f6a7c8d90"
"""The only user of this server."""

_CODECS: dict[RecordingType, str] = {"audio": "opus", "video": "h264"}
_EXTENSIONS: dict[RecordingType, str] = {"audio": "ogg", "video": "mp4"}


@attrs.frozen
class Room:
    """One room.

    Source: https://developers.telnyx.com/api-reference/rooms/create-a-room
    """

    id: str
    unique_name: str | None
    """Unique among the rooms that have one."""
    max_participants: int
    """2 to 50."""
    enable_recording: bool = attrs.field(converter=bool)  # SQLite gives back 0 and 1
    """Whether participants who join are recorded."""
    webhook_event_url: str | None
    """Where events are sent, at most 2000 characters."""
    webhook_event_failover_url: str
    """Where events are sent if delivery to the first URL fails, or ""."""
    webhook_timeout_secs: int | None
    """Seconds that a delivery may take, 0 to 30."""
    created_at: str
    updated_at: str
    active_session_id: str | None = None
    """The session that has not ended."""

    def as_json(self, sessions: "Iterable[Session] | None" = None) -> dict[str, object]:
        """Return the published object, with these sessions unless None."""
        shown: dict[str, object] = {
            name: value for name in _ROOM_FIELDS if (value := getattr(self, name)) is not None
        }
        if sessions is not None:
            shown["sessions"] = [session.as_json() for session in sessions]
        shown["record_type"] = "room"
        return shown


_ROOM_FIELDS = tuple(field.name for field in attrs.fields(Room))


@attrs.frozen
class Session:
    """One use of a room, from the first participant's join to the last one's leave.

    Source: https://developers.telnyx.com/api-reference/room-sessions/view-a-room-session
    """

    id: str
    room_id: str
    created_at: str
    updated_at: str
    ended_at: str | None = None
    """None while it is active."""

    def as_json(self, participants: "Iterable[Participant] | None" = None) -> dict[str, object]:
        """Return the published object, with these participants unless None."""
        shown: dict[str, object] = {
            "id": self.id,
            "room_id": self.room_id,
            "active": self.ended_at is None,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "ended_at": self.ended_at,
            "record_type": "room_session",
        }
        if participants is not None:
            shown["participants"] = [participant.as_json() for participant in participants]
        return _without_nulls(shown)


@attrs.frozen
class Participant:
    """One stay of a participant in a session.

    Source: https://developers.telnyx.com/api-reference/room-participants/view-a-room-participant
    """

    id: str
    session_id: str
    context: str | None
    """A description given by the participant's program."""
    muted: bool = attrs.field(converter=bool)
    """Whether it is muted. The API does not publish this."""
    joined_at: str
    updated_at: str
    left_at: str | None = None
    """None while it is present."""

    def as_json(self) -> dict[str, object]:
        """Return the published object."""
        return _without_nulls(
            {
                "id": self.id,
                "session_id": self.session_id,
                "context": self.context,
                "joined_at": self.joined_at,
                "updated_at": self.updated_at,
                "left_at": self.left_at,
                "record_type": "room_participant",
            }
        )


@attrs.frozen
class Recording:
    """The audio or video of one participant, from join to leave.

    Source: https://developers.telnyx.com/api-reference/room-recordings/view-a-room-recording
    """

    id: str
    room_id: str
    session_id: str
    participant_id: str
    type: RecordingType
    created_at: str
    ended_at: str | None = None
    """None while it is being recorded."""
    duration_secs: int | None = None
    """Whole seconds; None until it ends."""
    size_mb: float | None = None
    """Size of the file in millions of bytes; None until it ends."""

    @property
    def codec(self) -> str:
        """The published codec."""
        return _CODECS[self.type]

    @property
    def file_name(self) -> str:
        """The name of its file."""
        return f"{self.id}.{_EXTENSIONS[self.type]}"

    def as_json(self, files: str) -> dict[str, object]:
        """Return the published object; file URLs start with `files`."""
        completed = self.ended_at is not None
        return _without_nulls(
            {
                "id": self.id,
                "room_id": self.room_id,
                "session_id": self.session_id,
                "participant_id": self.participant_id,
                "status": "completed" if completed else "processing",
                "type": self.type,
                "codec": self.codec,
                "duration_secs": self.duration_secs,
                "size_mb": self.size_mb,
                "download_url": files + self.file_name if completed else None,
                "started_at": self.created_at,
                "created_at": self.created_at,
                "updated_at": self.ended_at or self.created_at,
                "ended_at": self.ended_at,
                "completed_at": self.ended_at,
                "record_type": "room_recording",
            }
        )


@attrs.frozen
class Composition:
    """A video composed of a session's recordings. Its progress is scheduled at its creation.

    Source: https://developers.telnyx.com/api-reference/room-compositions/view-a-room-composition
    """

    id: str
    room_id: str | None
    session_id: str | None
    """None for an empty composition."""
    resolution: str
    """Pixels, as in 1280x720."""
    video_layout: str | None
    """Regions by their names, as JSON."""
    webhook_event_url: str | None
    webhook_event_failover_url: str
    webhook_timeout_secs: int | None
    started_at: str
    """Start of what it shows."""
    ended_at: str
    """End of what it shows."""
    duration_secs: int
    """Whole seconds between the two."""
    size_mb: float
    """Of the file in millions of bytes."""
    created_at: str
    processing_at: str
    """When its status becomes processing."""
    completed_at: str
    """When its status becomes completed."""

    @property
    def file_name(self) -> str:
        """The name of its file."""
        return f"{self.id}.mp4"

    def is_complete(self, now: str) -> bool:
        """Return whether its file exists at this time."""
        return self.completed_at <= now

    def as_json(self, files: str, now: str) -> dict[str, object]:
        """Return the object as published at this time; file URLs start with `files`."""
        completed = self.is_complete(now)
        processing = self.processing_at <= now
        status = "completed" if completed else "processing" if processing else "enqueued"
        since = {
            "enqueued": self.created_at,
            "processing": self.processing_at,
            "completed": self.completed_at,
        }
        layout = None if self.video_layout is None else json.loads(self.video_layout)
        return _without_nulls(
            {
                "id": self.id,
                "room_id": self.room_id,
                "session_id": self.session_id,
                "user_id": ACCOUNT_ID,
                "status": status,
                "format": "mp4",
                "resolution": self.resolution,
                "video_layout": layout,
                "webhook_event_url": self.webhook_event_url,
                "webhook_event_failover_url": self.webhook_event_failover_url,
                "webhook_timeout_secs": self.webhook_timeout_secs,
                "started_at": self.started_at,
                "ended_at": self.ended_at,
                "duration_secs": self.duration_secs,
                "size_mb": self.size_mb if completed else None,
                "download_url": files + self.file_name if completed else None,
                "created_at": self.created_at,
                "updated_at": since[status],
                "completed_at": self.completed_at if completed else None,
                "record_type": "room_composition",
            }
        )


@attrs.frozen
class Event:
    """An event, named as in webhooks.

    Source: https://developers.telnyx.com/docs/video/rooms/webhooks
    """

    id: str
    type: EventType
    occurred_at: str
    room_id: str | None
    session_id: str | None
    participant_id: str | None = None
    recording_id: str | None = None
    composition_id: str | None = None

    def as_json(self) -> dict[str, object]:
        """Return the event with the ids of the objects involved."""
        return _without_nulls(attrs.asdict(self))


@attrs.frozen
class Webhook:
    """Where the events of a room or of a composition are sent."""

    url: str
    failover_url: str
    """Used when delivery to `url` fails; may be ""."""
    timeout_secs: int | None
    """Seconds that an attempt may take, 0 to 30."""


@attrs.frozen
class Attempt:
    """An attempt to deliver, or the reason why there was no attempt."""

    url: str
    at: str
    status: int | None = None
    """Of the receiver's answer."""
    error: str | None = None
    """Why there was no answer."""
    sent: bool = True
    """Whether a request was made."""
    replay: bool = False
    """Whether it was requested by `redeliver`."""
    milliseconds: float | None = None
    """From the start of the attempt to its end."""
    headers: dict[str, str] | None = None
    """The headers that were sent, with the signature."""
    body: str | None = None
    """The signed body that was sent."""
    answer: str | None = None
    """The start of the body of the receiver's answer."""


@attrs.frozen
class Delivery:
    """The delivery of one event to a receiver."""

    id: str
    """The event's."""
    event_type: EventType
    occurred_at: str
    room_id: str
    """Empty for an empty composition."""
    url: str
    failover_url: str
    timeout_secs: int | None
    payload: str
    """JSON, without the URL of the file."""
    file_name: str | None
    """The file that can be downloaded from then on."""
    state: DeliveryState = "pending"
    record: str = "[]"
    """The attempts so far, as JSON."""
    replay_to: str | None = None
    """Where `redeliver` sends it, once."""

    @property
    def attempts(self) -> list[Attempt]:
        """The attempts so far, in order."""
        return [Attempt(**fields) for fields in json.loads(self.record)]

    def as_json(self) -> dict[str, object]:
        """Return the delivery with its attempts."""
        return {
            "event_id": self.id,
            "event_type": self.event_type,
            "occurred_at": self.occurred_at,
            "room_id": self.room_id,
            "url": self.url,
            "state": self.state,
            "attempts": [
                {
                    name: value
                    for name, value in fields.items()
                    if value is not None and (name != "replay" or value)
                }
                for fields in json.loads(self.record)
            ],
        }

    def body(self, url: str, files: str) -> bytes:
        """Return the body of the next attempt.

        Args:
            url: Where it is sent.
            files: Prefix of file URLs.
        """
        payload = cast("dict[str, object]", json.loads(self.payload))
        if self.file_name is not None:
            payload["download_url"] = files + self.file_name
        number = 1 + sum(attempt.sent for attempt in self.attempts)
        data = {
            "record_type": "event",
            "event_type": self.event_type,
            "id": self.id,
            "occurred_at": self.occurred_at,
            "payload": payload,
        }
        meta = {"attempt": number, "delivered_to": url}
        return json.dumps({"data": data, "meta": meta}, separators=(",", ":")).encode()


def _without_nulls(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
