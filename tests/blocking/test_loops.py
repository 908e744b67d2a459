"""Which event loop a blocking client runs: one of its own, and nobody else's."""

import asyncio

import aiohttp
import uvloop

from telnyx_video import RoomsClient
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


def test_the_callers_loops_are_left_alone(sandbox: Sandbox) -> None:
    """Loops that the caller makes afterwards are those that it would have had before."""
    loop = loop_of_a_client(sandbox)
    assert loop.is_closed()
    with asyncio.Runner() as runner:
        assert not isinstance(runner.get_loop(), uvloop.Loop)
