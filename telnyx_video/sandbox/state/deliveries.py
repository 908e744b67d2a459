"""Webhooks on their way: what is to be told of each event, to whom, and what came of it so far.

A delivery is written down in the transaction of its event, with all that it will say: the room
may be deleted the next moment, and the server killed. It is delivered once at least.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, cast

import attrs

from telnyx_video.sandbox.state.database import Database
from telnyx_video.sandbox.state.records import Event, EventType
from telnyx_video.sandbox.state.tables import Table

DeliveryState = Literal["pending", "delivered", "failed", "not_sent"]

_DUE = "state = 'pending' AND occurred_at <= now_utc()"


@attrs.frozen
class Webhook:
    """Where the events of a room or of a composition go."""

    url: str
    failover_url: str
    """Where they go when they cannot be delivered, or ""."""
    timeout_secs: int | None
    """Seconds that an attempt may take, 0 to 30."""


@attrs.frozen
class Attempt:
    """One attempt to deliver, or the reason not to make it."""

    url: str
    at: str
    status: int | None = None
    """The answer's."""
    error: str | None = None
    """Why there was no answer."""
    sent: bool = True
    """Whether it was made."""


@attrs.frozen
class Delivery:
    """One event on its way to a receiver."""

    id: str
    """The event's."""
    event_type: EventType
    occurred_at: str
    room_id: str
    url: str
    failover_url: str
    timeout_secs: int | None
    payload: str
    """What is told beside the file's address, as JSON."""
    file_name: str | None
    """The file that can be downloaded from then on."""
    state: DeliveryState = "pending"
    record: str = "[]"
    """The attempts so far, as JSON."""

    @property
    def attempts(self) -> list[Attempt]:
        """What was attempted so far, in order."""
        return [Attempt(**fields) for fields in json.loads(self.record)]

    def as_json(self) -> dict[str, object]:
        """Return what is to be seen of it."""
        return {
            "event_id": self.id,
            "event_type": self.event_type,
            "occurred_at": self.occurred_at,
            "room_id": self.room_id,
            "state": self.state,
            "attempts": [
                {name: value for name, value in fields.items() if value is not None}
                for fields in json.loads(self.record)
            ],
        }

    def body(self, url: str, files: str) -> bytes:
        """Return what the next attempt says.

        Args:
            url: Where it goes.
            files: What the URLs of files begin with.
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
        planned: Called when there may be a new one, in whatever thread, before it is committed;
            None while nobody delivers.
    """

    def __init__(self, database: Database) -> None:
        self.planned: Callable[[], object] | None = None
        self._db = database
        self._table = Table(database, "deliveries", Delivery, born="occurred_at")

    def plan(
        self, event: Event, webhook: Webhook, payload: dict[str, Any], file_name: str | None
    ) -> None:
        """Write down that an event is to be told of, once it has happened."""
        delivery = Delivery(
            id=event.id,
            event_type=event.type,
            occurred_at=event.occurred_at,
            room_id=event.room_id,
            payload=json.dumps(payload),
            file_name=file_name,
            **attrs.asdict(webhook),
        )
        self._table.insert(delivery)
        if self.planned is not None:
            self.planned()

    def forget(self, event_id: str) -> None:
        """Tell nobody of an event after all."""
        self._table.delete(event_id)

    def rooms_due(self) -> list[str]:
        """Return the rooms of which something is to be told now."""
        return [room for (room,) in self._db.rows(f"SELECT DISTINCT room_id {_FROM} {_DUE}")]

    def next_due(self, room_id: str) -> Delivery | None:
        """Return what is to be told of a room next, if it has happened."""
        first = f"SELECT id {_FROM} {_DUE} AND room_id = ? ORDER BY occurred_at, number LIMIT 1"
        return next(iter(self._table.where(f"id = ({first})", room_id)), None)

    def seconds_to_next(self) -> float | None:
        """Return how long it is until something happens that is to be told of, if anything will."""
        later = f"SELECT min(occurred_at) {_FROM} state = 'pending' AND occurred_at > now_utc()"
        ((moment,),) = self._db.rows(later)
        if moment is None:
            return None
        return (datetime.fromisoformat(moment) - self._db.moment()).total_seconds()

    def is_pending(self, delivery: Delivery) -> bool:
        """Tell whether it is still to be made."""
        return bool(self._table.where("id = ? AND state = 'pending'", delivery.id))

    def note(self, delivery: Delivery, attempt: Attempt) -> None:
        """Note an attempt, whose answer may settle it."""
        record = json.dumps([attrs.asdict(made) for made in (*delivery.attempts, attempt)])
        state = "delivered" if attempt.status == _ACCEPTED else "pending"
        self._table.update(delivery.id, {"record": record, "state": state})

    def give_up(self, delivery: Delivery, state: DeliveryState) -> None:
        """Note that no more attempts are made."""
        self._table.update(delivery.id, {"state": state})

    def all(self) -> list[Delivery]:
        """Return the deliveries of what has happened by now, in the order of their times."""
        happened = self._table.where("occurred_at <= now_utc()")
        return sorted(happened, key=lambda delivery: delivery.occurred_at)

    def now(self) -> str:
        """Return the time as it is stored."""
        return self._db.now()


_FROM = "FROM deliveries WHERE"

_ACCEPTED = 200
"""The one answer that Telnyx takes for success."""
