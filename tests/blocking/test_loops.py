"""The event loop of a blocking client: its own, and the fastest one installed."""

import asyncio
import socket
import sys

import aiohttp
import pytest
import uvloop

from telnyx_video import RoomsClient
from telnyx_video.client._fast_loop import FastLoop
from telnyx_video.sandbox import Sandbox


def loop_of_a_client(sandbox: Sandbox) -> asyncio.AbstractEventLoop:
    """Return the loop that a new client uses."""
    loops: list[asyncio.AbstractEventLoop] = []

    async def hook(*_: object) -> None:
        loops.append(asyncio.get_running_loop())

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(hook)
    with RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key, trace_configs=[trace]) as rooms:
        rooms.create_many(iter([]))
        rooms.create()
        assert len(list(rooms.list())) == 1
    (loop,) = set(loops)
    return loop


def test_a_client_runs_on_uvloop(sandbox: Sandbox) -> None:
    """It is used wherever it is installed."""
    assert isinstance(loop_of_a_client(sandbox), uvloop.Loop)


def test_without_uvloop_a_client_runs_on_asyncio(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra `speed` is optional."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.delitem(sys.modules, FastLoop.__module__)
    assert isinstance(loop_of_a_client(sandbox), asyncio.SelectorEventLoop)


def test_the_callers_loops_are_left_alone(sandbox: Sandbox) -> None:
    """Loops that the caller makes later are of the same class as before."""
    loop = loop_of_a_client(sandbox)
    assert loop.is_closed()
    with asyncio.Runner() as runner:
        assert not isinstance(runner.get_loop(), uvloop.Loop)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_names_and_addresses_are_resolved_by_the_system(host: str) -> None:
    """The results are the system's, for a name and for an address."""

    async def look_up() -> object:
        return await asyncio.get_running_loop().getaddrinfo(host, 80, type=socket.SOCK_STREAM)

    with asyncio.Runner(loop_factory=FastLoop) as runner:
        assert runner.run(look_up()) == socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)


def test_reverse_look_ups_are_resolved_by_the_system() -> None:
    """The result is the system's."""

    async def look_up() -> object:
        flags = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
        return await asyncio.get_running_loop().getnameinfo(("127.0.0.1", 80), flags)

    with asyncio.Runner(loop_factory=FastLoop) as runner:
        assert runner.run(look_up()) == ("127.0.0.1", "80")


def test_a_failed_resolution_is_an_error() -> None:
    """The error is `socket.gaierror`."""

    async def look_up() -> object:
        return await asyncio.get_running_loop().getaddrinfo("localhost", "no-such-service")

    with asyncio.Runner(loop_factory=FastLoop) as runner, pytest.raises(socket.gaierror):
        runner.run(look_up())
