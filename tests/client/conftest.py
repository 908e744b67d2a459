"""Fixtures for the tests of the asynchronous client."""

import asyncio
import gc
from collections.abc import AsyncIterator

import aiohttp
import pytest

from support.authority import Authority
from telnyx_video.sandbox import Sandbox


@pytest.fixture(autouse=True)
async def no_leaks() -> AsyncIterator[None]:
    """Fail a test that leaves a task running or a resource open."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
    gc.collect(1)  # objects of a test are in the young generation


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
async def tls_sandbox(authority: Authority) -> AsyncIterator[Sandbox]:
    async with Sandbox(ssl_context=authority.serving("127.0.0.1")) as sandbox:
        yield sandbox


@pytest.fixture
async def session(authority: Authority) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a caller's session, which trusts the tests' authority."""
    connector = aiohttp.TCPConnector(ssl=authority.trusting())
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session
