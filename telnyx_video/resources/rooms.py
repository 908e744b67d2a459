"""Rooms themselves, and the tokens with which to join them: the operations of the client."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Unpack
from uuid import uuid4

import attrs

from telnyx_video import _wire
from telnyx_video._base.text import few, one_line, show
from telnyx_video._execution.attempt import AttemptRunner, CallOptions
from telnyx_video._execution.call import delete, execute
from telnyx_video._execution.create import create_room
from telnyx_video._execution.paging import AsyncPager
from telnyx_video._execution.reconcile import IfExists
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video.errors import ErrorDetail, InvalidRequestError, NotFoundError, ResponseDecodeError
from telnyx_video.models import UNSET, CreateRoomRequest, DateRange, Room, RoomFields, Unset
from telnyx_video.resources._arguments import (
    all_wrong,
    check_if_exists,
    room_request,
    sought_name,
)
from telnyx_video.resources._tokens import JoinTokens

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

__all__ = ["RoomOperations"]


_READ_FIRST = "read the room to see whether it was changed, then update it again if it was not"


class RoomOperations(JoinTokens):
    """What can be done with rooms, one at a time."""

    def __init__(self, runner: AttemptRunner, options: CallOptions, *, auto_name: bool) -> None:
        super().__init__(runner, options)
        self._auto_name = auto_name

    async def create(
        self,
        request: CreateRoomRequest | None = None,
        /,
        *,
        if_exists: IfExists = "error",
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
        **fields: Unpack[RoomFields],
    ) -> Room:
        """Make a room: exactly one if it has a name, at most one if it has none.

        A create whose answer is lost is neither given up nor blindly repeated: a room with a name
        is looked up, and made again only if the server would refuse a second one.

        https://developers.telnyx.com/api-reference/rooms/create-a-room

        Args:
            request: What to make; or give the same fields as keywords.
            if_exists: What to do if a room of the name was there before: ``"error"`` raises
                ``NameTakenError``, ``"return"`` returns it as it is, ``"update"`` first changes
                it to what is asked for.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy; its quota is not used, as that is shared.
            **fields: The fields of :class:`CreateRoomRequest`.

        Raises:
            InvalidRequestError: a field breaks a bound, or another argument cannot work; all such
                are listed, and nothing was sent.
            NameTakenError: a room of the name was there before; the error carries it.
            OutcomeUnknownError: the room may exist, and asking could not tell.
            ApiError: the API refused; see its subclasses.
            TransportError: the request could not be sent.
        """
        try:
            prepared = self._prepare(request, fields)
            check_if_exists(if_exists)
            options = self._call_options(timeout, retry)
        except InvalidRequestError:  # only now it may cost something to look for more
            raise all_wrong(
                partial(self._prepare, request, fields),
                partial(check_if_exists, if_exists),
                partial(self._call_options, timeout, retry),
            ) from None
        result = await create_room(self._runner, prepared, if_exists, options)
        return result.unwrap()

    async def get(
        self,
        room_id: str,
        /,
        *,
        include_sessions: bool | Unset = UNSET,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> Room:
        """Read one room.

        https://developers.telnyx.com/api-reference/rooms/view-a-room

        Args:
            room_id: The room's id.
            include_sessions: Whether the reply has the room's sessions.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy.

        Raises:
            NotFoundError: there is no such room.
        """
        request = _wire.get_room(room_id, include_sessions=include_sessions)
        options = self._call_options(timeout, retry)
        return await execute(self._runner, request, _wire.read_room_found, options, idempotent=True)

    async def get_by_name(
        self,
        unique_name: str,
        /,
        *,
        include_sessions: bool | Unset = UNSET,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> Room:
        """Read the room that has exactly this name: :meth:`list` by the name, compared here.

        That a room can be found in the moment after it was made is not promised by the API. To have
        a room of a name, be it there or not, use :meth:`create` with ``if_exists="return"``.

        Args:
            unique_name: The room's name; case counts.
            include_sessions: Whether the reply has the room's sessions.
            timeout: For one attempt at one page, in place of the client's.
            retry: For one page, in place of the client's policy.

        Raises:
            InvalidRequestError: it is no name; nothing was sent.
            NotFoundError: no room has this name.
            ResponseDecodeError: several rooms have it, which the API says cannot be.
        """
        name = sought_name(unique_name)
        rooms = self.list(
            unique_name=name,
            include_sessions=include_sessions,
            timeout=timeout,
            retry=retry,
        )
        found = {room.id: room async for room in rooms if room.unique_name == name}
        if not found:
            raise NotFoundError(404, (ErrorDetail(f"no room has the name {show(name)}"),))
        if len(found) > 1:
            message = f"{len(found)} rooms have the name {show(name)}"
            raise ResponseDecodeError(one_line(f"{message}: {few(found, len(found))}"))
        return found.popitem()[1]

    def list(
        self,
        *,
        unique_name: str | Unset = UNSET,
        created_at: date | DateRange | Unset = UNSET,
        updated_at: date | DateRange | Unset = UNSET,
        include_sessions: bool | Unset = UNSET,
        page_size: int = _wire.MAX_PAGE_SIZE,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> AsyncPager[Room]:
        """All rooms, or those that pass the filters: ``async for room in rooms.list()``.

        Pages are fetched as they are needed, the next one while one is worked off; ``.pages()``
        gives them whole, with their totals.

        https://developers.telnyx.com/api-reference/rooms/view-a-list-of-rooms

        Args:
            unique_name: Rooms of this name. Whether the API compares exactly is undocumented.
            created_at: Rooms made on this day (UTC), or in this range of days.
            updated_at: Rooms last changed on this day (UTC), or in this range of days.
            include_sessions: Whether the rooms have their sessions.
            page_size: Rooms in a page, 1 to 250.
            timeout: For one attempt at one page, in place of the client's.
            retry: For one page, in place of the client's policy.

        Raises:
            InvalidRequestError: a filter or the page size is out of bounds; at once, before
                anything is sent.
        """
        return self._list(
            lambda number: _wire.list_rooms(
                unique_name=unique_name,
                created_at=created_at,
                updated_at=updated_at,
                include_sessions=include_sessions,
                page_number=number,
                page_size=page_size,
            ),
            _wire.read_rooms,
            self._call_options(timeout, retry),
        )

    async def update(
        self,
        room_id: str,
        request: CreateRoomRequest | None = None,
        /,
        *,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
        **fields: Unpack[RoomFields],
    ) -> Room:
        """Change the given fields of a room; the others stay as they are.

        https://developers.telnyx.com/api-reference/rooms/update-a-room

        Args:
            room_id: The room's id.
            request: What to change; or give the same fields as keywords.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy.
            **fields: The fields of :class:`CreateRoomRequest`.

        Raises:
            InvalidRequestError: a field breaks a bound; nothing was sent.
            NotFoundError: there is no such room.
            NameTakenError: another room has the new name.
            OutcomeUnknownError: the change may have been made: read the room to see.
        """
        patch = _wire.update_room(room_id, room_request(request, fields))
        options = self._call_options(timeout, retry)
        return await execute(
            self._runner, patch, _wire.read_room_written, options, idempotent=False
        )

    async def delete(
        self,
        room_id: str,
        /,
        *,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Delete a room: those in it are put out, and it is no longer charged for.

        https://developers.telnyx.com/api-reference/rooms/delete-a-room

        Args:
            room_id: The room's id.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy.

        Raises:
            NotFoundError: there is no such room, and this call did not delete it.
            OutcomeUnknownError: it may have been deleted; the same call can be repeated.
        """
        await delete(self._runner, _wire.delete_room(room_id), self._call_options(timeout, retry))

    def _prepare(self, request: CreateRoomRequest | None, fields: RoomFields) -> CreateRoomRequest:
        merged = room_request(request, fields)
        if self._auto_name and merged.unique_name is UNSET:
            return attrs.evolve(merged, unique_name=str(uuid4()))
        return merged
