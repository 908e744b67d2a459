"""The part that recordings and compositions share: a file to wait for, download and delete."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from random import random
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import attrs

from telnyx_video._base import validate as check
from telnyx_video._base.http import HttpRequest
from telnyx_video._base.text import SHORT, one_line, plain_str
from telnyx_video._execution.attempt import AttemptRunner, CallOptions
from telnyx_video._execution.call import delete, execute
from telnyx_video._execution.download import (
    FileLocation,
    FileReader,
    FileSource,
    FileStream,
    OnProgress,
    download,
)
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video._wire import replies
from telnyx_video.errors import ErrorDetail, NotReadyError
from telnyx_video.models import RoomComposition, RoomRecording
from telnyx_video.resources._resource import Resource

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

    from telnyx_video.observing import Operation

M = TypeVar("M", RoomRecording, RoomComposition)

COMPLETED: Final = "completed"
"""The status of a recording or composition that has a file."""

POLL_INTERVAL: Final = (0.5, 15.0)
"""Seconds between two requests of ``wait``: the first, and the longest."""

POLL_BACKOFF: Final = 1.5
"""The factor by which the interval grows."""


@attrs.frozen
class MediaType(Generic[M]):
    """What distinguishes recordings from compositions."""

    name: str
    model: type[M]
    get_request: Callable[[str], HttpRequest]
    delete_request: Callable[[str], HttpRequest]
    download: Operation


class MediaResource(Resource, Generic[M]):
    """Objects that have a file."""

    def __init__(self, runner: AttemptRunner, options: CallOptions, media: MediaType[M]) -> None:
        super().__init__(runner, options)
        self._media: MediaType[M] = media

    async def get(
        self,
        media_id: str,
        /,
        *,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> M:
        """Read one recording or composition, such as its status.

        https://developers.telnyx.com/api-reference/room-recordings/view-a-room-recording
        https://developers.telnyx.com/api-reference/room-compositions/view-a-room-composition

        Args:
            media_id: The id of the recording or composition.
            timeout: For one attempt; by default the client's.
            retry: By default the client's policy.

        Raises:
            NotFoundError: there is no such recording or composition.
        """
        return await self._get(media_id, self._call_options(timeout, retry))

    async def wait(
        self,
        media_id: str,
        /,
        *,
        timeout: float = 900.0,
        on_progress: Callable[[M], object] | None = None,
        retry: RetryPolicy | None = None,
    ) -> M:
        """Wait until a recording or composition is completed, so that it can be downloaded.

        Reads it at intervals that grow from 0.5 to 15 seconds. Hooks see each read as a
        separate call. In a service, the webhooks ``video.room.recording.completed`` and
        ``video.room.composition.completed`` report the same without requests.

        Args:
            media_id: The id of the recording or composition.
            timeout: Seconds to wait, above 0.
            on_progress: Called with each object that was read.
            retry: For one read; by default the client's policy.

        Returns:
            The completed recording or composition.

        Raises:
            InvalidRequestError: an argument is invalid; nothing was sent.
            NotFoundError: there is no such recording or composition.
            NotReadyError: it was not completed in time.
        """
        problems: list[ErrorDetail] = []
        check.positive(problems, "timeout", timeout)
        if on_progress is not None:
            check.callback(problems, "on_progress", on_progress)
        check.refuse(problems)
        options = self._call_options(None, retry)
        transport = self._runner.transport
        deadline = transport.time() + timeout
        interval, longest = POLL_INTERVAL
        while True:
            found = await self._get(media_id, options)
            if on_progress is not None:
                on_progress(found)
            if found.status == COMPLETED:
                return found
            left = deadline - transport.time()
            if left <= 0:
                raise self._not_ready(found, "it may be completed later: wait again")
            # Jitter keeps the processes of a fleet apart; the last read is at the deadline.
            await transport.sleep(min(interval * (0.75 + random() / 2), left))
            interval = min(interval * POLL_BACKOFF, longest)

    async def download(
        self,
        media_id: str,
        path: str | os.PathLike[str],
        /,
        *,
        on_progress: OnProgress | None = None,
        read_timeout: float = 30.0,
        retry: RetryPolicy | None = None,
    ) -> int:
        """Download the file of a recording or composition, completely or not at all.

        It is written to ``….part`` next to the path, and renamed once it is on disk and has the
        size that the host announced. After a break the rest is fetched if the host can tell that
        the file is still the same, else the whole file. The API key is not sent to the host.

        A host that announces no size, and ends the body by closing the connection, cannot be
        checked exactly: such a file is compared with ``size_mb``, which the API rounds.

        Args:
            media_id: The id of the recording or composition.
            path: The file to write. An existing regular file is replaced; anything else that
                exists there, such as a directory, a pipe or a device, is refused.
            on_progress: Called about once a MiB.
            read_timeout: Seconds without a byte after which the connection counts as broken.
            retry: By default the client's policy. Its attempts and its deadline count from the
                latest new byte, so that a large file may take its time.

        Returns:
            The file's size in bytes.

        Raises:
            InvalidRequestError: an argument is invalid; nothing was sent.
            NotFoundError: there is no such recording or composition.
            NotReadyError: it has no file yet.
            TransportError: the file could not be fetched completely.
            OSError: the file could not be written or replaced.
        """
        problems: list[ErrorDetail] = []
        check.path(problems, "path", path)
        if on_progress is not None:
            check.callback(problems, "on_progress", on_progress)
        check.positive(problems, "read_timeout", read_timeout)
        check.refuse(problems)
        with self._traced(retry) as options:
            source = self._source(media_id, options, read_timeout)
            return await download(source, Path(plain_str(os.fspath(path))), on_progress)

    @asynccontextmanager
    async def open(
        self, media_id: str, /, *, read_timeout: float = 30.0, retry: RetryPolicy | None = None
    ) -> AsyncGenerator[FileStream, None]:
        """Open the file of a recording or composition, and read it chunk by chunk.

        ::

            async with rooms.recordings.open(recording.id) as stream:
                async for chunk in stream:
                    await upload.write(chunk)

        After a break reading continues where it stopped, if the host can tell that the file is
        still the same. The length is checked at the end. The API key is not sent to the host.

        Args:
            media_id: The id of the recording or composition.
            read_timeout: Seconds without a byte after which the connection counts as broken.
            retry: As for :meth:`download`.

        Raises:
            InvalidRequestError: an argument is invalid; nothing was sent.
            NotFoundError: there is no such recording or composition.
            NotReadyError: it has no file yet.
            TransportError: the file could not be opened; while reading: it could not be fetched
                completely.
        """
        problems: list[ErrorDetail] = []
        check.positive(problems, "read_timeout", read_timeout)
        check.refuse(problems)
        with self._traced(retry) as options:
            reader = FileReader(self._source(media_id, options, read_timeout))
            try:
                yield await FileStream.open(reader)
            finally:
                await reader.aclose()

    async def delete(
        self,
        media_id: str,
        /,
        *,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Delete one recording or composition.

        https://developers.telnyx.com/api-reference/room-recordings/delete-a-room-recording
        https://developers.telnyx.com/api-reference/room-compositions/delete-a-room-composition

        Args:
            media_id: The id of the recording or composition.
            timeout: For one attempt; by default the client's.
            retry: By default the client's policy.

        Raises:
            NotFoundError: there is no such recording or composition, and this call did not delete
                it.
            OutcomeUnknownError: it may have been deleted; the same call can be repeated.
        """
        request = self._media.delete_request(media_id)
        await delete(self._runner, request, self._call_options(timeout, retry))

    def _traced(self, retry: RetryPolicy | None) -> AbstractContextManager[CallOptions]:
        """Report a download to the hooks, if there are any, as one call with all its requests."""
        options = self._call_options(None, retry)
        return self._runner.traced(options, self._media.download, "GET")

    async def _get(self, media_id: str, options: CallOptions) -> M:
        request, read = self._media.get_request(media_id), replies.found(self._media.model)
        return await execute(self._runner, request, read, options, idempotent=True)

    def _source(self, media_id: str, options: CallOptions, read_timeout: float) -> FileSource:
        async def locate() -> FileLocation:
            found = await self._get(media_id, options)
            if found.download_url:
                return FileLocation(found.download_url, found.size_mb)
            raise self._not_ready(found, "try again later, or use wait()")

        runner = self._runner
        return FileSource(
            locate, runner.transport, runner.connections, options.policy, read_timeout
        )

    def _not_ready(self, found: M, hint: str) -> NotReadyError:
        name, status = one_line(found.id, SHORT), one_line(found.status or "none", SHORT)
        message = f"{self._media.name} {name} has no file yet (status: {status}) - {hint}"
        return NotReadyError(message, found.status)
