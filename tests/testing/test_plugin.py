"""The pytest plugin, as users of the package have it."""

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

LONG_LIVED = """
import os
import pytest
from telnyx_video import RoomsClient

@pytest.fixture(scope="session")
def service(telnyx_session_sandbox):
    with RoomsClient() as rooms:
        yield rooms

@pytest.mark.parametrize("time", [1, 2])
def test_one_client_serves_all_tests(time, service, telnyx_shared_sandbox):
    assert telnyx_shared_sandbox.rooms == []
    assert not telnyx_shared_sandbox.requests
    assert not telnyx_shared_sandbox.faults
    service.create(unique_name="standup")
    assert len(telnyx_shared_sandbox.rooms) == 1
    telnyx_shared_sandbox.faults = [{"on": "*", "faults": [503], "repeat": True}]
    telnyx_shared_sandbox.pause()

def test_a_sandbox_of_the_test_goes_first(telnyx_session_sandbox, telnyx_sandbox):
    assert os.environ["TELNYX_BASE_URL"] == telnyx_sandbox.url != telnyx_session_sandbox.url

def test_the_environment_is_that_of_the_session_again(telnyx_session_sandbox):
    assert os.environ["TELNYX_BASE_URL"] == telnyx_session_sandbox.url
"""

SIGNING = """
import pytest
from telnyx_video.testing import make_event
from telnyx_video.webhooks import SessionEnded, verify_and_parse

def test_the_signer_fits_the_sandbox(telnyx_sandbox, telnyx_signer):
    assert telnyx_signer.public_key == telnyx_sandbox.public_key

@pytest.mark.telnyx_sandbox(webhook_key=bytes(32))
def test_also_with_another_key(telnyx_signer, telnyx_sandbox):
    assert telnyx_signer.public_key == telnyx_sandbox.public_key

def test_receivers_find_its_key(telnyx_signer):
    signed = telnyx_signer.sign(make_event(SessionEnded, id="event-1"))
    assert verify_and_parse(signed.body, signed.headers).id == "event-1"
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
    """Each test has its own sandbox, which the code under test finds through the environment.

    pytest-asyncio runs in its default mode, which is strict.
    """
    pytester.makepyfile(test_blocking=BLOCKING, test_awaited=AWAITED.format(mark="asyncio"))
    result = pytester.runpytest_inprocess(*PLUGINS, *SCOPE, "--strict-markers", "-W", "error")
    result.assert_outcomes(passed=5)


def test_a_sandbox_of_the_session_is_reset_between_tests(pytester: pytest.Pytester) -> None:
    """Clients that live as long as the session see an empty sandbox in each test."""
    pytester.makepyfile(LONG_LIVED)
    result = pytester.runpytest_inprocess(*PLUGINS, *SCOPE, "--strict-markers", "-W", "error")
    result.assert_outcomes(passed=4)
    assert "TELNYX_BASE_URL" not in os.environ


def test_a_signer_has_the_key_of_the_sandbox(pytester: pytest.Pytester) -> None:
    """Receivers of the sandbox's webhooks accept what it signs."""
    pytester.makepyfile(SIGNING)
    result = pytester.runpytest_inprocess(*PLUGINS, *SCOPE, "--strict-markers", "-W", "error")
    result.assert_outcomes(passed=3)


def test_awaited_tests_have_a_client_by_anyio(pytester: pytest.Pytester) -> None:
    """Without pytest-asyncio the fixture is the same."""
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
    """Every run of pytest loads the plugin, used or not."""
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
