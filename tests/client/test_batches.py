"""Batches of the client: each room by the rules of a single create, and waiting out outages."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.clients import client
from support.hostile_values import Array
from support.scripted_server import (
    answer,
    closed_port,
    created,
    cut,
    free_port,
    listed,
    room,
    serve,
    stall,
)
from support.virtual_time import virtual_time
from support.words import is_one_line
from telnyx_video import (
    AsyncRoomsClient,
    CreateRoomRequest,
    InvalidRequestError,
    OutcomeUnknownError,
    RetryPolicy,
)
from telnyx_video.sandbox import Sandbox

NAMES = [f"room {number}" for number in range(12)]
REQUESTS = [CreateRoomRequest(unique_name=name) for name in NAMES]


async def test_a_batch_makes_its_rooms(rooms: AsyncRoomsClient, sandbox: Sandbox) -> None:
    """Each request has its outcome, in the order of the input, and a batch can be run again."""
    for again in (False, True):
        outcomes = await rooms.create_many(REQUESTS, concurrency=5)
        assert [outcome.unwrap().unique_name for outcome in outcomes] == NAMES
        assert {outcome.existed for outcome in outcomes} == {again}
    assert len(sandbox.rooms) == len(NAMES)


async def test_nameless_rooms_of_a_batch_get_names_with_auto_name(sandbox: Sandbox) -> None:
    """As those of a single create do."""
    async with client(sandbox, auto_name=True) as rooms:
        outcomes = await rooms.create_many([CreateRoomRequest()] * 3)
    assert len({outcome.unwrap().unique_name for outcome in outcomes} - {None}) == 3


class Odd:
    """A string subclass that claims to be a path."""

    def __fspath__(self) -> bytes:
        return b"journal.jsonl"


async def report(_: object) -> None:
    """Report progress, as a coroutine function."""


WRONG: dict[str, list[object]] = {
    "requests": [
        None,
        7,
        REQUESTS[0],
        "abc",
        b"abc",
        bytearray(b"abc"),
        {"unique_name": "a"},
        Array(),
    ],
    "concurrency": [0, -1, True, 1.5, None, "50"],
    "if_exists": ["ignore", None, ["return"], Array()],
    "max_rate": [0, -1, math.inf, math.nan, True, "5"],
    "journal": [5, True, b"journal.jsonl", "", "a\0b", "\ud800", Odd()],
    "fail_fast": [1, None, "no"],
    "give_up_after": [0, -1, math.inf, math.nan, True, "900", None],
    "on_progress": [5, "print", report],
    "since": [0, -1, math.nan, True, "5"],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, value, id=f"{name}-{number}")
        for name, values in WRONG.items()
        for number, value in enumerate(values)
    ],
)
async def test_an_invalid_argument_is_refused_immediately(
    rooms: AsyncRoomsClient, sandbox: Sandbox, name: str, value: object
) -> None:
    """The error names it in one line; nothing was read or sent."""
    requests = iter(REQUESTS)
    arguments: dict[str, Any] = {"requests": requests, name: value}
    with pytest.raises(InvalidRequestError) as caught:
        rooms.stream_many(**arguments)
    [problem] = caught.value.details
    assert problem.field == name
    assert is_one_line(str(problem))
    assert not sandbox.requests
    assert [*requests] == REQUESTS


async def test_a_dict_in_place_of_a_request_is_refused_with_a_hint(
    rooms: AsyncRoomsClient, sandbox: Sandbox
) -> None:
    """A single one immediately, one in a list as that request's outcome."""
    fields: Any = {"unique_name": "standup"}
    with pytest.raises(InvalidRequestError, match=r"use \[CreateRoomRequest\(\*\*fields\)\]"):
        await rooms.create_many(fields)
    (outcome,) = await rooms.create_many([fields])
    assert outcome.error is not None
    assert "not dict; use CreateRoomRequest(**fields)" in outcome.error.message
    assert not sandbox.requests


async def test_all_invalid_arguments_are_named_together(
    rooms: AsyncRoomsClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Several invalid arguments are listed in one error, and no journal is created."""
    journal = tmp_path / "journal.jsonl"
    wrong: dict[str, Any] = {name: values[0] for name, values in WRONG.items()}
    with pytest.raises(InvalidRequestError) as caught:
        await rooms.create_many(**wrong)
    assert [detail.field for detail in caught.value.details] == [*WRONG]
    wrong["journal"] = journal
    with pytest.raises(InvalidRequestError):
        await rooms.create_many(**wrong)
    assert not journal.exists()
    assert not sandbox.requests


@virtual_time
async def test_a_lost_reply_in_a_batch_is_recovered() -> None:
    """The name is looked up, and the outcome says so."""
    async with serve(cut, listed(room("room 0"))) as server:
        async with client(server) as rooms:
            [outcome] = await rooms.create_many(REQUESTS[:1])
        assert (outcome.recovered, outcome.existed, outcome.attempts) == (True, False, 1)


@virtual_time
async def test_a_batch_survives_an_outage() -> None:
    """While the server is down a batch waits, without spending attempts or deadline."""
    port = free_port()
    policy = RetryPolicy(attempts=2, deadline=5)
    async with AsyncRoomsClient(
        base_url=f"http://127.0.0.1:{port}/v2", api_key="key0123", retry=policy
    ) as rooms:
        batch = asyncio.create_task(rooms.create_many(REQUESTS, concurrency=6))
        await asyncio.sleep(8)
        assert not batch.done()
        async with Sandbox(port=port, api_key="key0123") as sandbox:
            outcomes = await batch
            assert len(sandbox.rooms) == len(NAMES)
    assert [outcome.unwrap().unique_name for outcome in outcomes if not outcome.error] == NAMES


@virtual_time
async def test_a_batch_gives_up_in_the_end() -> None:
    """A server that stays down ends the batch after the given time; the rest is not read."""
    url = f"http://127.0.0.1:{closed_port()}/v2"
    async with AsyncRoomsClient(base_url=url, api_key="key0123") as rooms:
        began = asyncio.get_running_loop().time()
        outcomes = await rooms.create_many(REQUESTS, concurrency=3, give_up_after=10)
        assert 10 <= asyncio.get_running_loop().time() - began < 20
    assert 0 < len(outcomes) < len(NAMES)
    assert all(outcome.error is not None for outcome in outcomes)


@virtual_time
async def test_a_batch_keeps_to_max_rate() -> None:
    """At most this many requests are sent in a second."""
    async with serve(created()) as server, client(server) as rooms:
        began = asyncio.get_running_loop().time()
        await rooms.create_many(REQUESTS, max_rate=8)
        assert asyncio.get_running_loop().time() - began > 1.2


@virtual_time
async def test_the_rate_of_a_running_batch_can_be_changed() -> None:
    """A new ``max_rate`` applies to the next request, and None lifts it."""
    time = asyncio.get_running_loop().time
    taken = list[float]()
    async with (
        serve(created()) as server,
        client(server) as rooms,
        rooms.stream_many(REQUESTS, concurrency=1, max_rate=0.1) as stream,
    ):
        assert stream.max_rate == 0.1
        async for outcome in stream:
            taken.append(time())
            if outcome.index == 0:
                stream.max_rate = 5
            elif outcome.index == 5:
                stream.max_rate = None
    assert stream.max_rate is None
    assert 0.7 <= taken[5] - taken[0] <= 1.5
    assert taken[-1] - taken[6] < 0.5


@pytest.mark.parametrize("rate", WRONG["max_rate"])
async def test_an_invalid_rate_is_refused_while_the_batch_runs(rate: Any) -> None:
    """The previous rate stays."""
    async with AsyncRoomsClient(api_key="key0123") as rooms:
        stream = rooms.stream_many(REQUESTS, max_rate=7)
        with pytest.raises(InvalidRequestError, match="max_rate"):
            stream.max_rate = rate
        assert stream.max_rate == 7


@pytest.mark.parametrize(("years", "recovered"), [(0, True), (1, False)])
async def test_rooms_of_an_earlier_run_differ_from_older_ones(years: int, recovered: bool) -> None:
    """With ``since``, a room that was made after that counts as recovered, others as existing."""
    made_at = (datetime.now(UTC) - timedelta(days=365 * years)).isoformat()
    there = listed(room("room 0", created_at=made_at))
    async with serve(there) as server, client(server) as rooms:
        (outcome,) = await rooms.create_many(REQUESTS[:1], since=60)
        assert (outcome.recovered, outcome.existed) == (recovered, not recovered)
        assert len(server.requests) == 1


async def test_an_interrupted_batch_continues(tmp_path: Path) -> None:
    """Requests that it had sent are looked up first when it is run again."""
    journal = tmp_path / "journal"
    async with serve(stall, listed(room("room 0"))) as server:
        async with client(server) as rooms:
            run = asyncio.create_task(rooms.create_many(REQUESTS[:1], journal=journal))
            await server.arrived(1)
            run.cancel()
            await asyncio.wait([run])
        async with client(server) as rooms:
            [outcome] = await rooms.create_many(REQUESTS[:1], journal=journal)
        assert outcome.recovered
        assert server.methods == ["POST", "GET"]


async def test_a_batch_may_fail_in_part() -> None:
    """A room that cannot be created is an outcome with its error; the others are created."""
    async with serve(created(), answer(400), cut, listed(), created()) as server:
        async with client(server) as rooms:
            nameless = [CreateRoomRequest()] * 3
            outcomes = await rooms.create_many(nameless, concurrency=1)
        assert [type(outcome.error).__name__ for outcome in outcomes] == [
            "NoneType",
            "BadRequestError",
            OutcomeUnknownError.__name__,
        ]
        assert server.methods == ["POST"] * 3
