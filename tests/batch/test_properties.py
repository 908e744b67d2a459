"""Properties of every batch, with generated inputs, servers and consumers."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import TypeVar

import attrs
from hypothesis import given
from hypothesis import strategies as st

from batch.fake_creator import FAILED, FakeCreator, Input, made, turns
from support.asking import asked
from telnyx_video import CreateRoomRequest
from telnyx_video._execution.reconcile import CreateResult
from telnyx_video.batch import CreateOutcome, OutcomeStream, Progress, Requests

T = TypeVar("T")

few = st.integers(0, 6)


@attrs.frozen
class Work:
    """After how many turns of the loop a create ends, and whether it fails."""

    turns: int
    fails: bool


@attrs.frozen
class Batch:
    """One batch: its requests, how its creates end, and how the outcomes are taken."""

    work: list[Work]
    source: str
    concurrency: int
    fail_fast: bool
    slowness: int
    """Turns of the loop that the consumer takes for each outcome."""


batches = st.builds(
    Batch,
    work=st.lists(st.builds(Work, turns=few, fails=st.booleans()), max_size=25),
    source=st.sampled_from(["list", "iterator", "asynchronous"]),
    concurrency=st.integers(1, 6),
    fail_fast=st.booleans(),
    slowness=few,
)


@attrs.define
class Run:
    """A running batch, and its outcomes so far."""

    batch: Batch
    outcomes: list[CreateOutcome] = attrs.field(factory=list[CreateOutcome])
    progress: list[Progress] = attrs.field(factory=list[Progress])
    input: Input = attrs.field(init=False)
    creator: FakeCreator = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.input = Input(len(self.batch.work))
        self.creator = FakeCreator(self._make)

    async def _make(self, request: CreateRoomRequest) -> CreateResult:
        work = self.batch.work[int(str(request.unique_name).removeprefix("room-"))]
        await turns(work.turns)
        return FAILED if work.fails else made(request)

    def _source(self) -> Requests:
        match self.batch.source:
            case "list":
                return list(self.input)
            case "iterator":
                return iter(self.input)
            case _:
                return self.input.awaited()

    async def take(self) -> None:
        """Take outcomes to the end, and check at each what must hold at any time."""
        batch = self.batch
        stream = OutcomeStream(
            self.creator,
            self._source(),
            concurrency=batch.concurrency,
            fail_fast=batch.fail_fast,
            on_progress=self.progress.append,
        )
        async with stream:
            async for outcome in stream:
                self.outcomes.append(outcome)
                assert len(self.creator.begun) - len(self.outcomes) <= 2 * batch.concurrency
                if batch.source != "list":
                    assert self.input.drawn - len(self.outcomes) <= 2 * batch.concurrency
                await turns(batch.slowness)

    def check(self) -> None:
        """Check what must hold whenever and however the batch ended."""
        assert self.creator.in_flight == 0
        assert self.creator.most_in_flight <= self.batch.concurrency
        assert self.creator.begun == [asked(index) for index in range(len(self.creator.begun))]
        indexes = [outcome.index for outcome in self.outcomes]
        assert len(set(indexes)) == len(indexes)
        for outcome in self.outcomes:
            assert outcome.request == asked(outcome.index)
            assert (outcome.room is None) == self.batch.work[outcome.index].fails
        assert [seen.done for seen in self.progress] == list(range(1, len(self.progress) + 1))
        assert all(seen.created + seen.failed == seen.done for seen in self.progress)


async def to_its_end(running: Coroutine[object, object, T]) -> T:
    """Return the result; in memory, a task that does not end in this many turns never will."""
    task = asyncio.ensure_future(running)
    for _ in range(200):
        if task.done():
            return task.result()
        await turns()
    task.cancel()
    await turns()
    raise AssertionError("it hangs")


def in_a_loop(test: Coroutine[object, object, None]) -> None:
    """Run a test; unlike `asyncio.run`, do not wait for tasks that hang."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(test)
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


async def nothing_else_runs() -> bool:
    """Return whether this is the only task."""
    return asyncio.all_tasks() == {asyncio.current_task()}


@given(batches)
def test_every_request_drawn_has_one_outcome(batch: Batch) -> None:
    """Each request has an outcome; with `fail_fast` a failure stops the drawing."""

    async def go() -> None:
        run = Run(batch)
        await to_its_end(run.take())
        run.check()
        assert sorted(outcome.index for outcome in run.outcomes) == list(
            range(len(run.creator.begun))
        )
        assert len(run.progress) == len(run.outcomes)
        if not batch.fail_fast or not any(work.fails for work in batch.work):
            assert len(run.outcomes) == len(batch.work)
        assert await nothing_else_runs()

    in_a_loop(go())


@given(batches, st.lists(st.integers(0, 60), min_size=1, max_size=3))
def test_a_batch_may_be_cancelled_at_any_moment(batch: Batch, waits: list[int]) -> None:
    """Once or more, at any turn: afterwards none of its tasks is running."""

    async def go() -> None:
        run = Run(batch)
        task = asyncio.create_task(run.take())
        for wait in waits:
            await turns(wait)
            task.cancel()
        await to_its_end(asyncio.wait([task]))
        run.check()
        assert await nothing_else_runs()

    in_a_loop(go())


@given(batches, st.integers(0, 24))
def test_an_input_that_raises_loses_no_outcome(batch: Batch, at: int) -> None:
    """Requests drawn before have outcomes, and then the exception is raised."""

    async def requests(run: Run) -> AsyncIterator[CreateRoomRequest]:
        async for request in run.input.awaited():
            if request == asked(at):
                raise LookupError
            yield request

    async def go() -> None:
        run = Run(attrs.evolve(batch, fail_fast=False))
        stream = OutcomeStream(run.creator, requests(run), concurrency=batch.concurrency)

        async def take() -> bool:
            async with stream:
                try:
                    async for outcome in stream:
                        run.outcomes.append(outcome)
                except LookupError:
                    return True
            return False

        raised = await to_its_end(take())
        assert raised == (at < len(batch.work))
        assert len(run.outcomes) == len(run.creator.begun) == min(at, len(batch.work))
        assert await nothing_else_runs()

    in_a_loop(go())
