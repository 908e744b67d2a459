"""Fixtures for the tests of the blocking client."""

import gc
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from support import programs
from support.blocking_server import BlockingServer
from telnyx_video import RoomsClient
from telnyx_video.sandbox import Sandbox


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Fail a test that leaves a thread or an unclosed object."""
    threads = set(threading.enumerate())
    yield
    gc.collect()
    assert set(threading.enumerate()) - threads == set()


@pytest.fixture
def sandbox(nothing_is_left: None, telnyx_sandbox: Sandbox) -> Sandbox:
    return telnyx_sandbox


@pytest.fixture
def server(nothing_is_left: None) -> Iterator[BlockingServer]:
    with BlockingServer() as server:
        yield server


@pytest.fixture
def rooms(nothing_is_left: None, rooms_client: RoomsClient) -> RoomsClient:
    return rooms_client


@pytest.fixture(params=["uvloop", "asyncio"])
def run(request: pytest.FixtureRequest) -> programs.Run:
    """Run a program to its end, with uvloop and without it."""
    return partial(programs.run, without="" if request.param == "uvloop" else "uvloop")
