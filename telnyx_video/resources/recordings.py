"""Recordings of participants, made in rooms with ``enable_recording``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from telnyx_video._execution.attempt import AttemptRunner, CallOptions
from telnyx_video._execution.call import execute, list_pages
from telnyx_video._execution.paging import AsyncPager
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video._wire import replies, requests
from telnyx_video.models import UNSET, RecordingFilters, RoomRecording, Unset
from telnyx_video.resources._media import MediaResource, MediaType

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

__all__ = ["AsyncRecordings"]

_LIST_FIRST = (
    "it was not sent again, as that could delete recordings made since: "
    "call recordings.list(...) with the same filters first"
)


class AsyncRecordings(MediaResource[RoomRecording]):
    """``rooms.recordings``: lists, downloads and deletes recordings."""

    def __init__(self, runner: AttemptRunner, options: CallOptions) -> None:
        media = MediaType(
            "recording",
            RoomRecording,
            requests.get_recording,
            requests.delete_recording,
            "recordings.download",
        )
        super().__init__(runner, options, media)

    def list(
        self,
        *,
        page_size: int = requests.MAX_PAGE_SIZE,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
        **filters: Unpack[RecordingFilters],
    ) -> AsyncPager[RoomRecording]:
        """List the account's recordings that match all filters.

        https://developers.telnyx.com/api-reference/room-recordings/view-a-list-of-room-recordings

        Args:
            page_size: Recordings a page, 1 to 250.
            timeout: For one attempt at one page; by default the client's.
            retry: For one page; by default the client's policy.
            **filters: See :class:`~telnyx_video.models.RecordingFilters`.

        Raises:
            InvalidRequestError: an argument is invalid; raised immediately, nothing is sent.
            TypeError: there is no such filter.
        """
        return list_pages(
            self._runner,
            lambda number: requests.list_recordings(
                filters, page_number=number, page_size=page_size
            ),
            replies.listed(RoomRecording),
            self._call_options(timeout, retry),
        )

    async def delete_many(
        self,
        *,
        page_number: int | Unset = UNSET,
        page_size: int | Unset = UNSET,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
        **filters: Unpack[RecordingFilters],
    ) -> int:
        """Delete all recordings that match all filters; at least one filter is required.

        After an unknown outcome it is not sent again, as that could delete recordings made since.

        https://developers.telnyx.com/api-reference/room-recordings/delete-several-room-recordings-in-a-bulk

        Args:
            page_number: The API accepts paging parameters here, and does not document what they
                do. By default none are sent.
            page_size: As ``page_number``; 1 to 250.
            timeout: For one attempt; by default the client's.
            retry: By default the client's policy.
            **filters: See :class:`~telnyx_video.models.RecordingFilters`.

        Returns:
            How many recordings were deleted, as counted by the API.

        Raises:
            InvalidRequestError: an argument is invalid, or there is no filter; nothing was sent.
            TypeError: there is no such filter.
            OutcomeUnknownError: some may have been deleted: list them to see what is left.
        """
        deleted = await execute(
            self._runner,
            requests.delete_recordings(filters, page_number=page_number, page_size=page_size),
            replies.read_deleted_count,
            self._call_options(timeout, retry),
            idempotent=False,
            hint=_LIST_FIRST,
        )
        return deleted.count
