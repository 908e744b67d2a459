"""Names of other string classes, from the create to the look-up, against the sandbox."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.hostile_values import HUGE, Array, Faulty, Loud, member
from telnyx_video import (
    UNSET,
    AsyncRoomsClient,
    CreateRoomRequest,
    InvalidRequestError,
    NotFoundError,
)
from telnyx_video.sandbox import Sandbox

OTHERS = [Loud, member]


@pytest.mark.parametrize("other", OTHERS)
async def test_a_lost_room_is_found_by_any_kind_of_name(
    sandbox: Sandbox, rooms: AsyncRoomsClient, other: Callable[[str], str]
) -> None:
    """After a lost reply the room is looked up under the name that the server has."""
    sandbox.faults = [{"on": "POST /rooms", "faults": ["lost"]}]
    room = await rooms.create(unique_name=other("lobby"))
    assert [held["id"] for held in sandbox.rooms] == [room.id]
    assert room.unique_name == "lobby"
    assert await rooms.create(unique_name=other("lobby"), if_exists="return") == room
    assert await rooms.get_by_name(other("lobby")) == room
    assert await rooms.get(other(room.id)) == room


@pytest.mark.parametrize("other", OTHERS)
async def test_the_error_for_a_missing_room_has_its_name(
    rooms: AsyncRoomsClient, other: Callable[[str], str]
) -> None:
    """Whatever the class of the name."""
    with pytest.raises(NotFoundError, match="no room has the name 'lobby'"):
        await rooms.get_by_name(other("lobby"))


async def test_an_invalid_name_is_not_looked_up(sandbox: Sandbox, rooms: AsyncRoomsClient) -> None:
    """It is refused, as it would list every room."""
    with pytest.raises(InvalidRequestError, match="unique_name: must be a string, not UNSET"):
        await rooms.get_by_name(UNSET)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # the point
    assert sandbox.requests["GET /v2/rooms"] == 0


@pytest.mark.parametrize("other", OTHERS)
async def test_a_batch_keeps_its_journal_at_the_given_path(
    rooms: AsyncRoomsClient, other: Callable[[str], str], tmp_path: Path
) -> None:
    """A path and the names in the journal are read as plain strings."""
    path = tmp_path / "journal"
    request = CreateRoomRequest(unique_name=other("lobby"))
    first = await rooms.create_many([request], journal=other(str(path)))
    again = await rooms.create_many([request], journal=path)
    assert first[0].room == again[0].room
    assert os.listdir(tmp_path) == ["journal"]


@pytest.mark.parametrize("value", [Array(), Faulty(), HUGE], ids=["array", "faulty", "huge"])
async def test_values_that_are_not_names_are_not_sent(
    sandbox: Sandbox, rooms: AsyncRoomsClient, value: Any
) -> None:
    """Neither a value that cannot be compared nor one that cannot be encoded reaches the server."""
    with pytest.raises(InvalidRequestError, match="unique_name: must be a string"):
        await rooms.get_by_name(value)
    with pytest.raises(InvalidRequestError, match='if_exists: must be "error", "return" or'):
        await rooms.create(unique_name="lobby", if_exists=value)
    assert not sandbox.requests
