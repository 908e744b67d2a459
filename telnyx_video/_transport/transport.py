"""Sending through a session and its pool of connections."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from math import inf

import aiohttp
from yarl import URL

from telnyx_video._base.http import BEGIN_WITHIN, HttpReply, HttpRequest
from telnyx_video._execution.instrument import Reporter
from telnyx_video._execution.semaphore import Semaphore
from telnyx_video._transport import talk
from telnyx_video._transport.body import UNFIT, TrackedPayload, read
from telnyx_video._transport.direct import DirectBody, DirectRequest
from telnyx_video._transport.failures import SENT, as_failure
from telnyx_video._transport.lent import watched
from telnyx_video._transport.limits import DEFAULT_TIMEOUT, as_timeout
from telnyx_video._transport.proxies import Proxies
from telnyx_video._transport.secret import Key
from telnyx_video._transport.session import REQUEST_CLASS, default_headers, make_session
from telnyx_video._transport.watch import UnderWay, Watch
from telnyx_video.config import ClientConfig
from telnyx_video.errors import ConfigurationError, RequestTimeoutError, TelnyxVideoError


class Transport:
    """One session with its pool, made at the first call and bound to that call's event loop."""

    reporter: Reporter = Reporter()
    """Tells the log what happens, and the hooks where there are any."""

    def __init__(
        self,
        settings: ClientConfig,
        *,
        timeout: float | aiohttp.ClientTimeout | None = None,
        concurrency: int = 100,
        session: aiohttp.ClientSession | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        trace_configs: Sequence[aiohttp.TraceConfig] = (),
    ) -> None:
        self._base_url = settings.base_url
        self._latest_url = "", URL(settings.base_url, encoded=True)
        self._key = Key(settings.api_key)
        self._limits = _apart(DEFAULT_TIMEOUT if timeout is None else as_timeout(timeout))
        self._concurrency = concurrency
        self._session = session
        self._owned = session is None
        self._direct = self._owned and REQUEST_CLASS is DirectRequest
        self._proxies = Proxies(proxy, trust_env)
        self._proxy = self._proxies.for_url(settings.base_url)
        self._trace_configs = list(trace_configs)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slots = Semaphore(concurrency)
        self._closed = False
        self._closing: asyncio.Future[None] | None = None
        # A session of the caller's must not get our headers as its defaults, nor its defaults ours.
        self._headers = None if self._owned else default_headers(self._key)
        self._body_headers = self._headers and {**self._headers, "Content-Type": "application/json"}
        self._in_flight = Watch()

    async def send(
        self,
        request: HttpRequest,
        timeout: aiohttp.ClientTimeout | None,
        now: float,
        left: float,
    ) -> HttpReply:
        """Send once and read the whole reply, waiting for a free connection first.

        Args:
            request: What to send.
            timeout: Limits for this attempt; the client's own if None.
            now: The time.
            left: Seconds until the call's deadline, the wait for a connection included.

        Raises:
            TransportError: no whole reply came; ``outcome`` says whether the server may have acted.
            ConfigurationError: the client is closed, belongs to another loop, or cannot send this.
        """
        session = self._usable_session()
        total, limits = self._limits if timeout is None else _apart(timeout)
        under_way = self._in_flight.begin()
        try:
            if not self._slots.take():
                waited = await self._wait_for_slot(under_way, BEGIN_WITHIN * left)
                now, left = now + waited, left - waited
            try:
                self._in_flight.end_by(under_way, now + min(total, left))
                return await self._exchange(session, request, limits, under_way)
            finally:
                self._slots.give_back()
        finally:
            self._in_flight.leave(under_way)

    def check(self) -> None:
        """Make sure, before anything is waited for, that requests can be sent from here.

        Raises:
            ConfigurationError: the client is closed, or belongs to another loop.
        """
        self._usable_session()

    @asynccontextmanager
    async def connection(
        self, url: str
    ) -> AsyncGenerator[tuple[aiohttp.ClientSession, str | None]]:
        """Hold one of the connections, for what is not the API's: wait for it, then lend it.

        Args:
            url: Where to.

        Yields:
            The session whose connector has it, and the proxy by which to go there.

        Raises:
            ConfigurationError: the client is closed, or belongs to another loop.
        """
        session = self._usable_session()
        under_way = self._in_flight.begin()
        closed = False
        try:
            if not self._slots.take():
                await self._wait_for_slot(under_way, None)
            try:
                yield session, self._proxies.for_url(url)
            finally:
                self._slots.give_back()
        except asyncio.CancelledError:
            closed = under_way.take_back()
            if not closed:
                raise
        finally:
            self._in_flight.leave(under_way)
        if closed:
            raise ConfigurationError(_CLOSED)

    def time(self) -> float:
        """Seconds on the clock that deadlines are measured by."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait between attempts; closing the client ends the wait.

        Raises:
            ConfigurationError: the client was closed meanwhile.
        """
        if self._closed:
            raise ConfigurationError(_CLOSED)
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_future()
        closed, _ = await asyncio.wait((self._closing,), timeout=seconds)
        if closed:
            raise ConfigurationError(_CLOSED)

    async def aclose(self) -> None:
        """End the calls in flight and close the session, if it is ours; again is harmless."""
        if not self._closed:
            self._closed = True
            if self._closing is not None:
                self._closing.set_result(None)
            self._in_flight.cancel_all()  # in `send` that becomes an error: what is known
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
        if self._closed:
            raise ConfigurationError(_CLOSED)
        if self._session is None:
            self._session = make_session(
                self._concurrency, self._key, self._limits[1], self._trace_configs
            )
        elif self._session.closed:
            raise ConfigurationError("the session passed to this client is closed")
        return self._session

    async def _wait_for_slot(self, under_way: UnderWay, left: float | None) -> float:
        """Take one of the pool's connections, given out in the order of asking.

        Returns:
            How many seconds that took.
        """
        asked_at = self.time()
        try:
            async with asyncio.timeout(left):
                await self._slots.wait()
        except TimeoutError:
            failure: TelnyxVideoError = RequestTimeoutError(
                f"no connection became free in time, {self._concurrency} being in use - nothing "
                "was sent; raise the client's concurrency or the policy's deadline"
            )
        except asyncio.CancelledError:
            if not under_way.take_back():
                raise
            failure = ConfigurationError(_CLOSED)
        else:
            waited = self.time() - asked_at
            self.reporter.paced(waited, "connection")
            return waited
        raise failure

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        request: HttpRequest,
        limits: aiohttp.ClientTimeout,
        under_way: UnderWay,
    ) -> HttpReply:
        _, method, path, body = request
        # A DELETE has no body, but something must watch it, and stop aiohttp from resending it.
        payload = None if method == "GET" else self._payload(body or b"")
        logged = talk.log.isEnabledFor(logging.DEBUG)
        if logged:
            talk.sent(request)
        started = self.time() if logged else 0.0
        try:
            response = await session.request(
                method,
                self._url(path),
                data=payload,
                headers=self._headers if body is None else self._body_headers,
                skip_auto_headers=_NO_CONTENT_TYPE if body is None else None,
                allow_redirects=False,
                raise_for_status=False,
                auto_decompress=True,
                timeout=limits,
                proxy=self._proxy,
                middlewares=None if self._direct or payload is None else watched(session, payload),
            )
            try:
                content = await read(response)
            except BaseException:
                response.close()
                raise
            if payload is not None and payload.held_back:
                raise aiohttp.ServerDisconnectedError(UNFIT)
        except asyncio.CancelledError as cancelled:
            if not under_way.take_back():
                if payload is not None and payload.asked_to_write:
                    cancelled.add_note(f"{method} {path} {SENT}")
                raise
            closed = aiohttp.ClientConnectionError("closed")
            failure = self._failure(request, payload, TimeoutError() if under_way.late else closed)
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
            # The last two: a line break in a header, a session closed under way.
            failure = self._failure(request, payload, TimeoutError() if under_way.late else error)
        else:
            headers, content = self._key.hidden_in_reply(response.headers, content)
            reply = HttpReply(response.status, headers, content)
            if logged:
                talk.answered(request, reply, self.time() - started)
            return reply
        # Raised here, not in the handler: aiohttp's exceptions hold the request's headers, and so
        # the key; ours must not drag them along as their context.
        talk.failed(request, failure)
        raise failure

    def _payload(self, body: bytes) -> TrackedPayload:
        if self._direct:
            return DirectBody(body, at_once=self._in_flight.alone)
        return TrackedPayload(body)

    def _url(self, path: str) -> URL:
        """The whole address; all creates have the same."""
        known, url = self._latest_url
        if path != known:
            url = URL(self._base_url + path, encoded=True)
            self._latest_url = path, url
        return url

    def _failure(
        self, request: HttpRequest, payload: TrackedPayload | None, error: Exception
    ) -> TelnyxVideoError:
        written = payload is not None and payload.asked_to_write
        return as_failure(request, error, written=written, key=self._key)


def _apart(timeout: aiohttp.ClientTimeout) -> tuple[float, aiohttp.ClientTimeout]:
    """The limit for all of an attempt, which is kept here, and those that aiohttp keeps."""
    limits = aiohttp.ClientTimeout(
        connect=timeout.connect, sock_connect=timeout.sock_connect, sock_read=timeout.sock_read
    )
    return timeout.total or inf, limits


_CLOSED = "this client is closed: make a new one"
_NO_CONTENT_TYPE = ("Content-Type",)
