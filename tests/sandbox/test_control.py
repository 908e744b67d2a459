"""Counters and control of the sandbox, over HTTP and from Python."""

import asyncio
from contextlib import AsyncExitStack

import aiohttp

from sandbox.http_driver import HttpDriver
from sandbox.raw_connection import connected
from telnyx_video.sandbox import Sandbox

NO_KEY = {"Authorization": ""}


async def test_requests_are_counted_by_route(http: HttpDriver, sandbox: Sandbox) -> None:
    """Each request counts, refused or not, under method and route; control requests do not."""
    room = (await http.create()).data
    await http.create(max_participants=1)
    await http.send("GET", f"/rooms/{room['id']}")
    await http.send("GET", "/rooms/x", headers=NO_KEY)
    await http.send("PUT", "/rooms")
    await http.send("GET", "/nowhere")
    await http.send("GET", "//_sandbox/stats")
    assert sandbox.requests == {
        "POST /v2/rooms": 2,
        "GET /v2/rooms/{id}": 2,
        "PUT /v2/rooms": 1,
        "GET (unknown)": 1,
    }


async def test_stats_are_read_without_the_key(http: HttpDriver, sandbox: Sandbox) -> None:
    """The counts over HTTP are those of the object."""
    await http.create()
    await http.create()
    answer = await http.send("GET", "//_sandbox/stats", headers=NO_KEY)
    assert (answer.status, answer.body) == (
        200,
        {"requests": {"POST /v2/rooms": 2}, "rooms": 2, "max_in_flight": 1, "keyed_downloads": 0},
    )


async def test_a_reset_removes_rooms_and_counts(http: HttpDriver, sandbox: Sandbox) -> None:
    """A reset, which needs no key, leaves an empty sandbox; names are free again."""
    await http.create(unique_name="standup")
    answer = await http.send("POST", "//_sandbox/reset", headers=NO_KEY)
    assert (answer.status, answer.body) == (204, None)
    assert (sandbox.rooms, sandbox.requests, sandbox.max_in_flight) == ([], {}, 0)
    assert (await http.create(unique_name="standup")).status == 201
    sandbox.reset()
    assert (sandbox.rooms, sandbox.requests, sandbox.max_in_flight) == ([], {}, 0)


async def test_the_maximum_of_posts_in_flight_is_counted(sandbox: Sandbox) -> None:
    """It is the number of concurrent POSTs, and does not fall when they end."""
    async with AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(connected(sandbox)) for _ in range(5)]
        for wire in wires:
            await wire.start_create()
        assert sandbox.max_in_flight == 5
        sandbox.reset()
        assert sandbox.max_in_flight == 5  # for all five are still being served
        for wire in wires:
            await wire.send(b"{}")
            status, _, _ = await wire.answer()
            assert status == 201
        await wires[0].start_create()
        await wires[0].send(b"{}")
        await wires[0].answer()
    assert sandbox.max_in_flight == 5
    sandbox.reset()
    assert sandbox.max_in_flight == 0


async def test_other_requests_do_not_count_as_posts(http: HttpDriver, sandbox: Sandbox) -> None:
    """Concurrent lists do not change the maximum."""
    await asyncio.gather(*(http.send("GET", "/rooms") for _ in range(5)))
    assert sandbox.max_in_flight == 0


async def test_the_state_can_be_read_from_other_threads(session: aiohttp.ClientSession) -> None:
    """While requests are served, another thread reads complete rooms and growing counts."""
    async with Sandbox() as sandbox:
        http = HttpDriver(session, sandbox)

        def watch() -> None:
            seen = 0
            while seen < 100:
                rooms, requests = sandbox.rooms, sandbox.requests
                assert seen <= len(rooms) <= requests["POST /v2/rooms"]
                assert all(room["record_type"] == "room" for room in rooms)
                seen = len(rooms)

        watching = asyncio.create_task(asyncio.to_thread(watch))
        await asyncio.gather(*(http.create() for _ in range(100)))
        await watching
