"""What the workers of a batch draw: the input, in the light of what earlier runs have noted.

Nothing is sent before all that they have drawn proves to be the same input. What is to be done
again waits in the journal meanwhile, and not in memory.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Self, cast

import attrs

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

AHEAD = 4
"""Requests that are noted at once for each that may be under way. A commit costs as much as a few
creates, and so next to nothing beside these; after a crash each of them costs a look-up."""

DRAWING = 0.005
"""Seconds of drawing after which fewer are noted: what the input computes holds up the loop."""


@attrs.define  # frozen ones are made three times as slowly, and each request has one
class Job:
    """One request, on its way to a worker."""

    index: int
    request: CreateRoomRequest
    noted: bool = False
    """Whether the journal has on disk that it is about to be sent."""
    began: float | None = None
    """When an earlier run began it, in seconds since the epoch, if its end is unknown."""
    outcome: CreateOutcome | None = None
    """What an earlier run made of it, if that is final."""
    refusal: InvalidRequestError | None = None
    """Why it cannot be sent at all."""

    @property
    def began_ago(self) -> float | None:
        """How many seconds ago an earlier run began it; not below 0, whatever became of clocks."""
        return None if self.began is None else max(0.0, time.time() - self.began)


class Jobs:
    """What the workers draw: first what earlier runs have drawn, all checked, then the rest."""

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
        """What still runs to note requests ahead."""
        return set() if self._noting is None else {self._noting}

    async def __anext__(self) -> Job:
        if self._journal is None:
            return self._fresh(*await anext(self._source))
        if len(self._ahead) > self._few and not self._source.stopped:
            return self._ahead.popleft()
        if self._compared < self._journal.length and (job := await self._recall(self._journal)):
            return job
        if self._resumed < len(self._again) and not self._source.stopped:
            self._resumed += 1
            return self._resume(self._journal, self._again[self._resumed - 1])
        if self._source.is_at_hand:
            return await self._look_ahead(self._journal)
        return self._fresh(*await anext(self._source))

    async def _look_ahead(self, journal: Journal) -> Job:
        """Have many requests noted at once, before they are needed: no worker waits for the disk.

        Not those without names: whether one that is noted was sent, no later run could find out.
        """
        while not self._source.stopped:
            if len(self._ahead) <= self._few and self._end is None and not self._noting:
                self._noting = asyncio.create_task(self._note_ahead(journal))
            if self._ahead:
                return self._ahead.popleft()
            if self._noting is None:
                break
            await asyncio.wait({self._noting})  # unlike a lock, it lets all go on together
        raise self._end or StopAsyncIteration

    async def _note_ahead(self, journal: Journal) -> None:
        jobs: list[Job] = []
        until = time.monotonic() + DRAWING
        try:
            while len(jobs) < self._reach and (len(jobs) % 8 or time.monotonic() < until):
                job = self._fresh(*await anext(self._source))
                job.noted = job.refusal is None and job.request.unique_name is not UNSET
                jobs.append(job)
        except Exception as end:  # the input's end, or its failure: told after these jobs
            self._end = end
        try:
            await journal.intend_all((job.index, job.request) for job in jobs if job.noted)
            self._ahead.extend(jobs)
        except (Exception, asyncio.CancelledError) as failure:  # no worker draws on behind a gap
            self._end = failure
        finally:
            self._noting = None

    async def _recall(self, journal: Journal) -> Job | None:
        """Compare what earlier runs have drawn; return the next that is done, if there is one."""
        async with self._lock:
            while self._compared < journal.length:
                index, asked = await self._draw_again(journal)
                outcome = self._compare(journal, index, asked)
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

    def _compare(
        self, journal: Journal, index: int, asked: CreateRoomRequest
    ) -> CreateOutcome | None:
        """See that it is what earlier runs have drawn; return its outcome, if that is final."""
        begun, line = journal.begun(index), journal.outcome(index)
        noted = begun.request if begun else line and cast("Line | None", line["request"])
        if noted is None:
            self._unnoted[index] = asked
            return None
        if not _is_same(noted, asked):
            raise ConfigurationError(
                f"{journal.path} is the journal of another input: request {index} (from 0) was "
                f"{noted} there, and is another one now; use another file"
            )
        try:
            request = CreateRoomRequest.from_dict(noted)
            return _final_outcome(index, request, line) if line and not begun else None
        except (InvalidRequestError, ResponseDecodeError) as error:
            raise ConfigurationError(
                f"{journal.path}, request {index} (from 0): not a line of a journal"
            ) from error

    def _resume(self, journal: Journal, index: int) -> Job:
        if index in self._unnoted:
            return self._fresh(index, self._unnoted.pop(index))
        begun = journal.begun(index)
        if begun is not None:
            request = CreateRoomRequest.from_dict(begun.request)
            return Job(index, request, noted=True, began=begun.at)
        line = cast("Line", journal.outcome(index))
        return self._fresh(index, CreateRoomRequest.from_dict(cast("Line", line["request"])))

    def _fresh(self, index: int, request: CreateRoomRequest) -> Job:
        try:
            return Job(index, self._prepare(request))
        except InvalidRequestError as refusal:
            return Job(index, request, refusal=refusal)


def _is_same(noted: Line, asked: object) -> bool:
    """Whether an input's request is the one noted, which that run may have given a name."""
    if not isinstance(asked, CreateRoomRequest):
        return False
    wanted = asked.to_dict()
    if asked.unique_name is UNSET and "unique_name" in noted:
        wanted["unique_name"] = noted["unique_name"]
    return noted == wanted


def _final_outcome(index: int, request: CreateRoomRequest, line: Line) -> CreateOutcome | None:
    """The outcome of an earlier run, unless it is worth another try.

    A room is final, and so is not knowing about a nameless one, which must never be sent again.

    Raises:
        ResponseDecodeError: the room is none.
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
            earlier=True,
        )
    nameless = request.unique_name is UNSET
    if nameless and error is not None and error.get("outcome") != Outcome.NOT_APPLIED.value:
        unknown = OutcomeUnknownError(str(error.get("message")), request, count)
        return CreateOutcome(
            index=index, request=request, error=unknown, attempts=count, earlier=True
        )
    return None
