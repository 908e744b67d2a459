"""Takes requests from aiohttp to the API, and their answers back.

A request goes through three steps: read, commit, respond. A `Serve` function takes the steps; it
is the one place where faults are injected.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from telnyx_video.sandbox.api import Api, Call
from telnyx_video.sandbox.door import Door
from telnyx_video.sandbox.log import MAX_BODY as MAX_LOGGED
from telnyx_video.sandbox.log import Record
from telnyx_video.sandbox.replies import Code, Problem, Reply, refusal, unexpected
from telnyx_video.sandbox.routes import is_control, locate, named
from telnyx_video.sandbox.state import Query

_log = logging.getLogger("telnyx_video.sandbox")

MAX_BODY = 1024 * 1024
"""Bytes of a body, after decompression: aiohttp's default limit."""


class Exchange:
    """One request and its answer, step by step; each step is taken at most once.

    Attributes:
        request: The request, whose `transport` a fault may cut at any step.
        record: What the log will show.
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
        """Read the body, unless it was read. A broken one is refused by the commit."""
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
        """Return the request as the API sees it; without its body until that was read."""
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
        # What the client calls the server, which may differ from where it listens.
        return f"{self.request.scheme}://{self.request.host}"

    def commit(self) -> Reply:
        """Apply the request and return the reply."""
        return self._refusal or self._api.answer(self.call())

    def dry_run(self) -> Reply:
        """Return the reply, but leave the state as it is."""
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
"""Takes the steps of one exchange."""


async def serve_unchanged(exchange: Exchange) -> web.StreamResponse:
    """Take the three steps of an exchange, without any fault."""
    await exchange.read()
    # Requests that arrive together are in flight together, as with a server that waits for its
    # disk here. Without this, each would be answered before the next one is looked at.
    await asyncio.sleep(0)
    return exchange.respond(exchange.commit())


class App:
    """The handler of every request.

    Args:
        api: Answers the requests.
        door: Decides which requests are let in.
        serve: Takes the steps of exchanges, except of control requests, which have no faults.
    """

    def __init__(self, api: Api, door: Door, serve: Serve = serve_unchanged) -> None:
        self._api = api
        self._door = door
        self._serve = serve

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one request; count and log it unless it is a control request."""
        refused = self._door.refusal(request.headers, _own_address(request))
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
        """Serve an exchange; answer a defect in the API's format."""
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
