"""Names of other classes of strings, from the create to the look-up, against the sandbox."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.odd import HUGE, Array, Faulty, Loud, member
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
    """After a lost answer the room is sought under the name that the server has."""
    sandbox.faults = [{"on": "POST /rooms", "faults": ["lost"]}]
    room = await rooms.create(unique_name=other("lobby"))
    assert [held["id"] for held in sandbox.rooms] == [room.id]
    assert room.unique_name == "lobby"
    assert await rooms.create(unique_name=other("lobby"), if_exists="return") == room
    assert await rooms.get_by_name(other("lobby")) == room
    assert await rooms.get(other(room.id)) == room


@pytest.mark.parametrize("other", OTHERS)
async def test_a_room_that_is_not_there_is_named(
    rooms: AsyncRoomsClient, other: Callable[[str], str]
) -> None:
    """Who seeks a room in vain is told for which name."""
    with pytest.raises(NotFoundError, match="no room has the name 'lobby'"):
        await rooms.get_by_name(other("lobby"))


async def test_no_name_is_sought_by_none(sandbox: Sandbox, rooms: AsyncRoomsClient) -> None:
    """An invalid name is refused; it would list every room."""
    with pytest.raises(InvalidRequestError, match="unique_name: must be a string, not UNSET"):
        await rooms.get_by_name(UNSET)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # the point
    assert sandbox.requests["GET /v2/rooms"] == 0


@pytest.mark.parametrize("other", OTHERS)
async def test_a_batch_keeps_its_journal_where_it_is_told(
    rooms: AsyncRoomsClient, other: Callable[[str], str], tmp_path: Path
) -> None:
    """A path is the text that it equals, and so are the names that the journal notes."""
    path = tmp_path / "journal"
    request = CreateRoomRequest(unique_name=other("lobby"))
    first = await rooms.create_many([request], journal=other(str(path)))
    again = await rooms.create_many([request], journal=path)
    assert first[0].room == again[0].room
    assert os.listdir(tmp_path) == ["journal"]


@pytest.mark.parametrize("value", [Array(), Faulty(), HUGE], ids=["array", "faulty", "huge"])
async def test_what_is_no_name_is_sent_nowhere(
    sandbox: Sandbox, rooms: AsyncRoomsClient, value: Any
) -> None:
    """Neither a value that cannot be compared nor one that cannot be written reaches the server."""
    with pytest.raises(InvalidRequestError, match="unique_name: must be a string"):
        await rooms.get_by_name(value)
    with pytest.raises(InvalidRequestError, match='if_exists: must be "error", "return" or'):
        await rooms.create(unique_name="lobby", if_exists=value)
    assert not sandbox.requests
