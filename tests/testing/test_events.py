"""The factory of events: whole by default, and as the test wants them."""

from datetime import UTC, datetime

import attrs
import pytest

from telnyx_video.testing import make_event
from telnyx_video.webhooks import (
    Event,
    ParticipantLeft,
    RecordingStarted,
    SessionEnded,
    UnknownEvent,
)
from telnyx_video.webhooks.events import EVENT_CLASSES


@pytest.mark.parametrize("event_type", EVENT_CLASSES)
def test_every_field_of_an_event_has_a_value(event_type: str) -> None:
    """Code under test finds in each event all that Telnyx publishes, each of its type."""
    cls = EVENT_CLASSES[event_type]
    event = make_event(cls)
    assert type(event) is cls
    assert event.event_type == event_type
    assert not isinstance(event, UnknownEvent)
    empty = [name for name, value in attrs.asdict(event.payload).items() if value is None]
    assert empty == []
    assert cls.from_dict(event.to_dict()) == event


def test_two_events_are_two() -> None:
    """Ids are new each time, so that events are told apart, and rooms as well."""
    one, two = make_event(ParticipantLeft), make_event(ParticipantLeft)
    assert one.id != two.id
    assert one.payload.room_id != two.payload.room_id


def test_a_test_says_what_matters_to_it() -> None:
    """Each field can be given, of the event and of its payload."""
    noon = datetime(2024, 2, 29, 12, tzinfo=UTC)
    event = make_event(ParticipantLeft, id="event-1", occurred_at=noon, duration_secs=12)
    assert (event.id, event.occurred_at) == ("event-1", noon)
    assert event.payload.duration_secs == 12
    assert make_event(RecordingStarted, type="video", extra={"new": 1}).payload.extra == {"new": 1}
    assert make_event(SessionEnded, ended_reason=None).payload.ended_reason is None


def test_a_field_that_does_not_exist_is_a_mistake_of_the_test() -> None:
    """A name that was mistyped does not end up where nobody looks."""
    with pytest.raises(TypeError, match="duration"):
        make_event(ParticipantLeft, duration=12)


def test_an_unknown_event_has_what_it_is_given() -> None:
    """What a service does with events of other types can be tested, too."""
    event = make_event(UnknownEvent, event_type="call.initiated", call_leg_id="1")
    assert (event.event_type, event.payload) == ("call.initiated", {"call_leg_id": "1"})
    assert make_event(UnknownEvent).event_type not in EVENT_CLASSES


def test_the_class_is_known_to_type_checkers() -> None:
    """The factory returns what it was asked for, and the payload of that."""
    event: Event = make_event(SessionEnded)
    duration: float | None = make_event(SessionEnded).payload.duration_secs
    assert event.record_type == "event"
    assert duration is not None
