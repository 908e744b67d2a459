"""Outages on real sockets: a batch waits for the server, then continues."""

import asyncio
import math
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Literal

import aiohttp
import pytest

from support.scripted_server import answer, listed, room, serve, stall
from support.virtual_time import virtual_time
from telnyx_video import (
    AsyncRoomsClient,
    CreateRoomRequest,
    NotFoundError,
    Outcome,
    RetryPolicy,
    Room,
    RoomsClient,
    ServerError,
    TransportError,
)
from telnyx_video._execution.attempt import CallOptions
from telnyx_video._execution.retry import RetryBudget, RetryState
from telnyx_video._wire.replies import read_rooms
from telnyx_video._wire.requests import list_rooms
from telnyx_video.models import Page
from telnyx_video.sandbox import Sandbox

Kind = Literal["refuse", "503"]
CONCURRENCY = 10
OUTAGE = 0.2
"""Seconds: long enough for two probes."""
KINDS: tuple[Kind, ...] = ("refuse", "503")

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def named(count: int) -> Iterator[CreateRoomRequest]:
    """Yield this many requests one by one."""
    for number in range(count):
        yield CreateRoomRequest(unique_name=f"room-{number}")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_batch_survives_an_outage(sandbox: Sandbox, kind: Kind) -> None:
    """Nothing fails, each name gets one room, and few requests are sent during the outage."""
    loop = asyncio.get_running_loop()
    begun = list[float]()
    down_at = math.inf

    async def note(*_: object) -> None:
        begun.append(loop.time())

    tracing = aiohttp.TraceConfig()
    tracing.on_request_start.append(note)
    async with (
        AsyncRoomsClient(
            base_url=sandbox.url, api_key=sandbox.api_key, trace_configs=[tracing]
        ) as rooms,
        rooms.stream_many(named(120), concurrency=CONCURRENCY) as stream,
    ):
        async for outcome in stream:
            assert outcome.error is None
            if len(sandbox.rooms) >= 60 and down_at == math.inf:
                sandbox.pause(kind, seconds=OUTAGE)
                down_at = loop.time()
    assert stream.stopped is None
    assert len({room["unique_name"] for room in sandbox.rooms}) == len(sandbox.rooms) == 120
    meanwhile = [time for time in begun if down_at <= time < down_at + OUTAGE]
    assert len(meanwhile) <= 2 * CONCURRENCY


@pytest.mark.parametrize("kind", KINDS)
async def test_a_batch_gives_up_a_long_outage_and_can_be_finished_later(
    sandbox: Sandbox, rooms: AsyncRoomsClient, kind: Kind, tmp_path: Path
) -> None:
    """It stops and says why; with the same journal the rest is made, nothing twice."""
    requests, journal = named(200), tmp_path / "rooms.journal"
    errors = list[object]()
    async with rooms.stream_many(
        requests, concurrency=CONCURRENCY, give_up_after=0.2, journal=journal
    ) as stream:
        async for outcome in stream:
            if len(sandbox.rooms) >= 50:
                sandbox.pause(kind)
            if outcome.error is not None:
                errors.append(outcome.error)
    assert stream.stopped == "gave_up"
    assert 1 <= len(errors) <= CONCURRENCY
    # With a journal, requests are read ahead: six for each that may be in flight.
    assert len(list(requests)) >= 200 - 50 - 8 * CONCURRENCY
    sent = sandbox.requests.total()
    sandbox.resume()
    assert sandbox.requests.total() == sent
    outcomes = await rooms.create_many(named(200), journal=journal)
    assert all(outcome.room for outcome in outcomes)
    assert len({room["unique_name"] for room in sandbox.rooms}) == len(sandbox.rooms) == 200


@virtual_time
async def test_a_cancelled_probe_allows_another() -> None:
    """The rest of the batch continues."""
    async with (
        serve(*[answer(503)] * 5, stall, *[listed(room("0"))] * 9) as server,
        AsyncRoomsClient(base_url=server.url, api_key="key") as rooms,
    ):
        runner = rooms._runner.for_batch(None, 900.0)

        def call() -> Coroutine[object, object, Page[Room]]:
            now = asyncio.get_running_loop().time()
            attempts = RetryState(RetryPolicy(), RetryBudget(0), now)
            return runner.run(
                list_rooms(), read_rooms, attempts, CallOptions(RetryPolicy()), 60.0, now
            )

        for _ in range(5):
            with pytest.raises(ServerError):
                await call()
        probe = asyncio.create_task(call())
        await server.arrived(6)
        behind = asyncio.create_task(call())
        probe.cancel()
        assert [room.unique_name for room in (await behind).items] == ["0"]


async def test_a_server_that_was_never_up_is_given_up() -> None:
    """Every request that was read is reported as not applied, with the reason."""
    with Sandbox() as sandbox:
        url = sandbox.url
    async with (
        AsyncRoomsClient(base_url=url, api_key="key") as rooms,
        rooms.stream_many(named(50), concurrency=5, give_up_after=0.3) as stream,
    ):
        errors = [outcome.error async for outcome in stream]
    assert stream.stopped == "gave_up"
    assert len(errors) == 5
    for error in errors:
        assert isinstance(error, TransportError)
        assert error.outcome is Outcome.NOT_APPLIED
        assert "nothing has succeeded for 0.3 s" in error.message


async def test_refusals_are_not_an_outage(sandbox: Sandbox, rooms: AsyncRoomsClient) -> None:
    """A server that answers is up: a batch of refusals does not wait."""
    sandbox.faults = [{"on": "POST /rooms", "faults": [404], "repeat": True}]
    async with rooms.stream_many(named(50), concurrency=5, give_up_after=0.01) as stream:
        errors = [outcome.error async for outcome in stream]
    assert len(errors) == 50
    assert all(isinstance(error, NotFoundError) for error in errors)
    assert stream.stopped is None


def test_the_blocking_stream_waits_and_gives_up_too() -> None:
    """As the asynchronous one does."""
    with Sandbox() as sandbox:
        url = sandbox.url
    with RoomsClient(base_url=url, api_key="key") as rooms:
        with rooms.stream_many(named(50), concurrency=5, give_up_after=0.3) as stream:
            outcomes = list(stream)
        assert stream.stopped == "gave_up"
        assert len(outcomes) == 5
