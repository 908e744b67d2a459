"""The queue that workers draw from: the input, compared with the journal of earlier runs.

Nothing is sent before all that earlier runs have drawn proves to be the same input. Requests to
repeat wait in the journal meanwhile, and not in memory.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Self, TypeAlias, cast

import attrs

from telnyx_video._base.text import show
from telnyx_video.batch.journal_file import JournalFile, Line
from telnyx_video.batch.outcome import CreateOutcome, final_outcome
from telnyx_video.batch.source import Source
from telnyx_video.errors import (
    ConfigurationError,
    InvalidRequestError,
    OutcomeUnknownError,
    ResponseDecodeError,
)
from telnyx_video.models import UNSET, CreateRoomRequest

NoteAhead: TypeAlias = Callable[[Iterable[tuple[int, CreateRoomRequest]]], Awaitable[None]]
"""Puts on disk that these requests will be sent."""

AHEAD: Final = 4
"""Requests that are noted together for each that may be in flight. A commit costs as much as a few
creates, so little next to these."""

MOST_AHEAD: Final = 2 * AHEAD
"""Requests that may be drawn and not noted, for each that may be in flight: those being noted, half
as many that are left of those before, and those with the workers."""

DRAWING: Final = 0.005
"""Seconds of drawing after which fewer are noted: a slow input would block the loop."""

_LOST = (
    "the journal has lines that cannot be read, and one of them may have said that this request "
    "was sent: a room may exist - it was not sent again, as that could make a second room: compare "
    "list(created_at=...) first"
)


@attrs.define  # frozen ones are made three times as slowly, and each request has one
class Job:
    """One request on its way to a worker."""

    index: int
    request: CreateRoomRequest
    noted: bool = False
    """Whether the journal has the request on disk."""
    began: float | None = None
    """When an earlier run began to send it, in seconds since the epoch, if its end is unknown."""
    may_exist: bool = False
    """Whether an earlier run may have sent it, though no mark says so."""
    outcome: CreateOutcome | None = None
    """Its outcome, if nothing is to be sent for it."""


class JobQueue:
    """The queue of a batch without a journal: the requests of the input, prepared."""

    def __init__(
        self, source: Source, prepare: Callable[[CreateRoomRequest], CreateRoomRequest]
    ) -> None:
        self._source = source
        self._prepare = prepare

    def __aiter__(self) -> Self:
        return self

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """The running task that notes requests ahead, if any."""
        return set()

    async def __anext__(self) -> Job:
        return self._job(*await anext(self._source))

    def _job(self, index: int, request: CreateRoomRequest, *, may_exist: bool = False) -> Job:
        """Return the job of a request that was not sent, as far as the journal can be read."""
        try:
            prepared = self._prepare(request)
        except InvalidRequestError as invalid:
            return Job(index, request, outcome=_not_sent(index, request, invalid))
        if may_exist and request.unique_name is UNSET:
            error = OutcomeUnknownError(_LOST, request)
            return Job(index, request, outcome=_not_sent(index, request, error))
        return Job(index, prepared, may_exist=may_exist)


class JournaledQueue(JobQueue):
    """The queue of a batch with a journal: first the requests of earlier runs, then the rest."""

    def __init__(
        self,
        source: Source,
        prepare: Callable[[CreateRoomRequest], CreateRoomRequest],
        file: JournalFile,
        note: NoteAhead,
        concurrency: int,
    ) -> None:
        super().__init__(source, prepare)
        self._file = file
        self._note = note
        self._reach = AHEAD * concurrency
        self._few = self._reach // 2
        self._ahead: deque[Job] = deque()
        self._noting: asyncio.Task[None] | None = None
        self._end: BaseException | None = None
        self._again = array("q")
        self._length = len(file.records.offsets)
        self._compared = self._resumed = 0
        self._unnoted: dict[int, CreateRoomRequest] = {}
        self._lock = asyncio.Lock()

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """The running task that notes requests ahead, if any."""
        return set() if self._noting is None else {self._noting}

    async def __anext__(self) -> Job:
        if len(self._ahead) > self._few and not self._source.stopped:
            return self._ahead.popleft()
        if self._compared < self._length and (job := await self._compare()):
            return job
        if self._resumed < len(self._again) and not self._source.stopped:
            self._resumed += 1
            return self._resume(self._again[self._resumed - 1])
        if self._source.is_at_hand:
            return await self._look_ahead()
        return self._new(*await anext(self._source))

    async def _look_ahead(self) -> Job:
        """Note many requests before they are needed, so that no worker waits for the disk.

        Those without names are not noted: their one line is written when they are sent.
        """
        while not self._source.stopped:
            if len(self._ahead) <= self._few and self._end is None and not self._noting:
                self._noting = asyncio.create_task(self._note_ahead())
                self._noting.add_done_callback(self._noted)
            if self._ahead:
                return self._ahead.popleft()
            if self._noting is None:
                break
            await asyncio.wait({self._noting})  # unlike a lock, this wakes all workers together
        raise self._end or StopAsyncIteration

    async def _note_ahead(self) -> None:
        jobs: list[Job] = []
        end = await self._draw(jobs)
        await self._note((job.index, job.request) for job in jobs if job.noted)
        self._ahead.extend(jobs)
        self._end = end

    def _noted(self, noting: asyncio.Task[None]) -> None:
        """Let the workers continue; or end, as nothing may be drawn after a gap."""
        self._noting = None
        if noting.cancelled():
            self._end = asyncio.CancelledError()
        elif (failure := noting.exception()) is not None:
            self._end = failure

    async def _draw(self, jobs: list[Job]) -> Exception | None:
        """Draw requests to note; return the input's end, or its failure, if it came."""
        until = time.monotonic() + DRAWING
        try:
            while len(jobs) < self._reach and (len(jobs) % 8 or time.monotonic() < until):
                job = self._new(*await anext(self._source))
                job.noted = job.outcome is None and job.request.unique_name is not UNSET
                jobs.append(job)
        except Exception as end:  # raised after these jobs
            return end
        return None

    async def _compare(self) -> Job | None:
        """Compare the requests of earlier runs; return the next that is done, if any."""
        async with self._lock:
            while self._compared < self._length:
                index, request = await self._draw_again()
                outcome = self._earlier_outcome(index, request)
                self._compared += 1
                if outcome is not None:
                    return Job(index, outcome.request, outcome=outcome)
                self._again.append(index)
                await asyncio.sleep(0)  # a long journal must not block the loop
        return None

    async def _draw_again(self) -> tuple[int, CreateRoomRequest]:
        try:
            return await anext(self._source)
        except StopAsyncIteration:
            if self._source.stopped:
                raise
        raise ConfigurationError(
            f"{self._file.name} is the journal of another input: it has at least {self._length} "
            f"requests, this one {self._source.drawn}; use another file"
        )

    def _earlier_outcome(self, index: int, request: CreateRoomRequest) -> CreateOutcome | None:
        """Check that earlier runs have drawn this request; return its outcome, if that is final."""
        pending, line = self._file.records.pending.get(index), self._file.outcome(index)
        noted = None if pending is None else pending.request
        if noted is None:
            noted = line and cast("Line | None", line["request"])
        if noted is None:
            self._unnoted[index] = request
            return None
        if not _is_same(noted, request):
            name = noted.get("unique_name")
            room = "a room without a name" if name is None else f"room {show(name)}"
            problem = (
                f" is the journal of another input: request {index} (from 0) was {room} there, and "
                "is another one, or has other settings, now; use another file"
            )
        else:
            try:
                named = CreateRoomRequest.from_dict(noted)
                return final_outcome(index, named, line) if line and not pending else None
            except (InvalidRequestError, ResponseDecodeError):
                problem = f", request {index} (from 0): not a line of a journal"
        # A traceback may show locals, and the URL of a webhook may hold a password.
        del pending, line, noted
        raise ConfigurationError(f"{self._file.name}{problem}")

    def _resume(self, index: int) -> Job:
        if index in self._unnoted:
            return self._new(index, self._unnoted.pop(index))
        records = self._file.records
        pending = records.pending.get(index)
        if pending is None or pending.request is None:
            line = cast("Line", self._file.outcome(index))
            return self._new(index, CreateRoomRequest.from_dict(cast("Line", line["request"])))
        request = CreateRoomRequest.from_dict(pending.request)
        may_exist = pending.at is None and not records.has_all_marks
        return Job(index, request, noted=True, began=pending.at, may_exist=may_exist)

    def _new(self, index: int, request: CreateRoomRequest) -> Job:
        return self._job(index, request, may_exist=self._file.records.may_have_lost(index))


def _not_sent(
    index: int, request: CreateRoomRequest, error: InvalidRequestError | OutcomeUnknownError
) -> CreateOutcome:
    return CreateOutcome(index=index, request=request, error=error, attempts=0)


def _is_same(noted: Line, request: object) -> bool:
    """Whether an input's request is the one noted, which that run may have given a name."""
    if not isinstance(request, CreateRoomRequest):
        return False
    wanted = request.to_dict()
    if request.unique_name is UNSET and "unique_name" in noted:
        wanted["unique_name"] = noted["unique_name"]
    return noted == wanted
