"""Cancellation: at every await it ends the call, leaves nothing behind, and says what was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from support.cancelling import cancelled_at
from support.clients import client
from support.scripted_server import Act, answer, created, cut, listed, room, serve, stall, turns
from support.virtual_time import virtual_time
from telnyx_video import AsyncRoomsClient, AuthenticationError, RetryPolicy

Call = Callable[[AsyncRoomsClient], Coroutine[Any, Any, object]]

MOST_AWAITS = 60
SENT = "was sent, and may have been applied"

FOUND = listed(room("standup"))
SAME = answer(200, {"data": room("standup")})


def calls() -> dict[str, tuple[Call, list[Act]]]:
    """Calls of each kind, and how the server answers their requests."""
    quick = RetryPolicy(backoff=0.001)
    return {
        "create": (lambda rooms: rooms.create(), [created()]),
        "create, outcome unknown": (
            lambda rooms: rooms.create(unique_name="standup", retry=quick),
            [cut, FOUND],
        ),
        "create, again": (
            lambda rooms: rooms.create(unique_name="standup", retry=quick),
            [cut, listed(), answer(503), listed(), created()],
        ),
        "create, name taken": (
            lambda rooms: rooms.create(unique_name="standup", if_exists="return"),
            [answer(422, {"errors": [{"code": "10012"}]}), FOUND],
        ),
        "update": (lambda rooms: rooms.update("1", max_participants=3), [SAME]),
        "delete": (lambda rooms: rooms.delete("1", retry=quick), [cut, answer(204)]),
        "get": (lambda rooms: rooms.get("1"), [SAME]),
    }


@pytest.mark.parametrize("kind", calls())
async def test_a_call_can_be_cancelled_at_every_await(kind: str) -> None:
    """Wherever a call is cancelled it ends, frees its connection, and notes if it was sent."""
    call, acts = calls()[kind]
    for number in range(1, MOST_AWAITS):
        async with (
            serve(*acts) as server,
            client(server, concurrency=1) as rooms,
        ):
            task = asyncio.create_task(carry_out(cancelled_at(number, call(rooms))))
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()
                break
            await turns()
            unresolved = any(method != "GET" for method in server.methods)
            if kind != "create, name taken" or not unresolved:  # its refusal may have been read
                assert (SENT in notes(task)) == unresolved, f"{server.methods}, await {number}"
            server.acts = [created()]
            await rooms.create()
            assert server.open == 1
    else:
        pytest.fail("the call was cancelled, but has not ended")
    assert number > 3


async def test_a_call_that_waits_for_a_connection_can_be_cancelled() -> None:
    """A call that is cancelled before it had a connection was not sent, and is skipped."""
    async with (
        serve(stall) as server,
        client(server, concurrency=1) as rooms,
    ):
        first = asyncio.create_task(rooms.create())
        await server.arrived(1)
        second, third = (asyncio.create_task(rooms.create()) for _ in range(2))
        await asyncio.sleep(0)
        server.acts = [created()]
        for call in (second, first):
            call.cancel()
            await asyncio.wait([call])
        assert (SENT in notes(first), SENT in notes(second)) == (True, False)
        assert (await third).unique_name == "standup"
        assert server.methods == ["POST", "POST"]


@virtual_time
async def test_a_time_limit_of_the_caller_is_a_cancellation() -> None:
    """``asyncio.timeout`` around a call ends it in time, wherever it is."""
    for act in (stall, cut, answer(429, headers={"Retry-After": "30"})):
        async with serve(act) as server, client(server) as rooms:
            began = asyncio.get_running_loop().time()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2):
                    await rooms.create(unique_name="standup", if_exists="return")
            assert 2 <= asyncio.get_running_loop().time() - began < 2.1


async def test_calls_in_a_group_end_together() -> None:
    """One failure in a task group cancels the other calls, and none of them continues."""
    async with serve(stall) as server, client(server) as rooms:

        async def create_six() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(rooms.create())
                await server.arrived(5)
                server.acts = [answer(401)]
                group.create_task(rooms.create())

        with pytest.raises(ExceptionGroup) as raised:
            await create_six()
        assert raised.group_contains(AuthenticationError)
        await server.until(lambda: server.open <= 1)


async def carry_out(call: Awaitable[object]) -> None:
    """Make a task of an awaitable."""
    await call


def notes(task: asyncio.Task[object]) -> str:
    """Return the notes on the cancellation that ended a task."""
    with pytest.raises(asyncio.CancelledError) as raised:
        task.result()
    return " ".join(getattr(raised.value, "__notes__", []))
