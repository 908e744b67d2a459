"""Which event loop a blocking client runs: one of its own, the fastest there is."""

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
    """Return the loop that a new client's requests were made in."""
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
    """Where it is installed, nobody has to ask for it."""
    assert isinstance(loop_of_a_client(sandbox), uvloop.Loop)


def test_without_uvloop_a_client_runs_on_asyncio(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra `speed` is optional."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.delitem(sys.modules, FastLoop.__module__)
    assert isinstance(loop_of_a_client(sandbox), asyncio.SelectorEventLoop)


def test_the_callers_loops_are_left_alone(sandbox: Sandbox) -> None:
    """Loops that the caller makes afterwards are those that it would have had before."""
    loop = loop_of_a_client(sandbox)
    assert loop.is_closed()
    with asyncio.Runner() as runner:
        assert not isinstance(runner.get_loop(), uvloop.Loop)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_names_and_addresses_are_looked_up_as_ever(host: str) -> None:
    """The answers are the system's, for a name and for an address."""

    async def look_up() -> object:
        return await asyncio.get_running_loop().getaddrinfo(host, 80, type=socket.SOCK_STREAM)

    with asyncio.Runner(loop_factory=FastLoop) as runner:
        assert runner.run(look_up()) == socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)


def test_the_name_of_an_address_is_looked_up_as_ever() -> None:
    """So is the contrary."""

    async def look_up() -> object:
        flags = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
        return await asyncio.get_running_loop().getnameinfo(("127.0.0.1", 80), flags)

    with asyncio.Runner(loop_factory=FastLoop) as runner:
        assert runner.run(look_up()) == ("127.0.0.1", "80")


def test_what_cannot_be_looked_up_is_an_error() -> None:
    """An error of the class that callers of a resolver expect."""

    async def look_up() -> object:
        return await asyncio.get_running_loop().getaddrinfo("localhost", "no-such-service")

    with asyncio.Runner(loop_factory=FastLoop) as runner, pytest.raises(socket.gaierror):
        runner.run(look_up())
