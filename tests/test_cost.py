"""The cost of a create compared to a plain post, in figures that do not depend on load.

`nox -s bench` measures seconds. These are counts: of function calls, loop passes and bytes. Each
bound is a little above today's figure; a change that breaks one makes every create more expensive.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from itertools import count
from typing import Any

import aiohttp
import attrs
import pytest

from support.asking import asked_for
from support.costing import Cost, CountingLoop, Turns, cost_of
from support.static_server import StaticServer
from telnyx_video import AsyncRoomsClient
from telnyx_video._base.json import (  # memory depends on the JSON library
    dumps,
    loads,
)

KEY = "key0123"

FUNCTIONS = 54
"""Functions of the package for one create: 49, and a tenth to spare."""

FILES = 15
"""Files that these functions are in: 14, and one to spare."""

CHANGES = 30
"""Calls from one of these files into another: 28, and two to spare."""

HELD = 2000
"""Bytes that a create in flight holds, above a plain post: 1,820, and a tenth to spare."""

KEPT = 2000
"""Bytes of a room and its response metadata: 1,580 to 1,820, and a tenth to spare."""


@attrs.frozen
class Costs:
    """The cost of the same create by the client and by hand."""

    ours: Cost
    by_hand: Cost


@pytest.fixture(scope="module")
def server() -> Iterator[StaticServer]:
    with StaticServer() as server:
        yield server


def run(main: Callable[[], Coroutine[Any, Any, Costs]]) -> Costs:
    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        return runner.run(main())


@pytest.fixture(scope="module")
def costs(server: StaticServer) -> Costs:
    """Measure both in one loop."""
    url = f"{server.url}/rooms"
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}

    names = map("standup-{:06}".format, count())

    async def measure() -> Costs:
        async with (
            AsyncRoomsClient(base_url=server.url, api_key=KEY) as rooms,
            aiohttp.ClientSession(headers=headers) as session,
        ):

            async def by_hand() -> object:
                body = dumps({"unique_name": next(names)})
                async with session.post(url, data=body) as reply:
                    return loads(await reply.read())

            return Costs(
                await cost_of(lambda: rooms.create(unique_name=next(names))), await cost_of(by_hand)
            )

    return run(measure)


def test_a_create_calls_few_functions(costs: Costs) -> None:
    """The path of a create through the package stays short."""
    assert 0 < costs.ours.functions <= FUNCTIONS
    assert costs.by_hand.functions < 5  # only those of JSON


def test_a_create_passes_through_few_files(costs: Costs) -> None:
    """A create stays in few files, with few calls between them."""
    assert 0 < costs.ours.files <= FILES
    assert costs.ours.files <= costs.ours.changes + 1 <= CHANGES + 1


def test_a_create_needs_neither_a_task_nor_a_timer(costs: Costs) -> None:
    """It suspends once: its body has no task, and its time-out no timer."""
    assert costs.ours.turns == Turns(waits=1, tasks=0, timers=0, callbacks=1)
    assert costs.by_hand.turns.waits == 1


def test_a_create_in_flight_holds_little_memory(costs: Costs) -> None:
    """A thousand creates in flight take a few megabytes more than a thousand posts."""
    assert costs.ours.held - costs.by_hand.held <= HELD


def test_a_room_is_small(costs: Costs) -> None:
    """A million rooms take less than two gigabytes."""
    assert 0 < costs.ours.kept <= KEPT


async def test_a_create_is_sent_in_one_packet(server: StaticServer) -> None:
    """Seven headers and compact JSON, in one write: one packet, one system call."""
    async with AsyncRoomsClient(base_url=server.url, api_key=KEY) as rooms:
        await rooms.create(unique_name="standup", max_participants=12)
    head, _, body = server.received[-1].partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    assert line == "POST /v2/rooms HTTP/1.1"
    assert sorted(header.partition(":")[0] for header in headers) == [
        "Accept",
        "Accept-Encoding",
        "Authorization",
        "Content-Length",
        "Content-Type",
        "Host",
        "User-Agent",
    ]
    assert body == b'{"unique_name":"standup","max_participants":12}'
    assert len(server.received[-1]) <= 320


async def test_a_thousand_waiting_calls_are_served_in_order() -> None:
    """No call overtakes another in the queue for a connection."""
    with StaticServer() as server:
        async with AsyncRoomsClient(base_url=server.url, api_key=KEY, concurrency=1) as rooms:
            await asyncio.gather(*(rooms.create(request) for request in asked_for(1000)))
        names = [json.loads(received.partition(b"\r\n\r\n")[2]) for received in server.received]
        assert names == [{"unique_name": request.unique_name} for request in asked_for(1000)]
