"""Fixtures for the tests of pacing and outages on real sockets."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest


@pytest.fixture
async def nothing_is_left() -> AsyncIterator[None]:
    """A task that a test leaves running, or what it leaves unclosed, fails it."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
    gc.collect(1)  # what a test leaves is young
