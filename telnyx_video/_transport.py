"""Sends one HTTP request and receives its reply whole: the only client-side use of aiohttp.

When that fails, it says whether the server can have seen the request. The exception's class cannot
tell: a connection reset looks the same before and after the server acted. What can tell is whether
aiohttp ever came to write: it buffers the headers and writes them together with the body, so a body
that was never asked to write itself means that not one byte was sent.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from math import inf
from typing import Final, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload
from yarl import URL

from telnyx_video import _checks as check
from telnyx_video._http import HttpReply, HttpRequest
from telnyx_video._text import one_line
from telnyx_video._version import __version__
from telnyx_video.config import Settings
from telnyx_video.errors import (
    ConfigurationError,
    ErrorDetail,
    Outcome,
    RequestTimeoutError,
    TelnyxVideoError,
    TransportError,
)

log = logging.getLogger("telnyx_video")

MAX_BODY: Final = 8 * 1024 * 1024
"""Bytes of a reply that are accepted, after decompression; a page of 250 rooms has 0.2 MiB."""

KEEPALIVE: Final = 15.0
"""Seconds an idle connection is kept. Servers close theirs later, so that a request rarely meets a
connection that is being closed at that moment, which is the commonest cause of a lost answer."""

DEFAULT_TIMEOUT: Final = aiohttp.ClientTimeout(total=20, connect=10, sock_connect=5)
"""Seconds for one attempt; waiting for one of the client's connections is not part of it.

A limit between bytes (``sock_read``) would cost each request a tenth of its CPU for two more
timers, and tell little more: a reply here is a few hundred bytes, and comes at once or not."""

USER_AGENT: Final = (
    f"telnyx-video/{__version__} python/{sys.version_info[0]}.{sys.version_info[1]} "
    f"aiohttp/{aiohttp.__version__}"
)


class Transport:
    """One session with its pool, made at the first call and bound to that call's event loop."""

    def __init__(
        self,
        settings: Settings,
        *,
        timeout: float | aiohttp.ClientTimeout | None = None,
        concurrency: int = 100,
        session: aiohttp.ClientSession | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        trace_configs: Sequence[aiohttp.TraceConfig] = (),
    ) -> None:
        self._base_url = settings.base_url
        self._key = settings.api_key
        self._timeout = DEFAULT_TIMEOUT if timeout is None else as_timeout(timeout)
        self._concurrency = concurrency
        self._session = session
        self._owned = session is None
        self._proxy = proxy or (_environment_proxy(settings.base_url) if trust_env else None)
        self._trace_configs = list(trace_configs)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slots = asyncio.Semaphore(concurrency)
        self._closed = asyncio.Event()
        # A session of the caller's must not get our headers as its defaults, nor its defaults ours.
        self._headers = None if self._owned else self._default_headers()
        self._body_headers = self._headers and {**self._headers, "Content-Type": "application/json"}
        self._in_flight: set[asyncio.Task[object]] = set()

    async def send(
        self,
        request: HttpRequest,
        timeout: aiohttp.ClientTimeout | None = None,
        deadline: float | None = None,
    ) -> HttpReply:
        """Send once and read the whole reply, waiting for a free connection first.

        Args:
            request: What to send.
            timeout: Limits for this attempt; the client's own if None.
            deadline: Loop time by which the call ends, including the wait for a connection.

        Raises:
            TransportError: no whole reply came; ``outcome`` says whether the server may have acted.
            ConfigurationError: the client is closed, belongs to another loop, or cannot send this.
        """
        session = self._usable_session()
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._in_flight.add(task)
        try:
            await self._take_slot(deadline)
            try:
                return await self._exchange(session, request, self._limits(timeout, deadline))
            finally:
                self._slots.release()
        finally:
            self._in_flight.discard(task)

    def time(self) -> float:
        """Seconds on the clock that deadlines are measured by."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait between attempts; closing the client ends the wait.

        Raises:
            ConfigurationError: the client was closed meanwhile.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        except TimeoutError:
            return
        raise ConfigurationError(_CLOSED)

    async def aclose(self) -> None:
        """End the calls in flight and close the session, if it is ours; again is harmless."""
        if not self._closed.is_set():
            self._closed.set()
            for task in self._in_flight:
                task.cancel()  # in `send` it becomes an error that says what is known
        if self._owned and self._session is not None:
            await self._session.close()

    def _usable_session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise ConfigurationError(
                "this client belongs to another event loop: make one client for each loop, "
                "or use RoomsClient from code that does not await"
            )
        if self._closed.is_set():
            raise ConfigurationError(_CLOSED)
        if self._session is None:
            self._session = self._make_session()
        elif self._session.closed:
            raise ConfigurationError("the session passed to this client is closed")
        return self._session

    def _make_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._concurrency, keepalive_timeout=KEEPALIVE),
            headers=self._default_headers(),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            trace_configs=self._trace_configs,
        )

    async def _take_slot(self, deadline: float | None) -> None:
        """A slot for each connection of the pool, given out in the order of asking."""
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout_at(deadline):
                await self._slots.acquire()
        except TimeoutError:
            failure: TelnyxVideoError = RequestTimeoutError(
                f"no connection became free in time, {self._concurrency} being in use - nothing "
                "was sent; raise the client's concurrency or the policy's deadline"
            )
        except asyncio.CancelledError:
            if not self._ended_by_closing():
                raise
            failure = ConfigurationError(_CLOSED)
        else:
            return
        raise failure

    def _ended_by_closing(self) -> bool:
        """Whether a cancellation that has arrived is not the task's own.

        It is that of :meth:`aclose`, or aiohttp's way of telling that its pool was closed.
        """
        task = cast("asyncio.Task[object]", asyncio.current_task())
        if self._closed.is_set():
            task.uncancel()
        return task.cancelling() == 0

    def _limits(
        self, timeout: aiohttp.ClientTimeout | None, deadline: float | None
    ) -> aiohttp.ClientTimeout:
        limits = timeout or self._timeout
        if deadline is None:
            return limits
        left = max(deadline - self.time(), 0.001)
        if limits.total is not None and limits.total <= left:
            return limits
        return aiohttp.ClientTimeout(
            total=left,
            connect=limits.connect,
            sock_connect=limits.sock_connect,
            sock_read=limits.sock_read,
            ceil_threshold=inf,  # aiohttp would round up to whole seconds, past the deadline
        )

    async def _exchange(
        self, session: aiohttp.ClientSession, request: HttpRequest, limits: aiohttp.ClientTimeout
    ) -> HttpReply:
        method, path, body = request
        # A DELETE has no body, but something must watch it, and stop aiohttp from resending it.
        payload = None if method == "GET" else _WatchedBody(body or b"")
        started = self._log_request(request)
        try:
            response = await session.request(
                method,
                URL(self._base_url + path, encoded=True),
                data=payload,
                headers=self._headers if body is None else self._body_headers,
                skip_auto_headers=_NO_CONTENT_TYPE if body is None else None,
                allow_redirects=False,
                raise_for_status=False,
                auto_decompress=True,
                timeout=limits,
                proxy=self._proxy,
            )
            try:
                content = await _read(response)
            except BaseException:
                response.close()
                raise
        except asyncio.CancelledError as cancelled:
            if not self._ended_by_closing():
                if payload is not None and payload.asked_to_write:
                    cancelled.add_note(f"{method} {path} {SENT}")
                raise
            failure = self._failure(request, payload, aiohttp.ClientConnectionError("closed"))
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
            # The last two: a line break in a header, a session closed under way.
            failure = self._failure(request, payload, error)
        else:
            headers, content = self._without_key(response.headers, content)
            reply = HttpReply(response.status, headers, content)
            self._log_reply(request, reply, started)
            return reply
        # Raised here, not in the handler: aiohttp's exceptions hold the request's headers, and so
        # the key; ours must not drag them along as their context.
        log.debug("%s %s failed: %s", method, path, failure)
        raise failure

    def _failure(
        self, request: HttpRequest, payload: _WatchedBody | None, error: Exception
    ) -> TelnyxVideoError:
        """What a failure of aiohttp means for the caller."""
        sent = payload is not None and payload.asked_to_write
        outcome = Outcome.UNKNOWN if sent else Outcome.NOT_APPLIED
        network = isinstance(error, (aiohttp.ClientError, OSError))
        if isinstance(error, aiohttp.InvalidURL) or not (network or sent):
            return ConfigurationError(f"this request cannot be sent: {self._describe(error)}")
        permanent = isinstance(error, _PERMANENT)
        if permanent:
            advice = "nothing was sent; check the address, and the certificates that you trust"
        elif request.method == "GET":
            advice = "it only read: try again"
        else:
            advice = _ADVICE[outcome]
        message = f"{request.method} {request.path} failed: {self._describe(error)} - {advice}"
        if isinstance(error, TimeoutError):
            return RequestTimeoutError(message, outcome)
        return TransportError(message, outcome, not permanent)

    def _describe(self, error: Exception) -> str:
        text = str(error) or "the time limit ran out"
        if len(self._key) >= SECRET:
            text = text.replace(self._key, _REDACTED)
        return f"{one_line(text)} ({type(error).__name__})"

    def _without_key(
        self, headers: Mapping[str, str], body: bytes
    ) -> tuple[Mapping[str, str], bytes]:
        """The reply, minus the key if the server repeats it, as some do when they refuse one."""
        if len(self._key) < SECRET:
            return headers, body
        if b"\\u" in body:
            body = _unescaped(body)
        key = self._key.encode()
        if key in body:
            body = body.replace(key, _REDACTED.encode())
        if self._key in headers.get("x-request-id", ""):
            headers = {name.lower(): v.replace(self._key, _REDACTED) for name, v in headers.items()}
        return headers, body

    def _default_headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._key}",
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
        }

    def _log_request(self, request: HttpRequest) -> float:
        if not log.isEnabledFor(logging.DEBUG):
            return 0.0
        size = len(request.body) if request.body else 0
        log.debug("%s %s, %d bytes", request.method, request.path, size)
        return self.time()

    def _log_reply(self, request: HttpRequest, reply: HttpReply, started: float) -> None:
        if started and log.isEnabledFor(logging.DEBUG):
            log.debug(
                "%s %s -> %d in %.0f ms, %d bytes, request id %s",
                request.method,
                request.path,
                reply.status,
                (self.time() - started) * 1000,
                len(reply.body),
                reply.headers.get("x-request-id"),
            )


class _WatchedBody(BytesPayload):
    """A JSON body that remembers having been asked to write itself; it may do nothing more."""

    asked_to_write = False

    @property
    def consumed(self) -> bool:
        """Keeps aiohttp from sending an idempotent request again by itself, unseen by us."""
        return self.asked_to_write

    def __init__(self, body: bytes) -> None:
        super().__init__(body, content_type="application/json")

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        self.asked_to_write = True
        await super().write_with_length(writer, content_length)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body, read chunk by chunk so that a huge one (or a compressed bomb) ends early."""
    stream = response.content
    body = await stream.readany()
    if stream.at_eof():
        return body
    chunks, size = [body], len(body)
    while chunk := await stream.readany():
        size += len(chunk)
        if size > MAX_BODY:
            raise aiohttp.ClientPayloadError(f"the reply has more than {MAX_BODY} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _unescaped(body: bytes) -> bytes:
    """JSON with its characters as they are, so that nothing hides in escapes."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return body


def _environment_proxy(base_url: str) -> str | None:
    """The proxy that the environment names for the API (``HTTPS_PROXY``, ``NO_PROXY``, …).

    Not by aiohttp's own ``trust_env``: that would also take a password from netrc, in whose
    presence it refuses to send our key.
    """
    parts = urlsplit(base_url)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def as_timeout(timeout: float | aiohttp.ClientTimeout) -> aiohttp.ClientTimeout:
    """Seconds for a whole attempt, or finer limits as aiohttp has them.

    Raises:
        ConfigurationError: it is not a number of seconds above 0.
    """
    if isinstance(timeout, aiohttp.ClientTimeout):
        return timeout
    problems: list[ErrorDetail] = []
    check.positive(problems, "timeout", timeout)
    if problems:
        raise ConfigurationError(f"{problems[0]}")
    limits = DEFAULT_TIMEOUT
    return aiohttp.ClientTimeout(
        total=timeout, connect=limits.connect, sock_connect=limits.sock_connect
    )


SENT: Final = "was sent, and may have been applied"
"""What a cancellation is noted with, if it is so."""

SECRET: Final = 16
"""Characters that a key has at least; shorter ones, as in tests, may stand in any reply."""

_CLOSED = "this client is closed: make a new one"
_REDACTED = "[API key]"

_PERMANENT = (aiohttp.ClientConnectorCertificateError, aiohttp.ServerFingerprintMismatch)
_NO_CONTENT_TYPE = ("Content-Type",)

_ADVICE = {
    Outcome.NOT_APPLIED: "nothing was sent, so it is safe to try again",
    Outcome.UNKNOWN: "it may have been applied: look before sending it again",
}
