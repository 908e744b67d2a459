"""Bodies: one that knows whether it was written, and reading one that may be too large.

When a request fails, the exception's class cannot tell whether the server has seen it: a connection
reset looks the same before and after the server acted. What can tell is whether the body was ever
written: without it there is no request. And a reply to what was not written is a reply to something
else, such as one that a server sends twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.http import StreamWriter

MAX_BODY: Final = 8 * 1024 * 1024
"""Bytes of a reply that are accepted, after decompression; a page of 250 rooms has 0.2 MiB."""

UNFIT: Final = "the connection has ended, or something came on it that nobody had asked for"


class TrackedPayload(BytesPayload):
    """A JSON body that remembers having been written; it may do nothing more."""

    asked_to_write = False
    """Whether it was written, or may have been."""
    handed_on = False
    """Whether it was given to what writes it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content, content_type="application/json")

    @property
    def held_back(self) -> bool:
        """Whether it was to be written, and was not."""
        return self.handed_on and not self.asked_to_write

    @property
    def consumed(self) -> bool:
        """Keeps aiohttp from sending an idempotent request again by itself, unseen by us."""
        return self.asked_to_write

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Write, and remember it."""
        if not is_reusable(cast("ResponseHandler", cast("StreamWriter", writer).protocol)):
            raise aiohttp.ServerDisconnectedError(UNFIT)
        self.asked_to_write = True
        await super().write_with_length(writer, content_length)


def is_reusable(protocol: ResponseHandler) -> bool:
    """Whether a request may be written: nothing has come that would be taken for its answer."""
    return protocol.is_connected() and not protocol.should_close


async def read(response: aiohttp.ClientResponse) -> bytes:
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
