"""Time limits: which there are, what they cover, and that they hold. On a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientTimeout

from support.clients import client
from support.scripted_server import (
    Visit,
    answer,
    created,
    listed,
    room,
    say,
    serve,
    stall,
    unreachable,
)
from support.virtual_time import virtual_time
from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    InvalidRequestError,
    Outcome,
    OutcomeUnknownError,
    RateLimitError,
    RequestTimeoutError,
    RetryPolicy,
)
from telnyx_video.sandbox import Sandbox

ONCE = RetryPolicy.none()


class Watch:
    """A stopwatch on the loop's clock."""

    def __init__(self) -> None:
        self._began = asyncio.get_running_loop().time()

    @property
    def seconds(self) -> float:
        """Return the seconds since then."""
        return asyncio.get_running_loop().time() - self._began


def limits() -> list[tuple[float | ClientTimeout | None, float]]:
    """Arguments, and the seconds after which each gives up an attempt without an answer."""
    return [
        (None, 20.0),
        (2.5, 2.5),
        (4, 4.0),
        (ClientTimeout(total=3), 3.0),
        (ClientTimeout(sock_read=2), 2.0),
        (ClientTimeout(total=40, sock_read=30), 30.0),
    ]


@pytest.mark.parametrize(("timeout", "seconds"), limits())
@virtual_time
async def test_a_client_has_its_time_out(
    timeout: float | ClientTimeout | None, seconds: float
) -> None:
    """It applies to each attempt of each call."""
    async with (
        serve(stall) as server,
        client(server, timeout=timeout, retry=ONCE) as rooms,
    ):
        watch = Watch()
        with pytest.raises(RequestTimeoutError, match="it only read: try again"):
            await rooms.get("0ccc7b54")
        assert seconds <= watch.seconds < seconds + 1.1


@pytest.mark.parametrize(("timeout", "seconds"), limits()[1:])
@virtual_time
async def test_a_call_may_have_its_own_time_out(
    timeout: float | ClientTimeout | None, seconds: float
) -> None:
    """It applies to the call's attempts, in place of the client's."""
    async with (
        serve(stall) as server,
        client(server, timeout=1, retry=ONCE) as rooms,
    ):
        for call in (
            rooms.get("0ccc7b54", timeout=timeout),
            rooms.create(timeout=timeout),
            rooms.update("0ccc7b54", timeout=timeout),
            rooms.delete("0ccc7b54", timeout=timeout),
            anext(aiter(rooms.list(timeout=timeout))),
        ):
            watch = Watch()
            with pytest.raises((RequestTimeoutError, OutcomeUnknownError)):
                await call
            assert seconds <= watch.seconds < seconds + 1.1


@pytest.mark.parametrize("wrong", [0, -1, True, "5", float("nan"), float("inf")])
async def test_a_time_out_is_a_number_of_seconds(wrong: float) -> None:
    """Any other is refused with a sentence."""
    with pytest.raises(ConfigurationError, match="timeout: must be"):
        AsyncRoomsClient(api_key="key0123", timeout=wrong)
    async with AsyncRoomsClient(api_key="key0123") as rooms:
        with pytest.raises(InvalidRequestError, match="timeout: must be"):
            await rooms.create(timeout=wrong)
        with pytest.raises(InvalidRequestError, match="timeout: must be"):
            rooms.list(timeout=wrong)


@pytest.mark.parametrize("wrong", [-1, True, "5", "", float("nan"), float("inf")])
@pytest.mark.parametrize("limit", ["total", "connect", "sock_connect", "sock_read"])
async def test_each_limit_of_aiohttp_is_a_number_of_seconds(limit: str, wrong: Any) -> None:
    """An invalid limit is refused by its name."""
    timeout = ClientTimeout(**{limit: wrong})
    with pytest.raises(ConfigurationError, match=f"^timeout.{limit}: must be"):
        AsyncRoomsClient(api_key="key0123", timeout=timeout)
    async with AsyncRoomsClient(api_key="key0123") as rooms:
        with pytest.raises(InvalidRequestError, match=f"timeout.{limit}: must be"):
            await rooms.create(timeout=timeout)


@pytest.mark.parametrize("nothing", [None, 0, 0.0])
async def test_none_and_0_lift_a_limit(sandbox: Sandbox, nothing: float | None) -> None:
    """As in aiohttp."""
    unlimited = ClientTimeout(nothing, nothing, nothing, nothing)
    async with client(sandbox, timeout=unlimited) as rooms:
        await rooms.create(timeout=unlimited)
    assert len(sandbox.rooms) == 1


@virtual_time
async def test_a_slow_reply_is_cut_off_by_the_total() -> None:
    """A reply that comes byte by byte does not hold a call forever."""

    async def drip(visit: Visit) -> None:
        visit.writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n")
        while not (visit.reader.at_eof() or visit.writer.is_closing()):
            visit.writer.write(b" ")
            await asyncio.sleep(1)

    async with serve(drip) as server:
        async with client(server, retry=ONCE) as rooms:
            watch = Watch()
            with pytest.raises(OutcomeUnknownError):
                await rooms.create()
            assert 20 <= watch.seconds < 21.1
        await server.until(lambda: server.open == 0)


@virtual_time
async def test_a_connect_time_out_sends_nothing() -> None:
    """It is not applied; within the deadline it is retried."""
    with unreachable() as address:
        async with AsyncRoomsClient(base_url=f"http://{address}", api_key="key0123") as rooms:
            for policy, least, most in ((ONCE, 5, 6.1), (RetryPolicy(attempts=3), 15, 19)):
                watch = Watch()
                with pytest.raises(RequestTimeoutError) as raised:
                    await rooms.create(retry=policy)
                assert raised.value.outcome is Outcome.NOT_APPLIED
                assert "nothing was sent, so it is safe to try again" in str(raised.value)
                assert least <= watch.seconds < most


@virtual_time
async def test_a_stalled_handshake_sends_nothing() -> None:
    """A TLS handshake that is not answered ends by the connect limit, not applied."""
    async with serve(first=stall) as server:
        url = server.url.replace("http:", "https:")
        async with AsyncRoomsClient(base_url=url, api_key="key0123", retry=ONCE) as rooms:
            watch = Watch()
            with pytest.raises(RequestTimeoutError) as raised:
                await rooms.create(unique_name="standup")
            assert raised.value.outcome is Outcome.NOT_APPLIED
            assert 5 <= watch.seconds < 6.1


@pytest.mark.parametrize("method", ["create", "create named", "get", "update", "delete"])
@virtual_time
async def test_the_deadline_cuts_an_attempt_short(method: str) -> None:
    """A call ends by its deadline, even if the limits of an attempt would allow more."""
    policy = RetryPolicy(deadline=9.5)
    async with serve(stall) as server, client(server, retry=policy) as rooms:
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "create": rooms.create,
            "create named": lambda: rooms.create(unique_name="standup"),
            "get": lambda: rooms.get("0ccc7b54"),
            "update": lambda: rooms.update("0ccc7b54"),
            "delete": lambda: rooms.delete("0ccc7b54"),
        }
        watch = Watch()
        with pytest.raises((RequestTimeoutError, OutcomeUnknownError)):
            await calls[method]()
        assert watch.seconds <= 9.6


@virtual_time
async def test_a_stalled_create_is_resolved_in_time() -> None:
    """If every create stalls, the deadline still leaves time to find the room that was made."""
    for deadline in (1.0, 10.0, 60.0):
        async with serve(stall, listed(room("standup"))) as server, client(server) as rooms:
            made = await rooms.create(unique_name="standup", retry=RetryPolicy(deadline=deadline))
            assert made.unique_name == "standup"
            assert server.methods == ["POST", "GET"]


@virtual_time
async def test_nothing_is_sent_without_time_for_an_answer() -> None:
    """A create that may be retried only shortly before its deadline ends with that refusal.

    Sent without time for its reply, it would only leave an unknown outcome.
    """

    async def slowly(visit: Visit) -> None:
        await asyncio.sleep(0.1)
        await created()(visit)

    busy = answer(429, headers={"Retry-After": "8"})
    async with serve(busy, slowly) as server:
        async with client(server) as rooms:
            with pytest.raises(RateLimitError) as raised:
                await rooms.create(retry=RetryPolicy(deadline=9.0))
        assert server.methods == ["POST"]
        assert raised.value.outcome is Outcome.NOT_APPLIED


@virtual_time
async def test_half_a_reply_is_not_a_reply() -> None:
    """A reply that stalls in its head or its body is given up after ``sock_read``."""
    head = b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n"
    for half in (b"HTTP/1.1", head, head + b"\r\n{"):

        async def begin(visit: Visit, half: bytes = half) -> None:
            await say(half)(visit)
            await visit.gone()

        async with (
            serve(begin) as server,
            client(server, retry=ONCE) as rooms,
        ):
            watch = Watch()
            with pytest.raises(OutcomeUnknownError):
                await rooms.create()
            assert 20 <= watch.seconds < 21.1
