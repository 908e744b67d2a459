"""Requests that need no task of their own to write their body.

aiohttp has a task write each body, as a body may be long and the connection slow. Ours are short
and at hand: head and body go to the connection in one piece, from a callback. That spares a create
a seventh of its processor time.

The callback is the loop's next. So requests that begin in one turn are written right one after
another, which spares both sides from being woken for each. A request without company is written at
once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import aiohttp
from aiohttp.connector import Connection
from aiohttp.http import StreamWriter
from aiohttp.payload import BytesPayload

from telnyx_video._transport.body import UNFIT, TrackedPayload, is_reusable

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

KNOWN: Final = "3.14."
"""The versions of aiohttp of which is known here how they write a request. With any other, requests
are written in its own way, which only costs more."""

SHORT: Final = 32 * 1024
"""Bytes of a body that a connection takes without asking for a pause, be the other side slow."""


class DirectBody(TrackedPayload):
    """A body that is made without more ado, for requests of this module.

    Args:
        content: The JSON.
        at_once: Whether to write it in this very turn of the loop, having no company.
    """

    # All of them have the same, which nobody changes: no middleware sees them.
    _headers = BytesPayload(b"", content_type="application/json").headers

    def __init__(self, content: bytes, *, at_once: bool) -> None:
        self._value = self.content = content
        self._size = len(content)
        self.at_once = at_once


class DirectRequest(aiohttp.ClientRequest):
    """A request that writes itself, head and body, if its body is a short one of ours.

    With a proxy its first line is another one, and whoever traces it is told of each step: then it
    is left to aiohttp, as is one whose body may have to wait for the other side.
    """

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send it; the answer's head comes later."""
        protocol, body = conn.protocol, self.body
        if protocol is None or not is_reusable(protocol):
            raise aiohttp.ServerDisconnectedError(UNFIT)
        if type(body) is not DirectBody:  # quicker than `isinstance`, as payloads are abstract
            return await super().send(conn)
        body.handed_on = True
        if len(body.content) > SHORT or self.proxy is not None or self._traces:
            return await super().send(conn)
        writer = _Writer(protocol, self.loop)
        await writer.write_headers(f"{self.method} {self.url.raw_path_qs} HTTP/1.1", self.headers)
        if body.at_once:
            writer.finish(body)
        else:
            self.loop.call_soon(writer.finish, body)
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
    def finish(self, body: DirectBody) -> None:
        """Write the head and this body in one piece.

        Something may have come since the request was begun, as uvloop reads before it calls back.
        Then nothing is written, and the connection serves nobody else.
        """
        protocol = cast("ResponseHandler", self.protocol)
        if not is_reusable(protocol):
            protocol.force_close()
            return
        body.asked_to_write = True
        try:
            self._send_headers_with_payload(body.content, is_eof=True)
        except Exception as error:  # else nobody would tell who waits for the answer
            failed = f"it cannot be written: {type(error).__name__}"
            protocol.set_exception(aiohttp.ClientConnectionError(failed))
        else:
            protocol.start_timeout()


def request_class(version: str) -> type[aiohttp.ClientRequest]:
    """The class of requests for this version of aiohttp."""
    return DirectRequest if version.startswith(KNOWN) else aiohttp.ClientRequest
