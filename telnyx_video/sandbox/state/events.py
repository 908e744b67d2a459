"""What happened, in order: the one place that tells of changes, for whoever passes them on.

Events are rows like any other: a change, its events and their webhooks are committed together, or
not at all. What will happen by itself, such as the completion of a composition, is noted with its
time in advance, and can be seen from then on.
"""

import uuid
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
"""Why somebody left, or a session ended: which reasons there are is not published."""


class Events:
    """The events of the server.

    Args:
        database: Where they are.
        rooms: Which say who is to be told of them.
        deliveries: Where that is planned.
    """

    def __init__(self, database: Database, rooms: Table[Room], deliveries: Deliveries) -> None:
        self._table = Table(database, "events", Event, born="occurred_at")
        self._rooms = rooms
        self._deliveries = deliveries

    def note(
        self,
        kind: EventType,
        at: str,
        session: Session,
        *,
        participant: Participant | None = None,
        recording: Recording | None = None,
        composition: Composition | None = None,
    ) -> None:
        """Note that something happens at a time, and what it is about.

        The room still exists, if it is the room's deletion that makes it happen.
        """
        event = Event(
            id=str(uuid.uuid4()),
            type=kind,
            occurred_at=at,
            room_id=session.room_id,
            session_id=session.id,
            participant_id=None if participant is None else participant.id,
            recording_id=None if recording is None else recording.id,
            composition_id=None if composition is None else composition.id,
        )
        self._table.insert(event)
        webhook = self._webhook(session.room_id, composition)
        if webhook is not None:
            subject = composition or recording or participant
            payload = {"room_id": session.room_id, "session_id": session.id}
            payload |= _told(kind, at, session, subject)
            self._deliveries.plan(event, webhook, payload, _file_name(kind, recording, composition))

    def all(self) -> list[Event]:
        """Return the events that have happened by now, in the order of their times."""
        events = self._table.where("occurred_at <= now_utc()")
        return sorted(events, key=lambda event: event.occurred_at)

    def forget_composition(self, composition_id: str) -> None:
        """Forget what has not happened to a composition yet."""
        for event in self._table.where(
            "composition_id = ? AND occurred_at > now_utc()", composition_id
        ):
            self._table.delete(event.id)
            self._deliveries.forget(event.id)

    def _webhook(self, room_id: str, composition: Composition | None) -> Webhook | None:
        """Return who is to be told: for a composition, its own receiver before the room's."""
        for owner in (composition, self._rooms.get(room_id)):
            if owner is not None and owner.webhook_event_url is not None:
                return Webhook(
                    owner.webhook_event_url,
                    owner.webhook_event_failover_url,
                    owner.webhook_timeout_secs,
                )
        return None


def _told(
    kind: EventType,
    at: str,
    session: Session,
    subject: Composition | Recording | Participant | None,
) -> dict[str, Any]:
    """Return what the webhook of an event tells beside room and session.

    Source: https://developers.telnyx.com/docs/video/rooms/webhooks
    """
    match subject:
        case Participant():
            told: dict[str, Any] = {"participant_id": subject.id, "context": subject.context}
            if kind == "video.room.participant.left":
                duration = seconds_between(subject.joined_at, at)
                told |= {"duration_secs": duration, "left_reason": _REASON}
        case Recording():
            told = {
                "participant_id": subject.participant_id,
                "recording_id": subject.id,
                "type": subject.type,
            }
            if kind == "video.room.recording.completed":
                told |= {"codec": subject.codec, "duration_secs": subject.duration_secs}
                told |= {"size_mb": subject.size_mb}
        case Composition():
            told = {
                "composition_id": subject.id,
                "format": "mp4",
                "resolution": subject.resolution,
                "duration_secs": subject.duration_secs,
                "size_mb": subject.size_mb,
            }
        case _:
            told = dict[str, Any]()
            if kind == "video.room.session.ended":
                duration = seconds_between(session.created_at, at)
                told |= {"duration_secs": duration, "ended_reason": _REASON}
    return {name: value for name, value in told.items() if value is not None}


def _file_name(
    kind: EventType, recording: Recording | None, composition: Composition | None
) -> str | None:
    """Return the file that an event tells of."""
    if composition is not None:
        return composition.file_name
    if recording is not None and kind == "video.room.recording.completed":
        return recording.file_name
    return None
