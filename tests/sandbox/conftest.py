"""Fixtures for the tests of the sandbox."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import aiohttp
import pytest

from sandbox.api_driver import ApiDriver, Clock
from sandbox.http_driver import HttpDriver
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.state.store import Store


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
async def http(session: aiohttp.ClientSession, sandbox: Sandbox) -> HttpDriver:
    return HttpDriver(session, sandbox)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def driver(clock: Clock) -> Iterator[ApiDriver]:
    with closing(Store(source=clock, composition_delay=10)) as store:
        yield ApiDriver(store)
