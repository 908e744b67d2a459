"""Fetches a file: reads it, continues after a break, and saves it under its name once complete."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from random import random
from secrets import token_hex
from typing import BinaryIO, Final, ParamSpec, Self, TypeVar

import attrs

from telnyx_video._execution._download_state import (
    Decision,
    Done,
    DownloadState,
    Failed,
    Retry,
    StallTimer,
    Take,
    UrlExpired,
)
from telnyx_video._execution.attempt import Semaphore
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video._transport.files import FileAddress, FileBody, open_file
from telnyx_video._transport.transport import Transport
from telnyx_video.errors import TransportError
from telnyx_video.models import DownloadProgress

P = ParamSpec("P")
T = TypeVar("T")

OnProgress = Callable[[DownloadProgress], object]
"""Called as a download proceeds."""

WRITE_SIZE: Final = 1024 * 1024
"""Bytes written at a time: few enough to hold in memory, enough to be worth a thread switch."""

NAME_LENGTH: Final = 60
"""Characters of the file's name in the partial file's: with 14 more, at most 254 bytes of UTF-8,
where file systems allow 255."""


@attrs.frozen
class FileLocation:
    """Where a file is, and how large the API says it is."""

    address: FileAddress = attrs.field(converter=FileAddress)
    size_mb: float | None = None


@attrs.frozen
class FileSource:
    """A file at a storage host, and what to fetch it with."""

    locate: Callable[[], Awaitable[FileLocation]]
    """Asks the API where the file is; called again when a URL has expired."""
    transport: Transport
    connections: Semaphore
    policy: RetryPolicy
    read_timeout: float
    """Seconds without a byte after which the connection counts as broken."""


class FileReader:
    """Reads a file chunk by chunk, and reconnects if the connection breaks."""

    def __init__(self, source: FileSource) -> None:
        self.state: Final = DownloadState()
        self._source = source
        self._timer = StallTimer(source.policy, source.transport.time())
        self._location: FileLocation | None = None
        self._fresh = True
        self._connection = AsyncExitStack()
        self._body: FileBody | None = None

    async def read(self) -> tuple[int, bytes]:
        """Return the next bytes, preceded by their position in the file; no bytes at the end.

        The position goes back to 0 if the file has to be read from its start again.

        Raises:
            TransportError: the file could not be fetched completely.
        """
        while True:
            location = self._location or await self._locate()
            received = await self._receive(location)
            if isinstance(received, bytes):
                position = self.state.received
                self.state.received += len(received)
                return position, received
            await self.aclose()
            self._timer.progressed(self.state.received, self._source.transport.time())
            match received:
                case Done():
                    return self.state.received, b""
                case Retry():
                    await self._wait(received.reason)
                    self._fresh = self._fresh and not self._timer.most
                case UrlExpired() if not self._fresh:
                    self._location = None
                case _:
                    hint = "check whether the file still exists"
                    raise _incomplete(received.reason, hint, retryable=False)

    async def aclose(self) -> None:
        """Close the connection, if one is open."""
        self._body = None
        await self._connection.aclose()

    async def _locate(self) -> FileLocation:
        self._location, self._fresh = await self._source.locate(), True
        self.state.size_mb = self._location.size_mb
        return self._location

    async def _receive(self, location: FileLocation) -> bytes | Done | Retry | UrlExpired | Failed:
        try:
            if self._body is None:
                opened, decision = await self._connect(location)
                if not isinstance(decision, Take):
                    return decision
                self._body = opened
            return await self._body.read() or self.state.ended()
        except TransportError as error:
            return Retry(error.message) if error.retryable else Failed(error.message)

    async def _connect(self, location: FileLocation) -> tuple[FileBody, Decision]:
        source = self._source
        if not source.connections.try_acquire():
            await source.connections.acquire()
        self._connection.callback(source.connections.release)
        headers = self.state.request_headers()
        body = await self._connection.enter_async_context(
            open_file(source.transport, location.address, headers, read_timeout=source.read_timeout)
        )
        return body, self.state.responded(body.status, body.headers)

    async def _wait(self, reason: str) -> None:
        transport = self._source.transport
        seconds = self._timer.wait(transport.time(), random())
        if seconds is None:
            raise _incomplete(reason, "try again later", retryable=True)
        await transport.sleep(seconds)


class FileStream:
    """A file that is being read: ``async for chunk in stream``.

    After a break, reading continues where it stopped. The length is checked at the end.
    """

    def __init__(self, reader: FileReader, first: bytes) -> None:
        self._reader = reader
        self._next: bytes | None = first
        self._received = len(first)

    @property
    def total(self) -> int | None:
        """The file's size in bytes, if the host announced it."""
        return self._reader.state.total

    @classmethod
    async def open(cls, reader: FileReader) -> Self:
        """Connect to the host and read the first bytes."""
        _, first = await reader.read()
        return cls(reader, first)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk.

        Raises:
            TransportError: the rest could not be fetched, or belongs to another file.
            ConfigurationError: the client is closed.
        """
        chunk = self._next
        if chunk is None:
            position, chunk = await self._reader.read()
            if position != self._received:
                self._next = b""
                await self._reader.aclose()
                raise _incomplete(
                    "the connection broke, and the host cannot continue the same file",
                    "start again, or download it to a path",
                    retryable=True,
                )
            self._received += len(chunk)
        if not chunk:
            self._next = b""
            raise StopAsyncIteration
        self._next = None
        return chunk


async def download(source: FileSource, path: Path, on_progress: OnProgress | None) -> int:
    """Save a file to a path, completely or not at all; return its size in bytes.

    Raises:
        TransportError: it could not be fetched completely.
        OSError: it could not be written.
    """
    made: list[PartialFile] = []
    reader = FileReader(source)
    try:
        await in_thread(lambda: made.append(PartialFile(path)))  # kept if the wait is cancelled
        (partial,) = made
        size = await _save(reader, partial, on_progress)
        await in_thread(partial.finish, size)
    finally:
        for partial in made:
            partial.discard()
        await reader.aclose()
    return size


async def _save(reader: FileReader, partial: PartialFile, on_progress: OnProgress | None) -> int:
    """Write all chunks; return the file's size."""
    start, buffer = 0, bytearray()
    while True:
        position, chunk = await reader.read()
        if position != start + len(buffer):
            start, buffer = position, bytearray()
        buffer += chunk
        if buffer and (not chunk or len(buffer) >= WRITE_SIZE):
            await in_thread(partial.write, start, buffer)
            start, buffer = start + len(buffer), bytearray()
            if on_progress is not None:
                on_progress(DownloadProgress(start, reader.state.total))
        if not chunk:
            return position


class PartialFile:
    """``NAME.….part``, next to the file to be written. Its methods block: call them in a thread.

    The name is random, so that two downloads to one path do not share a file. Errors name the path
    that the caller knows.

    Raises:
        OSError: it cannot be created, because of the path itself or because it exists and is not
            a regular file; the methods raise it if it cannot be written, renamed or removed.
    """

    def __init__(self, path: Path) -> None:
        _check_replaceable(path)
        self._path = path
        # Behind a symbolic link, so that the link stays one.
        self._target = Path(os.path.realpath(path))
        self._partial = self._target.with_name(
            f"{self._target.name[:NAME_LENGTH]}.{token_hex(4)}.part"
        )
        with _naming(path):
            self._file: BinaryIO = self._partial.open("xb")

    def write(self, position: int, content: bytes | bytearray) -> None:
        """Write at a position, and drop everything behind it."""
        with _naming(self._path):
            self._file.seek(position)
            self._file.truncate()
            self._file.write(content)

    def finish(self, size: int) -> None:
        """Flush the file to disk and rename it; an earlier file of that name is replaced."""
        with _naming(self._path):
            self._file.truncate(size)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._partial.replace(self._target)

    def discard(self) -> None:
        """Remove the partial file; does nothing after :meth:`finish`."""
        with suppress(OSError):  # the disk is full: the buffer cannot be written
            self._file.close()
        with _naming(self._path):
            self._partial.unlink(missing_ok=True)


def _check_replaceable(path: Path) -> None:
    """Refuse to replace a directory, pipe, socket or device."""
    try:
        mode = path.stat().st_mode
    except OSError:  # nothing is there, or creating the file will fail with the reason
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "Only a regular file can be replaced", str(path))


@contextmanager
def _naming(path: Path) -> Generator[None]:
    """Make the system's errors name this path, whichever they are about."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


async def in_thread(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a blocking function in a thread; a cancellation waits until it has returned."""
    work = asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([work])
        raise


def _incomplete(reason: str, hint: str, *, retryable: bool) -> TransportError:
    return TransportError(
        f"the file could not be fetched completely: {reason} - {hint}", retryable=retryable
    )
