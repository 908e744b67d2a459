"""Participants of sessions."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from telnyx_video._execution.call import execute, list_pages
from telnyx_video._execution.paging import AsyncPager
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video._wire import replies, requests
from telnyx_video.models import UNSET, DateRange, RoomParticipant, Unset
from telnyx_video.resources._resource import Resource

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

__all__ = ["AsyncParticipants"]


class AsyncParticipants(Resource):
    """``rooms.participants``: reads participants. ``rooms.sessions`` mutes and removes them."""

    def list(
        self,
        *,
        session_id: str | Unset = UNSET,
        context: str | Unset = UNSET,
        joined_at: date | DateRange | Unset = UNSET,
        updated_at: date | DateRange | Unset = UNSET,
        left_at: date | DateRange | Unset = UNSET,
        page_size: int = requests.MAX_PAGE_SIZE,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> AsyncPager[RoomParticipant]:
        """List the account's participants that match all filters.

        https://developers.telnyx.com/api-reference/room-participants/view-a-list-of-room-participants

        Args:
            session_id: Only those of this session; ``rooms.sessions.participants`` lists the same,
                and raises ``NotFoundError`` if there is no such session.
            context: Only those whose client SDK set exactly this context.
            joined_at: Joined on this day (UTC), or in this range of days.
            updated_at: Last changed on this day (UTC), or in this range of days.
            left_at: Left on this day (UTC), or in this range of days.
            page_size: Participants a page, 1 to 250.
            timeout: For one attempt at one page; by default the client's.
            retry: For one page; by default the client's policy.

        Raises:
            InvalidRequestError: an argument is invalid; raised immediately, nothing is sent.
        """
        return list_pages(
            self._runner,
            lambda number: requests.list_participants(
                session_id=session_id,
                context=context,
                joined_at=joined_at,
                updated_at=updated_at,
                left_at=left_at,
                page_number=number,
                page_size=page_size,
            ),
            replies.listed(RoomParticipant),
            self._call_options(timeout, retry),
        )

    async def get(
        self,
        participant_id: str,
        /,
        *,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> RoomParticipant:
        """Read one participant.

        https://developers.telnyx.com/api-reference/room-participants/view-a-room-participant

        Args:
            participant_id: The participant's id.
            timeout: For one attempt; by default the client's.
            retry: By default the client's policy.

        Raises:
            NotFoundError: there is no such participant.
        """
        return await execute(
            self._runner,
            requests.get_participant(participant_id),
            replies.found(RoomParticipant),
            self._call_options(timeout, retry),
            idempotent=True,
        )
