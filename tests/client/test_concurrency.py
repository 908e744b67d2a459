"""How many calls are in flight, in which order they start, and that their connections are freed."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from support.clients import WITH_AND_WITHOUT_NAME, client
from support.scripted_server import (
    Act,
    ScriptedServer,
    Visit,
    answer,
    created,
    cut,
    reset,
    room,
    serve,
    stall,
)
from support.virtual_time import virtual_time
from telnyx_video import (
    Outcome,
    RequestTimeoutError,
    RetryPolicy,
    TelnyxVideoError,
)
from telnyx_video.sandbox import Sandbox


def names(server: ScriptedServer) -> list[str]:
    """Return the requested names, in the order of arrival."""
    return [
        cast("dict[str, str]", request.json)["unique_name"]
        for request in server.requests
        if request.body
    ]


async def test_no_more_connections_than_allowed(sandbox: Sandbox) -> None:
    """However many calls there are, only so many are in flight as the client permits."""
    slowly = {"stall": "reply", "seconds": 0.005}
    sandbox.faults = [{"on": "POST /rooms", "faults": [slowly], "repeat": True}]
    async with client(sandbox, concurrency=3) as rooms:
        await asyncio.gather(*(rooms.create(unique_name=f"room {n}") for n in range(40)))
    assert len(sandbox.rooms) == 40
    assert sandbox.max_in_flight == 3


async def test_first_come_first_served() -> None:
    """Calls that wait for a connection get one in order."""
    let_go = asyncio.Event()

    async def when_let_go(visit: Visit) -> None:
        await let_go.wait()
        await created()(visit)

    async with serve(when_let_go) as server, client(server, concurrency=1) as rooms:
        expected = [f"room {number}" for number in range(12)]
        calls = [asyncio.create_task(rooms.create(unique_name=name)) for name in expected]
        await server.arrived(1)
        let_go.set()
        await asyncio.gather(*calls)
        assert names(server) == expected
        assert server.connections == 1


async def test_newcomers_do_not_overtake() -> None:
    """A call that starts when a connection is free does not overtake those that wait for it."""
    async with serve(created()) as server, client(server, concurrency=1) as rooms:
        order: list[str] = []

        async def create_then(name: str, *then: str) -> None:
            await rooms.create(unique_name=name)
            order.append(name)
            for next_name in then:
                await create_then(next_name)

        await asyncio.gather(create_then("a", "d", "e"), create_then("b"), create_then("c"))
        assert names(server) == order == ["a", "b", "c", "d", "e"]


@virtual_time
async def test_the_deadline_holds_while_waiting_for_a_connection() -> None:
    """A call that gets no connection until its deadline was not sent, and says what to change."""
    async with (
        serve(stall) as server,
        client(server, concurrency=1) as rooms,
    ):
        first = asyncio.create_task(rooms.create(retry=RetryPolicy(deadline=30)))
        await server.arrived(1)
        for request in WITH_AND_WITHOUT_NAME:
            with pytest.raises(RequestTimeoutError) as raised:
                await rooms.create(request, retry=RetryPolicy(deadline=4))
            assert raised.value.outcome is Outcome.NOT_APPLIED
            assert str(raised.value) == (
                "no connection became free in time, 1 being in use - nothing was sent; raise "
                "the client's concurrency or the policy's deadline"
            )
        await asyncio.wait([first])
        assert isinstance(first.exception(), TelnyxVideoError)
        assert server.methods == ["POST"]


@virtual_time
async def test_a_call_does_not_start_just_before_its_deadline() -> None:
    """A connection that becomes free at the last moment is not used."""

    async def slowly(visit: Visit) -> None:
        await asyncio.sleep(7.5)
        await created()(visit)

    async with serve(slowly) as server, client(server, concurrency=1) as rooms:
        first = asyncio.create_task(rooms.create())
        await server.arrived(1)
        with pytest.raises(RequestTimeoutError) as raised:
            await rooms.create(retry=RetryPolicy(deadline=10))  # 8 s of them are for sending
        assert raised.value.outcome is Outcome.NOT_APPLIED
        await first
        assert server.methods == ["POST"]


@virtual_time
async def test_waiting_for_a_connection_is_not_part_of_an_attempt() -> None:
    """A call that waits for longer than an attempt may take is still sent."""

    async def slowly(visit: Visit) -> None:
        await asyncio.sleep(0.8)
        await created()(visit)

    async with serve(slowly) as server:
        async with client(server, concurrency=1, timeout=1) as rooms:
            await asyncio.gather(*(rooms.create() for _ in range(10)))
        assert len(server.requests) == 10


@pytest.mark.parametrize(
    "act",
    [cut, reset, answer(401), answer(201, b"{"), answer(200, {"data": room()}, close=True)],
    ids=["cut", "reset", "refused", "unreadable", "closed"],
)
async def test_a_failed_call_frees_its_connection(act: Act) -> None:
    """However it failed."""
    async with serve(*[act] * 8, created()) as server, client(server, concurrency=2) as rooms:
        once = RetryPolicy.none()
        failed = [rooms.create(retry=once) for _ in range(8)]
        await asyncio.gather(*failed, return_exceptions=True)
        assert (await rooms.create()).unique_name == "standup"
        assert (await rooms.create()).unique_name == "standup"
        await server.until(lambda: server.open <= 2)
