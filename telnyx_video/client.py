"""The client that is awaited: every operation of the Video Rooms API, one method each."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self, Unpack
from uuid import uuid4

import attrs

from telnyx_video import _wire
from telnyx_video._arguments import check_if_exists, check_retry, check_settings, room_request
from telnyx_video._calls import Calls, Limits
from telnyx_video._creator import Creator
from telnyx_video._delivery import IfExists
from telnyx_video._exchange import Exchange
from telnyx_video._http import HttpRequest
from telnyx_video._paging import AsyncPager
from telnyx_video._retry import RetryPolicy, RetryQuota
from telnyx_video._transport import Transport, as_timeout
from telnyx_video.batch import CreateOutcome, OnProgress, OutcomeStream, Requests, collect
from telnyx_video.config import resolve
from telnyx_video.models import (
    UNSET,
    CreateRoomRequest,
    DateRange,
    Page,
    Room,
    RoomFields,
    Unset,
)

if TYPE_CHECKING:
    from aiohttp import ClientSession, ClientTimeout, TraceConfig

__all__ = ["AsyncRoomsClient"]


class AsyncRoomsClient:
    """Telnyx video rooms, awaited.

    ::

        async with AsyncRoomsClient() as rooms:  # key: TELNYX_API_KEY
            room = await rooms.create(unique_name="standup", max_participants=10)

    A client may be made anywhere; it belongs to the event loop of its first call. It keeps one
    pool of connections, so make one client and share it between tasks.

    Args:
        api_key: The API key; by default ``TELNYX_API_KEY`` of the environment.
        base_url: Where the API is; by default ``TELNYX_BASE_URL``, else Telnyx's own address.
        timeout: Seconds for one attempt, or finer limits as an ``aiohttp.ClientTimeout``; by
            default 20 in all, 10 of them to connect. The whole call, with its retries, is bounded
            by ``retry.deadline``.
        retry: How calls are tried again; see :class:`RetryPolicy`.
        concurrency: Connections at the most; further calls wait, first come, first served.
        session: A session of yours to send with. It stays yours: it is never closed here, and
            proxy settings from the environment and trace configs are those that you gave it.
        proxy: URL of an HTTP proxy.
        trust_env: Take the proxy from the environment (``HTTPS_PROXY``, ``NO_PROXY``, …).
        trace_configs: aiohttp's hooks into the life of a request.
        auto_name: Give each create without a name a UUID for one: so that it, too, is made
            exactly once.
        allow_insecure: Permit plain HTTP to another machine, though it shows the key to the
            network.

    Raises:
        ConfigurationError: there is no key, or a setting cannot work.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
        concurrency: int = 100,
        session: ClientSession | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        trace_configs: Sequence[TraceConfig] = (),
        auto_name: bool = False,
        allow_insecure: bool = False,
    ) -> None:
        settings = resolve(api_key=api_key, base_url=base_url, allow_insecure=allow_insecure)
        check_settings(retry, concurrency, session, trust_env, trace_configs, auto_name)
        policy = retry or RetryPolicy()
        transport = Transport(
            settings,
            timeout=timeout,
            concurrency=concurrency,
            session=session,
            proxy=proxy,
            trust_env=trust_env,
            trace_configs=trace_configs,
        )
        self._base_url = settings.base_url
        self._auto_name = auto_name
        self._limits = Limits(policy)
        self._transport = transport
        self._calls = Calls(Exchange.over(transport), RetryQuota(policy.quota))

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
            InvalidRequestError: a field breaks a bound; nothing was sent.
            NameTakenError: a room of the name was there before; the error carries it.
            OutcomeUnknownError: the room may exist, and asking could not tell.
            ApiError: the API refused; see its subclasses.
            TransportError: the request could not be sent.
        """
        prepared = self._prepare(request, fields)
        check_if_exists(if_exists)
        delivered = await self._calls.create(prepared, if_exists, self._limit(timeout, retry))
        return delivered.unwrap()

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
        limits = self._limit(timeout, retry)
        return await self._calls.call(request, _wire.read_room_found, limits, repeatable=True)

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

        Pages are fetched as they are needed; ``.pages()`` gives them whole, with their totals.

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
        limits = self._limit(timeout, retry)

        def request(number: int) -> HttpRequest:
            return _wire.list_rooms(
                unique_name=unique_name,
                created_at=created_at,
                updated_at=updated_at,
                include_sessions=include_sessions,
                page_number=number,
                page_size=page_size,
            )

        async def fetch(number: int) -> Page[Room]:
            return await self._calls.call(
                request(number), _wire.read_rooms, limits, repeatable=True
            )

        request(1)
        return AsyncPager(fetch)

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
        limits = self._limit(timeout, retry)
        return await self._calls.call(patch, _wire.read_room_written, limits, repeatable=False)

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
        await self._calls.delete(_wire.delete_room(room_id), self._limit(timeout, retry))

    async def create_many(
        self,
        requests: Requests,
        *,
        concurrency: int = 50,
        if_exists: IfExists = "return",
        max_rate: float | None = None,
        journal: str | os.PathLike[str] | None = None,
        fail_fast: bool = False,
        give_up_after: float = 900.0,
        on_progress: OnProgress | None = None,
    ) -> builtins.list[CreateOutcome]:
        """Make many rooms, some at a time, and tell of each what became of it.

        Args:
            requests: What to make: any iterable or async iterable, drawn as it is needed.
            concurrency: Rooms under way at the most.
            if_exists: As for :meth:`create`; by default a room that exists is taken as it is, so
                that a batch can be run again.
            max_rate: Requests a second at the most, retries and look-ups included. Without it, the
                limit that the server tells of is kept all the same.
            journal: A file to note in what is begun and what came of it. If it exists, the batch
                that it tells of goes on: what is done is returned, not done again.
            fail_fast: After the first failure draw no more; what is under way is finished.
            give_up_after: Seconds. While the server is down the batch waits, probing it now and
                then; after this long it stops.
            on_progress: Called after each outcome.

        Returns:
            An outcome for each request drawn, in the order of the input. A failure is an outcome,
            too: nothing is raised for it. If the batch stopped early, the requests behind the last
            outcome were not drawn, and nothing was sent for them.

        Raises:
            ConfigurationError: the journal is of another input, or in use by another run.
            OSError: the journal cannot be written; nothing was sent that is not noted in it.
        """
        return await collect(
            self.stream_many(
                requests,
                concurrency=concurrency,
                if_exists=if_exists,
                max_rate=max_rate,
                journal=journal,
                fail_fast=fail_fast,
                give_up_after=give_up_after,
                on_progress=on_progress,
            )
        )

    def stream_many(
        self,
        requests: Requests,
        *,
        concurrency: int = 50,
        if_exists: IfExists = "return",
        max_rate: float | None = None,
        journal: str | os.PathLike[str] | None = None,
        fail_fast: bool = False,
        give_up_after: float = 900.0,
        on_progress: OnProgress | None = None,
    ) -> OutcomeStream:
        """Make many rooms and take each outcome as it comes, in constant memory.

        ::

            async with rooms.stream_many(requests) as stream:
                async for outcome in stream:
                    ...

        Leaving the block early cancels what is under way and waits for it. Arguments as for
        :meth:`create_many`.
        """
        check_if_exists(if_exists)
        calls = self._calls.for_batch(max_rate, give_up_after)
        return OutcomeStream(
            Creator(calls, self._limits, if_exists, lambda request: self._prepare(request, {})),
            requests,
            concurrency=concurrency,
            journal=journal,
            fail_fast=fail_fast,
            on_progress=on_progress,
        )

    async def aclose(self) -> None:
        """Close the connections, unless the session is yours.

        Calls in flight end: with ``OutcomeUnknownError`` if the server may have acted on them.
        """
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self._base_url}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds the API key and live connections: it cannot be pickled")

    def _prepare(self, request: CreateRoomRequest | None, fields: RoomFields) -> CreateRoomRequest:
        merged = room_request(request, fields)
        if self._auto_name and merged.unique_name is UNSET:
            return attrs.evolve(merged, unique_name=str(uuid4()))
        return merged

    def _limit(self, timeout: float | ClientTimeout | None, retry: RetryPolicy | None) -> Limits:
        if timeout is None and retry is None:
            return self._limits
        check_retry(retry)
        return Limits(
            retry or self._limits.policy, None if timeout is None else as_timeout(timeout)
        )
