"""A client's life: created anywhere, used in one event loop, and closed completely."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import Any

import aiohttp
import pytest

from support.clients import WITH_AND_WITHOUT_NAME, client
from support.scripted_server import (
    Act,
    Visit,
    answer,
    created,
    cut,
    say,
    serve,
    stall,
    turns,
    unreachable,
)
from support.virtual_time import virtual_time
from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    Outcome,
    OutcomeUnknownError,
    RetryPolicy,
    TelnyxVideoError,
)
from telnyx_video.sandbox import Sandbox

SOON = 15.0
"""Seconds within which the calls of a closed client must end: less than a request may take."""


async def ended(call: asyncio.Task[Any]) -> TelnyxVideoError:
    """Return the error that a call ends with, soon."""
    _, hanging = await asyncio.wait([call], timeout=SOON)
    if hanging:
        call.cancel()
        await asyncio.wait([call])
        pytest.fail("the call did not end")
    with pytest.raises(TelnyxVideoError) as raised:
        call.result()
    return raised.value


def test_a_client_may_be_created_outside_of_a_loop() -> None:
    """It works in the loop of its first call."""
    with Sandbox() as sandbox:
        rooms = client(sandbox)

        async def use() -> None:
            async with rooms:
                await rooms.create(unique_name="standup")

        asyncio.run(use())
        assert len(sandbox.rooms) == 1


def test_a_client_belongs_to_one_loop() -> None:
    """A call from a second loop is refused with a hint; the first loop continues."""
    with Sandbox() as sandbox, asyncio.Runner() as first, asyncio.Runner() as second:
        rooms = client(sandbox)
        first.run(rooms.create())
        with pytest.raises(ConfigurationError, match="make one client for each loop"):
            second.run(rooms.create(unique_name="standup", if_exists="return"))
        with pytest.raises(ConfigurationError, match="make one client for each loop"):
            second.run(rooms.get("0ccc7b54"))
        first.run(rooms.create())
        first.run(rooms.aclose())
        assert len(sandbox.rooms) == 2


async def test_nothing_is_opened_before_the_first_call() -> None:
    """A client that is never used has nothing to close, and makes no connection."""
    async with serve(created()) as server:
        rooms = client(server)
        assert server.connections == 0
        await rooms.aclose()
        assert server.connections == 0


async def test_calls_on_a_closed_client_are_refused() -> None:
    """Nothing is sent."""
    async with serve(created()) as server:
        async with client(server) as rooms:
            await rooms.create()
        await server.all_closed()
        for call in (rooms.create(), rooms.get("1"), rooms.update("1"), rooms.delete("1")):
            with pytest.raises(ConfigurationError, match="this client is closed: make a new one"):
                await call
        with pytest.raises(ConfigurationError, match="this client is closed"):
            await anext(aiter(rooms.list()))
        assert server.methods == ["POST"]


async def test_a_client_can_be_closed_again() -> None:
    """Closing twice, or before any call, is harmless."""
    rooms = AsyncRoomsClient(api_key="key0123")
    await rooms.aclose()
    await rooms.aclose()
    with pytest.raises(ConfigurationError, match="closed"):
        await rooms.create()


@pytest.mark.parametrize(
    "act", [stall, say(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{")]
)
async def test_closing_ends_a_create_in_flight(act: Act) -> None:
    """A create that was sent ends immediately, with an unknown outcome."""

    async def begin(visit: Visit) -> None:
        await act(visit)
        await stall(visit)

    for request in WITH_AND_WITHOUT_NAME:
        async with serve(begin) as server:
            rooms = client(server)
            call = asyncio.create_task(rooms.create(request))
            await server.arrived(1)
            await rooms.aclose()
            error = await ended(call)
            assert isinstance(error, OutcomeUnknownError)
            await server.all_closed()
            assert server.methods == ["POST"]


async def test_closing_ends_other_calls_in_flight() -> None:
    """An update or delete that was sent ends as unknown, a get as not applied."""
    async with serve(stall) as server:
        rooms = client(server)
        calls = [
            asyncio.create_task(rooms.update("1", max_participants=3)),
            asyncio.create_task(rooms.delete("1")),
            asyncio.create_task(rooms.get("1")),
        ]
        await server.arrived(3)
        await rooms.aclose()
        outcomes = [(await ended(call)).outcome for call in calls]
        assert outcomes == [Outcome.UNKNOWN, Outcome.UNKNOWN, Outcome.NOT_APPLIED]
        assert sorted(server.methods) == ["DELETE", "GET", "PATCH"]


async def test_closing_ends_the_wait_before_a_retry() -> None:
    """The create is not sent again, and ends with its last error."""
    slow = RetryPolicy(backoff=1000.0, backoff_max=1000.0, deadline=10_000.0)
    busy = answer(429, headers={"Retry-After": "100"})
    for act, outcome in ((busy, Outcome.NOT_APPLIED), (cut, Outcome.UNKNOWN)):
        async with serve(act) as server:
            rooms = client(server)
            call = asyncio.create_task(rooms.create(unique_name="standup", retry=slow))
            await server.arrived(1)
            await turns()
            await rooms.aclose()
            assert (await ended(call)).outcome is outcome
            assert server.methods == ["POST"]


async def test_closing_before_a_delete_is_retried_leaves_it_unknown() -> None:
    """The reply to its first attempt was lost."""
    slow = RetryPolicy(backoff=1000.0, backoff_max=1000.0, deadline=10_000.0)
    async with serve(cut) as server:
        rooms = client(server)
        call = asyncio.create_task(rooms.delete("1", retry=slow))
        await server.arrived(1)
        await turns()
        await rooms.aclose()
        assert (await ended(call)).outcome is Outcome.UNKNOWN
        assert server.methods == ["DELETE"]


async def test_closing_ends_a_look_up() -> None:
    """The outcome of the create stays unknown."""
    async with serve(cut, stall) as server:
        rooms = client(server)
        call = asyncio.create_task(rooms.create(unique_name="standup"))
        await server.arrived(2)
        await rooms.aclose()
        assert isinstance(await ended(call), OutcomeUnknownError)
        assert server.methods == ["POST", "GET"]


@pytest.mark.parametrize("yours", [False, True])
async def test_closing_ends_a_wait_for_a_connection(yours: bool) -> None:
    """The call is not sent."""
    async with serve(stall) as server, aiohttp.ClientSession() as session:
        rooms = client(
            server,
            concurrency=1,
            session=session if yours else None,
        )
        first = asyncio.create_task(rooms.create())
        await server.arrived(1)
        second = asyncio.create_task(rooms.create())
        await asyncio.sleep(0)
        await rooms.aclose()
        error = await ended(second)
        assert isinstance(await ended(first), OutcomeUnknownError)
        assert isinstance(error, ConfigurationError)
        assert str(error) == "this client is closed: make a new one"
        assert server.methods == ["POST"]


@virtual_time
async def test_closing_ends_an_attempt_to_connect() -> None:
    """The call ends without waiting for the connection."""
    with unreachable() as address:
        rooms = AsyncRoomsClient(base_url=f"http://{address}", api_key="key0123")
        call = asyncio.create_task(rooms.create(unique_name="standup"))
        await asyncio.sleep(1)
        began = asyncio.get_running_loop().time()
        await rooms.aclose()
        error = await ended(call)
        assert error.outcome is Outcome.NOT_APPLIED
        assert asyncio.get_running_loop().time() - began < 1


async def test_closing_your_session_ends_the_calls_on_it() -> None:
    """If the owner closes the session during a call, it ends with an error, not as cancelled."""
    connector = aiohttp.TCPConnector(limit=1)
    async with serve(stall) as server, aiohttp.ClientSession(connector=connector) as session:
        rooms = client(server, session=session)
        sent = asyncio.create_task(rooms.create())
        await server.arrived(1)
        waiting = asyncio.create_task(rooms.create())
        await turns()
        await session.close()
        assert (await ended(sent)).outcome is Outcome.UNKNOWN
        assert (await ended(waiting)).outcome is Outcome.NOT_APPLIED
        await rooms.aclose()


async def test_leaving_the_block_by_an_error_closes_the_client() -> None:
    """The client is closed however its block is left, and the error propagates."""
    async with serve(created()) as server:
        rooms = client(server)

        async def fail() -> None:
            async with rooms:
                await rooms.create()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        await server.all_closed()
        with pytest.raises(ConfigurationError, match="closed"):
            await rooms.create()


@pytest.mark.parametrize("yours", [False, True])
async def test_closing_twice_concurrently_ends_calls_once(yours: bool) -> None:
    """Calls that are still ending end as errors, too."""
    async with serve(stall) as server, aiohttp.ClientSession() as session:
        async with client(server, session=session if yours else None) as rooms:
            call = asyncio.create_task(rooms.create())
            await server.arrived(1)
            await asyncio.gather(rooms.aclose(), rooms.aclose())
        assert isinstance(await ended(call), OutcomeUnknownError)
        assert call.cancelling() == 0


async def test_a_cancelled_call_stays_cancelled_when_the_client_is_closed() -> None:
    """Closing does not turn a cancellation by the caller into an error."""
    for close_first in (False, True):
        async with serve(stall) as server:
            rooms = client(server)
            call = asyncio.create_task(rooms.create())
            await server.arrived(1)
            closing = asyncio.create_task(rooms.aclose())
            if close_first:
                await asyncio.sleep(0)
            call.cancel()
            await asyncio.wait([call, closing])
            assert call.cancelled()


async def test_a_closed_client_does_not_disturb_time_limits() -> None:
    """Time limits around a call that ends with the client are not affected."""
    async with serve(stall) as server:
        rooms = client(server)

        async def create() -> str:
            async with asyncio.timeout(SOON):
                try:
                    await rooms.create()
                except OutcomeUnknownError:
                    await asyncio.sleep(0)
                    return "went on"
            return "was made"

        call = asyncio.create_task(create())
        await server.arrived(1)
        await rooms.aclose()
        assert await call == "went on"


async def test_an_unclosed_client_warns_in_its_own_name(caplog: pytest.LogCaptureFixture) -> None:
    """One warning says which client, and what to do; aiohttp adds none."""
    async with serve(created()) as server:
        rooms = client(server)
        await rooms.create()
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            del rooms
            gc.collect()
        assert [(one.category, str(one.message)) for one in seen] == [
            (
                ResourceWarning,
                f"unclosed <AsyncRoomsClient at {server.url}>: use `async with`, or call aclose()",
            )
        ]
        assert caplog.records == []
        await server.all_closed()


async def test_a_list_keeps_its_client_open() -> None:
    """It can be read where only the list is kept."""
    page = answer(200, {"data": [{"id": "1"}], "meta": {"page_number": 1, "total_pages": 1}})
    async with serve(page) as server:
        rooms = client(server)
        assert await rooms.list().first() is not None
        listed = rooms.list()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            del rooms
            gc.collect()
            assert [room.id async for room in listed] == ["1"]
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            del listed
            gc.collect()
        assert [one.category for one in seen] == [ResourceWarning]
        await server.all_closed()


async def test_a_client_with_nothing_to_close_does_not_warn() -> None:
    """Your session is yours to close; an unused or closed client has nothing open."""
    async with serve(created()) as server, aiohttp.ClientSession() as session:
        yours = client(server, session=session)
        await yours.create()
        closed, unused = client(server), client(server)
        await closed.create()
        await closed.aclose()
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            del yours, closed, unused
            gc.collect()
        assert seen == []
        assert not session.closed


async def test_iterating_over_an_async_list_says_how() -> None:
    """A plain loop over an async list fails with a hint."""
    async with AsyncRoomsClient(api_key="key0123") as rooms:
        with pytest.raises(TypeError, match="use `async for`, or RoomsClient"):
            list(rooms.list())  # type: ignore[call-overload] # pyright: ignore[reportArgumentType, reportUnknownArgumentType] # the point
