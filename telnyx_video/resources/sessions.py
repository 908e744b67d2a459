"""Sessions: the meetings in rooms, and what can be done to those who are in one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Literal

from telnyx_video import _wire
from telnyx_video._execution.attempt import CallOptions
from telnyx_video._execution.call import execute, execute_and_verify
from telnyx_video._execution.paging import AsyncPager
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video.errors import ApiError, Outcome, OutcomeUnknownError
from telnyx_video.models import UNSET, DateRange, RoomParticipant, RoomSession, Unset
from telnyx_video.resources._resource import Operations

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

__all__ = ["AsyncSessions", "Whom"]

Whom = Collection[str] | Literal["all"]
"""Whom an action is about: ids of participants, or all of them."""


class AsyncSessions(Operations):
    """Sessions: ``rooms.sessions``.

    Reading, ending, kicking, muting and unmuting are tried again after any failure that may pass:
    done twice they lead to the same as done once.
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
        page_size: int = _wire.MAX_PAGE_SIZE,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> AsyncPager[RoomSession]:
        """The sessions of the account, or of one room, that pass the filters.

        https://developers.telnyx.com/api-reference/room-sessions/view-a-list-of-room-sessions

        Args:
            room_id: Only those of this room.
            active: Only those that are going on, or only those that have ended.
            created_at: Begun on this day (UTC), or in this range of days.
            updated_at: Last changed on this day (UTC), or in this range of days.
            ended_at: Ended on this day (UTC), or in this range of days.
            include_participants: Whether the sessions have their participants.
            page_size: Sessions in a page, 1 to 250.
            timeout: For one attempt at one page, in place of the client's.
            retry: For one page, in place of the client's policy.

        Raises:
            InvalidRequestError: an argument is out of bounds; at once, before anything is sent.
        """
        return self._list(
            lambda number: _wire.list_sessions(
                room_id,
                active=active,
                created_at=created_at,
                updated_at=updated_at,
                ended_at=ended_at,
                include_participants=include_participants,
                page_number=number,
                page_size=page_size,
            ),
            _wire.listed(RoomSession),
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
            include_participants: Whether the reply has the session's participants.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy.

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
        """End a session: all who are in it are put out.

        https://developers.telnyx.com/api-reference/room-sessions/end-a-room-session

        Args:
            session_id: The session's id.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy.

        Raises:
            NotFoundError: there is no such session.
            UnprocessableEntityError: it has ended, or somebody named is not in it.
            OutcomeUnknownError: it may have been ended; the same call can be repeated.
        """
        request, options = _wire.end_session(session_id), self._call_options(timeout, retry)

        async def ended(unknown: OutcomeUnknownError, options: CallOptions) -> bool:
            return _refused_at_last(unknown) and not await self._goes_on(session_id, options)

        await execute_and_verify(self._runner, request, _wire.read_action, options, ended)

    async def kick(
        self,
        session_id: str,
        participants: Whom,
        /,
        *,
        exclude: Collection[str] = (),
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Put participants out of a session.

        https://developers.telnyx.com/api-reference/room-sessions/kick-participants-from-a-room-session

        Args:
            session_id: The session's id.
            participants: Ids of participants, or ``"all"``.
            exclude: Ids of those who are to stay.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy.

        Raises:
            NotFoundError: there is no such session.
            UnprocessableEntityError: it has ended, or somebody named is not in it.
            OutcomeUnknownError: they may have been put out; the same call can be repeated.
        """
        request = _wire.act_on_participants("kick", session_id, participants, exclude)
        options = self._call_options(timeout, retry)

        async def out(unknown: OutcomeUnknownError, options: CallOptions) -> bool:
            return _refused_at_last(unknown) and not await self._present(
                session_id, participants, exclude, options
            )

        await execute_and_verify(self._runner, request, _wire.read_action, options, out)

    async def mute(
        self,
        session_id: str,
        participants: Whom,
        /,
        *,
        exclude: Collection[str] = (),
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Mute participants of a session. Arguments and errors as for :meth:`kick`.

        https://developers.telnyx.com/api-reference/room-sessions/mute-participants-in-room-session
        """
        await self._act("mute", session_id, participants, exclude, timeout, retry)

    async def unmute(
        self,
        session_id: str,
        participants: Whom,
        /,
        *,
        exclude: Collection[str] = (),
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Let participants of a session be heard again. Arguments and errors as for :meth:`kick`.

        https://developers.telnyx.com/api-reference/room-sessions/unmute-participants-in-room-session
        """
        await self._act("unmute", session_id, participants, exclude, timeout, retry)

    def participants(
        self,
        session_id: str,
        /,
        *,
        context: str | Unset = UNSET,
        joined_at: date | DateRange | Unset = UNSET,
        updated_at: date | DateRange | Unset = UNSET,
        left_at: date | DateRange | Unset = UNSET,
        page_size: int = _wire.MAX_PAGE_SIZE,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> AsyncPager[RoomParticipant]:
        """Those who are, or were, in one session. Filters as for ``rooms.participants.list``.

        https://developers.telnyx.com/api-reference/room-sessions/view-a-list-of-room-participants

        Raises:
            InvalidRequestError: an argument is out of bounds; at once, before anything is sent.
        """
        return self._list(
            lambda number: _wire.list_participants(
                of_session=session_id,
                context=context,
                joined_at=joined_at,
                updated_at=updated_at,
                left_at=left_at,
                page_number=number,
                page_size=page_size,
            ),
            _wire.listed(RoomParticipant),
            self._call_options(timeout, retry),
        )

    async def _get(
        self, session_id: str, options: CallOptions, *, include_participants: bool | Unset = UNSET
    ) -> RoomSession:
        request = _wire.get_session(session_id, include_participants=include_participants)
        read = _wire.found(RoomSession)
        return await execute(self._runner, request, read, options, idempotent=True)

    async def _goes_on(self, session_id: str, options: CallOptions) -> bool:
        session = await self._get(session_id, options)
        return session.active is not False

    async def _present(
        self, session_id: str, participants: Whom, exclude: Collection[str], options: CallOptions
    ) -> bool:
        """Whether any of these is still in the session."""
        session = await self._get(session_id, options, include_participants=True)
        if session.participants is None:
            return True
        present = {one.id for one in session.participants if one.left_at is None}
        return bool((present if participants == "all" else present & {*participants}) - {*exclude})

    async def _act(
        self,
        action: Literal["mute", "unmute"],
        session_id: str,
        participants: Whom,
        exclude: Collection[str],
        timeout: float | ClientTimeout | None,
        retry: RetryPolicy | None,
    ) -> None:
        request = _wire.act_on_participants(action, session_id, participants, exclude)
        options = self._call_options(timeout, retry)
        await execute(self._runner, request, _wire.read_action, options, idempotent=True)


def _refused_at_last(error: OutcomeUnknownError) -> bool:
    """Whether a repetition was refused: perhaps because there was nothing left to be done."""
    last = error.last_error
    return isinstance(last, ApiError) and last.outcome is Outcome.NOT_APPLIED
