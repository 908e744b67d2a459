"""The client that is awaited: rooms, batches of them, and the groups of all else."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from telnyx_video._execution.attempt import AttemptRunner, CallOptions
from telnyx_video._execution.reconcile import IfExists
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video._transport import Transport, check_connecting
from telnyx_video.batch.outcome import CreateOutcome, OnProgress
from telnyx_video.batch.source import Requests
from telnyx_video.batch.stream import OutcomeStream, collect
from telnyx_video.client._creator import Creator
from telnyx_video.config import ApiKey, resolve
from telnyx_video.errors import ErrorDetail
from telnyx_video.resources._arguments import check_batch, check_settings, checked_hooks
from telnyx_video.resources.rooms import RoomOperations

if TYPE_CHECKING:
    from aiohttp import ClientSession, ClientTimeout, TraceConfig

    from telnyx_video.observing import Hook
    from telnyx_video.resources.compositions import AsyncCompositions
    from telnyx_video.resources.participants import AsyncParticipants
    from telnyx_video.resources.recordings import AsyncRecordings
    from telnyx_video.resources.sessions import AsyncSessions

__all__ = ["AsyncRoomsClient"]


class AsyncRoomsClient(RoomOperations):
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
        hooks: Called with each event in the life of a call: one callable, or several. See
            :mod:`telnyx_video.observing`.
        auto_name: Give each create without a name a UUID for one: so that it, too, is made
            exactly once.
        allow_insecure: Permit plain HTTP to another machine, though it shows the key to the
            network.

    Raises:
        ConfigurationError: there is no key, or a setting cannot work; all such are named.
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
        hooks: Hook | Sequence[Hook] = (),
        auto_name: bool = False,
        allow_insecure: bool = False,
    ) -> None:
        hidden_key = ApiKey.wrap(api_key)
        del api_key  # a crash reporter may show the local variables
        problems: list[ErrorDetail] = []
        check_settings(problems, retry, concurrency, auto_name)
        check_connecting(problems, timeout, session, proxy, trust_env, trace_configs)
        each_hook = checked_hooks(problems, hooks)
        settings = resolve(
            api_key=hidden_key, base_url=base_url, allow_insecure=allow_insecure, others=problems
        )
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
        runner = AttemptRunner.for_client(transport, policy, concurrency, each_hook)
        super().__init__(runner, CallOptions(policy), auto_name=auto_name)

    @cached_property
    def sessions(self) -> AsyncSessions:
        """The meetings in rooms: list, get, end; kick, mute and unmute those who are in one."""
        from telnyx_video.resources.sessions import AsyncSessions

        return AsyncSessions(self._runner, self._options)

    @cached_property
    def participants(self) -> AsyncParticipants:
        """Those who are, or were, in sessions: list and get."""
        from telnyx_video.resources.participants import AsyncParticipants

        return AsyncParticipants(self._runner, self._options)

    @cached_property
    def recordings(self) -> AsyncRecordings:
        """What was recorded: list, get, download, delete, one or many."""
        from telnyx_video.resources.recordings import AsyncRecordings

        return AsyncRecordings(self._runner, self._options)

    @cached_property
    def compositions(self) -> AsyncCompositions:
        """Films made of recordings: list, create, get, download, delete."""
        from telnyx_video.resources.compositions import AsyncCompositions

        return AsyncCompositions(self._runner, self._options)

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
        since: float | None = None,
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
            since: Seconds since an earlier run of the same requests was begun, one without a
                journal, that may have made some of the rooms. Names are then looked up before
                anything is sent, and a room that is not older counts as ``recovered``.

        Returns:
            An outcome for each request drawn, in the order of the input. A failure is an outcome,
            too: nothing is raised for it. If the batch stopped early, the requests behind the last
            outcome were not drawn, and nothing was sent for them.

        Raises:
            InvalidRequestError: arguments that cannot work, all of them; at once, before anything
                is drawn, opened or sent.
            ConfigurationError: the journal is of another input or server, or in use by another run.
            OSError: the journal cannot be written; nothing was sent that is not noted in it.
            OutcomeUnknownError: what the input waits for, or a create, was cancelled by something
                else than the caller's own cancellation; rooms may have been made.
            Exception: whatever the input raises, after what is under way is finished.
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
                since=since,
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
        since: float | None = None,
    ) -> OutcomeStream:
        """Make many rooms and take each outcome as it comes, in constant memory.

        ::

            async with rooms.stream_many(requests) as stream:
                async for outcome in stream:
                    ...

        Leaving the block early cancels what is under way and waits for it. Arguments as for
        :meth:`create_many`.
        """
        check_batch(
            requests,
            concurrency,
            if_exists,
            max_rate,
            journal,
            fail_fast,
            give_up_after,
            on_progress,
            since,
        )
        runner = self._runner.for_batch(max_rate, give_up_after)
        return OutcomeStream(
            Creator(runner, self._options, if_exists, lambda request: self._prepare(request, {})),
            requests,
            concurrency=concurrency,
            journal=journal,
            server=self._base_url,
            fail_fast=fail_fast,
            on_progress=on_progress,
            rate_limiter=runner.max_rate,
            since=since,
        )

    async def aclose(self) -> None:
        """Close the connections, unless the session is yours.

        Calls in flight end: with ``OutcomeUnknownError`` if the server may have acted on them.
        """
        await self._runner.aclose()

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
