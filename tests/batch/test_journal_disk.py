"""A disk that is full or fails: the batch stops, and sends nothing that is not on disk."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from batch.fake_server import FakeServer
from support.asking import asked, asked_for
from support.disks import files_of_at_most
from telnyx_video import CreateRoomRequest
from telnyx_video._base.http import HttpRequest
from telnyx_video._execution.reconcile import CreateResult
from telnyx_video.batch import CreateOutcome, OutcomeStream, collect
from telnyx_video.batch.journal import Journal

ROOMS = 60


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    """A server in memory."""
    return FakeServer(tmp_path / "rooms.jsonl")


async def one_by_one() -> AsyncIterator[CreateRoomRequest]:
    """Yield the requests one by one, so that each is noted by itself."""
    for request in asked_for(ROOMS):
        yield request


def run(server: FakeServer, *, at_hand: bool = True) -> list[CreateOutcome]:
    """Run a batch to its end."""
    source = asked_for(ROOMS) if at_hand else one_by_one()
    return asyncio.run(
        collect(OutcomeStream(server, source, concurrency=4, journal=server.journal))
    )


def noted(server: FakeServer) -> set[object]:
    """Return the names that the journal says are begun; each of its lines must be whole."""
    lines = [json.loads(line) for line in server.journal.read_bytes().splitlines()[1:]]
    return {line["request"]["unique_name"] for line in lines if "noted" in line or "intent" in line}


@pytest.mark.parametrize("at_hand", [True, False])
@pytest.mark.parametrize("length", [30, 50, 1000, 5000, 9000])
def test_a_full_disk_stops_the_batch(server: FakeServer, length: int, at_hand: bool) -> None:
    """The system's error is raised; all requests sent are on disk; with space it can be resumed."""
    with files_of_at_most(length), pytest.raises(OSError, match="File too large"):
        run(server, at_hand=at_hand)
    assert {post.request.unique_name for post in server.posts} <= noted(server)
    assert at_hand or len(server.posts) < ROOMS
    assert all(outcome.room for outcome in run(server, at_hand=at_hand))
    assert len(server.posts) == ROOMS


def failing_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all syncs after the first few fail."""
    sync, done = os.fsync, iter(range(count))

    def fsync(file: int) -> None:
        if next(done, None) is None:
            raise OSError(5, "Input/output error")
        sync(file)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("count", range(8))
def test_a_disk_that_fails_stops_the_batch(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """A request that could not be synced is not sent."""
    with monkeypatch.context() as broken:
        failing_after(count, broken)
        with pytest.raises(OSError, match="Input/output error"):
            run(server, at_hand=False)
    assert {post.request.unique_name for post in server.posts} <= noted(server)
    assert all(outcome.room for outcome in run(server))
    assert len(server.posts) == ROOMS


async def test_resumed_requests_are_not_sent_either(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their intents are on disk, but their outcomes could not be written."""
    lines = [
        {"intent": index, "at": 1.5, "request": asked(index).to_dict()} for index in range(ROOMS)
    ]
    header = '{"journal":"telnyx-video","version":1}'
    server.journal.write_text("\n".join([header, *map(json.dumps, lines), ""]))
    failing_after(0, monkeypatch)
    stream = OutcomeStream(server, asked_for(ROOMS), concurrency=1, journal=server.journal)
    taken = 0

    async def take() -> None:
        nonlocal taken
        async with stream:
            async for _ in stream:
                taken += 1
                await asyncio.sleep(0.01)

    with pytest.raises(OSError, match="Input/output error"):
        await take()
    assert taken < ROOMS
    assert len(server.posts) < ROOMS


class Slow(FakeServer):
    """A server that takes a while."""

    async def create(
        self,
        request: CreateRoomRequest,
        seconds_since_intent: float | None,
        http_request: HttpRequest | None,
    ) -> CreateResult:
        """Make it after a while."""
        await asyncio.sleep(0.002)
        return await super().create(request, seconds_since_intent, http_request)


async def test_creates_in_flight_when_the_disk_fails_have_outcomes(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome of a create in flight is returned, then the error is raised."""
    loop, failed = asyncio.get_running_loop(), asyncio.Event()
    sync, good = os.fsync, iter(range(3))

    def fsync(file: int) -> None:
        if next(good, None) is None:
            loop.call_soon_threadsafe(failed.set)
            raise OSError(5, "Input/output error")
        sync(file)

    class Waiting(FakeServer):
        async def create(
            self,
            request: CreateRoomRequest,
            seconds_since_intent: float | None,
            http_request: HttpRequest | None,
        ) -> CreateResult:
            await failed.wait()
            await asyncio.sleep(0.01)
            return await super().create(request, seconds_since_intent, http_request)

    monkeypatch.setattr(os, "fsync", fsync)
    waiting = Waiting(server.journal)
    stream = OutcomeStream(waiting, one_by_one(), concurrency=2, journal=waiting.journal)
    outcomes: list[CreateOutcome] = []

    async def take() -> None:
        async with stream:
            async for outcome in stream:
                outcomes.append(outcome)

    with pytest.raises(OSError, match="Input/output error"):
        await take()
    assert [outcome.request for outcome in outcomes] == [asked(0)]


async def test_requests_that_come_one_by_one_share_commits(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are fewer syncs than rooms."""
    sync, syncs = os.fsync, list[int]()

    def fsync(file: int) -> None:
        syncs.append(file)
        sync(file)

    monkeypatch.setattr(os, "fsync", fsync)
    slow = Slow(server.journal)
    stream = OutcomeStream(slow, one_by_one(), concurrency=20, journal=slow.journal)
    assert len(await collect(stream)) == ROOMS
    assert len(syncs) < ROOMS / 2


async def test_a_commit_includes_all_waiting_lines(server: FakeServer) -> None:
    """Of many in flight, two wait together, and are on disk when they continue."""
    journal = await Journal.open(server.journal)
    for index in range(12):
        journal.begin(index)
    journal.record(CreateOutcome(index=0, request=asked(0)))
    await asyncio.gather(*(journal.intend(index, asked(index)) for index in range(10, 12)))
    assert noted(server) == {"room-10", "room-11"}
    await journal.close()


async def test_cancelling_the_close_still_writes_outcomes(server: FakeServer) -> None:
    """Cancelled while it closes its journal, a batch still writes its outcomes."""
    running: list[asyncio.Task[list[CreateOutcome]]] = []

    class Cancelling(FakeServer):
        async def create(
            self,
            request: CreateRoomRequest,
            seconds_since_intent: float | None,
            http_request: HttpRequest | None,
        ) -> CreateResult:
            delivered = await super().create(request, seconds_since_intent, http_request)
            asyncio.get_running_loop().call_soon(running[0].cancel)
            return delivered

    creator = Cancelling(server.journal)
    stream = OutcomeStream(creator, asked_for(1), concurrency=1, journal=creator.journal)
    close = Journal.close

    async def close_cancelled(journal: Journal) -> None:
        asyncio.get_running_loop().call_soon(running[0].cancel)
        await close(journal)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Journal, "close", close_cancelled)
        running.append(asyncio.create_task(collect(stream)))
        with pytest.raises(asyncio.CancelledError):
            await running[0]
    *_, last = server.journal.read_bytes().splitlines()
    assert json.loads(last)["room"]["id"] == "room-0"
