"""A batch that ends early: it is left or cancelled, or code of the caller raises.

Creates in flight have ended when the block is left, and nothing waits forever.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from batch.fake_creator import FAILED, FakeCreator, Input, made, never, turns
from support.asking import asked, asked_for
from support.background import SOON
from telnyx_video import ConfigurationError, CreateRoomRequest, OutcomeUnknownError
from telnyx_video._execution.reconcile import CreateResult
from telnyx_video.batch import OutcomeStream, Progress, collect

pytestmark = pytest.mark.usefixtures("no_task_is_left")


class TroubleError(Exception):
    """An error of the caller's code."""


class Reluctant(FakeCreator):
    """Creates that never end by themselves, and that take a while to be cancelled."""

    def __init__(self) -> None:
        super().__init__(self._linger)
        self.cancelled = 0

    async def _linger(self, request: CreateRoomRequest) -> CreateResult:
        try:
            return await never(request)
        finally:
            await turns(20)
            self.cancelled += 1


async def test_leaving_early_cancels_creates_in_flight_and_waits_for_them() -> None:
    """When the block is left, each create has ended, even one that is slow to end."""
    creator = Reluctant()
    async with OutcomeStream(creator, Input(), concurrency=4):
        await turns()
        assert creator.in_flight == 4
    assert creator.in_flight == 0
    assert creator.cancelled == 4


async def test_cancelled_requests_are_in_flight() -> None:
    """After leaving early, the stream names the requests that were sent without an outcome."""

    async def first_only(request: CreateRoomRequest) -> CreateResult:
        if request == asked(0):
            return made(request)
        try:
            return await never(request)
        except asyncio.CancelledError as cancelled:
            if request != asked(2):
                cancelled.add_note("it was sent")
            raise

    async with OutcomeStream(FakeCreator(first_only), Input(), concurrency=3) as stream:
        assert stream.in_flight == frozenset()
        assert (await anext(stream)).index == 0
        await turns()
        assert stream.in_flight == {1, 2, 3}
    assert stream.in_flight == {1, 3}


async def test_leaving_immediately_begins_nothing() -> None:
    """An empty block makes no room."""
    creator = FakeCreator()
    source = Input()
    async with OutcomeStream(creator, source, concurrency=4):
        pass
    assert creator.begun == []
    assert source.drawn == 0


async def test_leaving_in_the_middle_begins_nothing_more() -> None:
    """An exception of the body ends the batch and reaches the caller."""
    creator = FakeCreator()

    async def body() -> None:
        async with asyncio.timeout(SOON), OutcomeStream(creator, Input(), concurrency=4) as stream:
            async for outcome in stream:
                if outcome.index == 7:
                    raise TroubleError

    with pytest.raises(TroubleError):
        await body()
    begun = len(creator.begun)
    await turns()
    assert len(creator.begun) == begun


async def test_a_cancelled_consumer_waits_for_creates_in_flight() -> None:
    """Cancelling the consumer ends the creates before the cancellation is raised."""
    creator = Reluctant()
    task = asyncio.create_task(collect(OutcomeStream(creator, Input(), concurrency=4)))
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert creator.in_flight == 0
    assert creator.cancelled == 4


async def test_cancelling_twice_waits_as_well() -> None:
    """A second cancellation, while the first one waits, leaves nothing running."""
    creator = Reluctant()
    task = asyncio.create_task(collect(OutcomeStream(creator, Input(), concurrency=4)))
    await turns()
    task.cancel()
    await turns(3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert creator.in_flight == 0


async def test_a_consumer_that_is_cancelled_while_it_waits_loses_no_outcome() -> None:
    """After a time-out around the wait for an outcome, the next call returns that outcome."""
    go = asyncio.Event()

    async def make(request: CreateRoomRequest) -> CreateResult:
        await go.wait()
        return made(request)

    stream = OutcomeStream(FakeCreator(make), asked_for(5), concurrency=2)
    async with asyncio.timeout(SOON), stream:
        for _ in range(3):
            waiting = asyncio.ensure_future(anext(stream))
            await turns(5)
            waiting.cancel()
            await asyncio.wait([waiting])
        go.set()
        assert len([outcome async for outcome in stream]) == 5


@pytest.mark.parametrize("awaited", [False, True])
async def test_an_error_of_the_input_is_raised_after_creates_in_flight(awaited: bool) -> None:
    """Creates in flight are finished and their outcomes returned; then the exception is raised."""
    go = asyncio.Event()

    def requests() -> Iterator[CreateRoomRequest]:
        yield from asked_for(3)
        raise TroubleError

    async def awaited_requests() -> AsyncIterator[CreateRoomRequest]:
        for request in requests():
            yield request

    async def make(request: CreateRoomRequest) -> CreateResult:
        await go.wait()
        return made(request)

    source = awaited_requests() if awaited else requests()
    stream = OutcomeStream(FakeCreator(make), source, concurrency=10)
    outcomes: list[int] = []

    async def take() -> None:
        async with asyncio.timeout(SOON), stream:
            await turns()
            go.set()
            async for outcome in stream:
                outcomes.append(outcome.index)

    with pytest.raises(TroubleError):
        await take()
    assert sorted(outcomes) == [0, 1, 2]


async def test_an_input_without_an_iterator_raises_immediately() -> None:
    """An iterable whose iterator cannot be made raises when the stream is made."""

    class Broken:
        def __iter__(self) -> Iterator[CreateRoomRequest]:
            raise TroubleError

    with pytest.raises(TroubleError):
        OutcomeStream(FakeCreator(), Broken(), concurrency=1)


async def test_leaving_early_waits_for_an_input_that_waits() -> None:
    """A generator that awaits something is cancelled, and has ended when the block is left."""
    ended: list[str] = []

    async def requests() -> AsyncIterator[CreateRoomRequest]:
        yield asked(0)
        try:
            await asyncio.Event().wait()
        finally:
            await turns(20)
            ended.append("input")

    async with (
        asyncio.timeout(SOON),
        OutcomeStream(FakeCreator(), requests(), concurrency=2) as stream,
    ):
        await anext(stream)
        await turns()
    assert ended == ["input"]


@pytest.mark.parametrize("way", ["break", "raise", "stop", "stop and break", "fail fast", "defect"])
async def test_an_input_is_closed_before_the_block_is_left(way: str) -> None:
    """A generator leaves its scopes before the block is left, in the task that entered them."""
    seen: list[str] = []

    async def requests() -> AsyncIterator[CreateRoomRequest]:
        task = asyncio.current_task()
        try:
            for number in range(1000):
                yield asked(number)
        finally:
            await turns(20)
            seen.append("closed" if asyncio.current_task() is task else "closed elsewhere")

    async def make(request: CreateRoomRequest) -> CreateResult:
        if way == "defect" and request == asked(3):
            raise TroubleError
        return FAILED if way == "fail fast" and request == asked(3) else made(request)

    stream = OutcomeStream(
        FakeCreator(make), requests(), concurrency=2, fail_fast=way == "fail fast"
    )
    with suppress(TroubleError):
        async with asyncio.timeout(SOON), stream:
            async for outcome in stream:
                if way == "raise" and outcome.index == 3:
                    raise TroubleError
                if way.startswith("stop"):
                    stream.stop()
                if way.endswith("break"):
                    break
    assert seen == ["closed"]


async def test_only_generators_are_closed() -> None:
    """Other inputs with a `close`, such as a connection, belong to the caller."""

    class Rows:
        def __init__(self) -> None:
            self.closed = False

        def __aiter__(self) -> AsyncIterator[CreateRoomRequest]:
            return self

        async def __anext__(self) -> CreateRoomRequest:
            return asked(0)

        async def aclose(self) -> None:
            self.closed = True

    rows = Rows()
    async with OutcomeStream(FakeCreator(), rows, concurrency=2) as stream:
        await anext(stream)
    assert not rows.closed


async def test_a_defect_in_making_a_room_is_not_swallowed() -> None:
    """An exception that is not an outcome stops the batch and reaches the caller."""

    async def make(request: CreateRoomRequest) -> CreateResult:
        if request == asked(2):
            raise TroubleError
        await turns(3)
        return made(request)

    source = Input()
    with pytest.raises(TroubleError):
        async with asyncio.timeout(SOON):
            await collect(OutcomeStream(FakeCreator(make), source, concurrency=2))
    assert source.drawn < 10


async def test_a_create_that_is_cancelled_from_elsewhere_does_not_hang_the_batch() -> None:
    """A cancellation from elsewhere is reported, and ends the batch."""

    async def make(request: CreateRoomRequest) -> CreateResult:
        if request == asked(1):
            raise asyncio.CancelledError
        return made(request)

    with pytest.raises(OutcomeUnknownError, match="was cancelled from outside"):
        async with asyncio.timeout(SOON):
            await collect(OutcomeStream(FakeCreator(make), asked_for(3), concurrency=2))


async def test_an_input_that_is_cancelled_from_elsewhere_does_not_hang_the_batch() -> None:
    """An input whose future another task cancels ends the batch like one that raises."""

    async def requests() -> AsyncIterator[CreateRoomRequest]:
        yield asked(0)
        abandoned: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        abandoned.cancel()
        await abandoned

    with pytest.raises(OutcomeUnknownError, match="input waits for was cancelled"):
        async with asyncio.timeout(SOON):
            await collect(OutcomeStream(FakeCreator(), requests(), concurrency=2))


async def test_a_timeout_in_the_input_expires_in_the_input() -> None:
    """A scope that is open across a `yield` works as in a plain loop: one task draws it all."""

    async def requests() -> AsyncIterator[CreateRoomRequest]:
        async with asyncio.timeout(0.01):
            yield asked(0)
            await asyncio.Event().wait()

    outcomes: list[int] = []
    stream = OutcomeStream(FakeCreator(), requests(), concurrency=2)
    limit = asyncio.timeout(SOON)

    async def take() -> None:
        async with limit, stream:
            async for outcome in stream:
                outcomes.append(outcome.index)

    with pytest.raises(TimeoutError):
        await take()
    assert not limit.expired()
    assert outcomes == [0]


async def test_progress_that_raises_ends_the_batch() -> None:
    """Creates in flight end, then an exception of `on_progress` reaches the caller."""
    creator = Reluctant()

    def report(_: Progress) -> None:
        raise TroubleError

    async def make(request: CreateRoomRequest) -> CreateResult:
        return made(request) if request == asked(0) else await creator.create(request, None, None)

    with pytest.raises(TroubleError):
        async with asyncio.timeout(SOON):
            await collect(
                OutcomeStream(FakeCreator(make), Input(), concurrency=3, on_progress=report)
            )
    assert creator.in_flight == 0
    assert creator.cancelled


async def test_a_stream_that_was_not_entered_raises() -> None:
    """Iterating over it is an error, and does not wait forever."""
    stream = OutcomeStream(FakeCreator(), asked_for(1), concurrency=1)
    with pytest.raises(ConfigurationError):
        await asyncio.wait_for(anext(stream), SOON)


@pytest.mark.parametrize("taken", [0, 1])
async def test_a_stream_that_was_left_has_ended(taken: int) -> None:
    """Iterating further ends or raises, and does not wait forever."""
    stream = OutcomeStream(FakeCreator(), Input(), concurrency=1)
    async with stream:
        for _ in range(taken):
            await anext(stream)
    async with asyncio.timeout(SOON):
        try:
            rest = [outcome async for outcome in stream]
        except ConfigurationError:
            return
    assert len(rest) <= 2


async def test_a_stream_cannot_be_entered_twice() -> None:
    """Its input is exhausted: entering it again is an error."""
    stream = OutcomeStream(FakeCreator(), asked_for(3), concurrency=2)
    async with asyncio.timeout(SOON), stream:
        assert len([outcome async for outcome in stream]) == 3
    with pytest.raises(ConfigurationError):
        async with asyncio.timeout(SOON), stream:
            pass


async def test_tasks_that_wait_for_outcomes_end_when_the_stream_is_left() -> None:
    """A task that waits while another one leaves the block does not wait forever."""
    stream = OutcomeStream(FakeCreator(never), Input(), concurrency=2)
    async with stream:
        waiting = asyncio.ensure_future(anext(stream, None))
        await turns()
    done, _ = await asyncio.wait([waiting], timeout=SOON)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert done


@pytest.mark.parametrize("way", ["unstarted", "writing", "defect"])
async def test_a_batch_whose_requests_cannot_be_noted_ends(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled or failing, the task that notes them ends the batch, and nothing is sent."""
    creator = FakeCreator()

    def broken(request: CreateRoomRequest) -> bytes:
        raise MemoryError

    if way == "defect":
        monkeypatch.setattr("telnyx_video.batch.journal.encode_room_request", broken)
    stream = OutcomeStream(creator, asked_for(100), concurrency=2, journal=tmp_path / "journal")

    async def consume() -> None:
        async with stream:
            async for _ in stream:
                pass

    async with asyncio.timeout(SOON):
        batch = asyncio.create_task(consume())
        if way != "defect":
            while not (noting := tasks_of("_note_ahead")):  # noqa: ASYNC110 # has no event
                await asyncio.sleep(0)
            if way == "writing":
                await asyncio.sleep(0)
            noting.pop().cancel()
        await asyncio.wait({batch})
    expected = MemoryError if way == "defect" else OutcomeUnknownError
    assert isinstance(batch.exception(), expected)
    assert creator.begun == []


def tasks_of(name: str) -> list[asyncio.Task[object]]:
    """The tasks that run a method of this name."""
    return [task for task in asyncio.all_tasks() if task.get_coro().__name__ == name]  # type: ignore[union-attr] # pyright: ignore[reportOptionalMemberAccess] # a coroutine
