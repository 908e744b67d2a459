"""Objects are written to JSON in one go as they are by way of plain values, only faster."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given

from support.strategies import rooms
from telnyx_video import Room
from telnyx_video._base import json as wire_json
from telnyx_video._wire import plain

WRITERS = [wire_json.dumps_objects, wire_json.stdlib_dumps_objects]


@pytest.mark.parametrize("dumps", WRITERS)
@given(data=rooms)
def test_a_room_is_written_as_it_is_by_way_of_a_dict(
    dumps: Callable[[object, wire_json.Default], bytes], data: dict[str, object]
) -> None:
    """With its sessions, nulls, unknown fields and times; but for zones that orjson refuses."""
    room = Room.from_dict(data)
    try:
        written = dumps({"room": room}, plain)
    except TypeError:
        assert dumps is not wire_json.stdlib_dumps_objects
        return
    assert json.loads(written) == {"room": room.to_dict()}


@pytest.mark.parametrize("dumps", WRITERS)
def test_what_is_no_object_of_the_api_is_refused(
    dumps: Callable[[object, wire_json.Default], bytes],
) -> None:
    """Nothing is written as its repr."""
    with pytest.raises(TypeError):
        dumps({"room": object()}, plain)


def test_a_time_of_any_zone_can_be_written() -> None:
    """By the standard library, where orjson does not know the zone."""
    room = Room.from_dict({"id": "a", "created_at": "2026-11-20T10:00:00+05:30"})
    assert b"2026-11-20T10:00:00+05:30" in wire_json.stdlib_dumps_objects(room, plain)
