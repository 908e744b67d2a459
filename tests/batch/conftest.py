"""Fixtures for the tests of batches."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator

import pytest


@pytest.fixture(autouse=True)
def nothing_is_unclosed() -> Iterator[None]:
    """What the collector finds unclosed after a test, or never awaited, fails it."""
    yield
    gc.collect()


@pytest.fixture
async def no_task_is_left() -> AsyncIterator[None]:
    """A task that a test leaves running fails it."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
