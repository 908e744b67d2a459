"""Takes requests from aiohttp to the API and its replies back, whatever happens on the way.

A request goes three steps: read, commit, respond. A `Conduct` decides how they follow one another;
it is the one place where a fault can be put between them.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from telnyx_video.sandbox.api import Api, Call
from telnyx_video.sandbox.replies import Code, Problem, Reply, refusal, unexpected
from telnyx_video.sandbox.routes import CONTROL
from telnyx_video.sandbox.state import Query

_log = logging.getLogger("telnyx_video.sandbox")

MAX_BODY = 1024 * 1024
"""Bytes of a body, after decompression, that aiohttp reads unless it is told otherwise."""


class Exchange:
    """One request on its way to its reply, step by step; each is taken at most once.

    Attributes:
        request: The request, whose `transport` a fault may cut at any step.
        view: Falsifies what a list is asked for, unless it is None.
    """

    def __init__(self, api: Api, request: web.BaseRequest) -> None:
        self.request = request
        self.view: Callable[[Query], Query] | None = None
        self._api = api
        self._body: bytes | None = None
        self._refusal: Reply | None = None

    async def read(self) -> None:
        """Read the body, unless that was done. A broken one is refused by the commit."""
        if self._body is not None:
            return
        self._body = b""
        await self._invite()
        try:
            self._body = await self.request.read()
        except web.HTTPRequestEntityTooLarge:
            detail = f"The body is larger than {MAX_BODY} bytes."
            self._refusal = refusal(413, Problem(Code.BAD_REQUEST, detail))
        except (web.RequestPayloadError, ConnectionError):
            detail = "The body is broken or incomplete."
            self._refusal = refusal(400, Problem(Code.BAD_REQUEST, detail))

    async def read_some(self) -> None:
        """Read the first bytes of the body, after which the exchange can only be cut."""
        await self._invite()
        with suppress(web.RequestPayloadError, ConnectionError):
            await self.request.content.readany()

    async def _invite(self) -> None:
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
        # Not where the server listens: it may be called by another name, or through a proxy.
        return f"{self.request.scheme}://{self.request.host}"

    def commit(self) -> Reply:
        """Apply the request and return what to say about it."""
        return self._refusal or self._api.answer(self.call())

    def rehearse(self) -> Reply:
        """Return what to say about the request, but leave the state as it is."""
        return self._refusal or self._api.rehearse(self.call())

    def headers(self) -> dict[str, str]:
        """Return the headers that every reply has."""
        return common_headers(self._api)

    def respond(self, reply: Reply) -> web.Response:
        """Return the reply as aiohttp writes it, with the headers that every reply has."""
        return to_response(reply, self._api)


Conduct = Callable[[Exchange], Awaitable[web.StreamResponse]]
"""How one exchange goes."""


async def faithful(exchange: Exchange) -> web.StreamResponse:
    """Take the three steps of an exchange, with nothing in between."""
    await exchange.read()
    # Requests that arrived together are in flight together, as they are at a server that waits
    # for its disk here: without this each would be answered before the next one is looked at.
    await asyncio.sleep(0)
    return exchange.respond(exchange.commit())


class App:
    """The handler of every request.

    Args:
        api: What the requests are for.
        conduct: How exchanges go, except those that control the server, which go as they should.
    """

    def __init__(self, api: Api, conduct: Conduct = faithful) -> None:
        self._api = api
        self._conduct = conduct

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Count the request, lead it to its reply, and keep a defect in the published shape."""
        conduct = faithful if request.path.startswith(CONTROL) else self._conduct
        with self._api.count(request.method, request.path, request.headers):
            try:
                return await conduct(Exchange(self._api, request))
            except Exception:
                _log.exception("A defect met by %s %s", request.method, request.path)
                return to_response(unexpected(), self._api)

    def refuse(self, detail: str) -> web.Response:
        """Return the reply to bytes that are no HTTP request."""
        return to_response(refusal(400, Problem(Code.BAD_REQUEST, detail)), self._api)


def common_headers(api: Api) -> dict[str, str]:
    """Return the headers that every reply has, with a new id for this one."""
    return {"x-request-id": str(uuid.uuid4()), **api.rate_headers()}


def to_response(reply: Reply, api: Api) -> web.Response:
    """Return the reply as aiohttp writes it, with the headers that every reply has."""
    headers = {**common_headers(api), **reply.headers}
    if reply.body:
        headers["Content-Type"] = reply.media_type
    return web.Response(status=reply.status, body=reply.body, headers=headers)
