"""Fixtures and settings for all tests."""

import gc
import logging
from collections.abc import AsyncIterator, Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from support.clients import client
from support.programs import end_forks
from telnyx_video import AsyncRoomsClient
from telnyx_video.sandbox import Sandbox

# By name, for runs in which the package is not installed and has no entry point.
pytest_plugins = ["pytest_telnyx_video"]

# The same examples in every run, however slow or busy the machine is. To search for new ones, run
# with `--hypothesis-profile=search`.
settings.register_profile(
    "suite",
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("search", settings.get_profile("suite"), derandomize=False)
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def forks() -> Iterator[None]:
    """End what programs are forked from while the coverage of it is still collected."""
    yield
    end_forks()


@pytest.fixture(autouse=True)
def restored_log_level() -> Iterator[None]:
    """Restore the level of the package's logger, which `TELNYX_LOG` sets."""
    logger = logging.getLogger("telnyx_video")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def rooms(sandbox: Sandbox) -> AsyncIterator[AsyncRoomsClient]:
    async with client(sandbox) as rooms:
        yield rooms


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exempt loaded modules and collected tests from garbage collection."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
