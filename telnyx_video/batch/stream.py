"""The workers of a batch, and the stream of what becomes of its requests."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self, cast

from telnyx_video._base import validate as check
from telnyx_video._execution.rate_limit import GcraLimiter
from telnyx_video._execution.reconcile import CreateResult
from telnyx_video._execution.semaphore import Semaphore
from telnyx_video.batch.outcome import CreateOutcome, OnProgress, Progress
from telnyx_video.batch.queue import Job, Jobs
from telnyx_video.batch.source import Do, Requests, Source
from telnyx_video.batch.waiting import ended
from telnyx_video.errors import ConfigurationError, ErrorDetail, OutcomeUnknownError
from telnyx_video.models import CreateRoomRequest

if TYPE_CHECKING:
    from telnyx_video.batch.journal import Journal


class Creator(Protocol):
    """What makes one room, and knows how the server is doing."""

    @property
    def gave_up(self) -> bool:
        """Whether the server has been down for so long that nothing more is to be tried."""
        ...

    def prepare(self, request: CreateRoomRequest, /) -> CreateRoomRequest:
        """What will be sent for this request.

        Raises:
            InvalidRequestError: it is not a request.
        """
        ...

    async def create(
        self, request: CreateRoomRequest, began_ago: float | None, settings: bytes | None
    ) -> CreateResult:
        """Make the room.

        Args:
            began_ago: Seconds since an earlier run began to, if one did and its end is unknown.
            settings: What is asked for, as JSON, if it was written already.
        """
        ...


class OutcomeStream:
    """The outcomes of a batch, as they finish: enter it, then iterate over it.

    Leaving the block early cancels what is under way and waits until it has ended. Such a create
    may have been applied, as after any cancellation.
    """

    stopped: Literal["asked", "fail_fast", "gave_up"] | None = None
    """Why nothing more was drawn before the input's end: :meth:`stop` was called, the first failure
    came and ``fail_fast`` was set, or the server stayed down."""

    def __init__(
        self,
        creator: Creator,
        requests: Requests,
        *,
        concurrency: int,
        journal: str | os.PathLike[str] | None = None,
        server: str | None = None,
        fail_fast: bool = False,
        on_progress: OnProgress | None = None,
        rate_limiter: GcraLimiter | None = None,
    ) -> None:
        self._creator = creator
        self._rate_limiter = rate_limiter or GcraLimiter(None)
        self._source = Source(requests)
        self._jobs: Jobs
        self._journal_path = journal
        self._server = server
        self._journal: Journal | None = None
        self._concurrency = concurrency
        self._fail_fast = fail_fast
        self._on_progress: OnProgress | None = on_progress and partial(_report, on_progress)
        self._finished: asyncio.Queue[CreateOutcome | None] = asyncio.Queue()
        self._space = Semaphore(concurrency)
        self._workers: set[asyncio.Task[None]] = set()
        self._begun: set[int] = set()
        self._failure: BaseException | None = None
        self._state: Literal["new", "entered", "left"] = "new"
        self._progress = Progress(0, 0, 0, 0, self._source.total)

    @property
    def under_way(self) -> frozenset[int]:
        """What has been begun and whose outcome was not taken, by place in the input, from 0.

        After the block was left early this is what was cut off after it was sent: it may exist.
        """
        return frozenset(self._begun)

    @property
    def max_rate(self) -> float | None:
        """Requests a second at the most; None for any number. It may be set while the batch runs.

        Raises:
            InvalidRequestError: it is set to something else than a number above 0 or None.
        """
        return self._rate_limiter.rate

    @max_rate.setter
    def max_rate(self, rate: float | None) -> None:
        if rate is not None:
            problems: list[ErrorDetail] = []
            check.positive(problems, "max_rate", rate)
            check.refuse(problems)
        self._rate_limiter.set_rate(rate)

    def stop(self) -> None:
        """Draw no more: what is under way is finished, and then the stream ends."""
        self.stopped = self.stopped or "asked"
        self._source.stop()

    def call_back_through(self, do: Do) -> None:
        """Draw from plain iterators, and report progress, in another thread; before entering."""
        self._source.draw_through(do)
        report = self._on_progress
        if report is not None:

            def report_there(progress: Progress) -> None:
                do(partial(report, progress))

            self._on_progress = report_there

    async def __aenter__(self) -> Self:
        if self._state != "new":
            raise ConfigurationError("this stream's input is used up: make a new stream")
        self._state = "entered"
        if self._journal_path is not None:
            from telnyx_video.batch.journal import Journal  # loaded where it is wanted

            self._journal = await Journal.open(self._journal_path, self._server)
        self._jobs = Jobs(self._source, self._creator.prepare, self._journal, self._concurrency)
        self._add_worker()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._state = "left"
        self._source.stop()
        if self._journal_path is not None and self._journal is None:
            return  # it could not be entered
        tasks = self._workers | self._jobs.tasks
        for task in tasks:
            task.cancel()
        try:
            await ended(tasks | self._source.tasks)
        finally:
            if self._journal is not None:
                await self._journal.close()

    def __aiter__(self) -> AsyncIterator[CreateOutcome]:
        return self

    async def __anext__(self) -> CreateOutcome:
        if self._state == "new":
            raise ConfigurationError("enter the stream first: async with rooms.stream_many(...)")
        outcome = await self._finished.get()
        if outcome is None:
            self._finished.put_nowait(None)  # whoever asks again gets the same answer
            if self._failure is not None:
                raise self._failure
            raise StopAsyncIteration
        self._space.release()
        self._begun.discard(outcome.index)
        if self._on_progress is not None:
            self._progress = self._progress.after(outcome)
            self._on_progress(self._progress)
        return outcome

    def _add_worker(self) -> None:
        worker = asyncio.create_task(self._work())
        self._workers.add(worker)
        worker.add_done_callback(self._worker_ended)

    async def _work(self) -> None:
        """Draw and create until the input ends; whoever finds work calls for one more worker."""
        async for job in self._jobs:
            if len(self._workers) < self._concurrency:
                self._add_worker()
            outcome = job.outcome or await self._do(job)
            if not self._space.try_acquire():
                await self._space.acquire()
            self._finished.put_nowait(outcome)

    def _worker_ended(self, worker: asyncio.Task[None]) -> None:
        """Whatever ended a worker before the input's end, its reader shall get."""
        self._workers.discard(worker)
        if not worker.cancelled():
            failure = worker.exception()
            if isinstance(failure, StopAsyncIteration):  # which its reader would take for the end
                end, failure = failure, RuntimeError("a create raised StopAsyncIteration")
                failure.__cause__ = end
        elif self._state == "left":
            failure = None
        else:
            failure = OutcomeUnknownError(
                "a task of the batch was cancelled from outside - what it had sent may have been "
                "applied: look before sending it again"
            )
        if failure is not None:
            self._failure = self._failure or failure
            self._source.stop()
        if not self._workers:
            self._finished.put_nowait(None)

    async def _do(self, job: Job) -> CreateOutcome:
        if job.refusal is not None:
            delivered = CreateResult(error=job.refusal, attempts=0)
        else:
            settings: bytes | None = None
            if self._journal is not None:
                self._journal.begin(job.index)
                if not job.noted:
                    await self._journal.intend(job.index, job.request)
                settings = self._journal.settings(job.index)
            self._begun.add(job.index)
            try:
                delivered = await self._creator.create(job.request, job.began_ago, settings)
            except asyncio.CancelledError as cancelled:
                if not getattr(cancelled, "__notes__", ()):  # which say that it was sent
                    self._begun.discard(job.index)
                raise
        outcome = CreateOutcome.of(job.index, job.request, delivered)
        if self._journal is not None:
            self._journal.record(outcome)
        if delivered.error is not None and self.stopped is None:
            self._consider_stopping()
        return outcome

    def _consider_stopping(self) -> None:
        if self._creator.gave_up:
            self.stopped = "gave_up"
            self._source.stop()
        elif self._fail_fast:
            self.stopped = "fail_fast"
            self._source.stop()


def _report(on_progress: OnProgress, progress: Progress) -> None:
    """Call it, and lose nothing of what it does: no coroutine, and no end that it raises."""
    untyped = cast("Callable[[Progress], object]", on_progress)
    try:
        returned = untyped(progress)
    except (StopIteration, StopAsyncIteration) as end:  # its reader would take it for the stream's
        raise RuntimeError(f"on_progress raised {type(end).__name__}") from end
    if isinstance(returned, Coroutine):
        returned.close()
        raise ConfigurationError("on_progress is called, not awaited: give a plain function")


async def collect(stream: OutcomeStream) -> list[CreateOutcome]:
    """All outcomes of a stream, in the order of the input."""
    async with stream:
        outcomes = [outcome async for outcome in stream]
    outcomes.sort(key=lambda outcome: outcome.index)
    return outcomes
