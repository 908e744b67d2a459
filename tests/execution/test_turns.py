"""When requests are sent: as the caller's rate and the server's limit allow, in order.

Where time matters it leaps, so that seconds of waiting take none.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import cast
from uuid import uuid4

import pytest

from support.scripted_server import Act, Visit, answer, created, cut, listed, room, serve
from support.virtual_time import virtual_time
from support.words import is_one_line
from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    CreateRoomRequest,
    NotFoundError,
    Outcome,
    OutcomeUnknownError,
    RateLimit,
    RateLimitError,
    RequestTimeoutError,
    RetryPolicy,
    TransportError,
    UnprocessableEntityError,
)
from telnyx_video._execution.attempt import POLL_INTERVAL
from telnyx_video._execution.circuit_breaker import TRIPPED_BY
from telnyx_video._execution.rate_limit import CATCH_UP
from telnyx_video.sandbox import Sandbox

NEARLY = 0.1
"""Seconds by which a wait may differ: the client sends a little before or after a window begins."""


def telling(remaining: int, reset: float, limit: int = 100) -> Mapping[str, str]:
    """Return the headers of a reply about the limit."""
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


class Windows:
    """A server that accepts this many requests a second, and takes 5 ms for each."""

    def __init__(self, limit: int) -> None:
        self.refused = 0
        self._limit = limit
        self._taken = Counter[int]()

    async def __call__(self, visit: Visit) -> None:
        await asyncio.sleep(0.005)
        window = int(now())
        taken = self._taken[window] < self._limit
        self._taken[window] += taken
        self.refused += not taken
        headers = telling(self._limit - self._taken[window], window + 1 - now(), self._limit)
        assert visit.request is not None
        asked = cast("dict[str, str]", visit.request.json)
        new = room(asked.get("unique_name"), id=str(uuid4()))
        await answer(201 if taken else 429, {"data": new} if taken else {}, headers)(visit)


@virtual_time
async def test_a_batch_keeps_to_max_rate() -> None:
    """With `max_rate=10`, 15 creates take 1.4 s or more, however many may be in flight."""
    async with Sandbox() as sandbox, client(sandbox.url) as rooms:
        began = now()
        outcomes = await rooms.create_many(named(15), concurrency=10, max_rate=10)
        assert now() - began >= 1.4 - CATCH_UP
        assert all(outcome.room for outcome in outcomes)


@virtual_time
async def test_retries_and_look_ups_count_towards_the_rate() -> None:
    """A create that takes three requests takes three slots."""
    plan = [{"on": "POST /rooms", "faults": [503, None, None] * 10}]
    async with Sandbox(faults=plan) as sandbox, client(sandbox.url) as rooms:
        began = now()
        outcomes = await rooms.create_many(named(8), concurrency=4, max_rate=10)
        sent = sandbox.requests.total()
        assert sent >= 12
        assert now() - began >= (sent - 1) / 10 - CATCH_UP
        assert all(outcome.room for outcome in outcomes)


@virtual_time
async def test_a_reported_limit_is_used_and_rarely_hit() -> None:
    """Of 250 creates at a limit of 200 a second, all succeed, and few are refused."""
    windows = Windows(200)
    async with serve(windows) as server, client(server.url) as rooms:
        began = now()
        outcomes = await rooms.create_many(named(250), concurrency=50)
        assert now() - began < 2
        assert all(outcome.room for outcome in outcomes)
        assert windows.refused <= 15


@virtual_time
async def test_without_a_reported_limit_no_request_waits() -> None:
    """Without headers no request is held back."""
    async with Sandbox() as sandbox, client(sandbox.url) as rooms:
        began = now()
        await rooms.create_many(named(200), concurrency=10)
        for number in range(5):
            await rooms.create(unique_name=f"single-{number}")
        assert now() == began


@virtual_time
async def test_calls_wait_for_the_next_window_when_nothing_is_left() -> None:
    """A call is sent after the window's end, not before, and is not refused."""
    async with (
        serve(answer(201, {"data": room()}, telling(0, 2)), created()) as server,
        client(server.url) as rooms,
    ):
        began = now()
        await rooms.create()
        await rooms.create()
        assert len(server.requests) == 2
        assert now() - began >= 2 - NEARLY


@virtual_time
@pytest.mark.parametrize("status", [404, 422, 429])
async def test_refusals_report_the_limit_too(status: int) -> None:
    """The figures of a reply count whatever its status."""
    async with (
        serve(answer(status, {}, telling(0, 2)), listed()) as server,
        client(server.url) as rooms,
    ):
        began = now()
        with pytest.raises((NotFoundError, UnprocessableEntityError, RateLimitError)):
            await rooms.create(retry=RetryPolicy.none())
        assert [room async for room in rooms.list()] == []
        assert now() - began >= 2 - NEARLY


@virtual_time
@pytest.mark.parametrize(
    "reply",
    [answer(204, headers=telling(0, 2)), answer(200, "nonsense", telling(0, 2))],
    ids=["no content", "unreadable"],
)
async def test_replies_without_a_room_report_the_limit_too(reply: Act) -> None:
    """The reply to a delete does, and so does one that cannot be read."""
    async with serve(reply, listed()) as server, client(server.url) as rooms:
        began = now()
        with suppress(OutcomeUnknownError):
            await rooms.delete("8f4bb2b2", retry=RetryPolicy.none())
        assert [room async for room in rooms.list()] == []
        assert now() - began >= 2 - NEARLY


@virtual_time
async def test_a_missing_reply_reports_nothing() -> None:
    """No request waits after a broken connection, or after implausible figures."""
    nonsense = {"x-ratelimit-limit": "many", "x-ratelimit-remaining": "-", "x-ratelimit-reset": "?"}
    async with (
        serve(cut, answer(204, headers=nonsense), listed()) as server,
        client(server.url) as rooms,
    ):
        began = now()
        with pytest.raises(OutcomeUnknownError):
            await rooms.create()
        await rooms.delete("8f4bb2b2")
        assert [room async for room in rooms.list()] == []
        assert now() - began < 1


@virtual_time
async def test_a_call_that_is_held_back_too_long_was_not_sent() -> None:
    """It ends at its deadline with an error that says so, and nothing reaches the server."""
    async with (
        serve(answer(201, {"data": room()}, telling(0, 50))) as server,
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


@virtual_time
async def test_a_request_is_not_sent_just_before_its_deadline() -> None:
    """It could hardly be answered in time, and its outcome would be unknown."""
    async with (
        serve(answer(201, {"data": room()}, telling(0, 7.5))) as server,
        client(server.url) as rooms,
    ):
        await rooms.create()
        with pytest.raises(RequestTimeoutError, match="nothing was sent") as caught:
            await rooms.create(retry=RetryPolicy(deadline=10))  # 8 s of them are for sending
        assert caught.value.outcome is Outcome.NOT_APPLIED
        assert len(server.requests) == 1


@virtual_time
async def test_calls_are_sent_in_order() -> None:
    """No later call is sent earlier, not even when a window begins."""
    reports = answer(201, {"data": room()}, telling(0, 1))
    async with (
        serve(reports, *[created()] * 20) as server,
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


@virtual_time
async def test_closing_a_client_ends_its_waiting_calls() -> None:
    """They are not sent, and report that the client is closed."""
    async with serve(answer(201, {"data": room()}, telling(0, 50))) as server:
        async with client(server.url) as rooms:
            await rooms.create()
            waiting = asyncio.create_task(rooms.create())
            await asyncio.sleep(1)
        with pytest.raises(ConfigurationError, match="closed"):
            await waiting
        assert len(server.requests) == 1


@virtual_time
async def test_a_cancelled_waiting_request_does_not_count_as_sent() -> None:
    """Leaving a slow batch early leaves the whole limit to later calls."""
    async with Sandbox(rate_limit=100) as sandbox, client(sandbox.url) as rooms:
        await rooms.create()
        async with rooms.stream_many(named(500), concurrency=200, max_rate=5) as stream:
            await anext(stream)
        began = now()
        for _ in range(10):
            await rooms.create()
        assert now() - began < 1


@virtual_time
async def test_a_cancelled_waiting_call_holds_up_no_other() -> None:
    """Those behind it are sent in order, as if it had never been there."""
    reports = answer(201, {"data": room()}, telling(0, 1))
    async with serve(reports, *[created()] * 20) as server, client(server.url, 1) as rooms:
        await rooms.create()
        calls = [asyncio.create_task(rooms.create(unique_name=str(n))) for n in range(20)]
        await asyncio.sleep(0.5)
        for call in calls[::2]:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        sent = [request.json for request in server.requests[1:]]
        assert sent == [{"unique_name": str(number)} for number in range(1, 20, 2)]


async def test_a_waiting_client_refuses_another_loop() -> None:
    """A call from a second loop fails immediately, also while others wait."""
    reports = answer(201, {"data": room()}, telling(0, 50))
    async with serve(reports) as server, client(server.url) as rooms:
        await rooms.create()
        waiting = asyncio.create_task(rooms.create())
        await asyncio.sleep(0)
        with pytest.raises(ConfigurationError, match="another event loop"):
            await asyncio.to_thread(lambda: asyncio.run(rooms.create()))
        waiting.cancel()
        assert len(server.requests) == 1


@virtual_time
async def test_a_batch_and_concurrent_calls_alternate() -> None:
    """Neither keeps the other from sending, whether one call at a time or fifty."""
    windows = Windows(200)
    async with serve(windows) as server, client(server.url) as rooms:
        batch = asyncio.create_task(rooms.create_many(named(300)))
        calls = 0
        while not batch.done():
            await rooms.create(unique_name=f"beside-{calls}")
            calls += 1
        assert all(outcome.room for outcome in await batch)
        assert 100 <= calls <= 300
        assert windows.refused == 0


@virtual_time
async def test_a_batch_that_waits_out_an_outage_lets_others_pass() -> None:
    """If its server goes down while it waits for the limit, other calls go first."""
    async with client("http://127.0.0.1:1/v2") as rooms:
        alone = rooms._runner
        batch = alone.for_batch(None, 900.0)
        assert alone.limiter.try_pass(now())
        alone.server_limit.answered(RateLimit(100, 0, 2.0), 201, now(), now())
        assert batch.breaker

        began = now()
        of_batch = asyncio.create_task(batch.limiter.wait(None))
        await asyncio.sleep(0)
        beside = asyncio.create_task(alone.limiter.wait(None))
        for _ in range(TRIPPED_BY):
            batch.breaker.failed(TransportError("refused"), now(), now(), 0.0)
        batch.breaker.sent(now())  # a probe is in flight

        await beside
        assert 2 - NEARLY <= now() - began <= 2 + POLL_INTERVAL + NEARLY
        assert not of_batch.done()
        batch.breaker.succeeded(now())
        await of_batch
