"""Fixtures for the tests of pacing and outages on real sockets."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest


@pytest.fixture
async def nothing_is_left() -> AsyncIterator[None]:
    """Fail a test that leaves a task running or a resource open."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
    gc.collect(1)  # objects of a test are in the young generation
