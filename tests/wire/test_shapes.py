"""Objects of a shape that was seen before are read as if it were for the first time."""

import json
from collections.abc import Callable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.strategies import json_values, rooms, times
from telnyx_video import ResponseDecodeError, Room
from telnyx_video.models._codec import structure
from telnyx_video.models._shapes import MAX_SHAPES, ShapeReader


def what_comes_of(data: dict[str, object]) -> Room | str:
    """Return the room, or why there is none."""
    try:
        return structure(data, Room)
    except ResponseDecodeError as error:
        return str(error)


@given(rooms, rooms)
def test_a_room_is_the_same_whenever_it_is_read(
    first: dict[str, object], between: dict[str, object]
) -> None:
    """What was read before makes no difference, nor does it get mixed up with it."""
    before = structure(first, Room)
    structure(between, Room)
    again = structure(first, Room)
    assert again == before
    assert again.to_dict() == first


@given(rooms, st.dictionaries(st.sampled_from(["created_at", "updated_at"]), json_values))
def test_a_wrong_value_is_told_whatever_was_read_before(
    good: dict[str, object], wrong: dict[str, object]
) -> None:
    """Of a known shape or not, a value that cannot be read gets the same error."""
    bad = good | wrong
    first = what_comes_of(bad)
    structure(good, Room)
    assert what_comes_of(bad) == first


@given(times, times)
def test_values_are_read_anew(one: str, other: str) -> None:
    """Two rooms of one shape have each their own times, and the input stays as it was."""
    data: dict[str, object] = {"id": "a", "created_at": one}
    kept = dict(data)
    room, later = structure(data, Room), structure({"id": "a", "created_at": other}, Room)
    assert data == kept
    assert [room.to_dict()["created_at"], later.to_dict()["created_at"]] == [one, other]


def test_an_unreadable_time_in_a_known_shape_names_its_path() -> None:
    """All that is wrong is told, as for a shape that is new."""
    structure({"id": "a", "created_at": "2026-11-20T10:00:00Z", "updated_at": None}, Room)
    with pytest.raises(ResponseDecodeError, match=r"not an ISO 8601 time: 'soon' @ \$\.created_at"):
        structure({"id": "a", "created_at": "soon", "updated_at": None}, Room)


def test_an_unknown_field_of_a_known_shape_keeps_its_own_value() -> None:
    """What this version does not know is kept for each object, not for its shape."""
    first, second = (structure({"id": "a", "region": place}, Room) for place in ("eu", "us"))
    assert (first.extra, second.extra) == ({"region": "eu"}, {"region": "us"})


def counting() -> tuple[ShapeReader[Room], Callable[[], int]]:
    """Return a reader, and how often it asked what the converter is for."""
    asked: list[object] = []

    def read_first(data: dict[str, object]) -> Room:
        asked.append(data)
        return Room(id=str(data["id"]))

    known = frozenset(a.name for a in attrs.fields(Room))
    return ShapeReader(Room, read_first, known, {}), lambda: len(asked)


def test_the_converter_is_asked_once_for_a_shape() -> None:
    """However many rooms of it come."""
    reader, asked = counting()
    assert [reader.read({"id": str(n)}).id for n in range(5)] == ["0", "1", "2", "3", "4"]
    assert asked() == 1


def test_a_server_without_end_of_shapes_fills_no_memory() -> None:
    """Past a bound all are forgotten, and the next ones are learned as at first."""
    reader, asked = counting()
    for n in range(MAX_SHAPES + 3):
        assert reader.read({"id": "a", f"field {n}": n}).extra == {f"field {n}": n}
    assert asked() == MAX_SHAPES + 3
    for n in (MAX_SHAPES, MAX_SHAPES + 1, MAX_SHAPES + 2, 0):
        reader.read({"id": "a", f"field {n}": n})
    assert asked() == MAX_SHAPES + 4


def test_a_recorded_room_reads_the_same_twice() -> None:
    """The order of fields, nested objects and all."""
    text = '{"id": "a", "sessions": [{"id": "s", "active": true}], "max_participants": 3}'
    first, second = structure(json.loads(text), Room), structure(json.loads(text), Room)
    assert first == second
    assert first.sessions is not second.sessions
