"""The workers of a batch, and the stream of its outcomes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self, cast

from telnyx_video._base import validate as check
from telnyx_video._base.http import HttpRequest
from telnyx_video._execution.rate_limit import GcraLimiter
from telnyx_video._execution.reconcile import IF_EXISTS, CreateResult
from telnyx_video.batch.outcome import CreateOutcome, OnProgress, Progress
from telnyx_video.batch.queue import MOST_AHEAD, Job, JobQueue, JournaledQueue
from telnyx_video.batch.source import Do, Requests, Source, wait_for_all
from telnyx_video.errors import (
    ConfigurationError,
    ErrorDetail,
    Outcome,
    OutcomeUnknownError,
    TelnyxVideoError,
)
from telnyx_video.models import UNSET, CreateRoomRequest

if TYPE_CHECKING:
    from telnyx_video.batch.journal import Journal


class Creator(Protocol):
    """Makes one room, and knows whether the server is down: the client, as a batch sees it."""

    @property
    def gave_up(self) -> bool:
        """Whether the server has been down for so long that the batch should stop."""
        ...

    def prepare(self, request: CreateRoomRequest, /) -> CreateRoomRequest:
        """Return what will be sent for this request.

        Raises:
            InvalidRequestError: it is not a request.
        """
        ...

    async def create(
        self,
        request: CreateRoomRequest,
        seconds_since_intent: float | None,
        http_request: HttpRequest | None,
    ) -> CreateResult:
        """Make the room.

        Args:
            request: The room to make.
            seconds_since_intent: Seconds since an earlier run began to, if one did and its outcome
                is unknown.
            http_request: The request to send, if it is encoded already.
        """
        ...


def check_batch(
    requests: object,
    concurrency: object,
    if_exists: object,
    max_rate: object,
    journal: object,
    fail_fast: object,
    give_up_after: object,
    on_progress: object,
    since: object = None,
) -> None:
    """Raise ``InvalidRequestError`` with everything that is wrong with a batch's arguments."""
    problems: list[ErrorDetail] = []
    check.several(problems, "requests", requests, "CreateRoomRequest")
    check.integer(problems, "concurrency", concurrency, 1)
    check.choice(problems, "if_exists", if_exists, IF_EXISTS)
    if max_rate is not None:
        check.positive(problems, "max_rate", max_rate)
    if journal is not None:
        check.path(problems, "journal", journal)
    check.boolean(problems, "fail_fast", fail_fast)
    check.positive(problems, "give_up_after", give_up_after)
    if on_progress is not None:
        check.callback(problems, "on_progress", on_progress)
    if since is not None:
        check.positive(problems, "since", since)
    check.refuse(problems)


class OutcomeStream:
    """The outcomes of a batch, as they finish: enter it, then iterate over it.

    Leaving the block early cancels creates in flight and waits until they have ended. They may have
    been applied, as after any cancellation.
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
        since: float | None = None,
    ) -> None:
        self._creator = creator
        self._rate_limiter = rate_limiter or GcraLimiter(None)
        self._begun_at = None if since is None else time.monotonic() - since
        self._source = Source(requests)
        self._queue = JobQueue(self._source, creator.prepare)
        self._journal_path = journal
        self._server = server
        self._journal: Journal | None = None
        self._concurrency = concurrency
        self._fail_fast = fail_fast
        self._on_progress: OnProgress | None = on_progress and partial(_report, on_progress)
        self._finished: asyncio.Queue[CreateOutcome | None] = asyncio.Queue()
        self._space = asyncio.Semaphore(concurrency)
        self._workers: set[asyncio.Task[None]] = set()
        self._in_flight: set[int] = set()
        self._failure: BaseException | None = None
        self._state: Literal["new", "entered", "left"] = "new"
        self._progress = Progress(0, 0, 0, 0, self._source.total)

    @property
    def in_flight(self) -> frozenset[int]:
        """Indexes of the requests that were begun and whose outcome was not taken yet.

        After the block was left early: those that were cancelled after they were sent, whose rooms
        may exist.
        """
        return frozenset(self._in_flight)

    @property
    def unreadable_lines(self) -> int:
        """How many lines of the journal cannot be read, as after a power cut; 0 without a journal.

        They are skipped: a request with a name is found by it, and one without that may have been
        sent has an ``OutcomeUnknownError``.
        """
        return 0 if self._journal is None else self._journal.file.records.unreadable

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
        """Draw no more: requests in flight are finished, and then the stream ends."""
        self.stopped = self.stopped or "asked"
        self._source.stop()

    def run_callbacks_in(self, do: Do) -> None:
        """Draw from plain iterators, and report progress, by ``do``; call before entering."""
        self._source.draw_through(do)
        report = self._on_progress
        if report is not None:

            def report_there(progress: Progress) -> None:
                do(partial(report, progress))

            self._on_progress = report_there

    async def __aenter__(self) -> Self:
        if self._state != "new":
            raise ConfigurationError("this stream was entered before: make a new stream")
        self._state = "entered"
        if self._journal_path is not None:
            from telnyx_video.batch.journal import Journal  # slow to load, and rarely needed

            ahead = MOST_AHEAD * self._concurrency
            journal = await Journal.open(self._journal_path, self._server, ahead)
            self._journal = journal
            self._queue = JournaledQueue(
                self._source,
                self._creator.prepare,
                journal.file,
                journal.note_ahead,
                self._concurrency,
            )
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
        tasks = self._workers | self._queue.tasks
        for task in tasks:
            task.cancel()
        try:
            await wait_for_all(tasks | self._source.tasks)
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
            self._finished.put_nowait(None)  # for the next call
            if self._failure is not None:
                raise self._failure
            raise StopAsyncIteration
        self._space.release()
        self._in_flight.discard(outcome.index)
        if self._on_progress is not None:
            self._progress = self._progress.after(outcome)
            self._on_progress(self._progress)
        return outcome

    def _add_worker(self) -> None:
        worker = asyncio.create_task(self._work())
        self._workers.add(worker)
        worker.add_done_callback(self._worker_ended)

    async def _work(self) -> None:
        """Draw and create until the input ends; a worker that finds work starts one more."""
        async for job in self._queue:
            if len(self._workers) < self._concurrency and not self._source.is_used_up:
                self._add_worker()
            outcome = await self._finish(job)
            await self._space.acquire()
            self._finished.put_nowait(outcome)

    def _worker_ended(self, worker: asyncio.Task[None]) -> None:
        """Report to the reader why a worker ended before the input did."""
        self._workers.discard(worker)
        if not worker.cancelled():
            failure = worker.exception()
            if isinstance(failure, StopAsyncIteration):  # would look like the end of the stream
                end, failure = failure, RuntimeError("a create raised StopAsyncIteration")
                failure.__cause__ = end
        elif self._state == "left":
            failure = None
        else:
            failure = OutcomeUnknownError(
                "a task of the batch was cancelled from outside - its request may have been "
                "applied: look before sending it again"
            )
        if failure is not None:
            self._failure = self._failure or failure
            self._source.stop()
        if not self._workers:
            self._finished.put_nowait(None)

    async def _finish(self, job: Job) -> CreateOutcome:
        """Return the outcome of a job: that of an earlier run, or a new one."""
        outcome = job.outcome
        if outcome is not None and outcome.from_journal:
            return outcome
        if outcome is None:
            outcome = CreateOutcome.of(job.index, job.request, await self._create(job))
        if self._journal is not None:
            self._journal.record(outcome)
        if outcome.error is not None and self.stopped is None:
            self._consider_stopping()
        return outcome

    async def _create(self, job: Job) -> CreateResult:
        http_request: HttpRequest | None = None
        if self._journal is not None:
            self._journal.begin(job.index)
            if not job.noted:
                await self._journal.intend(job.index, job.request)
            elif job.began is None:
                self._journal.mark(job.index)
            http_request = self._journal.http_request(job.index, job.request)
        self._in_flight.add(job.index)
        try:
            result = await self._creator.create(job.request, self._since_intent(job), http_request)
        except asyncio.CancelledError as cancelled:
            if not getattr(cancelled, "__notes__", ()):  # which say that it was sent
                self._in_flight.discard(job.index)
            raise
        except TelnyxVideoError as error:  # not returned, as it should be: its outcome is unknown
            result = CreateResult(error=_unexpected(job.request, error))
        if job.may_exist and result.error and result.error.outcome is Outcome.NOT_APPLIED:
            result.error.outcome = Outcome.UNKNOWN  # of an earlier run's create
        return result

    def _since_intent(self, job: Job) -> float | None:
        """Seconds since an earlier run may have begun this create, if one may have."""
        if job.began is not None:
            return max(0.0, time.time() - job.began)  # clocks may have been set back
        if self._begun_at is None or job.request.unique_name is UNSET:
            return None
        return time.monotonic() - self._begun_at

    def _consider_stopping(self) -> None:
        if self._creator.gave_up:
            self.stopped = "gave_up"
            self._source.stop()
        elif self._fail_fast:
            self.stopped = "fail_fast"
            self._source.stop()


def _unexpected(request: CreateRoomRequest, error: TelnyxVideoError) -> TelnyxVideoError:
    """Return an error of one request, which must not end the batch, with an unknown outcome."""
    if error.outcome is not Outcome.NOT_APPLIED:
        return error
    return OutcomeUnknownError(
        f"the create raised an error that it should have handled ({error}) - the room may exist: "
        "look for it before sending the request again",
        request,
        last_error=error,
    )


def _report(on_progress: OnProgress, progress: Progress) -> None:
    """Call it; refuse a coroutine, and an exception that would end the stream."""
    untyped = cast("Callable[[Progress], object]", on_progress)
    try:
        returned = untyped(progress)
    except (StopIteration, StopAsyncIteration) as end:
        raise RuntimeError(f"on_progress raised {type(end).__name__}") from end
    if isinstance(returned, Coroutine):
        returned.close()
        raise ConfigurationError("on_progress is called, not awaited: give a plain function")


async def collect(stream: OutcomeStream) -> list[CreateOutcome]:
    """Return all outcomes of a stream, in the order of the input."""
    async with stream:
        outcomes: list[CreateOutcome] = []
        async for outcome in stream:
            outcomes.append(outcome)
    outcomes.sort(key=lambda outcome: outcome.index)
    return outcomes
