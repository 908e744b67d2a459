"""Requests that need no task of their own to write their body.

aiohttp has a task write each body, as a body may be long and the connection slow. Ours are short
and at hand: head and body go to the connection in one piece, from a callback. That spares a create
a seventh of its processor time.

The callback comes in the loop's next turn. So requests that begin in one turn are written right one
after another, which spares both sides from being woken for each. A request that has no company is
written at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import aiohttp
from aiohttp.connector import Connection
from aiohttp.http import StreamWriter

from telnyx_video._transport.body import UNFIT, WatchedBody, is_fit

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

KNOWN: Final = "3.14."
"""The versions of aiohttp of which is known here how they write a request. With any other, requests
are written in its own way, which only costs more."""


class DirectRequest(aiohttp.ClientRequest):
    """A request that writes itself, as far as that is simple."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send it; the answer's head comes later."""
        protocol, body = conn.protocol, self.body
        if protocol is None or not is_fit(protocol):
            raise aiohttp.ServerDisconnectedError(UNFIT)
        if (
            not isinstance(body, WatchedBody)
            or self.proxy is not None
            or self._traces
            or protocol.writing_paused
        ):
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
    def finish(self, body: WatchedBody) -> None:
        """Write the head and this body in one piece."""
        protocol = cast("ResponseHandler", self.protocol)
        if protocol.is_connected():  # else its end is the answer
            body.asked_to_write = True
            self._send_headers_with_payload(body.content, is_eof=True)
            protocol.start_timeout()


def request_class(version: str) -> type[aiohttp.ClientRequest]:
    """The class of requests for this version of aiohttp."""
    return DirectRequest if version.startswith(KNOWN) else aiohttp.ClientRequest
