"""Outages on real sockets: a batch waits for the server, and goes on where it was."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from telnyx_video import (
    AsyncRoomsClient,
    CreateRoomRequest,
    NotFoundError,
    Outcome,
    RoomsClient,
    TransportError,
)
from telnyx_video.sandbox import Sandbox

CONCURRENCY = 10
OUTAGE = 0.8
"""Seconds: long enough for three or four probes."""

pytestmark = pytest.mark.usefixtures("nothing_is_left")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def rooms(sandbox: Sandbox) -> AsyncIterator[AsyncRoomsClient]:
    async with AsyncRoomsClient(base_url=sandbox.url, api_key=sandbox.api_key) as rooms:
        yield rooms


def named(count: int) -> Iterator[CreateRoomRequest]:
    """Draw so many requests one by one."""
    for number in range(count):
        yield CreateRoomRequest(unique_name=f"room-{number}")


@pytest.mark.parametrize("kind", ["refuse", "503"])
async def test_a_batch_outlives_an_outage(
    sandbox: Sandbox, rooms: AsyncRoomsClient, kind: str
) -> None:
    """Nothing fails, each name gets one room, and meanwhile the server is asked a few times."""
    during = list[int]()
    loop = asyncio.get_running_loop()
    async with rooms.stream_many(named(300), concurrency=CONCURRENCY) as stream:
        async for outcome in stream:
            assert outcome.error is None
            if len(sandbox.rooms) >= 100 and not during:
                sandbox.pause("503" if kind == "503" else "refuse", seconds=OUTAGE)
                during.append(sandbox.requests.total())
                loop.call_later(OUTAGE - 0.1, lambda: during.append(sandbox.requests.total()))
    assert stream.stopped is None
    assert len({room["unique_name"] for room in sandbox.rooms}) == len(sandbox.rooms) == 300
    assert during[1] - during[0] <= 3 * CONCURRENCY


@pytest.mark.parametrize("kind", ["refuse", "503"])
async def test_a_batch_gives_up_an_outage_that_lasts(
    sandbox: Sandbox, rooms: AsyncRoomsClient, kind: str
) -> None:
    """It stops and says why; what was not drawn stays undrawn, and no more is sent."""
    requests = named(300)
    outcomes = list[object]()
    async with rooms.stream_many(requests, concurrency=CONCURRENCY, give_up_after=0.5) as stream:
        async for outcome in stream:
            if len(sandbox.rooms) >= 100:
                sandbox.pause("503" if kind == "503" else "refuse")
            if outcome.error is not None:
                outcomes.append(outcome.error)
    assert stream.stopped == "gave_up"
    assert 1 <= len(outcomes) <= CONCURRENCY
    assert len(list(requests)) >= 300 - 100 - 2 * CONCURRENCY
    sent = sandbox.requests.total()
    sandbox.resume()
    assert sandbox.requests.total() == sent


async def test_a_server_that_never_was_there_is_given_up() -> None:
    """Every request that was drawn is told of as not applied, and why is in its error."""
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


async def test_refusals_are_no_outage(sandbox: Sandbox, rooms: AsyncRoomsClient) -> None:
    """A server that answers is up: a batch of nothing but refusals goes through at once."""
    sandbox.faults = [{"on": "POST /rooms", "faults": [404], "repeat": True}]
    async with rooms.stream_many(named(50), concurrency=5, give_up_after=0.01) as stream:
        errors = [outcome.error async for outcome in stream]
    assert len(errors) == 50
    assert all(isinstance(error, NotFoundError) for error in errors)
    assert stream.stopped is None


def test_blocking_code_is_told_too() -> None:
    """The blocking stream waits and gives up in the same way."""
    with Sandbox() as sandbox:
        url = sandbox.url
    with RoomsClient(base_url=url, api_key="key") as rooms:
        with rooms.stream_many(named(50), concurrency=5, give_up_after=0.3) as stream:
            outcomes = list(stream)
        assert stream.stopped == "gave_up"
        assert len(outcomes) == 5
