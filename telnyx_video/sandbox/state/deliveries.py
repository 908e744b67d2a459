"""Webhook deliveries: what to send for each event, where to, and every attempt so far.

A delivery is stored in the transaction of its event, with its whole payload: the room may be
deleted the next moment, and the server killed. It is delivered at least once.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal, cast

import attrs

from telnyx_video.sandbox.state.database import Database
from telnyx_video.sandbox.state.records import Event, EventType
from telnyx_video.sandbox.state.tables import AbsentError, ConflictError, Table

DeliveryState = Literal["pending", "delivered", "failed", "not_sent"]

_DUE = "state = 'pending' AND occurred_at <= now_utc()"


@attrs.frozen
class Webhook:
    """Where the events of a room or of a composition are sent."""

    url: str
    failover_url: str
    """Used when delivery to `url` fails; "" for none."""
    timeout_secs: int | None
    """Seconds that an attempt may take, 0 to 30."""


@attrs.frozen
class Attempt:
    """One attempt to deliver, or the reason why none was made."""

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
    """The signed body, as it was sent."""
    answer: str | None = None
    """The start of the body of the receiver's answer."""


@attrs.frozen
class Delivery:
    """One event on its way to a receiver."""

    id: str
    """The event's."""
    event_type: EventType
    occurred_at: str
    room_id: str
    """"" for a composition of no session."""
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
    """Where `redeliver` wants it sent, once."""

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
            files: What file URLs start with.
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
        """Drop the delivery of an event."""
        self._table.delete(event_id)

    def replay(self, event_id: str, to: str | None = None) -> None:
        """Make a finished delivery due once more, for one attempt.

        Args:
            event_id: The event's id.
            to: Where to send it; None is its own URL.

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
        """Make every delivery that failed, or was not sent, due once more; return how many."""
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
        """Tell whether it is still to be made."""
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
        """Return the newest of these deliveries, ordered by time; None is every state."""
        condition = "occurred_at <= now_utc()" + ("" if state is None else " AND state = ?")
        order = "ORDER BY occurred_at DESC, number DESC LIMIT ?"
        values = (count,) if state is None else (state, count)
        newest = f"number IN (SELECT number {_FROM} {condition} {order})"
        return sorted(self._table.where(newest, *values), key=lambda made: made.occurred_at)

    def now(self) -> str:
        """Return the time as it is stored."""
        return self._db.now()


_FROM = "FROM deliveries WHERE"

_ACCEPTED = 200
"""The only status that Telnyx counts as success."""
