"""The pytest plugin, as those who install the package use it."""

import os
import subprocess
import sys

import pytest

from support.plugin import import_path
from telnyx_video import AsyncRoomsClient, RoomsClient
from telnyx_video.sandbox import Sandbox

pytest_plugins = ["pytester"]

PLUGINS = ("-p", "pytest_telnyx_video", "-p", "no:cacheprovider")
# Without it pytest-asyncio warns.
SCOPE = ("-o", "asyncio_default_fixture_loop_scope=function")

BLOCKING = """
import os
import pytest
from telnyx_video import RateLimitError, RoomsClient

def test_rooms_are_made_in_the_sandbox(rooms_client, telnyx_sandbox):
    room = rooms_client.create(unique_name="standup")
    assert [it["id"] for it in telnyx_sandbox.rooms] == [room.id]

def test_each_test_begins_afresh(telnyx_sandbox):
    assert telnyx_sandbox.rooms == []
    with RoomsClient() as rooms:
        rooms.create(unique_name="standup")
    assert len(telnyx_sandbox.rooms) == 1
    assert os.environ["TELNYX_PUBLIC_KEY"] == telnyx_sandbox.public_key

@pytest.mark.telnyx_sandbox(faults=[{"on": "POST /rooms", "faults": ["lost"]}], rate_limit=900)
def test_arguments_are_those_of_the_marker(rooms_client, telnyx_sandbox):
    room = rooms_client.create(unique_name="standup")
    assert rooms_client.get(room.id).reply.rate_limit.limit == 900
    assert telnyx_sandbox.faults_done == {"lost": 1}

def test_the_environment_is_as_before():
    assert os.environ.get("TELNYX_BASE_URL") is None
"""

AWAITED = """
import pytest

@pytest.mark.{mark}
async def test_rooms_are_made_in_the_sandbox(async_rooms_client, telnyx_sandbox):
    room = await async_rooms_client.create(unique_name="standup")
    assert [it["id"] for it in telnyx_sandbox.rooms] == [room.id]
"""

WITH_ANYIO_ONLY = """
import sys
sys.modules["pytest_asyncio"] = None
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TELNYX_BASE_URL", "TELNYX_API_KEY", "TELNYX_PUBLIC_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_tests_have_a_sandbox_and_clients(pytester: pytest.Pytester) -> None:
    """Each has a sandbox of its own, which code under test finds as it finds Telnyx.

    Tests that await have pytest-asyncio in its strict mode, as those who set nothing.
    """
    pytester.makepyfile(test_blocking=BLOCKING, test_awaited=AWAITED.format(mark="asyncio"))
    result = pytester.runpytest_inprocess(*PLUGINS, *SCOPE, "--strict-markers", "-W", "error")
    result.assert_outcomes(passed=5)


def test_awaited_tests_have_a_client_by_anyio(pytester: pytest.Pytester) -> None:
    """Whoever lives without pytest-asyncio has the same fixture."""
    path = pytester.makepyfile(AWAITED.format(mark="anyio"), conftest=BACKEND)
    environment = {name: os.environ[name] for name in os.environ if "COVERAGE" not in name}
    ended = subprocess.run(
        [sys.executable, "-c", WITH_ANYIO_ONLY, *PLUGINS, "-p", "anyio", str(path)],
        env={**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": import_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in ended.stdout, ended.stdout


BACKEND = """
import pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


def test_the_plugin_loads_nothing_until_a_fixture_is_used() -> None:
    """Every run of pytest loads it, also where no test has to do with rooms."""
    program = "import sys, pytest_telnyx_video; print('telnyx_video' in sys.modules)"
    program += "; print('aiohttp' in sys.modules)"
    environment = {name: os.environ[name] for name in os.environ if "COVERAGE" not in name}
    environment["PYTHONPATH"] = import_path()
    printed = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.split() == ["False", "False"]


async def test_the_fixtures_work_together(
    telnyx_sandbox: Sandbox, rooms_client: RoomsClient, async_rooms_client: AsyncRoomsClient
) -> None:
    """Both clients see the same rooms."""
    room = rooms_client.create(unique_name="standup")
    assert await async_rooms_client.get(room.id) == room
    assert len(telnyx_sandbox.rooms) == 1
