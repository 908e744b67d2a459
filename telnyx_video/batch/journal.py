"""The journal of a batch: what it means to do, and what came of it, a JSON object a line.

It is the result as well as the memory. A line ``{"intent": 7, …}`` is on disk before request 7 is
sent; a line ``{"index": 7, …}`` is its outcome. After any interruption, the same batch with the
same journal goes on: what is done is not done again, and what was begun is found out first.

Lines of many workers are written together and synced once ("group commit"): what is intended
survives a power cut, and an outcome lost in one is looked up again.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Self

from telnyx_video import _wire
from telnyx_video._base.text import plain_str
from telnyx_video.batch.journal_file import (
    Begun,
    Line,
    Records,
    intent_line,
    load,
    lock,
    outcome_line,
    write,
)
from telnyx_video.batch.outcome import CreateOutcome
from telnyx_video.batch.waiting import ended
from telnyx_video.models import CreateRoomRequest

GATHERING = 0.004
"""Seconds that a commit waits for company: little beside the time in which a create is answered."""

LINGERING = 0.1
"""Seconds that outcomes wait for intents to be written with: nobody waits for them."""

SHARE = 0.5
"""Once this share of what is under way waits for a commit, little more company can be expected."""


class Journal:
    """The open file; one batch at a time may hold it."""

    def __init__(self, path: str, file: int, records: Records, thread: ThreadPoolExecutor) -> None:
        self.path = path
        self._file = file
        self._records = records
        self._thread = thread
        self._loop = asyncio.get_running_loop()
        self._lines: list[bytes] = []
        self._outcomes: list[CreateOutcome] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._under_way: set[int] = set()
        self._settings: dict[int, bytes] = {}
        self._in_haste = False
        self._gathering: asyncio.TimerHandle | None = None
        self._writing: asyncio.Future[None] | None = None
        self._broken: BaseException | None = None

    @classmethod
    async def open(cls, path: str | os.PathLike[str], server: str | None = None) -> Self:
        """Open a journal, or begin one; repair its last line, if a crash tore it.

        Args:
            path: The file.
            server: The base URL of where the rooms are to be; None if that is not known.

        Raises:
            ConfigurationError: the file is no journal, or one of another server, or another run
                holds it.
            OSError: it cannot be read or written.
        """
        name = plain_str(os.fspath(path))
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        # A thread of its own: the loop's may all be busy with what the caller does in them.
        thread = ThreadPoolExecutor(1, "telnyx-video-journal")
        try:
            lock(file, name)
            loading = asyncio.get_running_loop().run_in_executor(thread, load, file, name, server)
            await ended({loading})
            return cls(name, file, loading.result(), thread)
        except BaseException:
            thread.shutdown()
            os.close(file)
            raise

    @property
    def length(self) -> int:
        """How many of the input's first requests earlier runs have drawn."""
        return len(self._records.offsets)

    def begun(self, index: int) -> Begun | None:
        """The request as an earlier run was about to send it, if what came of it is unknown."""
        return self._records.begun.get(index)

    def outcome(self, index: int) -> Line | None:
        """What came of the request at last in earlier runs, if it is known."""
        return self._records.outcome(self._file, index)

    def settings(self, index: int) -> bytes | None:
        """What a request asks for, as JSON, from when this run intends it to its outcome."""
        return self._settings.get(index)

    def begin(self, index: int) -> None:
        """A request is about to be sent, now that it is noted, or as soon as it is.

        Raises:
            OSError: the journal cannot be written; the request must not be sent.
        """
        self._check()
        self._under_way.add(index)

    async def intend(self, index: int, request: CreateRoomRequest) -> None:
        """Put on disk that a request is about to be sent.

        Raises:
            OSError: the journal cannot be written; the request must not be sent.
        """
        await self._commit_of([self._intent(index, time.time(), request)])

    async def intend_all(self, requests: Iterable[tuple[int, CreateRoomRequest]]) -> None:
        """Put on disk, without waiting for more, that these requests are about to be sent.

        Raises:
            OSError: the journal cannot be written; none of them must be sent.
        """
        now = time.time()
        lines = [self._intent(index, now, request) for index, request in requests]
        self._check()
        if lines:
            self._in_haste = True
            await self._commit_of(lines)

    def record(self, outcome: CreateOutcome) -> None:
        """Add an outcome; it is written with the next commit."""
        self._under_way.discard(outcome.index)
        if self._broken is None:
            self._outcomes.append(outcome)
            if self._waiting or self._gathering is None:
                self._consider()

    async def close(self) -> None:
        """Write what is left and release the file.

        Raises:
            OSError: outcomes could not be written.
        """
        try:
            await ended({asyncio.create_task(self._flush())})
        finally:
            self._thread.shutdown()
            os.close(self._file)
        self._check()

    def _check(self) -> None:
        if self._broken is not None:
            raise self._broken

    def _intent(self, index: int, at: float, request: CreateRoomRequest) -> bytes:
        settings = self._settings[index] = _wire.encode_room_request(request)
        return intent_line(index, at, settings)

    async def _commit_of(self, lines: list[bytes]) -> None:
        written = self._loop.create_future()
        self._lines += lines
        self._waiting.append(written)
        self._consider()
        await written

    def _consider(self) -> None:
        """Commit now or soon, unless a commit is under way: then it is considered again."""
        if self._writing is not None:
            return
        enough = self._waiting and len(self._waiting) >= SHARE * len(self._under_way)
        if enough or self._in_haste:
            self._commit()
        elif self._waiting:
            self._commit_within(GATHERING)
        else:
            self._commit_within(LINGERING)

    def _commit_within(self, seconds: float) -> None:
        at = self._loop.time() + seconds
        if self._gathering is not None:
            if self._gathering.when() <= at:
                return
            self._gathering.cancel()
        self._gathering = self._loop.call_at(at, self._commit)

    def _commit(self) -> asyncio.Future[None]:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        self._in_haste = False
        lines, self._lines = self._outcome_lines() + self._lines, []
        waiting, self._waiting = self._waiting, []
        self._writing = self._loop.run_in_executor(self._thread, _write, self._file, lines)
        self._writing.add_done_callback(partial(self._written, waiting))
        return self._writing

    def _outcome_lines(self) -> list[bytes]:
        """Write many outcomes one after the other, which takes half as long as among other work."""
        outcomes, self._outcomes = self._outcomes, []
        return [
            outcome_line(outcome, self._settings.pop(outcome.index, None)) for outcome in outcomes
        ]

    def _written(self, waiting: list[asyncio.Future[None]], writing: asyncio.Future[None]) -> None:
        self._writing = None
        self._broken = writing.exception()
        if self._broken is not None:
            waiting, self._waiting = waiting + self._waiting, []
            self._lines, self._outcomes = [], []
        for written in waiting:
            if written.done():  # its worker was cancelled
                continue
            if self._broken is None:
                written.set_result(None)
            else:
                written.set_exception(self._broken)
        if self._lines or self._outcomes:
            self._consider()

    async def _flush(self) -> None:
        while self._lines or self._outcomes or self._writing:
            await asyncio.wait({self._writing or self._commit()})


def _write(file: int, lines: list[bytes]) -> None:
    write(file, b"".join(lines))
