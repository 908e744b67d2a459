"""Batches of the asynchronous client, against a server on real sockets."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from support.asking import asked, asked_for
from support.blocking_server import BlockingServer
from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    CreateRoomRequest,
    InvalidRequestError,
)
from telnyx_video.batch import CreateOutcome, Progress, Requests
from telnyx_video.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("no_task_is_left")


def names(sandbox: Sandbox) -> list[str]:
    """Return the names of the rooms that exist, sorted."""
    return sorted(str(room["unique_name"]) for room in sandbox.rooms)


async def awaited(requests: list[CreateRoomRequest]) -> AsyncIterator[CreateRoomRequest]:
    for request in requests:
        yield request


@pytest.mark.parametrize("kind", ["list", "generator", "asynchronous generator"])
async def test_each_request_makes_one_room(
    sandbox: Sandbox, rooms: AsyncRoomsClient, kind: str
) -> None:
    """Each request of any kind of input makes its room; outcomes are in the input's order."""
    requests = asked_for(100)
    sources: dict[str, Requests] = {
        "list": requests,
        "generator": (request for request in requests),
        "asynchronous generator": awaited(requests),
    }
    seen: list[Progress] = []
    outcomes = await rooms.create_many(sources[kind], concurrency=10, on_progress=seen.append)
    assert [outcome.unwrap().unique_name for outcome in outcomes] == [
        request.unique_name for request in requests
    ]
    assert names(sandbox) == sorted(str(request.unique_name) for request in requests)
    assert sandbox.requests == {"POST /v2/rooms": 100}
    assert seen[-1] == Progress(100, 100, 0, 0, 100 if kind == "list" else None)


@pytest.mark.parametrize("concurrency", [1, 7, 40])
async def test_the_server_never_sees_more_concurrent_requests(
    sandbox: Sandbox, rooms: AsyncRoomsClient, concurrency: int
) -> None:
    """The limit holds on the wire, in a batch many times as long."""
    outcomes = await rooms.create_many(asked_for(200), concurrency=concurrency)
    assert len(outcomes) == 200
    assert sandbox.max_in_flight <= concurrency


async def test_a_slow_server_gets_the_full_concurrency() -> None:
    """Exactly this many requests are on the wire."""
    with BlockingServer() as server:
        async with AsyncRoomsClient(base_url=server.url, api_key="key") as rooms:
            batch = asyncio.create_task(
                rooms.create_many([CreateRoomRequest()] * 20, concurrency=5)
            )
            await asyncio.to_thread(server.wait_for, 5)
            assert server.most_at_once == 5
            server.release()
            assert len(await batch) == 20
        assert server.most_at_once == 5


async def test_a_stream_returns_each_outcome_once(
    sandbox: Sandbox, rooms: AsyncRoomsClient
) -> None:
    """Each request has an outcome, and each room exists."""
    async with rooms.stream_many(asked_for(100), concurrency=20) as stream:
        indexes = [outcome.index async for outcome in stream]
    assert sorted(indexes) == list(range(100))
    assert len(sandbox.rooms) == 100


async def test_leaving_a_stream_early_leaves_a_usable_client(
    sandbox: Sandbox, rooms: AsyncRoomsClient
) -> None:
    """Creates in flight are cancelled, nothing more is sent, and the client can be used."""
    async with rooms.stream_many(asked_for(1000), concurrency=10) as stream:
        first = await anext(stream)
    assert first.room is not None
    assert (await rooms.create(unique_name="afterwards")).id
    assert len(sandbox.rooms) < 100


async def test_a_batch_that_is_run_again_makes_no_rooms(
    sandbox: Sandbox, rooms: AsyncRoomsClient
) -> None:
    """By default a room that exists is returned, and the outcome says so."""
    await rooms.create_many(asked_for(5))
    requests = [CreateRoomRequest(unique_name=f"room-{n}", max_participants=3) for n in range(5)]
    seen: list[Progress] = []
    outcomes = await rooms.create_many([*requests, asked(5)], on_progress=seen.append)
    assert [outcome.existed for outcome in outcomes] == [True] * 5 + [False]
    assert {outcome.differences for outcome in outcomes[:5]} == {("max_participants",)}
    assert len(sandbox.rooms) == 6
    assert seen[-1] == Progress(6, 1, 5, 0, 6)


async def test_a_room_that_exists_can_be_a_failure_or_be_updated(
    sandbox: Sandbox, rooms: AsyncRoomsClient
) -> None:
    """`if_exists` means the same as for one create."""
    await rooms.create(asked(0))
    changed = CreateRoomRequest(unique_name="room-0", max_participants=3)
    (outcome,) = await rooms.create_many([changed], if_exists="error")
    assert type(outcome.error).__name__ == "NameTakenError"
    (outcome,) = await rooms.create_many([changed], if_exists="update")
    assert outcome.unwrap().max_participants == 3
    assert sandbox.rooms[0]["max_participants"] == 3


async def test_an_invalid_item_is_not_sent(sandbox: Sandbox, rooms: AsyncRoomsClient) -> None:
    """An item of another type fails alone, without a request."""
    mixed: list[CreateRoomRequest] = [asked(0), {"unique_name": "x"}]  # type: ignore[list-item] # pyright: ignore[reportAssignmentType] # the point
    outcomes = await rooms.create_many(mixed)
    assert outcomes[0].room is not None
    assert isinstance(outcomes[1].error, InvalidRequestError)
    assert outcomes[1].attempts == 0
    assert sandbox.requests["POST /v2/rooms"] == 1


async def test_a_refusal_does_not_affect_others(sandbox: Sandbox, rooms: AsyncRoomsClient) -> None:
    """Failures are outcomes; with `fail_fast` nothing is drawn after the first."""
    await rooms.create(asked(0))
    outcomes = await rooms.create_many(asked_for(50), concurrency=5, if_exists="error")
    assert [outcome.room is None for outcome in outcomes] == [True] + [False] * 49
    outcomes = await rooms.create_many(
        asked_for(50), concurrency=5, if_exists="error", fail_fast=True
    )
    assert len(outcomes) < 50


async def test_a_batch_of_a_closed_client_fails_one_by_one(sandbox: Sandbox) -> None:
    """Each outcome says that the client is closed, and nothing hangs."""
    rooms = AsyncRoomsClient(base_url=sandbox.url, api_key=sandbox.api_key)
    await rooms.aclose()
    outcomes = await rooms.create_many(asked_for(10), concurrency=2)
    assert len(outcomes) == 10
    assert {type(outcome.error) for outcome in outcomes} == {ConfigurationError}


async def test_closing_the_client_ends_its_batch(sandbox: Sandbox, rooms: AsyncRoomsClient) -> None:
    """A batch whose client is closed in flight ends; each request has an outcome."""
    outcomes: list[CreateOutcome] = []
    async with asyncio.timeout(20), rooms.stream_many(asked_for(500), concurrency=5) as stream:
        async for outcome in stream:
            outcomes.append(outcome)
            if len(outcomes) == 10:
                await rooms.aclose()
    assert len(outcomes) == 500
    assert sum(outcome.room is not None for outcome in outcomes) < 100


async def test_two_batches_share_a_client(sandbox: Sandbox, rooms: AsyncRoomsClient) -> None:
    """Batches at the same time do not disturb each other."""
    other = [CreateRoomRequest(unique_name=f"other-{number}") for number in range(50)]
    first, second = await asyncio.gather(
        rooms.create_many(asked_for(50), concurrency=5), rooms.create_many(other, concurrency=5)
    )
    assert [outcome.request for outcome in first] == asked_for(50)
    assert [outcome.request for outcome in second] == other
    assert len(sandbox.rooms) == 100


async def test_concurrency_may_exceed_connections(sandbox: Sandbox) -> None:
    """Creates that wait for a connection are not failures."""
    async with AsyncRoomsClient(
        base_url=sandbox.url, api_key=sandbox.api_key, concurrency=3
    ) as rooms:
        outcomes = await rooms.create_many(asked_for(100), concurrency=50)
    assert all(outcome.room is not None for outcome in outcomes)
    assert sandbox.max_in_flight <= 3
