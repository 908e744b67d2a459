"""Fixtures for the tests of resources: a sandbox with a recorded session."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from support.authority import Authority
from support.sessions import Session
from telnyx_video import AsyncRoomsClient
from telnyx_video.sandbox import Sandbox


@pytest.fixture(autouse=True)
async def no_leaks() -> AsyncIterator[None]:
    """Fail a test that leaves a task running."""
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
async def session(sandbox: Sandbox, rooms: AsyncRoomsClient) -> Session:
    """Return a session that is recorded."""
    room = await rooms.create(unique_name="standup", enable_recording=True)
    alice, bob = (sandbox.join(room.id, context=name) for name in ("Alice", "Bob"))
    session_id = (await rooms.get(room.id)).active_session_id
    assert session_id is not None
    return Session(room.id, session_id, alice, bob)
