"""Events, and the webhook deliveries that follow from them.

A change, its events and their deliveries are committed in one transaction. A delivery is stored
with its whole payload: the room may be deleted the next moment, and the server killed. It is
delivered at least once. A future event, such as the completion of a composition, is
stored in advance and becomes visible at its time.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import attrs

from telnyx_video.sandbox.state.database import (
    AbsentError,
    ConflictError,
    Database,
    Table,
    seconds_between,
)
from telnyx_video.sandbox.state.records import (
    Attempt,
    Composition,
    Delivery,
    DeliveryState,
    Event,
    EventType,
    Participant,
    Recording,
    Room,
    Session,
    Webhook,
)

_REASON = "unspecified"
"""Why a participant left or a session ended; the possible reasons are not published."""

_ACCEPTED = 200
"""The only status that Telnyx counts as success."""

_FROM = "FROM deliveries WHERE"
_DUE = "state = 'pending' AND occurred_at <= now_utc()"


class Deliveries:
    """The deliveries of the server.

    Attributes:
        planned: Called, in any thread and before the commit, when there may be a new delivery.
            None while nothing delivers.
    """

    def __init__(self, database: Database) -> None:
        self.planned: Callable[[], object] | None = None
        self.revision: int = 0
        """Grows with every change."""
        self._db = database
        self._table = Table(database, "deliveries", Delivery, born="occurred_at")

    def plan(
        self, event: Event, webhook: Webhook, payload: dict[str, Any], file_name: str | None
    ) -> None:
        """Store the delivery of an event, due once the event has happened."""
        delivery = Delivery(
            id=event.id,
            event_type=event.type,
            occurred_at=event.occurred_at,
            room_id=event.room_id or "",
            payload=json.dumps(payload),
            file_name=file_name,
            **attrs.asdict(webhook),
        )
        self._table.insert(delivery)
        self._wake()

    def forget(self, event_id: str) -> None:
        """Delete the delivery of an event."""
        self._table.delete(event_id)

    def replay(self, event_id: str, to: str | None = None) -> None:
        """Schedule a finished delivery again, for one attempt.

        Args:
            event_id: The event's id.
            to: Where to send it; None means its own URL.

        Raises:
            AbsentError: if the event has no delivery.
            ConflictError: if the delivery has not finished yet.
        """
        with self._db.transaction():
            delivery = self._table.get(event_id)
            if delivery is None:
                raise AbsentError(f"No webhook is delivered for event {event_id}.")
            if delivery.state == "pending":
                raise ConflictError(f"The delivery of event {event_id} has not finished yet.")
            self._replay(delivery, to)

    def replay_failed(self, to: str | None = None) -> int:
        """Reschedule every delivery that failed or was not sent; return how many."""
        with self._db.transaction():
            failed = self._table.where("state IN ('failed', 'not_sent')")
            for delivery in failed:
                self._replay(delivery, to)
        return len(failed)

    def _replay(self, delivery: Delivery, to: str | None) -> None:
        changes = {"state": "pending", "replay_to": to or delivery.url}
        self._update(delivery, **changes)
        self._wake()

    def _update(self, delivery: Delivery, **changes: object) -> None:
        self._table.update(delivery.id, changes)
        self.revision += 1

    def _wake(self) -> None:
        self.revision += 1
        if self.planned is not None:
            self.planned()

    def rooms_due(self) -> list[str]:
        """Return the rooms with deliveries that are due."""
        return [room for (room,) in self._db.rows(f"SELECT DISTINCT room_id {_FROM} {_DUE}")]

    def next_due(self, room_id: str) -> Delivery | None:
        """Return the next due delivery of a room."""
        first = f"SELECT id {_FROM} {_DUE} AND room_id = ? ORDER BY occurred_at, number LIMIT 1"
        return next(iter(self._table.where(f"id = ({first})", room_id)), None)

    def seconds_to_next(self) -> float | None:
        """Return the seconds until the next future delivery is due, or None."""
        later = f"SELECT min(occurred_at) {_FROM} state = 'pending' AND occurred_at > now_utc()"
        ((moment,),) = self._db.rows(later)
        if moment is None:
            return None
        return (datetime.fromisoformat(moment) - self._db.moment()).total_seconds()

    def is_pending(self, delivery: Delivery) -> bool:
        """Return whether a delivery is still pending."""
        return bool(self._table.where("id = ? AND state = 'pending'", delivery.id))

    def record(self, delivery: Delivery, attempt: Attempt) -> None:
        """Store an attempt; an accepted one, or a replay, finishes the delivery."""
        replayed = delivery.replay_to is not None
        attempt = attrs.evolve(attempt, replay=replayed)
        record = json.dumps([attrs.asdict(made) for made in (*delivery.attempts, attempt)])
        state: DeliveryState = "failed" if replayed and attempt.sent else "pending"
        if attempt.status == _ACCEPTED:
            state = "delivered"
        elif replayed and not attempt.sent:
            state = "not_sent"
        self._update(delivery, record=record, state=state, replay_to=None)

    def give_up(self, delivery: Delivery, state: DeliveryState) -> None:
        """Finish a delivery without another attempt."""
        self._update(delivery, state=state)

    def all(self) -> Sequence[Delivery]:
        """Return the deliveries of the events that have happened by now, ordered by time."""
        happened = self._table.where("occurred_at <= now_utc()")
        return sorted(happened, key=lambda delivery: delivery.occurred_at)

    def newest(self, count: int, state: str | None = None) -> Sequence[Delivery]:
        """Return the newest of these deliveries, in any state or in one, ordered by time."""
        condition = "occurred_at <= now_utc()" + ("" if state is None else " AND state = ?")
        order = "ORDER BY occurred_at DESC, number DESC LIMIT ?"
        values = (count,) if state is None else (state, count)
        newest = f"number IN (SELECT number {_FROM} {condition} {order})"
        return sorted(self._table.where(newest, *values), key=lambda made: made.occurred_at)

    def now(self) -> str:
        """Return the time as it is stored."""
        return self._db.now()


class Events:
    """The events of the server.

    Args:
        database: Stores them.
        rooms: Provide the URLs of webhooks.
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
        """Delete the future events of a composition."""
        for event in self._table.where(
            "composition_id = ? AND occurred_at > now_utc()", composition_id
        ):
            self._table.delete(event.id)
            self._deliveries.forget(event.id)

    def _webhook(self, room_id: str | None, composition: Composition | None) -> Webhook | None:
        """Return the webhook of an event: the composition's own, or the room's."""
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
