"""Models as part of a larger JSON value, written by the encoder's default function."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given

from support.strategies import rooms
from telnyx_video import Room
from telnyx_video._base import json as wire_json
from telnyx_video.models._codec import plain

WRITERS = [wire_json.dumps_objects, wire_json.stdlib_dumps_objects]


@pytest.mark.parametrize("dumps", WRITERS)
@given(data=rooms)
def test_a_room_is_written_like_its_dict(
    dumps: Callable[[object, wire_json.Default], bytes], data: dict[str, object]
) -> None:
    """Sessions, nulls, unknown fields and times are written as by ``to_dict``."""
    room = Room.from_dict(data)
    written = dumps({"room": room}, plain)
    assert json.loads(written) == {"room": room.to_dict()}


@pytest.mark.parametrize("dumps", WRITERS)
def test_an_object_of_another_class_is_refused(
    dumps: Callable[[object, wire_json.Default], bytes],
) -> None:
    """Nothing is written as its repr."""
    with pytest.raises(TypeError):
        dumps({"room": object()}, plain)


def test_a_time_of_any_zone_can_be_written() -> None:
    """The offset is kept."""
    room = Room.from_dict({"id": "a", "created_at": "2026-11-20T10:00:00+05:30"})
    assert b"2026-11-20T10:00:00+05:30" in wire_json.stdlib_dumps_objects(room, plain)
