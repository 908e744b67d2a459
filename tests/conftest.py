"""What all tests have at hand."""

import gc
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from support.clients import client
from telnyx_video import AsyncRoomsClient
from telnyx_video.sandbox import Sandbox

# By its name: where the package is not installed, no entry point tells of it.
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


@pytest.fixture(autouse=True)
def as_many_log_lines_as_before() -> Iterator[None]:
    """`TELNYX_LOG` sets the level of the package's logger for good."""
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


def pytest_collection_finish() -> None:
    """What is loaded by now stays: whoever collects garbage need not look through it again."""
    gc.collect()
    gc.freeze()
