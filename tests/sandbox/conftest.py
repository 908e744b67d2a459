"""Fixtures for the tests of the sandbox."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import aiohttp
import pytest

from sandbox.caller import Caller
from sandbox.desk import Clock, Desk
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.state import Store


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
async def caller(session: aiohttp.ClientSession, sandbox: Sandbox) -> Caller:
    return Caller(session, sandbox)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock) -> Iterator[Desk]:
    with closing(Store(now=clock, composition_delay=10)) as store:
        yield Desk(store)
