"""The asynchronous client: rooms, batches of rooms, and the other resources."""

from __future__ import annotations

import builtins
import os
import warnings
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, ParamSpec, Self, TypeVar, cast, overload

from telnyx_video._base import validate as check
from telnyx_video._execution.attempt import AttemptRunner, CallOptions
from telnyx_video._execution.call import REPEAT_HINT, execute
from telnyx_video._execution.paging import AsyncPager
from telnyx_video._execution.reconcile import IfExists
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video._transport.session import check_connecting
from telnyx_video._transport.transport import Transport
from telnyx_video._wire.replies import read_raw
from telnyx_video._wire.requests import raw_request
from telnyx_video.batch.outcome import CreateOutcome, OnProgress
from telnyx_video.batch.source import Requests
from telnyx_video.batch.stream import OutcomeStream, check_batch, collect
from telnyx_video.config import resolve
from telnyx_video.errors import ConfigurationError, ErrorDetail
from telnyx_video.models import UNSET, Page, RawResponse, Record
from telnyx_video.resources._arguments import (
    check_app_info,
    check_client,
    check_headers,
    checked_hooks,
    merge_headers,
)
from telnyx_video.resources._resource import record, view
from telnyx_video.resources.rooms import BatchCreator, RoomsResource

if TYPE_CHECKING:
    from ssl import SSLContext

    from aiohttp import ClientMiddlewareType, ClientSession, ClientTimeout, TraceConfig

    from telnyx_video._wire.requests import Method, Params
    from telnyx_video.config import KeyProvider, OAuthCredentials
    from telnyx_video.observing import Hook
    from telnyx_video.resources.compositions import AsyncCompositions
    from telnyx_video.resources.participants import AsyncParticipants
    from telnyx_video.resources.recordings import AsyncRecordings
    from telnyx_video.resources.sessions import AsyncSessions

__all__ = ["AsyncRoomsClient"]

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=Record)

LOOK_HINT: Final = "look whether it was, before sending it again"


class AsyncRoomsClient(RoomsResource):
    """Asynchronous client for Telnyx video rooms.

    ::

        async with AsyncRoomsClient() as rooms:  # key: TELNYX_API_KEY
            room = await rooms.create(unique_name="standup", max_participants=10)

    A client can be created anywhere; it belongs to the event loop of its first call. It keeps one
    pool of connections: create one client and share it between tasks.

    Args:
        api_key: The API key; a function or coroutine function that returns it; or OAuth client
            credentials. By default the environment's, else ``TELNYX_API_KEY``.
        base_url: The API's URL; by default ``TELNYX_BASE_URL``, else Telnyx's.
        timeout: Seconds for one attempt, or an ``aiohttp.ClientTimeout``; by default 20 in total,
            10 of them to connect. The whole call, with its retries, is bounded by
            ``retry.deadline``.
        retry: How calls are retried; see :class:`RetryPolicy`.
        concurrency: The most connections; further calls wait, first come, first served.
        session: Your own session to send requests with. It is never closed here, and keeps its own
            proxy settings and trace configs.
        proxy: URL of an HTTP proxy.
        trust_env: Take the proxy from the environment (``HTTPS_PROXY``, ``NO_PROXY``, …).
        trace_configs: aiohttp's trace configs.
        middlewares: aiohttp's client middlewares, called around each request to the API.
        ssl_context: How TLS is spoken: trusted authorities, client certificate, versions.
        ca_file: A file of certificates, in PEM, of authorities to trust besides the system's.
        hooks: One callable, or several, called with each event of a call. See
            :mod:`telnyx_video.observing`.
        default_headers: Sent with each request to the API, such as one that a gateway expects.
        app_info: Your program and its version, such as ``"crm/2.1"``: added to ``User-Agent``.
        auto_name: Give each create without a name a UUID as its name, so that it, too, creates
            exactly one room.
        allow_insecure: Permit plain HTTP to another machine, although it exposes the key.

    Raises:
        ConfigurationError: there is no key, or an argument is invalid; all of them are named.
    """

    _transport: Transport | None = None

    def __init__(
        self,
        *,
        api_key: str | KeyProvider | OAuthCredentials | None = None,
        base_url: str | None = None,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
        concurrency: int = 100,
        session: ClientSession | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        trace_configs: Sequence[TraceConfig] = (),
        middlewares: Sequence[ClientMiddlewareType] = (),
        ssl_context: SSLContext | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        hooks: Hook | Sequence[Hook] = (),
        default_headers: Mapping[str, str] | None = None,
        app_info: str | None = None,
        auto_name: bool = False,
        allow_insecure: bool = False,
    ) -> None:
        problems: list[ErrorDetail] = []
        check_client(problems, retry, concurrency, auto_name)
        check_headers(problems, "default_headers", default_headers)
        check_app_info(problems, app_info)
        each_hook = checked_hooks(problems, hooks)
        failure: ConfigurationError
        try:
            tls = check_connecting(
                problems,
                timeout,
                session,
                proxy,
                trust_env,
                trace_configs,
                middlewares,
                ssl_context,
                ca_file,
            )
            config = resolve(
                api_key=api_key, base_url=base_url, allow_insecure=allow_insecure, others=problems
            )
            transport = Transport(
                config,
                timeout=timeout,
                concurrency=concurrency,
                session=session,
                proxy=proxy,
                trust_env=trust_env,
                trace_configs=trace_configs,
                app_info=app_info,
                ssl_context=tls,
                middlewares=middlewares,
            )
            headers = merge_headers(None, default_headers)
            options = CallOptions(retry or RetryPolicy(), headers=headers)
        except ConfigurationError as error:
            failure = error
        else:
            self._transport = transport
            runner = AttemptRunner.for_client(transport, options.policy, concurrency, each_hook)
            super().__init__(runner, options, auto_name=auto_name)
            return
        finally:
            del (
                api_key,
                base_url,
                proxy,
                default_headers,
            )  # tracebacks may show locals: no frame keeps a secret
        raise failure.with_traceback(None)

    def with_options(
        self,
        *,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Return a view of this client whose calls have other options.

        ::

            tenant = rooms.with_options(timeout=2, headers={"X-Tenant": "acme"})

        It is cheap, and shares everything with this client: connections, pacing and the retry
        quota. Closing one closes both.

        Args:
            timeout: For one attempt; by default this client's.
            retry: By default this client's policy. Its quota is not used, as that is shared.
            headers: Added to this client's; those of the same name are replaced.

        Raises:
            InvalidRequestError: an option is invalid; all of them are named.
        """
        try:
            options = self._call_options(timeout, retry, headers)
        finally:  # a traceback may show locals, and a header may be a secret
            del headers
        return view(self, _options=options)

    @overload
    @staticmethod
    def with_raw_response(
        method: Callable[P, AsyncPager[R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> AsyncGenerator[tuple[Page[R], RawResponse], None]: ...

    @overload
    @staticmethod
    def with_raw_response(
        method: Callable[P, Coroutine[Any, Any, T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, tuple[T, RawResponse]]: ...

    @staticmethod
    def with_raw_response(method: Callable[..., Any], /, *args: object, **kwargs: object) -> Any:
        """Make a call, and return its result together with the raw reply.

        ::

            room, raw = await rooms.with_raw_response(rooms.create, unique_name="standup")
            print(raw.status, raw.headers["date"])

            async for page, raw in rooms.with_raw_response(rooms.list, page_size=50):
                ...

        The call is the same as without: it is retried, and a create still makes exactly one room.
        If it takes several requests, the raw reply is the last one, which decided the result: that
        of a look-up, if the reply to a create was lost.

        Args:
            method: A method of this client or of one of its resources; not ``open``, nor one that
                creates many rooms.
            *args: The method's arguments.
            **kwargs: The method's arguments by name.

        Raises:
            InvalidRequestError: the method is another one.
            TelnyxVideoError: as the method does. Errors have ``status`` and ``request_id``.
        """
        try:
            name = getattr(method, "__name__", "")
            resource, recorder = record(getattr(method, "__self__", None), name)
            result = getattr(resource, name)(*args, **kwargs)
        finally:  # a traceback may show locals, and these may hold secrets
            del args
            kwargs.clear()
        if isinstance(result, AsyncPager):
            return recorder.pages(cast("AsyncPager[Record]", result))
        return recorder.result(result)

    @cached_property
    def sessions(self) -> AsyncSessions:
        """Sessions of rooms: list, get, end; kick, mute and unmute participants."""
        from telnyx_video.resources.sessions import AsyncSessions

        return AsyncSessions(self._runner, self._options)

    @cached_property
    def participants(self) -> AsyncParticipants:
        """Participants of sessions: list and get."""
        from telnyx_video.resources.participants import AsyncParticipants

        return AsyncParticipants(self._runner, self._options)

    @cached_property
    def recordings(self) -> AsyncRecordings:
        """Recordings: list, get, wait, download, open, delete, one or many."""
        from telnyx_video.resources.recordings import AsyncRecordings

        return AsyncRecordings(self._runner, self._options)

    @cached_property
    def compositions(self) -> AsyncCompositions:
        """Compositions of recordings: list, create, get, wait, download, open, delete."""
        from telnyx_video.resources.compositions import AsyncCompositions

        return AsyncCompositions(self._runner, self._options)

    async def request(
        self,
        method: Method,
        path: str,
        /,
        *,
        json: object = UNSET,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool = False,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> RawResponse:
        """Send a request to any endpoint, with the client's key, pacing, retries and errors.

        A request that was certainly not applied is retried. One that may have been applied is
        retried only if it is a GET or ``idempotent``.

        Args:
            method: ``"GET"``, ``"POST"``, ``"PUT"``, ``"PATCH"`` or ``"DELETE"``.
            path: Below the base URL, percent-encoded, such as ``"/rooms"``.
            json: The body: anything that JSON can express. By default there is none.
            params: The query: strings, numbers, booleans, or lists of them.
            headers: Headers of this request, in addition to the client's.
            idempotent: Whether sending the request twice has the same effect as sending it once.
            timeout: For one attempt; by default the client's.
            retry: By default the client's policy.

        Raises:
            InvalidRequestError: an argument is invalid; nothing was sent.
            OutcomeUnknownError: it may have been applied, and no reply says so.
            ApiError: the API refused; see its subclasses.
            TransportError: the request could not be sent.
        """
        try:
            request = raw_request(method, path, json, params)
            problems: list[ErrorDetail] = []
            check.boolean(problems, "idempotent", idempotent)
            check.refuse(problems)
            options = self._call_options(timeout, retry, headers)
        finally:  # a traceback may show locals, and these may hold secrets
            del json, params, headers
        return await execute(
            self._runner,
            request,
            read_raw(request, self._runner.transport.redact_headers),
            options,
            idempotent=idempotent or method == "GET",
            hint=REPEAT_HINT if idempotent or method == "GET" else LOOK_HINT,
        )

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
        """Create many rooms concurrently, and return the outcome of each.

        Args:
            requests: What to create: any iterable or async iterable, read as needed.
            concurrency: The most rooms in flight.
            if_exists: As for :meth:`create`; by default a room that exists is returned as it is, so
                that a batch can be run again.
            max_rate: The most requests a second, retries and look-ups included. The limit that the
                server reports is respected in any case.
            journal: A file to record the batch in. If it exists, that batch is resumed: what is
                done is returned, not done again.
            fail_fast: After the first failure read no more requests; those in flight are finished.
            give_up_after: Seconds. While the server is down the batch waits and probes it; after
                this time it stops.
            on_progress: Called after each outcome.
            since: Seconds since an earlier run of the same requests was begun, one without a
                journal, that may have made some of the rooms. Names are then looked up before
                anything is sent, and a room that is not older counts as ``recovered``.

        Returns:
            One outcome for each request that was read, in the order of the input. A failure is an
            outcome, too, and is not raised. If the batch stopped early, the requests after the
            last outcome were not read, and nothing was sent for them.

        Raises:
            InvalidRequestError: arguments are invalid, all of them listed; raised immediately,
                nothing was read, opened or sent.
            ConfigurationError: the journal belongs to another input or server, or is in use.
            OSError: the journal cannot be written; nothing was sent that is not recorded in it.
            OutcomeUnknownError: a create, or what the input waits for, was cancelled by something
                other than the caller's cancellation; rooms may have been created.
            Exception: an exception of the input, after the creates in flight are finished.
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
        """Create many rooms and yield each outcome as it finishes, in constant memory.

        ::

            async with rooms.stream_many(requests) as stream:
                async for outcome in stream:
                    ...

        Leaving the block early cancels the creates in flight and waits for them. Arguments as for
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
            BatchCreator(runner, self._options, if_exists, self._prepare),
            requests,
            concurrency=concurrency,
            journal=journal,
            server=runner.transport.base_url,
            fail_fast=fail_fast,
            on_progress=on_progress,
            rate_limiter=runner.max_rate,
            since=since,
        )

    async def aclose(self) -> None:
        """Close the connections, unless the session is yours.

        Calls in flight end, with ``OutcomeUnknownError`` if the server may have applied them.
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
        if self._transport is None:
            return f"<{type(self).__name__} that could not be created>"
        return f"<{type(self).__name__} at {self._transport.base_url}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds the API key and live connections: it cannot be pickled")

    def __del__(self) -> None:
        # A view leaves the connections to its client.
        transport = self._transport if self._origin is None else None
        if transport is not None and transport.abandon():
            message = f"unclosed {self!r}: use `async with`, or call aclose()"
            warnings.warn(message, ResourceWarning, stacklevel=1, source=self)
