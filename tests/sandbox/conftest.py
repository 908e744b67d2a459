"""Fixtures for the tests of the sandbox."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.caller import Caller
from telnyx_video.sandbox import Sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
async def caller(session: aiohttp.ClientSession, sandbox: Sandbox) -> Caller:
    return Caller(session, sandbox)
