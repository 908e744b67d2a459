"""Compositions: films made of a session's recordings."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Unpack

from telnyx_video import _wire
from telnyx_video._execution.attempt import CallOptions
from telnyx_video._execution.call import delete, execute
from telnyx_video._execution.paging import AsyncPager
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video.models import (
    UNSET,
    CompositionFields,
    CompositionStatus,
    CreateCompositionRequest,
    DateRange,
    RoomComposition,
    Unset,
)
from telnyx_video.resources._arguments import composition_request
from telnyx_video.resources._files import Downloads

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

    from telnyx_video.models import DownloadProgress

__all__ = ["AsyncCompositions"]

_LOOK_FIRST = (
    "it was not sent again, as that could make a second composition: "
    "compare compositions.list(session_id=..., created_at=...) first"
)


class AsyncCompositions(Downloads):
    """Compositions: ``rooms.compositions``."""

    def list(
        self,
        *,
        session_id: str | Unset = UNSET,
        status: CompositionStatus | str | Unset = UNSET,
        created_at: date | DateRange | Unset = UNSET,
        page_size: int = _wire.MAX_PAGE_SIZE,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> AsyncPager[RoomComposition]:
        """All compositions of the account that pass the filters.

        https://developers.telnyx.com/api-reference/room-compositions/view-a-list-of-room-compositions

        Args:
            session_id: Only those of this session.
            status: Only those that are so far.
            created_at: Made on this day (UTC), or in this range of days.
            page_size: Compositions in a page, 1 to 250.
            timeout: For one attempt at one page, in place of the client's.
            retry: For one page, in place of the client's policy.

        Raises:
            InvalidRequestError: an argument is out of bounds; at once, before anything is sent.
        """
        return self._list(
            lambda number: _wire.list_compositions(
                session_id=session_id,
                status=status,
                created_at=created_at,
                page_number=number,
                page_size=page_size,
            ),
            _wire.listed(RoomComposition),
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
        """Have a composition made. It is not ready at once: :meth:`get` tells how far it is.

        It is sent again only if it was certainly not applied, for a composition has no name by
        which to tell whether the first request made one.

        https://developers.telnyx.com/api-reference/room-compositions/create-a-room-composition

        Args:
            request: What to make; or give the same fields as keywords.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy.
            **fields: The fields of :class:`~telnyx_video.CreateCompositionRequest`.

        Raises:
            InvalidRequestError: a field breaks a bound; nothing was sent.
            OutcomeUnknownError: it may be under way: look before asking for it again.
        """
        return await execute(
            self._runner,
            _wire.create_composition(composition_request(request, fields)),
            _wire.read_composition_made,
            self._call_options(timeout, retry),
            idempotent=False,
            hint=_LOOK_FIRST,
        )

    async def get(
        self,
        composition_id: str,
        /,
        *,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> RoomComposition:
        """Read what is known of one composition, such as how far it is.

        https://developers.telnyx.com/api-reference/room-compositions/view-a-room-composition

        Args:
            composition_id: The composition's id.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy.

        Raises:
            NotFoundError: there is no such composition.
        """
        return await self._get(composition_id, self._call_options(timeout, retry))

    async def download(
        self,
        composition_id: str,
        path: str | os.PathLike[str],
        /,
        *,
        on_progress: Callable[[DownloadProgress], object] | None = None,
        read_timeout: float = 30.0,
        retry: RetryPolicy | None = None,
    ) -> int:
        """Download a composition's file, whole or not at all.

        It is written beside, as ``….part``, and gets its name when it is on the disk and has as
        many bytes as the host announced. After a break the rest is fetched, if the host can tell
        that the file is the same, else all of it. The key is never sent there.

        Args:
            composition_id: The composition's id.
            path: The file to write; one that is there is replaced.
            on_progress: Called as the file comes.
            read_timeout: Seconds without a byte after which the connection is taken to be broken.
            retry: In place of the client's policy. Its attempts and its deadline count from the
                latest new byte on, so that a long download may take its time.

        Returns:
            The file's size in bytes.

        Raises:
            InvalidRequestError: an argument cannot work; nothing was sent.
            NotFoundError: there is no such composition.
            NotReadyError: it has no file yet.
            TransportError: the file could not be fetched in full.
            OSError: the file could not be written.
        """
        return await self._download(
            "compositions.download",
            lambda options: self._get(composition_id, options),
            path,
            on_progress,
            read_timeout,
            retry,
        )

    async def delete(
        self,
        composition_id: str,
        /,
        *,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Delete one composition.

        https://developers.telnyx.com/api-reference/room-compositions/delete-a-room-composition

        Args:
            composition_id: The composition's id.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy.

        Raises:
            NotFoundError: there is no such composition, and this call did not delete it.
            OutcomeUnknownError: it may have been deleted; the same call can be repeated.
        """
        request = _wire.delete_composition(composition_id)
        await delete(self._runner, request, self._call_options(timeout, retry))

    async def _get(self, composition_id: str, options: CallOptions) -> RoomComposition:
        request, read = _wire.get_composition(composition_id), _wire.found(RoomComposition)
        return await execute(self._runner, request, read, options, idempotent=True)
