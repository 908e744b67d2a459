"""The pytest plugin of telnyx_video: a sandbox, and clients of it, as fixtures.

It lies beside the package, not in it, since pytest loads it at the start of every run: neither the
package nor aiohttp is imported before a test wants a fixture, and what measures the coverage of the
package has begun by then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient, RoomsClient
    from telnyx_video.sandbox import Sandbox

_MARKER = (
    "telnyx_sandbox(**arguments): what the fixture telnyx_sandbox gives to Sandbox, "
    "such as rate_limit=5"
)


def pytest_configure(config: pytest.Config) -> None:
    """Let pytest know the marker."""
    config.addinivalue_line("markers", _MARKER)


def _awaited_fixture(function: Callable[..., AsyncIterator[Any]]) -> Any:
    """A fixture that is awaited by pytest-asyncio, or without it by the plugin of anyio."""
    try:
        from pytest_asyncio import fixture
    except ImportError:
        return pytest.fixture(function)
    return fixture(function)


@pytest.fixture
def telnyx_sandbox(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    """A sandbox of the test's own, which code under test finds through the environment.

    It serves from a thread, so that blocking and async tests can use it alike. The marker
    `telnyx_sandbox` gives it arguments.
    """
    from telnyx_video.sandbox import Sandbox

    node: pytest.Item = request.node
    marker = node.get_closest_marker("telnyx_sandbox")
    arguments: Mapping[str, Any] = {} if marker is None else marker.kwargs
    with Sandbox(**arguments) as sandbox:
        monkeypatch.setenv("TELNYX_BASE_URL", sandbox.url)
        monkeypatch.setenv("TELNYX_API_KEY", sandbox.api_key)
        with suppress(ModuleNotFoundError):  # without cryptography nothing is signed
            monkeypatch.setenv("TELNYX_PUBLIC_KEY", sandbox.public_key)
        yield sandbox


@pytest.fixture
def rooms_client(telnyx_sandbox: Sandbox) -> Iterator[RoomsClient]:
    """A blocking client of the sandbox, closed after the test."""
    from telnyx_video import RoomsClient

    with RoomsClient(base_url=telnyx_sandbox.url, api_key=telnyx_sandbox.api_key) as rooms:
        yield rooms


@_awaited_fixture
async def async_rooms_client(telnyx_sandbox: Sandbox) -> AsyncIterator[AsyncRoomsClient]:
    """A client of the sandbox for a test that awaits, closed after it."""
    from telnyx_video import AsyncRoomsClient

    async with AsyncRoomsClient(
        base_url=telnyx_sandbox.url, api_key=telnyx_sandbox.api_key
    ) as rooms:
        yield rooms
