"""How many requests are in flight, when they are drawn, and how a batch ends."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import chain

import pytest

from batch.fake_creator import FAILED, FakeCreator, Input, made, never, turns
from batch.take import indexes, take
from support.asking import asked, asked_for
from support.background import SOON
from telnyx_video import CreateRoomRequest
from telnyx_video._execution.reconcile import CreateResult
from telnyx_video.batch import OutcomeStream

pytestmark = pytest.mark.usefixtures("no_task_is_left")


@pytest.mark.parametrize("concurrency", [1, 3, 50])
async def test_the_concurrency_is_reached_and_not_exceeded(concurrency: int) -> None:
    """So many creates are in flight, and never more."""

    async def slow(request: CreateRoomRequest) -> CreateResult:
        await turns(5)
        return made(request)

    creator = FakeCreator(slow)
    assert len(await take(OutcomeStream(creator, Input(200), concurrency=concurrency))) == 200
    assert creator.most_in_flight == concurrency


async def test_no_more_workers_run_than_there_are_requests() -> None:
    """A small batch with a large concurrency starts few tasks."""
    before = len(asyncio.all_tasks())
    stream = OutcomeStream(FakeCreator(never), asked_for(3), concurrency=10_000)
    async with stream:
        await turns()
        assert len(asyncio.all_tasks()) - before <= 4


async def test_an_empty_input_ends_immediately() -> None:
    """There are no outcomes."""
    assert await take(OutcomeStream(FakeCreator(), [], concurrency=5)) == []
    assert await take(OutcomeStream(FakeCreator(), iter(()), concurrency=5)) == []


async def test_an_exhausted_stream_stays_exhausted() -> None:
    """Further calls end, too."""
    stream = OutcomeStream(FakeCreator(), asked_for(1), concurrency=2)
    async with asyncio.timeout(SOON), stream:
        assert indexes([outcome async for outcome in stream]) == [0]
        assert [outcome async for outcome in stream] == []
        assert await anext(stream, None) is None
    assert await asyncio.wait_for(anext(stream, None), SOON) is None


async def test_an_exhausted_stream_stays_exhausted_after_a_failure() -> None:
    """Further calls raise the same error."""

    def broken() -> Iterator[CreateRoomRequest]:
        yield asked(0)
        raise LookupError

    stream = OutcomeStream(FakeCreator(), broken(), concurrency=2)
    async with asyncio.timeout(SOON), stream:
        await anext(stream)
        for _ in range(2):
            with pytest.raises(LookupError):
                await anext(stream)


async def test_several_tasks_may_take_from_one_stream() -> None:
    """Each outcome goes to one of them, and the end to all."""
    stream = OutcomeStream(FakeCreator(), asked_for(100), concurrency=3)

    async def take() -> list[int]:
        return indexes([outcome async for outcome in stream])

    async with asyncio.timeout(SOON), stream:
        parts = await asyncio.gather(*(take() for _ in range(7)))
    assert sorted(chain(*parts)) == list(range(100))


async def test_a_slow_consumer_holds_the_batch_back() -> None:
    """Requests are drawn only as outcomes are taken."""
    concurrency = 4
    source = Input()
    stream = OutcomeStream(FakeCreator(), source, concurrency=concurrency)
    async with asyncio.timeout(SOON), stream:
        for taken_so_far in range(50):
            await turns()
            assert source.drawn - taken_so_far <= 2 * concurrency
            await anext(stream)


@pytest.mark.parametrize("awaited", [False, True])
async def test_the_input_is_drawn_as_it_is_needed(awaited: bool) -> None:
    """Nothing is drawn before the stream is entered, and then as many as can be sent."""
    source = Input()
    stream = OutcomeStream(
        FakeCreator(never), source.awaited() if awaited else source, concurrency=3
    )
    await turns()
    assert source.drawn == 0
    async with stream:
        await turns()
        assert source.drawn == 3


async def test_fail_fast_draws_no_more_and_finishes_creates_in_flight() -> None:
    """After the first failure nothing new begins, and every request drawn has an outcome."""
    go = asyncio.Event()

    async def first_fails(request: CreateRoomRequest) -> CreateResult:
        if request == asked(0):
            return FAILED
        await go.wait()
        return made(request)

    source = Input()
    stream = OutcomeStream(FakeCreator(first_fails), source, concurrency=5, fail_fast=True)
    async with asyncio.timeout(SOON), stream:
        outcome = await anext(stream)
        assert outcome.error is FAILED.error
        drawn = source.drawn
        go.set()
        rest = [outcome async for outcome in stream]
    assert source.drawn == drawn
    assert len(rest) == drawn - 1
    assert all(outcome.room is not None for outcome in rest)
    assert stream.stopped == "fail_fast"


async def test_fail_fast_does_not_wait_for_an_input_that_waits() -> None:
    """After the first failure the batch ends, though the input has not yielded yet."""

    async def one_and_then_silence() -> AsyncIterator[CreateRoomRequest]:
        yield asked(0)
        await asyncio.Event().wait()

    async def fail(_: CreateRoomRequest) -> CreateResult:
        await turns(5)
        return FAILED

    stream = OutcomeStream(FakeCreator(fail), one_and_then_silence(), concurrency=2, fail_fast=True)
    assert indexes(await take(stream)) == [0]


async def test_a_batch_whose_server_stays_down_stops() -> None:
    """Nothing more is drawn, and the stream says why it ended."""
    creator = FakeCreator()

    async def give_up(request: CreateRoomRequest) -> CreateResult:
        if request != asked(3):
            return made(request)
        creator.gave_up = True
        return FAILED

    creator.make = give_up
    source = Input()
    stream = OutcomeStream(creator, source, concurrency=1)
    outcomes = await take(stream)
    assert indexes(outcomes) == [0, 1, 2, 3]
    assert source.drawn == 4
    assert stream.stopped == "gave_up"


async def test_stopping_finishes_creates_in_flight() -> None:
    """The outcomes of creates in flight are returned, and then the stream ends."""
    source = Input()
    stream = OutcomeStream(FakeCreator(), source, concurrency=3)
    async with asyncio.timeout(SOON), stream:
        first = await anext(stream)
        stream.stop()
        stream.stop()
        rest = [outcome async for outcome in stream]
    assert sorted(indexes([first, *rest])) == list(range(source.drawn))
    assert stream.stopped == "asked"


async def test_stopping_does_not_wait_for_an_input_that_waits() -> None:
    """The stream ends though the input has not yielded yet."""

    async def one_and_then_silence() -> AsyncIterator[CreateRoomRequest]:
        yield asked(0)
        await asyncio.Event().wait()

    stream = OutcomeStream(FakeCreator(), one_and_then_silence(), concurrency=2)
    async with asyncio.timeout(SOON), stream:
        await anext(stream)
        await turns()
        stream.stop()
        assert [outcome async for outcome in stream] == []
