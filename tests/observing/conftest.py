"""Fixtures for the tests of being observed."""

from collections.abc import AsyncIterator

import pytest

from telnyx_video.observing import Event
from telnyx_video.sandbox import Sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def events() -> list[Event]:
    """Where a hook notes what it is told: `hooks=events.append`."""
    return []
