"""Fixtures for the groups of operations: a sandbox in which something has happened."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from support.authority import Authority
from support.meetings import Meeting
from telnyx_video import AsyncRoomsClient
from telnyx_video.sandbox import Sandbox


@pytest.fixture(autouse=True)
async def no_leaks() -> AsyncIterator[None]:
    """Whatever a test did, no task of it goes on."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(composition_delay=0) as sandbox:
        yield sandbox


@pytest.fixture
async def meeting(sandbox: Sandbox, rooms: AsyncRoomsClient) -> Meeting:
    """A meeting that is recorded."""
    room = await rooms.create(unique_name="standup", enable_recording=True)
    alice, bob = (sandbox.join(room.id, context=name) for name in ("Alice", "Bob"))
    session_id = (await rooms.get(room.id)).active_session_id
    assert session_id is not None
    return Meeting(room.id, session_id, alice, bob)
