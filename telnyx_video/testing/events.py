"""Events for tests: each field has a value such as Telnyx sends, unless the test says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar, cast, get_type_hints
from uuid import uuid4

import attrs

from telnyx_video._base.text import show
from telnyx_video.testing.checking import checked, is_class_of
from telnyx_video.testing.samples import SAMPLES
from telnyx_video.webhooks.events import EVENT_CLASSES, Event, UnknownEvent

__all__ = ["make_event"]

E = TypeVar("E", bound=Event)

_TYPES: dict[type[Event], str] = {cls: name for name, cls in EVENT_CLASSES.items()}

_IDS = frozenset({"composition_id", "participant_id", "recording_id", "room_id", "session_id"})

_SAMPLES: dict[str, object] = {
    **SAMPLES,
    "ended_reason": "example",
    "format": "mp4",
    "left_reason": "example",
    "type": "audio",
}


def make_event(
    cls: type[E],
    *,
    id: str | None = None,
    event_type: str | None = None,
    occurred_at: datetime | None = None,
    **payload: object,
) -> E:
    """An event of this class, for a test.

    Args:
        cls: The class, such as :class:`~telnyx_video.webhooks.ParticipantLeft`.
        id: The event's id; by default a new one, so that no two events are the same.
        event_type: The type's name; by default that of the class.
        occurred_at: When it happened; by default now.
        payload: The fields of the payload that matter to the test. The others get a plausible
            value, ids a new one. Of an ``UnknownEvent`` these are all the fields there are.

    Raises:
        TypeError: it is no class of events, its payload has no such field, or a field has another
            type.
    """
    if cls is Event or not is_class_of(cls, Event):
        raise TypeError(
            "make_event makes events of webhooks, by their class, such as SessionStarted or "
            f"ParticipantLeft, not {show(cls)}"
        )
    make = cast("Callable[..., E]", cls)
    event = make(
        id=id or str(uuid4()),
        event_type=event_type or _TYPES.get(cls, "video.room.example"),
        occurred_at=occurred_at or datetime.now(UTC),
        record_type="event",
        payload=payload if issubclass(cls, UnknownEvent) else _payload(cls, payload),
    )
    return checked(event)


def _payload(cls: type[Event], given: dict[str, object]) -> object:
    kind: type = get_type_hints(cls)["payload"]
    names = {field.name for field in attrs.fields(kind)}
    ids = {name: str(uuid4()) for name in _IDS & names}
    samples = {name: value for name, value in _SAMPLES.items() if name in names}
    return kind(**(ids | samples | given))
