"""Rooms from and to dicts: lossless, without conversions, with paths in errors."""

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import attrs
import pytest
from hypothesis import example, given

from support.samples import sample
from support.strategies import participants, rooms, sessions
from support.words import is_one_line, short
from telnyx_video import ResponseDecodeError, Room, RoomParticipant, RoomSession
from telnyx_video._base.json import MAX_DEPTH, dumps, stdlib_dumps
from telnyx_video.models._codec import structure

TWO_HOURS_EAST = timezone(timedelta(hours=2))


def recorded(path: str) -> dict[str, Any]:
    """Return the room in a recorded reply."""
    data: dict[str, Any] = json.loads(sample(path).body)["data"]
    return data


def same(one: object, other: object) -> bool:
    """Compare as JSON does, where 1, 1.0 and true are three values."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@given(rooms)
@example({"id": "a", "extra": {"extra": 1}, "null_fields": ["id"], "reply": None})
def test_a_room_round_trips(data: dict[str, object]) -> None:
    """Absent, null, empty and unknown fields survive, in sessions and participants too."""
    room = Room.from_dict(data)
    assert same(room.to_dict(), data)
    assert Room.from_dict(room.to_dict()) == room


@given(sessions)
def test_a_session_can_be_read_by_itself(data: dict[str, object]) -> None:
    """Sessions round-trip like rooms."""
    assert same(RoomSession.from_dict(data).to_dict(), data)


@given(participants)
def test_a_participant_can_be_read_by_itself(data: dict[str, object]) -> None:
    """Participants round-trip like rooms."""
    assert same(RoomParticipant.from_dict(data).to_dict(), data)


@given(rooms)
def test_a_room_survives_pickle_and_copies(data: dict[str, object]) -> None:
    """A room can be sent to another process or copied, with all that it holds."""
    room = Room.from_dict(data)
    assert pickle.loads(pickle.dumps(room)) == copy.deepcopy(room) == copy.copy(room) == room


@pytest.mark.parametrize("path", ["created/201.json", "minimal/201.json", "nulls/200.json"])
def test_a_recorded_room_survives(path: str) -> None:
    """`to_dict` returns what the API sent."""
    assert same(Room.from_dict(recorded(path)).to_dict(), recorded(path))


def test_every_field_of_a_room_is_read_as_its_type() -> None:
    """Ids stay text, times get their zone, sessions and participants are objects."""
    room = Room.from_dict(recorded("created/201.json"))
    assert room.id == "4f1d2c60-8a5e-4b58-9a0c-6f1f6b7e0a11"
    assert (room.unique_name, room.max_participants) == ("weekly-planning", 12)
    assert (room.enable_recording, room.webhook_timeout_secs) == (True, 20)
    assert room.created_at == datetime(2024, 2, 29, 23, 59, 59, 954863, UTC)
    active, ended = room.sessions or []
    assert (active.active, active.ended_at, ended.active) == (True, None, False)
    assert ended.participants == []
    zoe, guest = active.participants or []
    assert (zoe.context, guest.context) == ('{"name": "Zoë"}', "")
    assert zoe.left_at == datetime(2024, 3, 1, 0, 0, 9, 750000, UTC)
    assert room.extra == active.extra == zoe.extra == {}


def test_absent_and_null_fields_are_none_and_unknown_ones_are_kept() -> None:
    """Absent and null fields read as None; unknown fields are kept."""
    room = Room.from_dict(recorded("nulls/200.json"))
    assert (room.unique_name, room.max_participants, room.created_at) == (None, None, None)
    assert (room.webhook_event_url, room.sessions) == ("", [])
    assert room.null_fields == {"unique_name", "webhook_timeout_secs", "active_session_id"}
    assert room.extra == {
        "region": "eu-central",
        "labels": {"team": None, "tags": []},
        "archived_at": None,
        "extra": "a field of this name is not ours",
    }


def test_a_field_that_was_null_can_be_set() -> None:
    """A value given to a field that the reply had as null is written, not lost."""
    room = attrs.evolve(Room.from_dict({"id": "a", "unique_name": None}), unique_name="standup")
    assert room.to_dict() == {"id": "a", "unique_name": "standup"}


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2024-02-29T10:00:00Z", datetime(2024, 2, 29, 10, tzinfo=UTC)),
        ("2024-02-29T10:00:00.5Z", datetime(2024, 2, 29, 10, 0, 0, 500000, UTC)),
        ("2024-02-29T10:00:00.123456789Z", datetime(2024, 2, 29, 10, 0, 0, 123456, UTC)),
        ("2024-02-29T10:00:00+00:00", datetime(2024, 2, 29, 10, tzinfo=UTC)),
        ("2024-02-29T12:00:00+02:00", datetime(2024, 2, 29, 12, tzinfo=TWO_HOURS_EAST)),
        ("2024-02-29T10:00:00", datetime(2024, 2, 29, 10, tzinfo=UTC)),
        ("2024-02-29 10:00:00", datetime(2024, 2, 29, 10, tzinfo=UTC)),
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
        ("20240229T100000Z", datetime(2024, 2, 29, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00+23:59", datetime(1, 1, 1, tzinfo=timezone(timedelta(minutes=1439)))),
    ],
)
def test_a_time_is_read_in_every_form_and_always_has_a_zone(written: str, time: datetime) -> None:
    """A time without a zone is UTC; one with a zone keeps it."""
    room = Room.from_dict({"id": "a", "created_at": written})
    assert room.created_at == time
    assert room.created_at is not None
    assert room.created_at.utcoffset() == time.utcoffset()
    assert Room.from_dict(room.to_dict()) == room


@pytest.mark.parametrize("written", ["10:00:00+00:00:30", "10:00:00-00:00:30.000001"])
def test_a_zone_of_odd_seconds_survives(written: str) -> None:
    """Even an offset of seconds, which Python reads, is written so that it can be read again."""
    room = Room.from_dict({"id": "a", "created_at": f"2024-02-29T{written}"})
    assert Room.from_dict(room.to_dict()) == room


WRONG_TYPES: list[tuple[dict[str, object], str]] = [
    ({}, "required field missing @ $.id"),
    ({"id": None}, "expected a string, got null @ $.id"),
    ({"id": 7}, "expected a string, got an integer @ $.id"),
    ({"id": "a", "unique_name": []}, "expected a string, got an array @ $.unique_name"),
    (
        {"id": "a", "max_participants": "5"},
        "expected an integer, got a string @ $.max_participants",
    ),
    (
        {"id": "a", "max_participants": 5.0},
        "expected an integer, got a number @ $.max_participants",
    ),
    (
        {"id": "a", "max_participants": True},
        "expected an integer, got a boolean @ $.max_participants",
    ),
    (
        {"id": "a", "enable_recording": 0},
        "expected a boolean, got an integer @ $.enable_recording",
    ),
    ({"id": "a", "sessions": {}}, "expected an array, got an object @ $.sessions"),
    ({"id": "a", "sessions": [7]}, "expected an object, got an integer @ $.sessions[0]"),
    ({"id": "a", "sessions": [None]}, "expected an object, got null @ $.sessions[0]"),
    (
        {"id": "a", "sessions": [{"id": "b"}, {"id": 7}]},
        "expected a string, got an integer @ $.sessions[1].id",
    ),
    (
        {"id": "a", "sessions": [{"id": "b", "participants": [{}]}]},
        "required field missing @ $.sessions[0].participants[0].id",
    ),
    (
        {"id": "a", "created_at": 1709251200},
        "expected an ISO 8601 time, got an integer @ $.created_at",
    ),
    ({"id": "a", "created_at": ""}, "not an ISO 8601 time: '' @ $.created_at"),
    (
        {"id": "a", "created_at": "\n\x1b[2J\ud800" + "x" * 99},
        f"not an ISO 8601 time: '\\n\\x1b[2J\\ud800{'x' * 34}' @ $.created_at",
    ),
    (
        {"id": "a", "created_at": "2024-02-30T00:00:00Z"},
        "not an ISO 8601 time: '2024-02-30T00:00:00Z' @ $.created_at",
    ),
    ({"id": "a", "unique_name": b"x"}, "expected a string, got bytes @ $.unique_name"),
    (
        {"id": 7, "max_participants": []},
        "expected an integer, got an array @ $.max_participants; "
        "expected a string, got an integer @ $.id",
    ),
]


@pytest.mark.parametrize(("data", "problem"), WRONG_TYPES, ids=short)
def test_a_value_of_the_wrong_type_is_named_by_its_path(
    data: dict[str, object], problem: str
) -> None:
    """The message names the expected type, the actual type and the path."""
    with pytest.raises(ResponseDecodeError) as caught:
        Room.from_dict(data)
    found = str(caught.value).removeprefix("not a Room: ")
    assert sorted(found.split("; ")) == sorted(problem.split("; "))
    assert is_one_line(str(caught.value))


def test_any_mapping_can_be_read() -> None:
    """A room is read from any mapping, even a read-only one."""
    room = structure(MappingProxyType({"id": "a", "region": "eu"}), Room)
    assert room == Room(id="a", extra={"region": "eu"})


def nested(depth: int) -> object:
    """Return a value of this depth."""
    value: object = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def test_unknown_fields_of_bounded_depth_are_kept() -> None:
    """Any room that was read can be written, copied and pickled."""
    data: dict[str, object] = {"id": "a", "labels": nested(MAX_DEPTH - 1)}
    room = Room.from_dict(data)
    assert room.to_dict() == data
    assert dumps(room.to_dict()) == stdlib_dumps(room.to_dict())
    assert pickle.loads(pickle.dumps(room)) == copy.deepcopy(room) == room


@pytest.mark.parametrize("depth", [MAX_DEPTH, 980, 100_000])
def test_unknown_fields_that_are_nested_too_deeply_are_refused(depth: int) -> None:
    """They could not be written again, so reading them is a decode error."""
    with pytest.raises(ResponseDecodeError, match="nested more than 200 levels deep"):
        Room.from_dict({"id": "a", "labels": nested(depth)})
