"""The journal of a batch: what it means to do, and what came of it, a JSON object a line.

It is the result as well as the memory. A line ``{"intent": 7, …}`` is on disk before request 7 is
sent; a line ``{"index": 7, …}`` is its outcome. After any interruption, the same batch with the
same journal goes on: what is done is not done again, and what was begun is found out first.

Lines of many workers are written together and synced once ("group commit"): what is intended
survives a power cut, and an outcome lost in one is looked up again.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Self, TypeVar, cast

import attrs

from telnyx_video._wire.json import dumps
from telnyx_video.batch.outcome import CreateOutcome
from telnyx_video.batch.records import Line, Records, load, lock, write
from telnyx_video.batch.source import Source
from telnyx_video.errors import (
    ConfigurationError,
    InvalidRequestError,
    Outcome,
    OutcomeUnknownError,
)
from telnyx_video.models import UNSET, CreateRoomRequest, Room

T = TypeVar("T")

GATHER = float(os.environ.get("G", "0.004"))
SHARE = float(os.environ.get("S", "4"))


@attrs.frozen
class Job:
    """One request, on its way to a worker."""

    index: int
    request: CreateRoomRequest
    began_ago: float | None = None
    """Seconds since an earlier run began it, if one did and its end is unknown."""
    outcome: CreateOutcome | None = None
    """What an earlier run made of it, if that is final."""
    refusal: InvalidRequestError | None = None
    """Why it cannot be sent at all."""


class Journal:
    """The open file; one batch at a time may hold it."""

    def __init__(self, path: str, file: int, records: Records) -> None:
        self.path = path
        self._file = file
        self._records = records
        self._lines: list[bytes] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._commits: asyncio.Task[None] | None = None
        self._broken: OSError | None = None
        self._under_way: set[int] = set()
        self._enough = asyncio.Event()

    @classmethod
    async def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a journal, or begin one; repair its last line, if a crash tore it.

        Raises:
            ConfigurationError: the file is no journal, or another run holds it.
            OSError: it cannot be read or written.
        """
        name = os.fspath(path)
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            lock(file, name)
            records = await _in_thread(partial(load, file, name))
        except BaseException:
            os.close(file)
            raise
        return cls(name, file, records)

    @property
    def length(self) -> int:
        """How many of the input's first requests earlier runs have drawn."""
        return len(self._records.offsets)

    def recall(self, index: int, asked: CreateRoomRequest) -> Job:
        """What is to be done with a request that an earlier run has drawn.

        Args:
            asked: The request as the input has it, which that run may have given a name.

        Raises:
            ConfigurationError: that run drew another request at this place.
        """
        begun = self._records.begun.get(index)
        if begun is not None:
            same = self._same(index, begun.request, asked)
            return Job(index, same, began_ago=max(0.0, time.time() - begun.at))
        line = self._records.outcome(self._file, index)
        if line is None or line["request"] is None:  # not drawn, or not a request then
            return Job(index, asked)
        same = self._same(index, cast("Line", line["request"]), asked)
        return Job(index, same, outcome=_final_outcome(index, same, line))

    async def intend(self, job: Job) -> None:
        """Put on disk that a request is about to be sent.

        Raises:
            OSError: it cannot be written; the request must not be sent.
        """
        self._under_way.add(job.index)
        if job.began_ago is not None:
            return  # the intent of the earlier run holds, with its time
        if self._broken is not None:
            raise self._broken
        written = asyncio.get_running_loop().create_future()
        self._waiting.append(written)
        self._append({"intent": job.index, "at": time.time(), "request": job.request.to_dict()})
        if len(self._waiting) * SHARE >= len(self._under_way):
            self._enough.set()
        await written

    def record(self, outcome: CreateOutcome) -> None:
        """Add an outcome; it is written with the next commit."""
        self._under_way.discard(outcome.index)
        self._append(outcome.to_dict())

    async def close(self) -> None:
        """Write what is left and release the file.

        Raises:
            OSError: outcomes could not be written.
        """
        try:
            if self._commits is not None:
                await self._commits
        finally:
            os.close(self._file)
        if self._broken is not None:
            raise self._broken

    def _append(self, line: Line) -> None:
        self._lines.append(_to_json(line) + b"\n")
        if self._commits is None:
            self._commits = asyncio.create_task(self._commit_all())

    async def _commit_all(self) -> None:
        """Commit until nothing more comes."""
        while self._lines:
            try:
                async with asyncio.timeout(GATHER):
                    await self._enough.wait()
            except TimeoutError:
                pass
            self._enough.clear()
            lines, self._lines = self._lines, []
            waiting, self._waiting = self._waiting, []
            if self._broken is None:
                try:
                    await _in_thread(partial(write, self._file, b"".join(lines)))
                except OSError as error:
                    self._broken = error
            for written in waiting:
                if not written.done():
                    if self._broken is None:
                        written.set_result(None)
                    else:
                        written.set_exception(self._broken)
        self._commits = None

    def _same(self, index: int, journalled: Line, request: CreateRoomRequest) -> CreateRoomRequest:
        """The request as an earlier run sent it, which may have given it a name."""
        wanted = request.to_dict()
        if request.unique_name is UNSET:
            wanted |= {n: v for n, v in journalled.items() if n == "unique_name"}
        if journalled != wanted:
            raise ConfigurationError(
                f"{self.path} is the journal of another input: request {index} (from 0) was "
                f"{journalled} there, and is {request.to_dict()} now; use another file"
            )
        return CreateRoomRequest.from_dict(journalled)


async def _in_thread(do: Callable[[], T]) -> T:
    """Have it done in a thread; even if cancelled, stay until it is: it works on the open file."""
    done = asyncio.get_running_loop().run_in_executor(None, do)
    cancelled: asyncio.CancelledError | None = None
    while not done.done():
        try:
            await asyncio.wait([done])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        done.exception()  # not to be missed by asyncio, which would complain
        raise cancelled
    return done.result()


def _to_json(line: Line) -> bytes:
    try:
        return dumps(line)
    except (TypeError, ValueError):
        # Stray bytes in a header of the reply, and so in an error's message, are no UTF-8.
        return json.dumps(line, ensure_ascii=False).encode(errors="replace")


def _final_outcome(index: int, request: CreateRoomRequest, line: Line) -> CreateOutcome | None:
    """The outcome of an earlier run, unless it is worth another try.

    A room is final, and so is not knowing about a nameless one, which must never be sent again.
    """
    room, error = line.get("room"), line.get("error")
    attempts = line.get("attempts")
    count = attempts if isinstance(attempts, int) else 1
    if isinstance(room, dict):
        return CreateOutcome(
            index=index,
            request=request,
            room=Room.from_dict(cast("Line", room)),
            attempts=count,
            recovered=line.get("recovered") is True,
            existed=line.get("existed") is True,
            differences=tuple(map(str, cast("list[object]", line.get("differences", [])))),
            earlier=True,
        )
    if request.unique_name is UNSET and isinstance(error, dict):
        told = cast("Line", error)
        if told.get("outcome") != Outcome.NOT_APPLIED.value:
            unknown = OutcomeUnknownError(str(told.get("message")), request, count)
            return CreateOutcome(
                index=index, request=request, error=unknown, attempts=count, earlier=True
            )
    return None


class Jobs:
    """What the workers draw: first what earlier runs have drawn, all checked, then the rest."""

    def __init__(
        self,
        source: Source,
        prepare: Callable[[CreateRoomRequest], CreateRoomRequest],
        journal: Journal | None,
    ) -> None:
        self._source = source
        self._prepare = prepare
        self._journal = journal
        self._earlier = 0 if journal is None else journal.length
        self._again: deque[Job] = deque()
        self._lock = asyncio.Lock()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Job:
        async with self._lock:
            while self._journal is not None and self._source.drawn < self._earlier:
                job = await self._recall(self._journal)
                if job.outcome is not None:
                    return job
                self._again.append(job)
            if self._again and not self._source.stopped:
                return self._again.popleft()
            index, request = await anext(self._source)
            return self._job(index, request)

    async def _recall(self, journal: Journal) -> Job:
        """Nothing is sent before all that earlier runs have drawn proves to be the same input."""
        try:
            index, asked = await anext(self._source)
        except StopAsyncIteration:
            if self._source.stopped:
                raise
        else:
            job = self._job(index, asked)
            if job.refusal is None:
                job = journal.recall(index, asked)
            fresh = job.outcome is None and job.began_ago is None
            return self._job(index, job.request) if fresh else job
        raise ConfigurationError(
            f"{journal.path} is the journal of another input: it has at least {self._earlier} "
            f"requests, this one {self._source.drawn}; use another file"
        )

    def _job(self, index: int, request: CreateRoomRequest) -> Job:
        try:
            return Job(index, self._prepare(request))
        except InvalidRequestError as refusal:
            return Job(index, request, refusal=refusal)
