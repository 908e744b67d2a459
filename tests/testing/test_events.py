"""The factory of events: complete by default, with any field of the test."""

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from support.words import short
from telnyx_video import Room
from telnyx_video.testing import make_event
from telnyx_video.webhooks import (
    Event,
    ParticipantLeft,
    ParticipantLeftPayload,
    RecordingStarted,
    SessionEnded,
    UnknownEvent,
)
from telnyx_video.webhooks.events import EVENT_CLASSES


@pytest.mark.parametrize("event_type", EVENT_CLASSES)
def test_every_field_of_an_event_has_a_value(event_type: str) -> None:
    """Every published field has a value of its type."""
    cls = EVENT_CLASSES[event_type]
    event = make_event(cls)
    assert type(event) is cls
    assert event.event_type == event_type
    assert not isinstance(event, UnknownEvent)
    empty = [name for name, value in attrs.asdict(event.payload).items() if value is None]
    assert empty == []
    assert cls.from_dict(event.to_dict()) == event


def test_each_event_has_a_new_id() -> None:
    """Each event has a new id."""
    one, two = make_event(ParticipantLeft), make_event(ParticipantLeft)
    assert one.id != two.id
    assert one.payload.room_id != two.payload.room_id


def test_any_field_can_be_given() -> None:
    """Each field can be given, of the event and of its payload."""
    noon = datetime(2024, 2, 29, 12, tzinfo=UTC)
    event = make_event(ParticipantLeft, id="event-1", occurred_at=noon, duration_secs=12)
    assert (event.id, event.occurred_at) == ("event-1", noon)
    assert event.payload.duration_secs == 12
    assert make_event(RecordingStarted, type="video", extra={"new": 1}).payload.extra == {"new": 1}
    assert make_event(SessionEnded, ended_reason=None).payload.ended_reason is None


def test_an_unknown_field_is_refused() -> None:
    """A misspelt field is an error."""
    with pytest.raises(TypeError, match="duration"):
        make_event(ParticipantLeft, duration=12)


@pytest.mark.parametrize("cls", [int, None, Room, Event, ParticipantLeftPayload, "x"], ids=short)
def test_only_events_are_made(cls: Any) -> None:
    """Any other class is a TypeError."""
    with pytest.raises(TypeError, match=r"^make_event makes events of webhooks, .* SessionStarted"):
        make_event(cls)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"duration_secs": "x"}, "expected a number, got a string @ $.payload.duration_secs"),
        ({"id": 5}, "expected a string, got an integer @ $.id"),
        ({"event_type": 5}, "expected a string, got an integer @ $.event_type"),
        ({"occurred_at": "x"}, "not an ISO 8601 time: 'x' @ $.occurred_at"),
        ({"context": object()}, "not JSON"),
    ],
    ids=range(5),
)
def test_a_field_has_the_type_that_it_has_in_a_delivery(fields: Any, words: str) -> None:
    """A field of another type is a TypeError."""
    with pytest.raises(TypeError) as caught:
        make_event(ParticipantLeft, **fields)
    assert str(caught.value).startswith("not a ParticipantLeft: ")
    assert words in str(caught.value)


def test_an_unknown_event_has_the_given_payload() -> None:
    """Events of unknown types can be made, too."""
    event = make_event(UnknownEvent, event_type="call.initiated", call_leg_id="1")
    assert (event.event_type, event.payload) == ("call.initiated", {"call_leg_id": "1"})
    assert make_event(UnknownEvent).event_type not in EVENT_CLASSES


def test_the_class_is_known_to_type_checkers() -> None:
    """The factory returns the class that was passed, with its payload."""
    event: Event = make_event(SessionEnded)
    duration: float | None = make_event(SessionEnded).payload.duration_secs
    assert event.record_type == "event"
    assert duration is not None
