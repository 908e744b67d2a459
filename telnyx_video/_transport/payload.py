"""Request bodies that know whether they were written, and the requests that write them directly.

When a request fails, the exception's class cannot tell whether the server has seen it: a connection
reset looks the same before and after the server acted. Whether the body was written does tell:
without it there is no request. And a response to a request that was not written answers something
else, such as one that a server sends twice. :class:`TrackedPayload` keeps track of that.

aiohttp writes each body in a task, as a body may be long and the connection slow. Ours are short
and complete: :class:`DirectRequest` hands head and body to the connection in one piece, from a
callback. That spares a create a seventh of its CPU time; ``docs/performance.md`` has the figures
and says how to measure them. The callback is the loop's next, so that requests which begin in one
pass of the loop are written right one after another, and wake the server once. A request that is
alone in flight is written immediately.

Direct requests rest on private parts of aiohttp, so they are used for exactly the releases whose
sources were compared (``KNOWN``). With any other release, requests are written in aiohttp's public
way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractStreamWriter
from aiohttp.connector import Connection
from aiohttp.http import StreamWriter
from aiohttp.payload import BytesPayload

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

KNOWN: Final = frozenset({"3.14.4", "3.14.5"})
"""Releases of aiohttp in which ``ClientRequest.send`` and ``StreamWriter`` were compared with what
is written here. To add one: compare both, then run ``nox -s newest``."""

SHORT: Final = 32 * 1024
"""Bytes of a body that a connection accepts without pausing the writer, even to a slow server."""

NOT_REUSABLE: Final = "the connection was closed, or an unsolicited response arrived on it"


class TrackedPayload(BytesPayload):
    """A JSON body that remembers having been written."""

    written = False
    """Whether it was written, or may have been."""
    handed_over = False
    """Whether it was given to the code that writes it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content, content_type="application/json")

    @property
    def consumed(self) -> bool:
        """Keeps aiohttp from silently resending an idempotent request."""
        return self.written

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Write, and remember it."""
        if not is_reusable(cast("ResponseHandler", cast("StreamWriter", writer).protocol)):
            raise aiohttp.ServerDisconnectedError(NOT_REUSABLE)
        self.written = True
        await super().write_with_length(writer, content_length)


def is_reusable(protocol: ResponseHandler) -> bool:
    """Whether a request may be written: no data arrived that would be read as its response."""
    return protocol.is_connected() and not protocol.should_close


class DirectPayload(TrackedPayload):
    """The body of a :class:`DirectRequest`.

    Args:
        content: The JSON.
        at_once: Whether to write it immediately, as nothing else is in flight.
    """

    # All have the same headers, which nothing changes: no middleware sees them.
    _headers = BytesPayload(b"", content_type="application/json").headers

    def __init__(self, content: bytes, *, at_once: bool) -> None:
        self._value = self.content = content
        self._size = len(content)
        self.at_once = at_once


class DirectRequest(aiohttp.ClientRequest):
    """A request that writes itself, head and body, if its body is short and made by this package.

    Behind a proxy its first line differs, and traces report each step: then aiohttp sends it, and
    also where the body is so long that it may have to wait for the server.
    """

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send the request; the response's head comes later."""
        protocol, body = conn.protocol, self.body
        if protocol is None or not is_reusable(protocol):
            raise aiohttp.ServerDisconnectedError(NOT_REUSABLE)
        if type(body) is not DirectPayload:  # quicker than `isinstance`, as payloads are abstract
            return await super().send(conn)
        body.handed_over = True
        if len(body.content) > SHORT or self.proxy is not None or self._traces:
            return await super().send(conn)
        writer = _Writer(protocol, self.loop)
        await writer.write_headers(f"{self.method} {self.url.raw_path_qs} HTTP/1.1", self.headers)
        if body.at_once:
            writer.write_whole(body)
        else:
            self.loop.call_soon(writer.write_later, body)
        response_class: type[aiohttp.ClientResponse] = self.response_class
        return response_class(
            self.method,
            self.original_url,
            writer=None,
            continue100=None,
            timer=self._timer,
            request_info=self.request_info,
            traces=self._traces,
            loop=self.loop,
            session=self.session,
            stream_writer=writer,
        )


class _Writer(StreamWriter):
    def write_later(self, body: DirectPayload) -> None:
        """Write the request, unless something has arrived since it began: uvloop reads first.

        Then nothing is written, and the connection is closed.
        """
        protocol = cast("ResponseHandler", self.protocol)
        if is_reusable(protocol):
            self.write_whole(body)
        else:
            protocol.force_close()

    def write_whole(self, body: DirectPayload) -> None:
        """Write the head and this body in one piece."""
        protocol = cast("ResponseHandler", self.protocol)
        body.written = True
        try:
            self._send_headers_with_payload(body.content, is_eof=True)
        except Exception as error:  # in a callback: the waiting request would not learn of it
            failed = f"it cannot be written: {type(error).__name__}"
            protocol.set_exception(aiohttp.ClientConnectionError(failed))
        else:
            protocol.start_timeout()


def middleware_guard(
    session: aiohttp.ClientSession, body: TrackedPayload
) -> Sequence[aiohttp.ClientMiddlewareType] | None:
    """Return the middlewares of a caller's session, and last one that watches the body.

    A middleware may replace the body, send no request, or send it twice; the caller's request class
    may write the body differently. A body that may have been written unnoticed counts as written.
    A second send is refused: whether the first was applied is unknown, and only this package can
    find out. A session that does not reveal its middlewares keeps them (None).

    Args:
        session: The caller's session.
        body: The request's body.
    """
    theirs: object = getattr(session, "_middlewares", None)
    if not isinstance(theirs, Sequence):
        body.written = True
        return None
    sent = False

    async def watch(
        request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        nonlocal sent
        if sent:
            raise aiohttp.ClientConnectionError(
                "a middleware of the session sent this request a second time, which was refused, "
                "as the first may have been applied; leave retries to this client"
            )
        sent = True
        # A request that expects a 100 has its head sent first, which may be answered.
        known = type(request) in (aiohttp.ClientRequest, DirectRequest)
        seen = known and hdrs.EXPECT not in request.headers
        if seen and request.body is body:
            body.handed_over = True
        else:
            body.written = True
        return await send(request)

    return (*cast("Sequence[aiohttp.ClientMiddlewareType]", theirs), watch)


def request_class(version: str) -> type[aiohttp.ClientRequest]:
    """Return the class of requests for this release of aiohttp."""
    return DirectRequest if version in KNOWN else aiohttp.ClientRequest
