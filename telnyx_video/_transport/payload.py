"""Request bodies that know whether they were written, also in a caller's session.

When a request fails, the exception's class cannot tell whether the server has seen it: a connection
reset looks the same before and after the server acted. What can tell is whether the body was
written: without it there is no request. And a response to a request that was not written answers
something else, such as one that a server sends twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.http import StreamWriter

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
        """Keeps aiohttp from sending an idempotent request again by itself, unseen by us."""
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
    """Whether a request may be written: nothing arrived that would be taken for its response."""
    return protocol.is_connected() and not protocol.should_close


def middleware_guard(
    session: aiohttp.ClientSession, body: TrackedPayload, plain: Sequence[type]
) -> Sequence[aiohttp.ClientMiddlewareType] | None:
    """Return the middlewares of a caller's session, and last one that watches the body.

    A middleware may send another body in place of ours, no request at all, or the request again; a
    request class of the caller's may write it in its own way. A body that may be written unseen
    counts as written. A second send is refused: whether the first was applied is unknown, and only
    this package can find out. A session that does not reveal its middlewares keeps them (None).

    Args:
        session: The caller's session.
        body: The request's body.
        plain: The request classes whose requests have the body write itself.
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
        seen = type(request) in plain and hdrs.EXPECT not in request.headers
        if seen and request.body is body:
            body.handed_over = True
        else:
            body.written = True
        return await send(request)

    return (*cast("Sequence[aiohttp.ClientMiddlewareType]", theirs), watch)
