"""Parsing events: a class for each type, no lost field, and an error for anything else."""

import copy
import json
import pickle
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.hooks import IDS, envelope
from support.strategies import UNKNOWN_NAMES, bodies, json_values, text, times
from support.words import is_one_line, short
from telnyx_video import ResponseDecodeError, webhooks
from telnyx_video.webhooks import (
    CompositionCompleted,
    Delivery,
    Event,
    ParticipantJoined,
    ParticipantLeft,
    RecordingCompleted,
    RecordingStarted,
    SessionEnded,
    SessionStarted,
    UnknownEvent,
    WebhookEvent,
)
from telnyx_video.webhooks.events import EVENT_CLASSES
from telnyx_video.webhooks.parse import read_event

PERSON = {"participant_id": "9b61621f-5fe4-4aad-ab11-9fd19e272e73"}
RECORDING = {**PERSON, "recording_id": "6b61621f-62e0-4aad-ab11-9fd19e272e73", "type": "video"}
FILE = {"download_url": "https://example.com/file", "duration_secs": 3660, "size_mb": 5.6}

PUBLISHED: list[tuple[type[Event], str, Mapping[str, object]]] = [
    (SessionStarted, "video.room.session.started", IDS),
    (SessionEnded, "video.room.session.ended", {**IDS, "duration_secs": 84, "ended_reason": "x"}),
    (ParticipantJoined, "video.room.participant.joined", {**IDS, **PERSON, "context": "{}"}),
    (
        ParticipantLeft,
        "video.room.participant.left",
        {**IDS, **PERSON, "context": "{}", "duration_secs": 12, "left_reason": "x"},
    ),
    (RecordingStarted, "video.room.recording.started", {**IDS, **RECORDING}),
    (
        RecordingCompleted,
        "video.room.recording.completed",
        {**IDS, **RECORDING, **FILE, "codec": "vp8"},
    ),
    (
        CompositionCompleted,
        "video.room.composition.completed",
        {**IDS, **FILE, "composition_id": "7", "format": "mp4", "resolution": "1280x720"},
    ),
]


def read(body: object) -> WebhookEvent:
    """Return the event in a body."""
    return read_event(json.dumps(body).encode())


def same(one: object, other: object) -> bool:
    """Compare as JSON does, where 1, 1.0 and true are three values."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@pytest.mark.parametrize(
    ("cls", "event_type", "payload"), PUBLISHED, ids=[case[1] for case in PUBLISHED]
)
def test_each_published_type_has_its_class(
    cls: type[Event], event_type: str, payload: Mapping[str, object]
) -> None:
    """Every field that Telnyx publishes for a type is an attribute, and none ends up in extra."""
    event = read(envelope(event_type, payload))
    assert type(event) is cls
    assert (event.id, event.event_type) == ("0ccc7b54-4df3-4bca-a65a-3da1ecc777f0", event_type)
    assert event.occurred_at == datetime(2024, 2, 29, 22, 25, 27, 521992, UTC)
    assert event.record_type == "event"
    assert event.delivery == Delivery(1, "https://hooks.example.com/telnyx")
    assert not isinstance(event, UnknownEvent)
    assert {name: getattr(event.payload, name) for name in payload} == payload
    fields = {field.name for field in attrs.fields(type(event.payload))}
    assert fields - {"extra", "null_fields"} == payload.keys()
    assert event.extra == event.payload.extra == {}


def test_every_class_is_read_from_one_type() -> None:
    """Every class of events is public, and has an event type and a sample in `PUBLISHED`."""
    assert {case[1]: case[0] for case in PUBLISHED} == EVENT_CLASSES
    assert {cls.__name__ for cls in EVENT_CLASSES.values()} <= set(webhooks.__all__)
    subclasses = set(Event.__subclasses__())
    assert subclasses - {UnknownEvent} == set(EVENT_CLASSES.values())


def test_absent_and_null_fields_are_none_and_unknown_ones_are_kept() -> None:
    """All fields of a payload are optional, and unknown fields are kept."""
    body = envelope("video.room.participant.left", {"context": None, "left_by": {"id": 7}})
    body["data"]["region"] = "eu"
    event = read(body)
    assert isinstance(event, ParticipantLeft)
    assert (event.payload.room_id, event.payload.context) == (None, None)
    assert event.payload.null_fields == {"context"}
    assert event.payload.extra == {"left_by": {"id": 7}}
    assert event.extra == {"region": "eu"}
    assert same(event.to_dict(), body["data"])


@pytest.mark.parametrize("seconds", [12, 12.5, 0, -1])
def test_a_number_may_be_whole_or_not(seconds: float) -> None:
    """Durations and sizes are read whether or not they have a fraction."""
    event = read(envelope("video.room.session.ended", {"duration_secs": seconds}))
    assert isinstance(event, SessionEnded)
    assert event.payload.duration_secs == seconds


def test_an_unknown_type_is_an_event() -> None:
    """Events of an unknown type are passed on with their payload."""
    event = read(envelope("call.initiated", {"call_leg_id": "1", "room_id": 7, "to": None}))
    assert type(event) is UnknownEvent
    assert (event.event_type, event.problem) == ("call.initiated", None)
    assert event.payload == {"call_leg_id": "1", "room_id": 7, "to": None}
    assert event.to_dict()["payload"] == event.payload


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({"duration_secs": "12"}, "expected a number, got a string @ $.data.payload.duration_secs"),
        (
            {"duration_secs": True},
            "expected a number, got a boolean @ $.data.payload.duration_secs",
        ),
        ({"context": {"a": 1}}, "expected a string, got an object @ $.data.payload.context"),
    ],
    ids=short,
)
def test_a_known_type_of_another_shape_is_not_lost(
    payload: dict[str, object], problem: str
) -> None:
    """A signed event of another shape is passed on as unknown, with the reason."""
    event = read(envelope("video.room.participant.left", payload))
    assert type(event) is UnknownEvent
    assert event.event_type == "video.room.participant.left"
    assert (event.payload, event.problem) == (payload, problem)
    assert "problem" not in event.to_dict()


@pytest.mark.parametrize(
    ("meta", "delivery"),
    [
        ({"attempt": 3, "delivered_to": "https://a"}, Delivery(3, "https://a")),
        ({}, Delivery()),
        (None, Delivery()),
        ([], Delivery()),
        ({"attempt": True, "delivered_to": 7}, Delivery()),
        ({"attempt": "1", "delivered_to": None}, Delivery()),
    ],
    ids=short,
)
def test_a_malformed_meta_is_ignored(meta: object, delivery: Delivery) -> None:
    """A malformed `meta` is not a reason to refuse an event."""
    body = envelope("video.room.session.started", IDS)
    body["meta"] = meta
    event = read(body)
    assert event.delivery == delivery
    assert "delivery" not in event.to_dict()
    assert event == type(event).from_dict(event.to_dict())


def changed(**changes: object) -> bytes:
    """Return the body of an event with changed data; `...` removes a field."""
    body = envelope("video.room.session.started", IDS)
    data = body["data"] | changes
    body["data"] = {name: value for name, value in data.items() if value is not ...}
    return json.dumps(body).encode()


NO_EVENTS: list[tuple[bytes, str]] = [
    (b"", "expected JSON @ $"),
    (b"\xff", "expected JSON @ $"),
    (b"<html>\x1b[2J", "expected JSON @ $"),
    (b'{"data": NaN}', "expected JSON @ $"),
    (b"[" * 100_000, "expected JSON @ $"),
    (b"[]", "expected an object @ $"),
    (b"7", "expected an object @ $"),
    (b"{}", "expected an object, got null @ $.data"),
    (b'{"data": []}', "expected an object, got an array @ $.data"),
    (changed(id=...), "required field missing @ $.data.id"),
    (changed(id=7), "expected a string, got an integer @ $.data.id"),
    (changed(id=""), "empty @ $.data.id"),
    (changed(id="", event_type="call.initiated"), "empty @ $.data.id"),
    (changed(event_type=...), "required field missing @ $.data.event_type"),
    (changed(event_type=[]), "expected a string, got an array @ $.data.event_type"),
    (changed(event_type=None), "expected a string, got null @ $.data.event_type"),
    (changed(payload=...), "required field missing @ $.data.payload"),
    (changed(payload=None), "expected an object, got null @ $.data.payload"),
    (changed(payload="x", event_type="x"), "expected an object, got a string @ $.data.payload"),
    (changed(occurred_at="\x1b"), "not an ISO 8601 time: '\\x1b' @ $.data.occurred_at"),
]


@pytest.mark.parametrize(("body", "problem"), NO_EVENTS, ids=range(len(NO_EVENTS)))
def test_a_body_that_is_not_an_event_is_refused_with_a_path(body: bytes, problem: str) -> None:
    """A body that is not an event is an error with the reason and the path."""
    with pytest.raises(ResponseDecodeError) as caught:
        read_event(body)
    assert str(caught.value).startswith("unreadable webhook: ")
    assert problem in str(caught.value)
    assert is_one_line(str(caught.value))
    assert caught.value.body == body[: 64 * 1024]


payload_values: dict[str, st.SearchStrategy[object]] = {
    "room_id": st.none() | text,
    "duration_secs": st.none() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9),
    "download_url": st.none() | text,
    "context": st.none() | text,
    "size_mb": st.none() | st.floats(0, 1e9),
}
payloads = st.tuples(
    st.dictionaries(st.sampled_from(UNKNOWN_NAMES), json_values, max_size=2),
    st.fixed_dictionaries({}, optional=payload_values),
).map(lambda pair: {**pair[0], **pair[1]})


@given(
    event_type=st.sampled_from([*EVENT_CLASSES, "video.room.new"]),
    payload=payloads,
    data=st.fixed_dictionaries(
        {"id": text.filter(bool)}, optional={"occurred_at": st.none() | times, "new": json_values}
    ),
)
def test_an_event_round_trips(
    event_type: str, payload: dict[str, object], data: dict[str, Any]
) -> None:
    """Known, unknown, absent and null fields survive writing, pickle and copies."""
    written = {**data, "event_type": event_type, "payload": payload}
    event = read({"data": written})
    assert same(event.to_dict(), written)
    assert type(event).from_dict(event.to_dict()) == event
    assert pickle.loads(pickle.dumps(event)) == copy.deepcopy(event) == event


@given(bodies | json_values.map(lambda data: json.dumps({"data": data}).encode()))
def test_any_body_is_an_event_or_an_error_in_one_line(body: bytes) -> None:
    """Any signed body is an event with an id, or raises ResponseDecodeError."""
    try:
        event = read_event(body)
    except ResponseDecodeError as error:
        message = str(error)
    else:
        message = event.id
    assert message


def test_a_match_can_take_an_event_apart() -> None:
    """The classes work with `match`, by class and by attribute."""
    match read(envelope("video.room.participant.left", {**IDS, "duration_secs": 12})):
        case ParticipantLeft(payload=left):
            assert left.duration_secs == 12
        case other:
            pytest.fail(f"not matched: {other}")
