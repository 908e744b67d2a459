"""Bodies: one that knows whether it was written, and reading one that may be too large.

When a request fails, the exception's class cannot tell whether the server has seen it: a connection
reset looks the same before and after the server acted. What can tell is whether aiohttp ever came
to write: it buffers the headers and writes them together with the body, so a body that was never
asked to write itself means that not one byte was sent.
"""

from __future__ import annotations

from typing import Final

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload

MAX_BODY: Final = 8 * 1024 * 1024
"""Bytes of a reply that are accepted, after decompression; a page of 250 rooms has 0.2 MiB."""


class WatchedBody(BytesPayload):
    """A JSON body that remembers having been asked to write itself; it may do nothing more."""

    asked_to_write = False

    @property
    def consumed(self) -> bool:
        """Keeps aiohttp from sending an idempotent request again by itself, unseen by us."""
        return self.asked_to_write

    def __init__(self, body: bytes) -> None:
        super().__init__(body, content_type="application/json")

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Write, and remember it."""
        self.asked_to_write = True
        await super().write_with_length(writer, content_length)


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
