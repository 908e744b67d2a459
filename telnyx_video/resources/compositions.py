"""Compositions: a session's recordings, laid out in one video."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Unpack, cast

from telnyx_video._execution.attempt import AttemptRunner, CallOptions
from telnyx_video._execution.call import execute, list_pages
from telnyx_video._execution.paging import AsyncPager
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video._wire import replies, requests
from telnyx_video.models import (
    UNSET,
    CompositionFields,
    CompositionStatus,
    CreateCompositionRequest,
    DateRange,
    RoomComposition,
    Unset,
)
from telnyx_video.models.base import as_request
from telnyx_video.resources._media import MediaResource, MediaType

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

__all__ = ["AsyncCompositions"]

_LIST_FIRST = (
    "it was not sent again, as that could create a second composition: "
    "call compositions.list(session_id=..., created_at=...) first"
)


class AsyncCompositions(MediaResource[RoomComposition]):
    """``rooms.compositions``: creates, lists, downloads and deletes compositions."""

    def __init__(self, runner: AttemptRunner, options: CallOptions) -> None:
        media = MediaType(
            "composition",
            RoomComposition,
            requests.get_composition,
            requests.delete_composition,
            "compositions.download",
        )
        super().__init__(runner, options, media)

    def list(
        self,
        *,
        session_id: str | Unset = UNSET,
        status: CompositionStatus | str | Unset = UNSET,
        created_at: date | DateRange | Unset = UNSET,
        page_size: int = requests.MAX_PAGE_SIZE,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> AsyncPager[RoomComposition]:
        """List the account's compositions that match all filters.

        https://developers.telnyx.com/api-reference/room-compositions/view-a-list-of-room-compositions

        Args:
            session_id: Only those of this session.
            status: Only those of this status.
            created_at: Created on this day (UTC), or in this range of days.
            page_size: Compositions a page, 1 to 250.
            timeout: For one attempt at one page; by default the client's.
            retry: For one page; by default the client's policy.

        Raises:
            InvalidRequestError: an argument is invalid; raised immediately, nothing is sent.
        """
        return list_pages(
            self._runner,
            lambda number: requests.list_compositions(
                session_id=session_id,
                status=status,
                created_at=created_at,
                page_number=number,
                page_size=page_size,
            ),
            replies.listed(RoomComposition),
            self._call_options(timeout, retry),
        )

    async def create(
        self,
        request: CreateCompositionRequest | None = None,
        /,
        *,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
        **fields: Unpack[CompositionFields],
    ) -> RoomComposition:
        """Create a composition. Its file is ready later: see :meth:`wait`.

        After an unknown outcome it is not sent again: a composition has no name by which to find
        out whether the first request created one.

        https://developers.telnyx.com/api-reference/room-compositions/create-a-room-composition

        Args:
            request: What to create; or pass the same fields as keywords.
            timeout: For one attempt; by default the client's.
            retry: By default the client's policy.
            **fields: The fields of :class:`~telnyx_video.CreateCompositionRequest`: ``session_id``,
                ``format``, ``resolution``, ``video_layout``, ``webhook_event_url``,
                ``webhook_event_failover_url``, ``webhook_timeout_secs``, ``extra``.

        Raises:
            InvalidRequestError: a field breaks a bound; nothing was sent.
            OutcomeUnknownError: it may have been created: list the compositions before you try
                again.
        """
        try:
            composition = as_request(CreateCompositionRequest, request, fields)
        finally:  # a traceback may show locals, and a webhook URL may hold a password
            cast("dict[str, object]", fields).clear()
        return await execute(
            self._runner,
            requests.create_composition(composition),
            replies.read_composition_made,
            self._call_options(timeout, retry),
            idempotent=False,
            hint=_LIST_FIRST,
        )
