"""Sends requests through one aiohttp session, ends each at its deadline, and closes the session.

One timer serves all deadlines. Nearly all requests end long before theirs, and a timer for each, as
aiohttp would set it, costs a request a twentieth of its CPU time.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from math import inf
from typing import Final, cast

import aiohttp
import attrs
from multidict import CIMultiDict
from yarl import URL

from telnyx_video._base.errors import ConfigurationError
from telnyx_video._base.http import HttpReply, HttpRequest, note_sent
from telnyx_video._base.text import one_line
from telnyx_video._transport.failures import as_failure
from telnyx_video._transport.keys import KeySource
from telnyx_video._transport.payload import (
    NOT_REUSABLE,
    DirectPayload,
    DirectRequest,
    TrackedPayload,
    middleware_guard,
)
from telnyx_video._transport.redact import Credential
from telnyx_video._transport.session import (
    DEFAULT_TIMEOUT,
    REQUEST_CLASS,
    Proxies,
    as_timeout,
    default_headers,
    make_session,
)
from telnyx_video.config import ClientConfig

log: Final = logging.getLogger("telnyx_video")

CLOSED: Final = "this client is closed: make a new one"

MAX_BODY: Final = 8 * 1024 * 1024
"""Bytes of a response that are accepted, after decompression; a page of 250 rooms has 0.2 MiB."""

_FAILURES = (asyncio.CancelledError, aiohttp.ClientError, OSError, ValueError, RuntimeError)
"""The last two: a line break in a header, and a session that was closed in between."""

_NO_CONTENT_TYPE: Final = ("Content-Type",)

READ_PASSES: Final = 10
"""Passes of the event loop between a deadline and the cancellation.

Where the caller's code has blocked the loop, the reply may already lie in the socket: the loop
reads it in these passes. A reply takes a few: its bytes, its head, the rest of its body.
"""


@attrs.define(eq=False)
class Deadline:
    """The end of one request, in the task that makes it; keeps apart whose cancellation it is."""

    task: asyncio.Task[object]
    cancelling_before: int
    """How many cancellations the task had when the request began: it may be cleaning up."""
    at: float = inf
    """When the request has to have ended, on the loop's clock."""
    passed: bool = False
    """Whether the request was cancelled because of its deadline."""
    cancels: int = 0
    """How many cancellations came from here."""

    def cancel(self) -> None:
        """Cancel the request."""
        self.cancels += 1
        self.task.cancel()

    def uncancel(self) -> bool:
        """Take back the cancellations from here; return whether there are no others.

        aiohttp also raises ``CancelledError`` without a cancellation, when its pool is closed.
        """
        while self.cancels:
            self.cancels -= 1
            self.task.uncancel()
        return self.task.cancelling() <= self.cancelling_before


class InFlight:
    """The deadlines of all requests in flight, and the one timer, set for the earliest."""

    def __init__(self) -> None:
        self.deadlines: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = inf

    def enter(self, at: float = inf) -> Deadline:
        """Add a request of the current task that has to end at a time on the loop's clock."""
        task: asyncio.Task[object] = asyncio.current_task()  # type: ignore[assignment] # not None
        deadline = Deadline(task, task.cancelling(), at)
        self.deadlines.add(deadline)
        if at < self._fires_at:
            self._set_timer(at)
        return deadline

    def leave(self, deadline: Deadline) -> None:
        """Remove a request that has ended."""
        self.deadlines.remove(deadline)
        if deadline.cancels:
            deadline.uncancel()

    def cancel_all(self) -> None:
        """Cancel all requests, and the timer."""
        if self._timer is not None:
            self._timer.cancel()
        for deadline in self.deadlines:
            deadline.cancel()

    def _set_timer(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(at, self._on_timer)
        self._fires_at = at

    def _on_timer(self) -> None:
        now = asyncio.get_running_loop().time()
        late = [deadline for deadline in self.deadlines if deadline.at <= now]
        for deadline in late:
            deadline.at = inf
        self._cancel_after(READ_PASSES, late)
        self._timer, self._fires_at = None, inf
        earliest = min((deadline.at for deadline in self.deadlines), default=inf)
        if earliest < inf:
            self._set_timer(earliest)

    def _cancel_after(self, passes: int, late: list[Deadline]) -> None:
        """Cancel those that are still in flight after so many passes of the loop."""
        still = [deadline for deadline in late if deadline in self.deadlines]
        if passes and still:
            asyncio.get_running_loop().call_soon(self._cancel_after, passes - 1, still)
            return
        for deadline in still:
            deadline.passed = True
            deadline.cancel()


class Transport:
    """One session with its pool, made at the first call and bound to that call's event loop."""

    def __init__(
        self,
        config: ClientConfig,
        *,
        timeout: float | aiohttp.ClientTimeout | None = None,
        concurrency: int = 100,
        session: aiohttp.ClientSession | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        trace_configs: Sequence[aiohttp.TraceConfig] = (),
        app_info: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        middlewares: Sequence[aiohttp.ClientMiddlewareType] = (),
    ) -> None:
        self.base_url: Final = config.base_url
        self._latest_url = "", URL(config.base_url, encoded=True)
        key = config.api_key
        self._key = Credential(key if isinstance(key, str) else "")
        self._keys = (
            None if isinstance(key, str) else KeySource(key, f"{config.base_url}/oauth/token")
        )
        del key  # an error below would show it
        self._limits = _split(DEFAULT_TIMEOUT if timeout is None else as_timeout(timeout))
        self._concurrency = concurrency
        self._session = session
        self._owned = session is None
        self._ssl_context = ssl_context
        self._middlewares = tuple(middlewares)
        # A middleware may send another body, or send it again: `middleware_guard` watches it.
        self._direct = self._owned and not middlewares and REQUEST_CLASS is DirectRequest
        self._proxies = Proxies(proxy, trust_env)
        self._proxy = self._proxies.for_url(config.base_url)
        self._trace_configs = list(trace_configs)
        self._app_info = app_info
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._closing: asyncio.Future[None] | None = None
        # A caller's session must not get our headers as its defaults, nor its defaults ours.
        self._headers = None if self._owned else default_headers(self._key, app_info)
        self._body_headers = self._headers and {**self._headers, "Content-Type": "application/json"}
        self._in_flight = InFlight()

    async def send(
        self,
        request: HttpRequest,
        timeout: aiohttp.ClientTimeout | None,
        now: float,
        deadline: float,
        headers: Mapping[str, str] | None = None,
    ) -> HttpReply:
        """Send a request once and read the whole response; the caller holds a free connection.

        Args:
            request: The request.
            timeout: Limits for this attempt; the client's own if None.
            now: The time.
            deadline: When the call has to have ended.
            headers: Headers of this request, in addition to the default ones.

        Raises:
            TransportError: no whole response came; ``outcome`` says whether the server may have
                acted.
            ConfigurationError: the client is closed, belongs to another loop, or cannot send this.
        """
        try:
            session = self._usable_session()
        except ConfigurationError:
            del headers  # tracebacks may show locals, and a header may be a secret
            raise
        total, limits = self._limits if timeout is None else _split(timeout)
        # A DELETE has no body, but needs a tracked one, which keeps aiohttp from resending it.
        payload: TrackedPayload | None = None
        if request.method != "GET":
            # No local holds the body: tracebacks may show locals, and it may hold a password.
            if self._direct:
                at_once = not self._in_flight.deadlines
                payload = DirectPayload(request.body or b"", at_once=at_once)
            else:
                payload = TrackedPayload(request.body or b"")
        logged = log.isEnabledFor(logging.DEBUG)
        if logged:
            _log_sending(request)
        key = self._key
        in_flight = self._in_flight.enter(min(now + total, deadline))
        try:
            if self._keys is not None:
                key = await self._keys.get(session, self._proxy)
            status, received, content = await self._exchange(
                session, request, payload, limits, headers, key
            )
        except _FAILURES as error:
            failure = self._failure(request, payload, in_flight, error, key)
        else:
            received, content = key.redact_reply(received, content)
            if self._keys is not None:
                received = self._keys.answered(key, status, received)
            reply = HttpReply(status, received, content)
            if logged:
                _log_reply(request, reply, self.time() - now)
            return reply
        finally:
            del headers  # as above
            self._in_flight.leave(in_flight)
        # Raised here, not in the handler: the frames of aiohttp hold the request's headers, and so
        # the key; neither the context nor the traceback of our error may lead there.
        extra = {**_extra(request), "telnyx_video_error": type(failure).__name__}
        log.debug("%s", failure, extra=extra)
        raise failure

    @property
    def key_changes(self) -> bool:
        """Whether another key can be asked for when the API refuses the current one."""
        return self._keys is not None

    def check(self) -> None:
        """Check, before anything is waited for, that requests can be sent from here.

        Raises:
            ConfigurationError: the client is closed, or belongs to another loop.
        """
        self._usable_session()

    def redact_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return all headers of a reply, without the key; names are case-insensitive."""
        return self._key.redact_headers(headers)

    def proxy_for(self, url: str) -> str | None:
        """Return the proxy for a URL at another host, if there is one."""
        return self._proxies.for_url(url)

    @asynccontextmanager
    async def borrowed_session(self) -> AsyncGenerator[aiohttp.ClientSession]:
        """Use the session for a request to another host, which ends when the client is closed.

        Raises:
            ConfigurationError: the client is closed, or belongs to another loop.
        """
        session = self._usable_session()
        in_flight = self._in_flight.enter()
        closed = False
        try:
            yield session
        except asyncio.CancelledError:
            closed = in_flight.uncancel()
            if not closed:
                raise
        finally:
            self._in_flight.leave(in_flight)
        if closed:
            raise ConfigurationError(CLOSED)

    def time(self) -> float:
        """Seconds on the clock that deadlines are measured by."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait between attempts; closing the client ends the wait.

        Raises:
            ConfigurationError: the client was closed.
        """
        if self._closed:
            raise ConfigurationError(CLOSED)
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_future()
        closed, _ = await asyncio.wait((self._closing,), timeout=seconds)
        if closed:
            raise ConfigurationError(CLOSED)

    async def aclose(self) -> None:
        """Cancel the requests in flight and close the session, if it is ours; again is harmless."""
        if not self._closed:
            self._closed = True
            if self._closing is not None:
                self._closing.set_result(None)
            self._in_flight.cancel_all()  # in `send` that becomes an error with an outcome
        if self._owned and self._session is not None:
            await self._session.close()

    def abandon(self) -> bool:
        """Drop the connections of a client that was not closed; return whether it has a session.

        Without this aiohttp would report its session and connector, which the caller never saw.
        """
        session = self._session
        if self._closed or not self._owned or session is None or session.closed:
            return False
        with suppress(AttributeError):  # a release without it: aiohttp then warns as well
            connector = cast("aiohttp.TCPConnector", session.connector)
            connector._close()  # pyright: ignore[reportPrivateUsage] # `close` needs a running loop
            session.detach()
        return True

    def _usable_session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise ConfigurationError(
                "this client belongs to another event loop: make one client for each loop, "
                "or use RoomsClient from code that does not await"
            )
        if self._closed:
            raise ConfigurationError(CLOSED)
        if self._session is None:
            self._session = make_session(
                self._concurrency,
                default_headers(self._key, self._app_info),
                self._limits[1],
                self._trace_configs,
                self._ssl_context,
                self._middlewares,
            )
        elif self._session.closed:
            raise ConfigurationError("the session passed to this client is closed")
        return self._session

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        request: HttpRequest,
        payload: TrackedPayload | None,
        limits: aiohttp.ClientTimeout,
        headers: Mapping[str, str] | None,
        key: Credential,
    ) -> HttpReply:
        _, method, path, body = request
        guard = None
        if not self._direct and payload is not None:
            guard = middleware_guard(session, payload)
        response = await session.request(
            method,
            self._url(path),
            data=payload,
            headers=(self._headers if body is None else self._body_headers)
            if headers is None and self._keys is None
            else self._with_own(headers, body, key),
            skip_auto_headers=_NO_CONTENT_TYPE if body is None else None,
            allow_redirects=False,
            raise_for_status=False,
            auto_decompress=True,
            timeout=limits,
            proxy=self._proxy,
            middlewares=guard,
        )
        try:
            content = await _read_body(response)
        except BaseException:
            response.close()
            raise
        if payload is not None and payload.handed_over and not payload.written:
            raise aiohttp.ServerDisconnectedError(NOT_REUSABLE)
        return HttpReply(response.status, response.headers, content)

    def _with_own(
        self, headers: Mapping[str, str] | None, body: bytes | None, key: Credential
    ) -> CIMultiDict[str]:
        """Merge a request's headers into the default ones; its own win."""
        own = self._headers if body is None else self._body_headers
        merged = CIMultiDict(own or {})
        merged.update(headers or {})
        if self._keys is not None:
            merged["Authorization"] = key.authorization
        return merged

    def _url(self, path: str) -> URL:
        """The whole address; all creates have the same."""
        known, url = self._latest_url
        if path != known:
            url = URL(self.base_url + path, encoded=True)
            self._latest_url = path, url
        return url

    def _failure(
        self,
        request: HttpRequest,
        payload: TrackedPayload | None,
        in_flight: Deadline,
        error: Exception | asyncio.CancelledError,
        key: Credential,
    ) -> BaseException:
        """Return the error to raise: ours, or a cancellation without the frames of aiohttp."""
        written = payload is not None and payload.written
        if isinstance(error, asyncio.CancelledError):
            if not in_flight.uncancel():
                cancelled = asyncio.CancelledError(*error.args)
                if written:
                    note_sent(cancelled, request)
                return cancelled
            error = aiohttp.ClientConnectionError("closed")
        if in_flight.passed:
            error = TimeoutError()
        return as_failure(request, error, written=written, key=key)


def _split(timeout: aiohttp.ClientTimeout) -> tuple[float, aiohttp.ClientTimeout]:
    """Split off the limit for the whole attempt, which is kept here; aiohttp keeps the others."""
    limits = aiohttp.ClientTimeout(
        connect=timeout.connect, sock_connect=timeout.sock_connect, sock_read=timeout.sock_read
    )
    return timeout.total or inf, limits


def _log_sending(request: HttpRequest) -> None:
    size = len(request.body) if request.body else 0
    extra = {**_extra(request), "telnyx_video_size": size}
    log.debug("%s %s, %d bytes", request.method, request.path, size, extra=extra)


def _log_reply(request: HttpRequest, reply: HttpReply, duration: float) -> None:
    request_id = reply.headers.get("x-request-id")
    log.debug(
        "%s %s -> %d in %.0f ms, %d bytes, request id %s",
        request.method,
        request.path,
        reply.status,
        duration * 1000,
        len(reply.body),
        one_line(request_id or "none"),
        extra={
            **_extra(request),
            "telnyx_video_status": reply.status,
            "telnyx_video_duration": duration,
            "telnyx_video_size": len(reply.body),
            "telnyx_video_request_id": request_id,
        },
    )


def _extra(request: HttpRequest) -> dict[str, object]:
    return {"telnyx_video_method": request.method, "telnyx_video_path": request.path}


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    """Read a body chunk by chunk, so that a huge one (or a compressed bomb) ends early."""
    stream = response.content
    body = await stream.readany()
    if stream.at_eof():
        return body
    chunks, size = [body], len(body)
    while chunk := await stream.readany():
        size += len(chunk)
        if size > MAX_BODY:
            raise aiohttp.ClientPayloadError(f"the response has more than {MAX_BODY} bytes")
        chunks.append(chunk)
    return b"".join(chunks)
