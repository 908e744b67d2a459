"""Sessions of rooms, and actions on their participants."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Literal

from telnyx_video._execution.attempt import CallOptions
from telnyx_video._execution.call import execute, execute_and_verify, list_pages
from telnyx_video._execution.paging import AsyncPager
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video._wire import replies, requests
from telnyx_video.errors import ApiError, Outcome, OutcomeUnknownError
from telnyx_video.models import UNSET, DateRange, RoomParticipant, RoomSession, Unset
from telnyx_video.resources._resource import Resource

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

__all__ = ["AsyncSessions", "ParticipantSelector"]

ParticipantSelector = Collection[str] | Literal["all"]
"""The participants that an action applies to: their ids, or all of the session."""


class AsyncSessions(Resource):
    """``rooms.sessions``: reads and ends sessions; kicks, mutes and unmutes participants.

    All methods are idempotent, and retried after transient failures.
    """

    def list(
        self,
        room_id: str | Unset = UNSET,
        *,
        active: bool | Unset = UNSET,
        created_at: date | DateRange | Unset = UNSET,
        updated_at: date | DateRange | Unset = UNSET,
        ended_at: date | DateRange | Unset = UNSET,
        include_participants: bool | Unset = UNSET,
        page_size: int = requests.MAX_PAGE_SIZE,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> AsyncPager[RoomSession]:
        """List the sessions of the account, or of one room, that match all filters.

        https://developers.telnyx.com/api-reference/room-sessions/view-a-list-of-room-sessions

        Args:
            room_id: Only those of this room.
            active: Only those that are active, or only those that have ended.
            created_at: Started on this day (UTC), or in this range of days.
            updated_at: Last changed on this day (UTC), or in this range of days.
            ended_at: Ended on this day (UTC), or in this range of days.
            include_participants: Whether the sessions include their participants.
            page_size: Sessions a page, 1 to 250.
            timeout: For one attempt at one page; by default the client's.
            retry: For one page; by default the client's policy.

        Raises:
            InvalidRequestError: an argument is invalid; raised immediately, nothing is sent.
        """
        return list_pages(
            self._runner,
            lambda number: requests.list_sessions(
                room_id,
                active=active,
                created_at=created_at,
                updated_at=updated_at,
                ended_at=ended_at,
                include_participants=include_participants,
                page_number=number,
                page_size=page_size,
            ),
            replies.listed(RoomSession),
            self._call_options(timeout, retry),
        )

    async def get(
        self,
        session_id: str,
        /,
        *,
        include_participants: bool | Unset = UNSET,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> RoomSession:
        """Read one session.

        https://developers.telnyx.com/api-reference/room-sessions/view-a-room-session

        Args:
            session_id: The session's id, such as ``Room.active_session_id``.
            include_participants: Whether the session includes its participants.
            timeout: For one attempt; by default the client's.
            retry: By default the client's policy.

        Raises:
            NotFoundError: there is no such session.
        """
        options = self._call_options(timeout, retry)
        return await self._get(session_id, options, include_participants=include_participants)

    async def end(
        self,
        session_id: str,
        /,
        *,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """End a session and remove all its participants.

        https://developers.telnyx.com/api-reference/room-sessions/end-a-room-session

        Args:
            session_id: The session's id.
            timeout: For one attempt; by default the client's.
            retry: By default the client's policy.

        Raises:
            NotFoundError: there is no such session.
            UnprocessableEntityError: it has already ended.
            OutcomeUnknownError: it may have been ended; the same call can be repeated.
        """

        async def has_ended(unknown: OutcomeUnknownError, options: CallOptions) -> bool:
            if not _was_refused_last(unknown):
                return False
            session = await self._get(session_id, options)
            return session.active is False

        request, options = requests.end_session(session_id), self._call_options(timeout, retry)
        await execute_and_verify(self._runner, request, replies.read_action, options, has_ended)

    async def kick(
        self,
        session_id: str,
        participants: ParticipantSelector,
        /,
        *,
        exclude: Collection[str] = (),
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Remove participants from a session.

        https://developers.telnyx.com/api-reference/room-sessions/kick-participants-from-a-room-session

        Args:
            session_id: The session's id.
            participants: Ids of participants, or ``"all"``.
            exclude: Ids of participants that stay.
            timeout: For one attempt; by default the client's.
            retry: By default the client's policy.

        Raises:
            NotFoundError: there is no such session.
            UnprocessableEntityError: it has ended, or a participant is not in it.
            OutcomeUnknownError: they may have been removed; the same call can be repeated.
        """

        async def are_gone(unknown: OutcomeUnknownError, options: CallOptions) -> bool:
            if not _was_refused_last(unknown):
                return False
            session = await self._get(session_id, options, include_participants=True)
            return session.participants is not None and not _present(
                session.participants, participants, exclude
            )

        request = requests.act_on_participants("kick", session_id, participants, exclude)
        options = self._call_options(timeout, retry)
        await execute_and_verify(self._runner, request, replies.read_action, options, are_gone)

    async def mute(
        self,
        session_id: str,
        participants: ParticipantSelector,
        /,
        *,
        exclude: Collection[str] = (),
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Mute participants of a session. Arguments and errors as for :meth:`kick`.

        https://developers.telnyx.com/api-reference/room-sessions/mute-participants-in-room-session
        """
        await execute(
            self._runner,
            requests.act_on_participants("mute", session_id, participants, exclude),
            replies.read_action,
            self._call_options(timeout, retry),
            idempotent=True,
        )

    async def unmute(
        self,
        session_id: str,
        participants: ParticipantSelector,
        /,
        *,
        exclude: Collection[str] = (),
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Unmute participants of a session. Arguments and errors as for :meth:`kick`.

        https://developers.telnyx.com/api-reference/room-sessions/unmute-participants-in-room-session
        """
        await execute(
            self._runner,
            requests.act_on_participants("unmute", session_id, participants, exclude),
            replies.read_action,
            self._call_options(timeout, retry),
            idempotent=True,
        )

    def participants(
        self,
        session_id: str,
        /,
        *,
        context: str | Unset = UNSET,
        joined_at: date | DateRange | Unset = UNSET,
        updated_at: date | DateRange | Unset = UNSET,
        left_at: date | DateRange | Unset = UNSET,
        page_size: int = requests.MAX_PAGE_SIZE,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> AsyncPager[RoomParticipant]:
        """List present and past participants of a session; filters as ``rooms.participants.list``.

        https://developers.telnyx.com/api-reference/room-sessions/view-a-list-of-room-participants

        Raises:
            InvalidRequestError: an argument is invalid; raised immediately, nothing is sent.
        """
        return list_pages(
            self._runner,
            lambda number: requests.list_participants(
                of_session=session_id,
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

    async def _get(
        self, session_id: str, options: CallOptions, *, include_participants: bool | Unset = UNSET
    ) -> RoomSession:
        request = requests.get_session(session_id, include_participants=include_participants)
        read = replies.found(RoomSession)
        return await execute(self._runner, request, read, options, idempotent=True)


def _was_refused_last(error: OutcomeUnknownError) -> bool:
    """Whether the last attempt was refused, perhaps because an earlier one was applied."""
    last = error.last_error
    return isinstance(last, ApiError) and last.outcome is Outcome.NOT_APPLIED


def _present(
    participants: Collection[RoomParticipant],
    selected: ParticipantSelector,
    exclude: Collection[str],
) -> set[str]:
    """Return the selected participants that have not left."""
    present = {participant.id for participant in participants if participant.left_at is None}
    return (present if selected == "all" else present & {*selected}) - {*exclude}
