"""Fixtures for the tests of batches."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator

import pytest


@pytest.fixture(autouse=True)
def nothing_is_unclosed() -> Iterator[None]:
    """Fail a test that leaves something unclosed or never awaited."""
    yield
    gc.collect()


@pytest.fixture
async def no_task_is_left() -> AsyncIterator[None]:
    """Fail a test that leaves a task running."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
