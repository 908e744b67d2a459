"""Events: what happened, in order, and the webhooks that follow from it.

A change, its events and their deliveries are committed in one transaction. What will happen by
itself, such as the completion of a composition, is stored in advance and becomes visible at its
time.
"""

from typing import Any

from telnyx_video.sandbox.state.database import Database, seconds_between
from telnyx_video.sandbox.state.deliveries import Deliveries, Webhook
from telnyx_video.sandbox.state.records import (
    Composition,
    Event,
    EventType,
    Participant,
    Recording,
    Room,
    Session,
)
from telnyx_video.sandbox.state.tables import Table

_REASON = "unspecified"
"""Why a participant left or a session ended; the possible reasons are not published."""


class Events:
    """The events of the server.

    Args:
        database: Stores them.
        rooms: Have the URLs of webhooks.
        deliveries: Receives the webhooks to deliver.
    """

    def __init__(self, database: Database, rooms: Table[Room], deliveries: Deliveries) -> None:
        self._new_id = database.new_id
        self._table = Table(database, "events", Event, born="occurred_at")
        self._rooms = rooms
        self._deliveries = deliveries

    def add(
        self,
        kind: EventType,
        at: str,
        session: Session | None,
        *,
        participant: Participant | None = None,
        recording: Recording | None = None,
        composition: Composition | None = None,
    ) -> None:
        """Store an event that happens at a time, with its webhook.

        When a room is deleted, this is called before its row is removed.
        """
        event = Event(
            id=self._new_id(),
            type=kind,
            occurred_at=at,
            room_id=None if session is None else session.room_id,
            session_id=None if session is None else session.id,
            participant_id=None if participant is None else participant.id,
            recording_id=None if recording is None else recording.id,
            composition_id=None if composition is None else composition.id,
        )
        self._table.insert(event)
        webhook = self._webhook(event.room_id, composition)
        if webhook is not None:
            subject = composition or recording or participant
            payload = _payload(kind, at, session, subject)
            self._deliveries.plan(event, webhook, payload, _file_name(kind, recording, composition))

    def all(self) -> list[Event]:
        """Return the events that have happened by now, ordered by time."""
        events = self._table.where("occurred_at <= now_utc()")
        return sorted(events, key=lambda event: event.occurred_at)

    def forget_composition(self, composition_id: str) -> None:
        """Drop the future events of a composition."""
        for event in self._table.where(
            "composition_id = ? AND occurred_at > now_utc()", composition_id
        ):
            self._table.delete(event.id)
            self._deliveries.forget(event.id)

    def _webhook(self, room_id: str | None, composition: Composition | None) -> Webhook | None:
        """Return the webhook of an event: a composition's own comes before the room's."""
        for owner in (composition, None if room_id is None else self._rooms.get(room_id)):
            if owner is not None and owner.webhook_event_url is not None:
                return Webhook(
                    owner.webhook_event_url,
                    owner.webhook_event_failover_url,
                    owner.webhook_timeout_secs,
                )
        return None


def _payload(
    kind: EventType,
    at: str,
    session: Session | None,
    subject: Composition | Recording | Participant | None,
) -> dict[str, Any]:
    """Return the payload of an event, without the URL of its file.

    Source: https://developers.telnyx.com/docs/video/rooms/webhooks
    """
    ids = {} if session is None else {"room_id": session.room_id, "session_id": session.id}
    match subject:
        case Participant():
            fields: dict[str, Any] = {"participant_id": subject.id, "context": subject.context}
            if kind == "video.room.participant.left":
                duration = seconds_between(subject.joined_at, at)
                fields |= {"duration_secs": duration, "left_reason": _REASON}
        case Recording():
            fields = {
                "participant_id": subject.participant_id,
                "recording_id": subject.id,
                "type": subject.type,
            }
            if kind == "video.room.recording.completed":
                fields |= {"codec": subject.codec, "duration_secs": subject.duration_secs}
                fields |= {"size_mb": subject.size_mb}
        case Composition():
            fields = {
                "composition_id": subject.id,
                "format": "mp4",
                "resolution": subject.resolution,
                "duration_secs": subject.duration_secs,
                "size_mb": subject.size_mb,
            }
        case _:
            fields = dict[str, Any]()
            if session is not None and kind == "video.room.session.ended":
                duration = seconds_between(session.created_at, at)
                fields |= {"duration_secs": duration, "ended_reason": _REASON}
    return {**ids, **{name: value for name, value in fields.items() if value is not None}}


def _file_name(
    kind: EventType, recording: Recording | None, composition: Composition | None
) -> str | None:
    """Return the file that an event announces."""
    if composition is not None:
        return composition.file_name
    if recording is not None and kind == "video.room.recording.completed":
        return recording.file_name
    return None
