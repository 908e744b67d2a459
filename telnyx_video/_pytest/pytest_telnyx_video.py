"""The pytest plugin of telnyx_video: a sandbox, clients of it, and a signer, as fixtures.

It is installed next to the package, not in it, since pytest loads it at the start of every run:
nothing of the package is imported before a test uses a fixture, so that the run starts fast and
coverage measures the package from its first line.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient, RoomsClient
    from telnyx_video.sandbox import Sandbox
    from telnyx_video.testing import WebhookSigner

_MARKER = (
    "telnyx_sandbox(**arguments): arguments of the Sandbox that the fixture telnyx_sandbox starts, "
    "such as rate_limit=5"
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


def _async_fixture(function: Callable[..., AsyncIterator[Any]]) -> Any:
    """Return a fixture that pytest-asyncio runs, or the plugin of anyio where that is missing."""
    try:
        from pytest_asyncio import fixture
    except ImportError:
        return pytest.fixture(function)
    return fixture(function)


def _point_environment_at(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELNYX_BASE_URL", sandbox.url)
    monkeypatch.setenv("TELNYX_API_KEY", sandbox.api_key)
    with suppress(ModuleNotFoundError):  # without cryptography nothing is signed
        monkeypatch.setenv("TELNYX_PUBLIC_KEY", sandbox.public_key)


def _sandbox_arguments(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    node: pytest.Item = request.node
    marker = node.get_closest_marker("telnyx_sandbox")
    return {} if marker is None else marker.kwargs


@pytest.fixture
def telnyx_sandbox(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    """A sandbox for one test; the environment points the code under test at it.

    It runs in a thread, so that blocking and async tests can use it alike. The marker
    `telnyx_sandbox` passes arguments to it.
    """
    from telnyx_video.sandbox import Sandbox

    with Sandbox(**_sandbox_arguments(request)) as sandbox:
        _point_environment_at(sandbox, monkeypatch)
        yield sandbox


@pytest.fixture(scope="session")
def telnyx_session_sandbox() -> Iterator[Sandbox]:
    """A sandbox for the whole session, for clients that live as long; see `telnyx_shared_sandbox`.

    The environment points at it until the session ends.
    """
    from telnyx_video.sandbox import Sandbox

    with Sandbox() as sandbox, pytest.MonkeyPatch.context() as monkeypatch:
        _point_environment_at(sandbox, monkeypatch)
        yield sandbox


@pytest.fixture
def telnyx_shared_sandbox(telnyx_session_sandbox: Sandbox) -> Sandbox:
    """The sandbox of the session, reset for this test: no rooms, no faults, all counts at 0."""
    telnyx_session_sandbox.reset()
    return telnyx_session_sandbox


@pytest.fixture
def telnyx_signer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> WebhookSigner:
    """A signer with the key pair of the sandbox; receivers find its key in the environment.

    It needs no sandbox: what it signs is posted by the test itself.
    """
    from telnyx_video.testing import WebhookSigner

    signer = WebhookSigner(_sandbox_arguments(request).get("webhook_key", _SANDBOX_KEY))
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", signer.public_key)
    return signer


_SANDBOX_KEY = bytes(range(32))  # the default of Sandbox(webhook_key=...)


@pytest.fixture
def rooms_client(telnyx_sandbox: Sandbox) -> Iterator[RoomsClient]:
    """A blocking client of the sandbox, closed after the test."""
    from telnyx_video import RoomsClient

    with RoomsClient(base_url=telnyx_sandbox.url, api_key=telnyx_sandbox.api_key) as rooms:
        yield rooms


@_async_fixture
async def async_rooms_client(telnyx_sandbox: Sandbox) -> AsyncIterator[AsyncRoomsClient]:
    """An async client of the sandbox, closed after the test."""
    from telnyx_video import AsyncRoomsClient

    async with AsyncRoomsClient(
        base_url=telnyx_sandbox.url, api_key=telnyx_sandbox.api_key
    ) as rooms:
        yield rooms
