"""Files read chunk by chunk: continued after a break, checked at the end, closed in any case."""

from __future__ import annotations

import asyncio

import pytest

from resources.storage import FILE, KEY, QUICK, file, located, ranges, storing
from support.clients import client
from support.scripted_server import Act, say, serve, stall
from support.sessions import Session
from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    NotReadyError,
    RoomsClient,
    TransportError,
)
from telnyx_video.observing import CallFinished, CallStarted, Event
from telnyx_video.sandbox import Sandbox


async def test_recordings_and_compositions_are_read_in_chunks(
    sandbox: Sandbox, rooms: AsyncRoomsClient, session: Session
) -> None:
    """The chunks make up the whole file; the key is not sent to its host."""
    await rooms.sessions.end(session.session_id)
    composition = await rooms.compositions.create(session_id=session.session_id)
    recording = await rooms.recordings.list(type="video").first()
    assert recording is not None
    async with rooms.recordings.open(recording.id) as stream:
        assert sum([len(chunk) async for chunk in stream]) == stream.total
        assert [chunk async for chunk in stream] == []
    async with rooms.compositions.open(composition.id) as stream:
        assert sum([len(chunk) async for chunk in stream]) == stream.total
    assert sandbox.keyed_downloads == 0


async def test_reading_continues_after_a_break() -> None:
    """Only the rest is requested, if the file is still the same."""
    async with storing(file(b"0123", close=True), file(b"456789", first=4)) as (storage, rooms):
        async with rooms.recordings.open("a", retry=QUICK) as stream:
            assert b"".join([chunk async for chunk in stream]) == FILE
        assert ranges(storage) == [([], []), (["bytes=4-"], ['"one"'])]


@pytest.mark.parametrize(
    "second", [file(tag='"two"'), file(tag=None)], ids=["another file", "no range"]
)
async def test_another_file_is_not_appended(second: Act) -> None:
    """Read bytes cannot be taken back, so reading fails, and ends."""
    async with (
        storing(file(b"0123", close=True), second) as (_, rooms),
        rooms.recordings.open("a", retry=QUICK) as stream,
    ):
        assert await anext(stream) == b"0123"
        with pytest.raises(TransportError, match="cannot continue the same file"):
            await anext(stream)
        assert [chunk async for chunk in stream] == []


async def test_a_truncated_file_is_an_error() -> None:
    """The length is checked at the end, against the announced or the reported size."""
    cut_short = say(b"HTTP/1.1 200 OK\r\n\r\n0123", close=True)
    async with (
        serve(cut_short) as storage,
        serve(located(f"{storage.url}/file", size_mb=6)) as api,
        client(api, api_key=KEY) as rooms,
        rooms.recordings.open("a", retry=QUICK) as stream,
    ):
        with pytest.raises(TransportError, match=r"reports 6 MB|cannot continue"):
            [chunk async for chunk in stream]


async def test_an_object_without_a_file_is_an_error_at_the_start(rooms: AsyncRoomsClient) -> None:
    """Before the block is entered."""
    with pytest.raises(NotFoundError):
        await rooms.recordings.open("00000000-0000-4000-8000-000000000000").__aenter__()
    with pytest.raises(InvalidRequestError, match="read_timeout"):
        await rooms.compositions.open("a", read_timeout=0).__aenter__()
    async with serve(located(None, status="processing")) as api, client(api) as other:
        with pytest.raises(NotReadyError, match="recording a has no file yet"):
            await other.recordings.open("a").__aenter__()


async def test_leaving_the_block_closes_the_connection() -> None:
    """After an early exit the pool's only connection is free again."""
    async with (
        serve(file(b"0123")) as storage,
        serve(located(f"{storage.url}/file")) as api,
        client(api, concurrency=1) as rooms,
    ):
        for _ in range(2):
            async with rooms.recordings.open("a") as stream:
                assert await anext(stream) == b"0123"
            await storage.all_closed()


async def test_closing_the_client_ends_a_stream_but_not_the_callers_work() -> None:
    """Only the next read fails; a task that is not reading is not cancelled."""
    async with storing(file(b"0123")) as (_, rooms), rooms.recordings.open("a") as stream:
        assert await anext(stream) == b"0123"
        await rooms.aclose()
        await asyncio.sleep(0)
        with pytest.raises(ConfigurationError, match="closed"):
            await anext(stream)


async def test_a_stream_is_one_call_for_hooks() -> None:
    """From the request for its URL to the end of the block."""
    events: list[Event] = []
    async with (
        serve(file()) as storage,
        serve(located(f"{storage.url}/file")) as api,
        client(api, hooks=events.append) as rooms,
        rooms.recordings.open("a") as stream,
    ):
        assert [type(event) for event in events].count(CallFinished) == 0
        assert b"".join([chunk async for chunk in stream]) == FILE
    calls = [event for event in events if isinstance(event, CallStarted | CallFinished)]
    assert [call.call.operation for call in calls] == ["recordings.download"] * 2


async def test_a_silent_host_is_disconnected() -> None:
    """After this many seconds without a byte the rest is requested."""
    async with (
        storing(file(b"0123"), file(b"456789", first=4)) as (_, rooms),
        rooms.recordings.open("a", read_timeout=0.05, retry=QUICK) as stream,
    ):
        assert b"".join([chunk async for chunk in stream]) == FILE
    async with storing(stall) as (_, rooms):
        opening = rooms.recordings.open("a", read_timeout=0.05, retry=QUICK)
        with pytest.raises(TransportError, match="TimeoutError"):
            await opening.__aenter__()


def test_blocking_code_reads_chunks(telnyx_sandbox: Sandbox) -> None:
    """As async code does, in a plain loop."""
    sandbox = telnyx_sandbox
    with RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key) as rooms:
        room = rooms.create(enable_recording=True)
        sandbox.join(room.id)
        rooms.sessions.end(str(rooms.get(room.id).active_session_id))
        recording = rooms.recordings.list(type="video").first()
        assert recording is not None
        with rooms.recordings.open(recording.id) as stream:
            assert sum(len(chunk) for chunk in stream) == stream.total
        unopened = rooms.recordings.open(recording.id)
        assert unopened.total is None
        with pytest.raises(ConfigurationError, match="enter it first"):
            next(unopened)
        with rooms.recordings.open(recording.id) as stream:
            rooms.close()
            with pytest.raises(ConfigurationError, match="closed"):
                next(stream)
