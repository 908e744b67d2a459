"""Bytes on a socket, for requests and replies that an HTTP client would not allow."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import attrs
from yarl import URL

from telnyx_video.sandbox import Sandbox


@attrs.frozen
class Wire:
    """One connection to the sandbox."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def start_create(self) -> None:
        """Send the head of a create and wait until the sandbox serves it."""
        await self.send(
            b"POST /v2/rooms HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sandbox-key\r\n"
            b"Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        )
        assert await self.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"

    async def send(self, data: bytes) -> None:
        """Send these bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> tuple[int, bytes, bytes]:
        """Return the status, the head in lower case and the body of the next answer."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"\r\ncontent-length: ")[2].split()[0])
        return int(head.split()[1]), head, await self.reader.readexactly(length)


@asynccontextmanager
async def connected(
    sandbox: Sandbox, ssl_context: ssl.SSLContext | None = None
) -> AsyncGenerator[Wire]:
    """Open a connection to the sandbox."""
    url = URL(sandbox.url)
    reader, writer = await asyncio.open_connection(url.host, url.port, ssl=ssl_context)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):  # the sandbox may have cut it before
            await writer.wait_closed()
