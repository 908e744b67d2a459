"""Handles a request: from aiohttp to the operation that answers it, and back.

A request goes through three steps: read, commit, respond. A `Serve` function takes the steps; it
is the one place where faults are injected.
"""

import asyncio
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import datetime

from aiohttp import web

from telnyx_video.sandbox.access import (
    ACCESS_TOKEN_TTL,
    TOKEN_ROUTE,
    AccessTokens,
    CrossSiteGuard,
    RateLimiter,
)
from telnyx_video.sandbox.api.calls import Call, Operation
from telnyx_video.sandbox.api.compositions import composition_operations
from telnyx_video.sandbox.api.files import file_operations
from telnyx_video.sandbox.api.recordings import recording_operations
from telnyx_video.sandbox.api.rooms import room_operations
from telnyx_video.sandbox.api.sessions import session_operations
from telnyx_video.sandbox.api.tokens import Tokens, token_operations
from telnyx_video.sandbox.log import LOG_SIZE, Record, RequestLog, Stats
from telnyx_video.sandbox.log import MAX_BODY as MAX_LOGGED
from telnyx_video.sandbox.replies import Code, Problem, RefusedError, Reply, refusal, unexpected
from telnyx_video.sandbox.routes import (
    FILES,
    KEYLESS_OPERATIONS,
    address_of,
    is_control,
    locate,
    named,
)
from telnyx_video.sandbox.state.database import FullError, Query
from telnyx_video.sandbox.state.store import Store

_log = logging.getLogger("telnyx_video.sandbox")

MAX_BODY = 1024 * 1024
"""Bytes of a body, after decompression: aiohttp's default limit."""

StreamHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
"""Serves one request."""

_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""What a web page may send to another site without a preflight request (CORS)."""


class Api:
    """The operations of the API behind the key and the rate limit, and those of control.

    Args:
        store: The state of the server.
        api_key: The only accepted key.
        limiter: The rate limit; None is unlimited.
        log_size: Requests that the log keeps.
        access_token_ttl: Seconds for which an OAuth access token is valid.
    """

    def __init__(
        self,
        store: Store,
        *,
        api_key: str,
        limiter: RateLimiter | None = None,
        log_size: int = LOG_SIZE,
        access_token_ttl: float = ACCESS_TOKEN_TTL,
    ) -> None:
        self.stats: Stats = Stats()
        self.log: RequestLog = RequestLog(log_size, api_key)
        self.tokens: Tokens = Tokens(api_key, store.source.new_id)
        self.now: Callable[[], datetime] = store.database.moment
        self.new_id: Callable[[], str] = store.source.new_id
        self.streams: dict[str, StreamHandler] = {}
        """Handlers of GET requests that write their response themselves, by path."""
        self._store = store
        self._credentials = f"Bearer {api_key}".encode()
        self._access = AccessTokens(api_key, access_token_ttl, self.now, self.new_id)
        self._limiter = limiter
        self._routes: dict[str, dict[str, Operation]] = {}
        for operations in (
            room_operations(store),
            token_operations(store, self.tokens),
            session_operations(store),
            recording_operations(store),
            composition_operations(store),
            file_operations(store),
        ):
            for operation, answer in operations.items():
                method, route = address_of(operation)
                self.add(route, {method: answer})
        self.add(TOKEN_ROUTE, {"POST": self._access.issue})

    @property
    def routes(self) -> Mapping[str, Collection[str]]:
        """The methods of every route, those of control too."""
        return {**self._routes, **dict.fromkeys(self.streams, ("GET",))}

    def count(
        self, method: str, route: str, headers: Mapping[str, str]
    ) -> AbstractContextManager[None]:
        """Count a request to the API, which is in flight while the context is open."""
        self._store.source.tick()
        if route.startswith(FILES) and "Authorization" in headers:
            self.stats.keyed_downloads += 1
        return self.stats.count(method, route if route in self._routes else "(unknown)")

    def add(self, route: str, operations: Mapping[str, Operation]) -> None:
        """Add the operations of a route, by method."""
        self._routes.setdefault(route, {}).update(operations)

    def answer(self, call: Call) -> Reply:
        """Authorize the call, apply it, and return the reply."""
        if is_control(call.path):
            refused = self._wrong_type(call)
        elif call.path.startswith(FILES) or call.path == TOKEN_ROUTE:
            refused = None
        else:
            refused = self._unauthorized(call)
        return refused or self.apply(call)

    def dry_run(self, call: Call) -> Reply:
        """Answer the call as if it were applied, but do not change the state."""
        with self._store.database.rolled_back():
            return self.answer(call)

    def apply(self, call: Call) -> Reply:
        """Apply an authorized call and return the reply."""
        route, subject = locate(call.path)
        methods: Collection[str] = self._routes.get(route, ())
        if route in self.streams:
            methods = ("GET",)
        if not methods:
            return refusal(404, Problem(Code.INVALID_URL, f"{call.path} does not exist."))
        if call.method not in methods:
            detail = f"{call.method} is not an operation of {route}."
            allowed = {"Allow": ", ".join(methods)}
            return refusal(405, Problem(Code.BAD_REQUEST, detail), headers=allowed)
        try:
            return self._routes[route][call.method](call, subject)
        except RefusedError as error:
            return error.reply
        except FullError as error:
            return refusal(422, Problem(Code.BAD_REQUEST, str(error)))

    def rate_headers(self) -> Mapping[str, str]:
        """Return the rate limit headers; none without a limit."""
        return {} if self._limiter is None else self._limiter.headers()

    def reset(self) -> None:
        """Remove the state, the counters and the log."""
        self._store.clear()
        self.stats.reset()
        self.log.clear()
        self.tokens.seeded = set()
        if self._limiter is not None:
            self._limiter.reset()

    def _unauthorized(self, call: Call) -> Reply | None:
        """Return the refusal of a call without a valid key or beyond the rate limit, or None."""
        # Header bytes that are not UTF-8 arrive as lone surrogates.
        sent = call.authorization.encode(errors="surrogateescape")
        if not (
            hmac.compare_digest(sent, self._credentials)
            or self._access.accepts(call.authorization)
            or self._is_keyless(call)
        ):
            detail = "The request has no Authorization header with a valid key."
            return refusal(401, Problem(Code.NOT_AUTHENTICATED, detail))
        if self._limiter is not None and not self._limiter.take():
            detail = "The rate limit of this second is exhausted."
            return refusal(429, Problem(Code.TOO_MANY_REQUESTS, detail))
        return None

    def _is_keyless(self, call: Call) -> bool:
        operation = named(call.method, locate(call.path)[0])
        return not call.authorization and operation in KEYLESS_OPERATIONS

    def _wrong_type(self, call: Call) -> Reply | None:
        """Return the refusal of a control request that a web page's form can send, or None."""
        if call.method == "GET" or call.content_type == "application/json":
            return None
        if call.body or call.content_type in _FORM_TYPES:
            detail = "Control requests must be sent as application/json."
            return refusal(415, Problem(Code.MEDIA_TYPE, detail))
        return None


class Exchange:
    """One request and its answer, in steps, each of which is taken at most once.

    Attributes:
        request: The request, whose `transport` a fault may cut at any step.
        record: Is filled in for the log.
        view: Falsifies the query of a list, unless None.
    """

    def __init__(self, api: Api, request: web.BaseRequest, record: Record) -> None:
        self.request = request
        self.record = record
        self.view: Callable[[Query], Query] | None = None
        self._api = api
        self._body: bytes | None = None
        self._refusal: Reply | None = None

    async def read(self) -> None:
        """Read the body, unless it was read. The commit refuses a broken one."""
        if self._body is not None:
            return
        self._body = b""
        await self._send_continue()
        try:
            self._body = await self.request.read()
        except web.HTTPRequestEntityTooLarge:
            detail = f"The body is larger than {MAX_BODY} bytes."
            self._refusal = refusal(413, Problem(Code.BAD_REQUEST, detail))
        except (web.RequestPayloadError, ConnectionError):
            detail = "The body is broken or incomplete."
            self._refusal = refusal(400, Problem(Code.BAD_REQUEST, detail))
        self.record.body, self.record.body_size = self._body[:MAX_LOGGED], len(self._body)

    async def read_some(self) -> None:
        """Read the first bytes of the body, after which the exchange can only be cut."""
        await self._send_continue()
        with suppress(web.RequestPayloadError, ConnectionError):
            await self.request.content.readany()

    async def _send_continue(self) -> None:
        if self.request.headers.get("Expect", "").lower() == "100-continue":
            await self.request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def call(self) -> Call:
        """Return the request as the API sees it; its body is empty until it is read."""
        request = self.request
        return Call(
            method=request.method,
            path=request.path,
            authorization=request.headers.get("Authorization", ""),
            content_type=request.content_type,
            query=request.query,
            body=self._body or b"",
            view=self.view,
            headers=request.headers,
            origin=self._origin,
        )

    def _origin(self) -> str:
        # The name by which the client calls the server may differ from where it listens.
        return f"{self.request.scheme}://{self.request.host}"

    def commit(self) -> Reply:
        """Apply the request and return the reply."""
        return self._refusal or self._api.answer(self.call())

    def dry_run(self) -> Reply:
        """Return the reply, but do not change the state."""
        return self._refusal or self._api.dry_run(self.call())

    def headers(self) -> dict[str, str]:
        """Return the headers of every reply, with a new request id."""
        headers = common_headers(self._api)
        self.record.request_id = headers["x-request-id"]
        return headers

    def respond(self, reply: Reply) -> web.Response:
        """Return the reply as aiohttp writes it, with the headers of every reply."""
        response = to_response(reply, self.headers())
        self.record.answer(reply.status, reply.body)
        return response


Serve = Callable[[Exchange], Awaitable[web.StreamResponse]]
"""Serves one exchange: takes its steps."""


async def serve_unchanged(exchange: Exchange) -> web.StreamResponse:
    """Serve an exchange without any fault."""
    await exchange.read()
    # A real server waits for its disk here. Without this, each of several concurrent requests would
    # be answered before the next one is parsed, and `max_in_flight` would always be 1.
    await asyncio.sleep(0)
    return exchange.respond(exchange.commit())


class App:
    """The handler of every request.

    Args:
        api: Answers the requests.
        guard: Refuses requests of other web pages.
        serve: Serves the exchanges, except control requests, which have no faults.
    """

    def __init__(self, api: Api, guard: CrossSiteGuard, serve: Serve = serve_unchanged) -> None:
        self._api = api
        self._guard = guard
        self._serve = serve

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one request; count and log it unless it is a control request."""
        refused = self._guard.refusal(request.headers, _own_address(request))
        if refused is not None:
            return self._refuse(403, Problem(Code.NOT_AUTHORIZED, refused))
        api, path = self._api, request.path
        route, _ = locate(path)
        record = Record(
            at=api.now(),
            started=time.perf_counter(),
            method=request.method,
            path=request.raw_path,
            operation=named(request.method, route),
            route=route,
            content_type=request.headers.get("Content-Type", ""),
        )
        if is_control(path):
            if request.method == "GET" and path in api.streams:
                return await api.streams[path](request)
            return await self._safely(serve_unchanged, Exchange(api, request, record))
        with api.count(request.method, route, request.headers):
            try:
                return await self._safely(self._serve, Exchange(api, request, record))
            finally:
                api.log.add(record)

    async def _safely(self, serve: Serve, exchange: Exchange) -> web.StreamResponse:
        """Serve an exchange; answer an internal error in the API's format."""
        try:
            return await serve(exchange)
        except Exception:
            request = exchange.request
            _log.exception("Internal error while serving %s %s", request.method, request.path)
            return exchange.respond(unexpected())

    def refuse_bytes(self, detail: str) -> web.Response:
        """Return the reply to bytes that are not an HTTP request."""
        return self._refuse(400, Problem(Code.BAD_REQUEST, detail))

    def _refuse(self, status: int, problem: Problem) -> web.Response:
        return to_response(refusal(status, problem), common_headers(self._api))


def _own_address(request: web.BaseRequest) -> str:
    transport = request.transport
    address = None if transport is None else transport.get_extra_info("sockname")
    return str(address[0]) if address else ""


def common_headers(api: Api) -> dict[str, str]:
    """Return the headers of every reply, with a new request id."""
    return {"x-request-id": api.new_id(), **api.rate_headers()}


def to_response(reply: Reply, common: dict[str, str]) -> web.Response:
    """Return the reply as aiohttp writes it."""
    headers = {**common, **reply.headers}
    if reply.body:
        headers["Content-Type"] = reply.media_type
    return web.Response(status=reply.status, body=reply.body, headers=headers)
