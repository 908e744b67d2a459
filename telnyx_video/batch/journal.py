"""The journal of a batch: requests about to be sent, and outcomes, one JSON object a line.

After any interruption, the same batch continues with the same journal. Lines of many workers are
written together and synced once ("group commit").

Requests with a name are noted and synced far ahead, and each is marked as begun before it is sent:

- A mark is written before the POST, so killing the process at any point leaves either no mark and
  no POST, or a mark: only a marked request is looked up, and a room of its name may be its own.
- A mark is not synced, as that would take a sync for each request. Only a crash of the system can
  lose it, which the next run detects: the run's first line has the boot id of the system.
- So in the same boot a request without a mark was not sent. In another boot it may have been: it is
  sent again, which the name makes safe, and a room of its name counts as existing, never as made by
  the batch, and never as certainly made by someone else.
- Requests without a name are not noted ahead: note and mark are one line, synced before the POST.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Self

from telnyx_video._base.http import HttpRequest
from telnyx_video._base.text import plain_str
from telnyx_video._wire.requests import create_room, encode_room_request
from telnyx_video.batch.journal_file import BEGUN, INTENT, NOTED, JournalFile
from telnyx_video.batch.outcome import CreateOutcome, outcome_line
from telnyx_video.batch.source import wait_for_all
from telnyx_video.models import CreateRoomRequest

COMMIT_DELAY: Final = 0.004
"""Seconds that a commit waits for more lines: little compared to a create."""

OUTCOME_DELAY: Final = 0.1
"""Seconds that outcomes wait for other lines, since no worker waits for outcomes."""

SHARE: Final = 0.5
"""Share of the requests in flight; if so many wait for a commit, few more lines will come."""


class Journal:
    """The open journal of one batch."""

    def __init__(self, file: JournalFile, thread: ThreadPoolExecutor) -> None:
        self.file = file
        self._thread = thread
        self._loop = asyncio.get_running_loop()
        self._lines: list[bytes] = []
        self._outcomes: list[CreateOutcome] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._in_flight: set[int] = set()
        self._encoded: dict[int, bytes] = {}
        self._at_once = False
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Future[None] | None = None
        self._failure: BaseException | None = None

    @classmethod
    async def open(
        cls, path: str | os.PathLike[str], server: str | None = None, ahead: int = 0
    ) -> Self:
        """Open a journal, or begin one; remove its last line, if a crash tore it.

        Args:
            path: The file.
            server: The base URL of where the rooms are to be; None if that is not known.
            ahead: How many requests may be drawn beyond those that are noted.

        Raises:
            ConfigurationError: the file is not a journal, or one of another server, or another
                run holds it.
            OSError: it cannot be read or written.
        """
        file = JournalFile(plain_str(os.fspath(path)), ahead)
        # Not one of the loop's threads, which may all be busy with the caller's work.
        thread = ThreadPoolExecutor(1, "telnyx-video-journal")
        try:
            loading = asyncio.get_running_loop().run_in_executor(thread, file.load, server)
            await wait_for_all({loading})
            loading.result()
            return cls(file, thread)
        except BaseException:
            thread.shutdown()
            file.close()
            raise

    def http_request(self, index: int, request: CreateRoomRequest) -> HttpRequest:
        """Return the request to send, encoded once for the journal and the server."""
        return create_room(request, self._encoded.get(index))

    def begin(self, index: int) -> None:
        """Count a request as in flight, from before it is marked or intended to its outcome.

        Raises:
            OSError: the journal cannot be written; the request must not be sent.
        """
        self._check()
        self._in_flight.add(index)

    async def note_ahead(self, requests: Iterable[tuple[int, CreateRoomRequest]]) -> None:
        """Put on disk, without waiting for more lines, that these requests will be sent.

        Raises:
            OSError: the journal cannot be written; none of them must be sent.
        """
        self._check()
        lines = [NOTED % (index, self._encode(index, request)) for index, request in requests]
        if lines:
            self._lines += lines
            del lines  # a traceback may show locals, and a webhook's URL may hold a password
            self._at_once = True
            await self._commit_lines()

    def mark(self, index: int) -> None:
        """Write that a request that was noted is about to be sent.

        Raises:
            OSError: the journal cannot be written; the request must not be sent.
        """
        try:
            self.file.append(BEGUN % (index, time.time()))
        except OSError as error:
            self._failure = error
            raise

    async def intend(self, index: int, request: CreateRoomRequest) -> None:
        """Put on disk that a request is about to be sent.

        Raises:
            OSError: the journal cannot be written; the request must not be sent.
        """
        self._lines.append(INTENT % (index, time.time(), self._encode(index, request)))
        await self._commit_lines()

    def record(self, outcome: CreateOutcome) -> None:
        """Add an outcome; it is written with the next commit."""
        self._in_flight.discard(outcome.index)
        if self._failure is None:
            self._outcomes.append(outcome)
            if self._waiting or self._timer is None:
                self._schedule()

    async def close(self) -> None:
        """Write the remaining outcomes and release the file.

        Raises:
            OSError: outcomes could not be written.
        """
        try:
            await wait_for_all({asyncio.create_task(self._flush())})
        finally:
            self._thread.shutdown()
            self.file.close()
        self._check()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _encode(self, index: int, request: CreateRoomRequest) -> bytes:
        encoded = self._encoded[index] = encode_room_request(request)
        return encoded

    async def _commit_lines(self) -> None:
        """Wait until the lines are on disk."""
        written = self._loop.create_future()
        self._waiting.append(written)
        self._schedule()
        await written

    def _schedule(self) -> None:
        """Commit now or soon; when a commit is being written, this is called again after it."""
        if self._writing is not None:
            return
        enough = self._waiting and len(self._waiting) >= SHARE * len(self._in_flight)
        if enough or self._at_once:
            self._commit()
        elif self._waiting:
            self._commit_within(COMMIT_DELAY)
        else:
            self._commit_within(OUTCOME_DELAY)

    def _commit_within(self, seconds: float) -> None:
        at = self._loop.time() + seconds
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._commit)

    def _commit(self) -> asyncio.Future[None]:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._at_once = False
        lines, self._lines = self._outcome_lines() + self._lines, []
        waiting, self._waiting = self._waiting, []
        self._writing = self._loop.run_in_executor(self._thread, self.file.commit, lines)
        self._writing.add_done_callback(partial(self._committed, waiting))
        return self._writing

    def _outcome_lines(self) -> list[bytes]:
        """Encode the outcomes together, which is twice as fast as one by one."""
        outcomes, self._outcomes = self._outcomes, []
        return [
            outcome_line(outcome, self._encoded.pop(outcome.index, None)) for outcome in outcomes
        ]

    def _committed(
        self, waiting: list[asyncio.Future[None]], writing: asyncio.Future[None]
    ) -> None:
        self._writing = None
        if (failure := writing.exception()) is not None:
            # A traceback may show the thread's locals, lines with the URLs of webhooks.
            self._failure = self._failure or failure.with_traceback(None)
        if self._failure is not None:
            waiting, self._waiting = waiting + self._waiting, []
            self._lines, self._outcomes = [], []
        for written in waiting:
            if written.done():  # its worker was cancelled
                continue
            if self._failure is None:
                written.set_result(None)
            else:
                written.set_exception(self._failure)
        if self._lines or self._outcomes:
            self._schedule()

    async def _flush(self) -> None:
        while self._lines or self._outcomes or self._writing:
            await asyncio.wait({self._writing or self._commit()})
