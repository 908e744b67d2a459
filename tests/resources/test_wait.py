"""Waiting for a recording or composition: back-off, progress, time limit. On a virtual clock."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from support.clients import client
from support.scripted_server import Act, answer, cut, serve
from support.virtual_time import virtual_time
from telnyx_video import (
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    NotReadyError,
    RoomComposition,
    RoomsClient,
)
from telnyx_video.sandbox import Sandbox


def status(value: str | None) -> Act:
    """Answer with an object of this status."""
    return answer(200, {"data": {"id": "a", "status": value}})


@virtual_time
async def test_waiting_reads_until_it_is_completed() -> None:
    """Lost replies are retried; progress is reported after each read."""
    acts = status("enqueued"), status("processing"), cut, status("processing"), status("completed")
    seen: list[RoomComposition] = []
    async with serve(*acts) as server, client(server) as rooms:
        found = await rooms.compositions.wait("a", on_progress=seen.append)
        assert found == seen[-1]
        assert [one.status for one in seen] == ["enqueued", "processing", "processing", "completed"]
        assert (await rooms.recordings.wait("a")).status == "completed"


@virtual_time
async def test_intervals_grow_to_a_limit() -> None:
    """From half a second to 15 seconds, a quarter more or less."""
    loop = asyncio.get_running_loop()
    times: list[float] = []
    acts = [status("processing")] * 20 + [status("completed")]
    async with serve(*acts) as server, client(server) as rooms:
        await rooms.recordings.wait("a", on_progress=lambda _: times.append(loop.time()))
    intervals = [after - before for before, after in pairwise(times)]
    expected = [min(0.5 * 1.5**n, 15.0) for n in range(20)]
    for interval, wanted in zip(intervals, expected, strict=True):
        assert 0.74 * wanted <= interval <= 1.26 * wanted + 0.1


@virtual_time
async def test_waiting_has_a_time_limit() -> None:
    """The error has the status; the last read is at the limit."""
    loop = asyncio.get_running_loop()
    async with serve(status("processing")) as server, client(server) as rooms:
        started = loop.time()
        with pytest.raises(
            NotReadyError, match=r"composition a .*\(status: processing\)"
        ) as caught:
            await rooms.compositions.wait("a", timeout=100)
        assert caught.value.status == "processing"
        assert 99.9 <= loop.time() - started <= 101


@virtual_time
async def test_waiting_ends_with_the_client() -> None:
    """A closed client does not keep its callers waiting."""
    async with serve(status("processing")) as server, client(server) as rooms:
        reads: asyncio.Queue[object] = asyncio.Queue()
        waiting = asyncio.create_task(rooms.recordings.wait("a", on_progress=reads.put_nowait))
        await reads.get()
        await rooms.aclose()
        with pytest.raises(ConfigurationError, match="closed"):
            await waiting


async def test_an_invalid_wait_is_refused() -> None:
    """Invalid arguments are refused unsent; an unknown id is not waited for."""
    async with serve(answer(404)) as server, client(server) as rooms:
        with pytest.raises(InvalidRequestError) as caught:
            await rooms.recordings.wait("a", timeout=0, on_progress=5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # the point
        assert [detail.field for detail in caught.value.details] == ["timeout", "on_progress"]
        assert server.requests == []
        with pytest.raises(NotFoundError):
            await rooms.recordings.wait("a")


@pytest.mark.telnyx_sandbox(composition_delay=0)
def test_blocking_code_waits(telnyx_sandbox: Sandbox) -> None:
    """Progress is reported in the caller's thread."""
    sandbox = telnyx_sandbox
    seen: list[RoomComposition] = []
    with RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key) as rooms:
        room = rooms.create(enable_recording=True)
        sandbox.join(room.id)
        session = str(rooms.get(room.id).active_session_id)
        rooms.sessions.end(session)
        made = rooms.compositions.create(session_id=session)
        found = rooms.compositions.wait(made.id, timeout=30, on_progress=seen.append)
    assert found == seen[-1]
    assert found.status == "completed"
