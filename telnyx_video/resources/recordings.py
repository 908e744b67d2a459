"""Recordings of participants, made in rooms that record."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Unpack

from telnyx_video import _wire
from telnyx_video._execution.attempt import CallOptions
from telnyx_video._execution.call import delete, execute
from telnyx_video._execution.paging import AsyncPager
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video.models import UNSET, RecordingFilters, RoomRecording, Unset
from telnyx_video.resources._files import Downloads

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

    from telnyx_video.models import DownloadProgress

__all__ = ["AsyncRecordings"]

_LOOK_FIRST = (
    "it was not sent again, as that could delete what has come since: "
    "compare recordings.list(...) with the same filters first"
)


class AsyncRecordings(Downloads):
    """Recordings: ``rooms.recordings``."""

    def list(
        self,
        *,
        page_size: int = _wire.MAX_PAGE_SIZE,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
        **filters: Unpack[RecordingFilters],
    ) -> AsyncPager[RoomRecording]:
        """All recordings of the account that pass the filters.

        https://developers.telnyx.com/api-reference/room-recordings/view-a-list-of-room-recordings

        Args:
            page_size: Recordings in a page, 1 to 250.
            timeout: For one attempt at one page, in place of the client's.
            retry: For one page, in place of the client's policy.
            **filters: See :class:`~telnyx_video.models.RecordingFilters`.

        Raises:
            InvalidRequestError: an argument is out of bounds; at once, before anything is sent.
            TypeError: there is no such filter.
        """
        return self._list(
            lambda number: _wire.list_recordings(filters, page_number=number, page_size=page_size),
            _wire.listed(RoomRecording),
            self._call_options(timeout, retry),
        )

    async def get(
        self,
        recording_id: str,
        /,
        *,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> RoomRecording:
        """Read what is known of one recording.

        https://developers.telnyx.com/api-reference/room-recordings/view-a-room-recording

        Args:
            recording_id: The recording's id.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy.

        Raises:
            NotFoundError: there is no such recording.
        """
        return await self._get(recording_id, self._call_options(timeout, retry))

    async def download(
        self,
        recording_id: str,
        path: str | os.PathLike[str],
        /,
        *,
        on_progress: Callable[[DownloadProgress], object] | None = None,
        read_timeout: float = 30.0,
        retry: RetryPolicy | None = None,
    ) -> int:
        """Download a recording's file, whole or not at all.

        It is written beside, as ``….part``, and gets its name when it is on the disk and has as
        many bytes as the host announced. After a break the rest is fetched, if the host can tell
        that the file is the same, else all of it. The key is never sent there.

        Args:
            recording_id: The recording's id.
            path: The file to write; one that is there is replaced.
            on_progress: Called as the file comes.
            read_timeout: Seconds without a byte after which the connection is taken to be broken.
            retry: In place of the client's policy. Its attempts and its deadline count from the
                latest new byte on, so that a long download may take its time.

        Returns:
            The file's size in bytes.

        Raises:
            InvalidRequestError: an argument cannot work; nothing was sent.
            NotFoundError: there is no such recording.
            NotReadyError: it has no file yet.
            TransportError: the file could not be fetched in full.
            OSError: the file could not be written.
        """
        return await self._download(
            "recordings.download",
            lambda options: self._get(recording_id, options),
            path,
            on_progress,
            read_timeout,
            retry,
        )

    async def delete(
        self,
        recording_id: str,
        /,
        *,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Delete one recording.

        https://developers.telnyx.com/api-reference/room-recordings/delete-a-room-recording

        Args:
            recording_id: The recording's id.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy.

        Raises:
            NotFoundError: there is no such recording, and this call did not delete it.
            OutcomeUnknownError: it may have been deleted; the same call can be repeated.
        """
        request = _wire.delete_recording(recording_id)
        await delete(self._runner, request, self._call_options(timeout, retry))

    async def delete_many(
        self,
        *,
        page_number: int | Unset = UNSET,
        page_size: int | Unset = UNSET,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
        **filters: Unpack[RecordingFilters],
    ) -> int:
        """Delete all recordings that pass the filters; at least one filter must be given.

        It is sent again only if it was certainly not applied: a repetition could delete recordings
        that have come since.

        https://developers.telnyx.com/api-reference/room-recordings/delete-several-room-recordings-in-a-bulk

        Args:
            page_number: The API takes paging parameters here, too, and does not say what they do.
                By default none are sent.
            page_size: As ``page_number``; 1 to 250.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy.
            **filters: See :class:`~telnyx_video.models.RecordingFilters`.

        Returns:
            How many were deleted, by the API's count.

        Raises:
            InvalidRequestError: an argument is out of bounds, or there is no filter.
            TypeError: there is no such filter.
            OutcomeUnknownError: some may have been deleted: list them to see what is left.
        """
        request = _wire.delete_recordings(filters, page_number=page_number, page_size=page_size)
        deleted = await execute(
            self._runner,
            request,
            _wire.read_deleted_count,
            self._call_options(timeout, retry),
            idempotent=False,
            hint=_LOOK_FIRST,
        )
        return deleted.count

    async def _get(self, recording_id: str, options: CallOptions) -> RoomRecording:
        request, read = _wire.get_recording(recording_id), _wire.found(RoomRecording)
        return await execute(self._runner, request, read, options, idempotent=True)
