"""Rooms, and the tokens to join them: the methods of the client itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Unpack, cast
from uuid import uuid4

import attrs

from telnyx_video._base import validate as check
from telnyx_video._base.http import HttpRequest
from telnyx_video._base.text import few, one_line, plain_str, show
from telnyx_video._execution.attempt import AttemptRunner, CallOptions
from telnyx_video._execution.call import delete, execute, list_pages
from telnyx_video._execution.create import create_room
from telnyx_video._execution.paging import AsyncPager
from telnyx_video._execution.reconcile import IF_EXISTS, CreateResult, IfExists
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video._wire import replies, requests
from telnyx_video.errors import ErrorDetail, InvalidRequestError, NotFoundError, ResponseDecodeError
from telnyx_video.models import UNSET, CreateRoomRequest, DateRange, Room, RoomFields, Unset
from telnyx_video.models.base import as_request
from telnyx_video.resources._resource import Resource

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

    from telnyx_video.errors import TelnyxVideoError
    from telnyx_video.models import JoinToken

__all__ = ["RoomsResource"]

_READ_FIRST = "read the room to see whether it was changed, then update it again if it was not"

_CALL_AGAIN = "call it again: a token that was not received lets nobody in, and expires"


class RoomsResource(Resource):
    """Creates, reads, changes and deletes rooms one at a time; creates tokens to join them."""

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
        """Create a room: exactly one if it has a name, at most one if it has none.

        After an unknown outcome, a room with a name is looked up, and created again only if it does
        not exist. A room without a name is not created again.

        https://developers.telnyx.com/api-reference/rooms/create-a-room

        Args:
            request: What to create; or pass the same fields as keywords.
            if_exists: What to do if a room of this name existed before: ``"error"`` raises
                ``NameTakenError``, ``"return"`` returns it as it is, ``"update"`` updates it to
                the given fields first.
            timeout: For one attempt, in seconds or as an ``aiohttp.ClientTimeout``; by default the
                client's.
            retry: By default the client's policy. Its quota is not used, as that is shared.
            **fields: The fields of :class:`CreateRoomRequest`:

                - ``unique_name``: a string, unique within the account, at most 4000 bytes
                  percent-encoded. By default the room has no name.
                - ``max_participants``: an integer from 2 to 50. The API's default is 10.
                - ``enable_recording``: a boolean. The API's default is false.
                - ``webhook_event_url``: a URL of at most 2000 characters. By default no events are
                  sent.
                - ``webhook_event_failover_url``: the same, for events that the first URL did not
                  accept; ``""`` or None for none, the default.
                - ``webhook_timeout_secs``: an integer from 0 to 30, or None, the default, for the
                  API's own choice.
                - ``extra``: a mapping of further fields to JSON values, sent as they are.

        Raises:
            InvalidRequestError: a field breaks a bound, or another argument is invalid; all of them
                are listed, and nothing was sent.
            NameTakenError: a room of this name existed before; the error has it as ``room``.
            OutcomeUnknownError: the room may exist, and looking it up did not tell.
            ApiError: the API refused; see its subclasses.
            TransportError: the request could not be sent.
            TypeError: there is no such field.
        """
        try:
            prepared, options = self._prepare(request, fields, if_exists, timeout, retry)
        finally:  # a traceback may show locals, and a webhook URL may hold a password
            cast("dict[str, object]", fields).clear()
        result = await create_room(self._runner, prepared, if_exists, options)
        if result.room is None:
            raise cast("TelnyxVideoError", result.error)
        return result.room

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
            include_sessions: Whether the room includes its sessions.
            timeout: For one attempt; by default the client's.
            retry: By default the client's policy.

        Raises:
            NotFoundError: there is no such room.
        """
        request = requests.get_room(room_id, include_sessions=include_sessions)
        options = self._call_options(timeout, retry)
        return await execute(
            self._runner, request, replies.read_room_found, options, idempotent=True
        )

    async def get_by_name(
        self,
        unique_name: str,
        /,
        *,
        include_sessions: bool | Unset = UNSET,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> Room:
        """Read the room that has exactly this name, by :meth:`list`.

        The API does not promise that a room is listed immediately after it was created. To get the
        room of a name whether or not it exists, use :meth:`create` with ``if_exists="return"``.

        Args:
            unique_name: The room's name; case-sensitive.
            include_sessions: Whether the room includes its sessions.
            timeout: For one attempt at one page; by default the client's.
            retry: For one page; by default the client's policy.

        Raises:
            InvalidRequestError: the name is invalid; nothing was sent.
            NotFoundError: no room has this name.
            ResponseDecodeError: several rooms have it, which the API excludes.
        """
        name = plain_str(unique_name)
        problems: list[ErrorDetail] = []
        check.name(problems, "unique_name", name)
        check.refuse(problems)
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
        page_size: int = requests.MAX_PAGE_SIZE,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> AsyncPager[Room]:
        """List the rooms that match all filters: ``async for room in rooms.list()``.

        Pages are fetched as needed, the next one while the current one is processed. ``.pages()``
        yields whole pages, with their totals.

        https://developers.telnyx.com/api-reference/rooms/view-a-list-of-rooms

        Args:
            unique_name: Rooms of this name. Whether the API compares exactly is undocumented.
            created_at: Rooms created on this day (UTC), or in this range of days.
            updated_at: Rooms last changed on this day (UTC), or in this range of days.
            include_sessions: Whether the rooms include their sessions.
            page_size: Rooms a page, 1 to 250.
            timeout: For one attempt at one page; by default the client's.
            retry: For one page; by default the client's policy.

        Raises:
            InvalidRequestError: an argument is invalid; raised immediately, nothing is sent.
        """
        return list_pages(
            self._runner,
            lambda number: requests.list_rooms(
                unique_name=unique_name,
                created_at=created_at,
                updated_at=updated_at,
                include_sessions=include_sessions,
                page_number=number,
                page_size=page_size,
            ),
            replies.read_rooms,
            self._call_options(timeout, retry),
            owner=self,
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

        After an unknown outcome it is not sent again, as it could undo a change that another
        client has made since.

        https://developers.telnyx.com/api-reference/rooms/update-a-room

        Args:
            room_id: The room's id.
            request: What to change; or pass the same fields as keywords.
            timeout: For one attempt; by default the client's.
            retry: By default the client's policy.
            **fields: The fields of :class:`CreateRoomRequest`, as for :meth:`create`.

        Raises:
            InvalidRequestError: a field breaks a bound; nothing was sent.
            NotFoundError: there is no such room.
            NameTakenError: another room has the new name.
            OutcomeUnknownError: it may have been changed: read the room, then update it again if it
                was not.
            TypeError: there is no such field.
        """
        try:
            patch = requests.update_room(room_id, as_request(CreateRoomRequest, request, fields))
        finally:  # as in create
            cast("dict[str, object]", fields).clear()
        return await execute(
            self._runner,
            patch,
            replies.read_room_written,
            self._call_options(timeout, retry),
            idempotent=False,
            hint=_READ_FIRST,
        )

    async def delete(
        self,
        room_id: str,
        /,
        *,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Delete a room: its participants are removed, and it is no longer billed.

        https://developers.telnyx.com/api-reference/rooms/delete-a-room

        Args:
            room_id: The room's id.
            timeout: For one attempt; by default the client's.
            retry: By default the client's policy.

        Raises:
            NotFoundError: there is no such room, and this call did not delete it.
            OutcomeUnknownError: it may have been deleted; the same call can be repeated.
        """
        await delete(
            self._runner, requests.delete_room(room_id), self._call_options(timeout, retry)
        )

    async def join_token(
        self,
        room_id: str,
        /,
        *,
        token_ttl_secs: int | Unset = UNSET,
        refresh_token_ttl_secs: int | Unset = UNSET,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> JoinToken:
        """Create a client token, with which a participant's client SDK joins the room.

        It is retried after any transient failure: a token that was not received lets nobody in, and
        expires.

        https://developers.telnyx.com/api-reference/rooms-client-tokens/create-client-token-to-join-a-room

        Args:
            room_id: The room's id.
            token_ttl_secs: Seconds for which the token is valid: 10 to 3600. The API's default is
                600.
            refresh_token_ttl_secs: Seconds for which it can be refreshed: 60 to 86400. The API's
                default is 3600.
            timeout: For one attempt; by default the client's.
            retry: By default the client's policy.

        Raises:
            InvalidRequestError: an argument is invalid; nothing was sent.
            PermissionDeniedError: the room is not yours.
            OutcomeUnknownError: a token may have been created and lost; call it again.
        """
        request = requests.create_join_token(
            room_id,
            token_ttl_secs=token_ttl_secs,
            refresh_token_ttl_secs=refresh_token_ttl_secs,
        )
        return await execute(
            self._runner,
            request,
            replies.read_join_token,
            self._call_options(timeout, retry),
            idempotent=True,
            hint=_CALL_AGAIN,
        )

    async def refresh_join_token(
        self,
        room_id: str,
        refresh_token: str,
        /,
        *,
        token_ttl_secs: int | Unset = UNSET,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> JoinToken:
        """Create another client token with the refresh token of an earlier one. Retried as well.

        https://developers.telnyx.com/api-reference/rooms-client-tokens/refresh-client-token-to-join-a-room

        Args:
            room_id: The room's id.
            refresh_token: The first token's; the result has none.
            token_ttl_secs: Seconds for which the new token is valid: 10 to 3600. The API's default
                is 600.
            timeout: For one attempt; by default the client's.
            retry: By default the client's policy.

        Raises:
            InvalidRequestError: an argument is invalid; nothing was sent.
            PermissionDeniedError: the refresh token is invalid or has expired.
            OutcomeUnknownError: a token may have been created and lost; call it again.
        """
        try:
            request = requests.refresh_join_token(
                room_id, refresh_token, token_ttl_secs=token_ttl_secs
            )
            read = replies.join_token_for(refresh_token)
        finally:  # a traceback may show locals
            del refresh_token
        return await execute(
            self._runner,
            request,
            read,
            self._call_options(timeout, retry),
            idempotent=True,
            hint=_CALL_AGAIN,
        )

    def _prepare(
        self,
        request: CreateRoomRequest | None,
        fields: RoomFields,
        if_exists: IfExists = "error",
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> tuple[CreateRoomRequest, CallOptions]:
        """Return the room to create, with a name if it needs one, and the options.

        Raises:
            InvalidRequestError: arguments are invalid; all of them are listed.
        """
        problems: list[ErrorDetail] = []
        prepared, options = None, self._options
        try:
            prepared = as_request(CreateRoomRequest, request, fields)
        except InvalidRequestError as error:
            problems += error.details
        choice: object = if_exists
        if type(choice) is not str or choice != "error":
            check.choice(problems, "if_exists", choice, IF_EXISTS)
        if timeout is not None or retry is not None:
            try:
                options = self._call_options(timeout, retry)
            except InvalidRequestError as error:
                problems += error.details
        if problems or prepared is None:
            raise InvalidRequestError(tuple(problems))
        if self._auto_name and prepared.unique_name is UNSET:
            prepared = attrs.evolve(prepared, unique_name=str(uuid4()))
        return prepared, options


@attrs.frozen
class BatchCreator:
    """Creates the rooms of one batch, all with the same options."""

    _runner: AttemptRunner
    _options: CallOptions
    _if_exists: IfExists
    _prepare: Callable[[CreateRoomRequest, RoomFields], tuple[CreateRoomRequest, CallOptions]]

    @property
    def gave_up(self) -> bool:
        """Whether the server has been down for too long."""
        breaker = self._runner.breaker
        return breaker is not None and breaker.expired

    def prepare(self, request: CreateRoomRequest) -> CreateRoomRequest:
        """Return the room to create, with a name if it needs one.

        Raises:
            InvalidRequestError: it is not a request.
        """
        return self._prepare(request, {})[0]

    async def create(
        self,
        request: CreateRoomRequest,
        seconds_since_intent: float | None,
        http_request: HttpRequest | None,
    ) -> CreateResult:
        """Create one room."""
        return await create_room(
            self._runner,
            request,
            self._if_exists,
            self._options,
            seconds_since_intent=seconds_since_intent,
            http_request=http_request,
        )
