"""Fetches a file to disk: asks, writes, and asks again for what is missing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from random import random
from typing import ParamSpec, TypeVar

import attrs

from telnyx_video._execution._download_state import (
    Again,
    Course,
    Expired,
    Patience,
    Refused,
    Take,
    Whole,
)
from telnyx_video._execution._part import Part
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video._execution.semaphore import Semaphore
from telnyx_video._transport import Transport
from telnyx_video._transport.files import FileBody, open_file
from telnyx_video.errors import TransportError
from telnyx_video.models import DownloadProgress

P = ParamSpec("P")
T = TypeVar("T")

Report = Callable[[DownloadProgress], object]
"""Told how far a download is."""

Locate = Callable[[], Awaitable[str]]
"""Finds the file's address, anew each time: addresses expire."""

PIECE = 1024 * 1024
"""Bytes that are written at a time: few enough to hold, enough to be worth a thread's while."""


@attrs.frozen
class Located:
    """A file, and how to get it."""

    locate: Locate
    transport: Transport
    connections: Semaphore
    policy: RetryPolicy
    read_timeout: float
    """Seconds without a byte after which the connection is taken to be broken."""


async def download(
    source: Located, path: str | os.PathLike[str], on_progress: Report | None
) -> int:
    """Fetch a file; tells its size in bytes.

    Until it is whole it lies beside, as ``….part``. If it cannot be had, nothing is left of it.

    Raises:
        TransportError: it could not be fetched in full.
        OSError: it could not be written.
    """
    made: list[Part] = []
    try:
        await in_thread(lambda: made.append(Part(Path(path))))  # kept, whatever cancels the wait
        (part,) = made
        size = await _Download(source, part, on_progress).run()
        await in_thread(part.finish, size)
    finally:
        for part in made:
            part.discard()
    return size


class _Download:
    def __init__(self, source: Located, part: Part, on_progress: Report | None) -> None:
        self._source = source
        self._part = part
        self._report = on_progress
        self._course = Course()
        self._patience = Patience(source.policy, source.transport.time())

    async def run(self) -> int:
        address, fresh = await self._source.locate(), True
        while True:
            verdict = await self._try(address)
            self._patience.came_to(self._course.received, self._source.transport.time())
            match verdict:
                case Whole():
                    return self._course.received
                case Again():
                    await self._pause(verdict.reason)
                    fresh = fresh and not self._patience.best
                case Expired() if not fresh:
                    address, fresh = await self._source.locate(), True
                case _:
                    advice = "see whether the file still exists"
                    raise self._failure(verdict.reason, advice, retryable=False)

    async def _try(self, address: str) -> Whole | Again | Expired | Refused:
        source = self._source
        try:
            if not source.connections.try_acquire():
                await source.connections.acquire()
            try:
                return await self._transfer(address)
            finally:
                source.connections.release()
        except TransportError as error:
            return Again(error.message) if error.retryable else Refused(error.message)

    async def _transfer(self, address: str) -> Whole | Again | Expired | Refused:
        source = self._source
        async with open_file(
            source.transport, address, self._course.ask(), read_timeout=source.read_timeout
        ) as body:
            verdict = self._course.answered(body.status, body.headers)
            if not isinstance(verdict, Take):
                return verdict
            await self._take(body)
        return self._course.ended()

    async def _take(self, body: FileBody) -> None:
        """Write what comes, and what came before the connection broke."""
        piece = bytearray()
        try:
            while content := await body.read():
                piece += content
                if len(piece) >= PIECE:
                    await self._write(piece)
                    piece = bytearray()
        except TransportError:
            await self._write(piece)
            raise
        await self._write(piece)

    async def _write(self, content: bytes | bytearray) -> None:
        if not content:
            return
        await in_thread(self._part.write, self._course.received, content)
        self._course.received += len(content)
        if self._report is not None:
            self._report(DownloadProgress(self._course.received, self._course.total))

    async def _pause(self, reason: str) -> None:
        transport = self._source.transport
        seconds = self._patience.wait(transport.time(), random())
        if seconds is None:
            raise self._failure(reason, "try again later", retryable=True)
        await transport.sleep(seconds)

    def _failure(self, reason: str, advice: str, *, retryable: bool) -> TransportError:
        return TransportError(
            f"the file could not be fetched in full: {reason} - {advice}", retryable=retryable
        )


async def in_thread(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what blocks, in a thread. A cancellation waits for its end: it cannot be stopped."""
    work = asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([work])
        raise
