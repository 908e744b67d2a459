"""What the workers of a batch draw: the input, compared with what earlier runs have written.

Nothing is sent before all that they have drawn proves to be the same input. What is to be done
again waits in the journal meanwhile, and not in memory.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Self, cast

import attrs

from telnyx_video._base.text import show
from telnyx_video.batch.outcome import CreateOutcome
from telnyx_video.batch.source import Source
from telnyx_video.errors import (
    ConfigurationError,
    InvalidRequestError,
    Outcome,
    OutcomeUnknownError,
    ResponseDecodeError,
)
from telnyx_video.models import UNSET, CreateRoomRequest, Room

if TYPE_CHECKING:
    from telnyx_video.batch.journal import Journal
    from telnyx_video.batch.journal_file import Line

AHEAD: Final = 4
"""Requests that are noted at once for each that may be in flight. A commit costs as much as a few
creates, and so next to nothing beside these."""

MOST_AHEAD: Final = 2 * AHEAD
"""Requests that may be drawn and not noted, for each that may be in flight: those that are drawn at
once, half as many that are left of those before, and those with the workers."""

DRAWING: Final = 0.005
"""Seconds of drawing after which fewer are noted: what the input computes holds up the loop."""

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
    """Whether an earlier run may have sent it without a mark that tells."""
    outcome: CreateOutcome | None = None
    """Its outcome, if nothing is to be sent for it."""


class JobQueue:
    """What the workers draw: first what earlier runs have drawn, all compared, then the rest."""

    def __init__(
        self,
        source: Source,
        prepare: Callable[[CreateRoomRequest], CreateRoomRequest],
        journal: Journal | None,
        concurrency: int,
    ) -> None:
        self._source = source
        self._prepare = prepare
        self._journal = journal
        self._reach = AHEAD * concurrency
        self._few = self._reach // 2
        self._ahead: deque[Job] = deque()
        self._noting: asyncio.Task[None] | None = None
        self._end: BaseException | None = None
        self._again = array("q")
        self._compared = self._resumed = 0
        self._unnoted: dict[int, CreateRoomRequest] = {}
        self._lock = asyncio.Lock()

    def __aiter__(self) -> Self:
        return self

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """The running task that notes requests ahead, if any."""
        return set() if self._noting is None else {self._noting}

    async def __anext__(self) -> Job:
        if self._journal is None:
            return self._new(*await anext(self._source))
        if len(self._ahead) > self._few and not self._source.stopped:
            return self._ahead.popleft()
        if self._compared < self._journal.length and (job := await self._compare(self._journal)):
            return job
        if self._resumed < len(self._again) and not self._source.stopped:
            self._resumed += 1
            return self._resume(self._journal, self._again[self._resumed - 1])
        if self._source.is_at_hand:
            return await self._look_ahead(self._journal)
        return self._new(*await anext(self._source))

    async def _look_ahead(self, journal: Journal) -> Job:
        """Have many requests noted at once, before they are needed: no worker waits for the disk.

        Not those without names, whose one line has to be written when they are sent.
        """
        while not self._source.stopped:
            if len(self._ahead) <= self._few and self._end is None and not self._noting:
                self._noting = asyncio.create_task(self._note_ahead(journal))
                self._noting.add_done_callback(self._noted)
            if self._ahead:
                return self._ahead.popleft()
            if self._noting is None:
                break
            await asyncio.wait({self._noting})  # unlike a lock, it lets all go on together
        raise self._end or StopAsyncIteration

    async def _note_ahead(self, journal: Journal) -> None:
        jobs: list[Job] = []
        end = await self._draw(jobs)
        await journal.note_ahead((job.index, job.request) for job in jobs if job.noted)
        self._ahead.extend(jobs)
        self._end = end

    def _noted(self, noting: asyncio.Task[None]) -> None:
        """Let the workers go on; or end, as none may draw on behind a gap."""
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

    async def _compare(self, journal: Journal) -> Job | None:
        """Compare what earlier runs have drawn; return the next that is done, if there is one."""
        async with self._lock:
            while self._compared < journal.length:
                index, request = await self._draw_again(journal)
                outcome = self._earlier_outcome(journal, index, request)
                self._compared += 1
                if outcome is not None:
                    return Job(index, outcome.request, outcome=outcome)
                self._again.append(index)
                await asyncio.sleep(0)  # a long journal is no reason to hold up the loop
        return None

    async def _draw_again(self, journal: Journal) -> tuple[int, CreateRoomRequest]:
        try:
            return await anext(self._source)
        except StopAsyncIteration:
            if self._source.stopped:
                raise
        raise ConfigurationError(
            f"{journal.path} is the journal of another input: it has at least {journal.length} "
            f"requests, this one {self._source.drawn}; use another file"
        )

    def _earlier_outcome(
        self, journal: Journal, index: int, request: CreateRoomRequest
    ) -> CreateOutcome | None:
        """Check that earlier runs have drawn this request; return its outcome, if that is final."""
        pending, line = journal.pending(index), journal.outcome(index)
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
                return _final_outcome(index, named, line) if line and not pending else None
            except (InvalidRequestError, ResponseDecodeError):
                problem = f", request {index} (from 0): not a line of a journal"
        # A traceback may show locals, and the URL of a webhook may hold a password.
        del pending, line, noted
        raise ConfigurationError(f"{journal.path}{problem}")

    def _resume(self, journal: Journal, index: int) -> Job:
        if index in self._unnoted:
            return self._new(index, self._unnoted.pop(index))
        pending = journal.pending(index)
        if pending is None or pending.request is None:
            line = cast("Line", journal.outcome(index))
            return self._new(index, CreateRoomRequest.from_dict(cast("Line", line["request"])))
        request = CreateRoomRequest.from_dict(pending.request)
        may_exist = pending.at is None and not journal.has_all_marks
        return Job(index, request, noted=True, began=pending.at, may_exist=may_exist)

    def _new(self, index: int, request: CreateRoomRequest) -> Job:
        """Return the job of a request that no readable line says was sent."""
        may_exist = self._journal is not None and self._journal.may_have_lost(index)
        try:
            prepared = self._prepare(request)
        except InvalidRequestError as invalid:
            return Job(index, request, outcome=_not_sent(index, request, invalid))
        if may_exist and request.unique_name is UNSET:
            error = OutcomeUnknownError(_LOST, request)
            return Job(index, request, outcome=_not_sent(index, request, error))
        return Job(index, prepared, may_exist=may_exist)


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


def _final_outcome(index: int, request: CreateRoomRequest, line: Line) -> CreateOutcome | None:
    """Return the outcome of an earlier run, unless the request is worth another try.

    A room is final, and so is the unknown outcome of a nameless one, which is never sent again.

    Raises:
        ResponseDecodeError: the room cannot be read.
    """
    room, error = cast("Line | None", line.get("room")), cast("Line | None", line.get("error"))
    count = cast("int", line.get("attempts", 1))
    if room is not None:
        return CreateOutcome(
            index=index,
            request=request,
            room=Room.from_dict(room),
            attempts=count,
            recovered=line.get("recovered") is True,
            existed=line.get("existed") is True,
            differences=tuple(cast("list[str]", line.get("differences", []))),
            from_journal=True,
        )
    nameless = request.unique_name is UNSET
    if nameless and error is not None and error.get("outcome") != Outcome.NOT_APPLIED.value:
        unknown = OutcomeUnknownError(str(error.get("message")), request, count)
        return CreateOutcome(
            index=index, request=request, error=unknown, attempts=count, from_journal=True
        )
    return None
