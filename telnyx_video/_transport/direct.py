"""Requests that write a short body themselves, without the task that aiohttp makes for each body.

aiohttp writes each body in a task, as a body may be long and the connection slow. Ours are short
and complete: head and body go to the connection in one piece, from a callback. That spares a create
a seventh of its CPU time; ``docs/performance.md`` says what it is worth and how to measure it.

The callback is the loop's next, so that requests which begin in one pass of the loop are written
right one after another, and wake the server once. A request that is alone in flight is written at
once.

This rests on private parts of aiohttp, so it is used for exactly the releases whose sources were
compared (``KNOWN``). With any other release, requests are written in aiohttp's public way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import aiohttp
from aiohttp.connector import Connection
from aiohttp.http import StreamWriter
from aiohttp.payload import BytesPayload

from telnyx_video._transport.payload import NOT_REUSABLE, TrackedPayload, is_reusable

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

KNOWN: Final = frozenset({"3.14.4", "3.14.5"})
"""Releases of aiohttp in which ``ClientRequest.send`` and ``StreamWriter`` were compared with what
is written here. To add one: compare both, then run ``nox -s newest``."""

SHORT: Final = 32 * 1024
"""Bytes of a body that a connection takes without asking for a pause, however slow the server."""


class DirectPayload(TrackedPayload):
    """The body of a :class:`DirectRequest`.

    Args:
        content: The JSON.
        at_once: Whether to write it in this pass of the loop, as nothing else is in flight.
    """

    # All have the same headers, which nothing changes: no middleware sees them.
    _headers = BytesPayload(b"", content_type="application/json").headers

    def __init__(self, content: bytes, *, at_once: bool) -> None:
        self._value = self.content = content
        self._size = len(content)
        self.at_once = at_once


class DirectRequest(aiohttp.ClientRequest):
    """A request that writes itself, head and body, if its body is a short one of ours.

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


def request_class(version: str) -> type[aiohttp.ClientRequest]:
    """Return the class of requests for this release of aiohttp."""
    return DirectRequest if version in KNOWN else aiohttp.ClientRequest
