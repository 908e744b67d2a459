"""Turns: requests go out when the caller's rate and the server's limit let them, in their order.

Where time matters it leaps, so that seconds of waiting take none.
"""

import asyncio
import time
from collections.abc import Mapping

import pytest

from support.leaping import leaping
from support.peers import answer, created, listed, peer, room, say
from support.words import is_one_line
from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    CreateRoomRequest,
    NotFoundError,
    Outcome,
    RateLimitError,
    RequestTimeoutError,
    RetryPolicy,
    UnprocessableEntityError,
)
from telnyx_video._pacing import CATCH_UP
from telnyx_video.sandbox import Sandbox

NEARLY = 0.1
"""Seconds by which a measured wait may differ: timers are no better, nor are loaded machines."""


def telling(remaining: int, reset: float, limit: int = 100) -> Mapping[str, str]:
    """Return the headers of a reply that tells how the limit stands."""
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(reset),
    }


def client(url: str, concurrency: int = 100) -> AsyncRoomsClient:
    return AsyncRoomsClient(base_url=url, api_key="sandbox-key", concurrency=concurrency)


def named(count: int) -> list[CreateRoomRequest]:
    return [CreateRoomRequest(unique_name=f"room-{number}") for number in range(count)]


def now() -> float:
    return asyncio.get_running_loop().time()


@leaping
async def test_a_batch_keeps_to_the_rate_of_the_caller() -> None:
    """With `max_rate=10`, 30 creates take 2.9 s or more, however many may be under way."""
    async with Sandbox() as sandbox, client(sandbox.url) as rooms:
        began = now()
        outcomes = await rooms.create_many(named(30), concurrency=20, max_rate=10)
        assert now() - began >= 2.9 - CATCH_UP
        assert all(outcome.room for outcome in outcomes)


@leaping
async def test_retries_and_look_ups_count_too() -> None:
    """The rate is one of requests: a create that takes three of them takes three turns."""
    plan = [{"on": "POST /rooms", "faults": [503, None, None] * 10}]
    async with Sandbox(faults=plan) as sandbox, client(sandbox.url) as rooms:
        began = now()
        outcomes = await rooms.create_many(named(20), concurrency=10, max_rate=10)
        sent = sandbox.requests.total()
        assert sent >= 30
        assert now() - began >= (sent - 1) / 10 - CATCH_UP
        assert all(outcome.room for outcome in outcomes)


async def test_a_limit_that_is_told_is_used_and_hardly_met(nothing_is_left: None) -> None:
    """Of 500 creates at a limit of 250 a second, all are made, and next to none is refused."""
    async with Sandbox(rate_limit=250) as sandbox, client(sandbox.url) as rooms:
        outcomes = await rooms.create_many(named(500), concurrency=50)
        assert all(outcome.room for outcome in outcomes)
        assert sandbox.requests["POST /v2/rooms"] <= 510


@leaping
async def test_a_server_that_tells_no_limit_is_not_waited_for() -> None:
    """Without headers no request is held back for any time at all."""
    async with Sandbox() as sandbox, client(sandbox.url) as rooms:
        began, really = now(), time.monotonic()
        await rooms.create_many(named(200), concurrency=10)
        for number in range(5):
            await rooms.create(unique_name=f"single-{number}")
        assert (now() - began) - (time.monotonic() - really) < 0.01


@leaping
async def test_when_nothing_is_left_calls_wait_for_the_next_window() -> None:
    """A call is sent when the window is over, not before, and not refused."""
    async with (
        peer(answer(201, {"data": room()}, telling(0, 2)), created()) as server,
        client(server.url) as rooms,
    ):
        began = now()
        await rooms.create()
        await rooms.create()
        assert len(server.requests) == 2
        assert now() - began >= 2 - NEARLY


@leaping
@pytest.mark.parametrize("status", [404, 422, 429])
async def test_refusals_tell_of_the_limit_too(status: int) -> None:
    """The figures of a reply count whatever else it says."""
    async with (
        peer(answer(status, {}, telling(0, 2)), listed()) as server,
        client(server.url) as rooms,
    ):
        began = now()
        with pytest.raises((NotFoundError, UnprocessableEntityError, RateLimitError)):
            await rooms.create(retry=RetryPolicy.none())
        assert [room async for room in rooms.list()] == []
        assert now() - began >= 2 - NEARLY


@leaping
async def test_replies_that_are_none_tell_nothing() -> None:
    """After what cannot be read, and after a delete, which has no content, nobody waits."""
    nonsense = say(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nx-ratelimit-limit: 1\r\n\r\n?")
    async with (
        peer(nonsense, answer(204, headers=telling(0, 50)), created()) as server,
        client(server.url) as rooms,
    ):
        began = now()
        with pytest.raises(Exception, match="may exist"):
            await rooms.create()
        await rooms.delete("8f4bb2b2")
        await rooms.create()
        assert now() - began < 1


@leaping
async def test_a_call_that_gets_no_turn_in_time_was_not_sent() -> None:
    """It ends at its deadline with an error that says so, and nothing reaches the server."""
    async with (
        peer(answer(201, {"data": room()}, telling(0, 50))) as server,
        client(server.url) as rooms,
    ):
        await rooms.create()
        began = now()
        with pytest.raises(RequestTimeoutError, match="nothing was sent") as caught:
            await rooms.create(retry=RetryPolicy(deadline=0.5))
        assert now() - began <= 0.5 + NEARLY
        assert caught.value.outcome is Outcome.NOT_APPLIED
        assert is_one_line(caught.value.message)
        assert len(server.requests) == 1


@leaping
async def test_calls_get_their_turns_in_the_order_of_asking() -> None:
    """Nobody who asks later is sent earlier, not even in the moment when a window begins."""
    tells = answer(201, {"data": room()}, telling(0, 1))
    async with (
        peer(tells, *[created()] * 20) as server,
        client(server.url, 1) as rooms,
    ):
        await rooms.create()
        calls = list[asyncio.Task[object]]()
        for number in range(20):
            await asyncio.sleep(0.1)
            calls.append(asyncio.create_task(rooms.create(unique_name=str(number))))
        await asyncio.gather(*calls)
        sent = [request.json for request in server.requests[1:]]
        assert sent == [{"unique_name": str(number)} for number in range(20)]


@leaping
async def test_closing_a_client_ends_its_waiting_calls() -> None:
    """What waits for a turn is not sent any more, and says that the client is closed."""
    async with peer(answer(201, {"data": room()}, telling(0, 50))) as server:
        async with client(server.url) as rooms:
            await rooms.create()
            waiting = asyncio.create_task(rooms.create())
            await asyncio.sleep(1)
        with pytest.raises(ConfigurationError, match="closed"):
            await waiting
        assert len(server.requests) == 1


@leaping
async def test_what_is_cancelled_while_it_waits_is_not_taken_for_sent() -> None:
    """Leaving a slow batch early leaves all of the limit to the calls that come after it."""
    async with Sandbox(rate_limit=100) as sandbox, client(sandbox.url) as rooms:
        await rooms.create()
        async with rooms.stream_many(named(500), concurrency=200, max_rate=5) as stream:
            await anext(stream)
        began = now()
        for _ in range(10):
            await rooms.create()
        assert now() - began < 1
