"""A forward proxy, as small as can be: it takes requests for anything and leads them on."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import attrs

from support.scripted_server import Received, Visit, answer, serve


@attrs.frozen
class Proxy:
    """The proxy's address and its requests."""

    url: str
    requests: list[Received]


@asynccontextmanager
async def proxy(user: str = "", password: str = "") -> AsyncGenerator[Proxy]:
    """Serve as a proxy for plain HTTP (absolute targets) and for tunnels (CONNECT).

    With a user, it refuses requests without these credentials.
    """
    credentials = b64encode(f"{user}:{password}".encode()).decode()

    async def act(visit: Visit) -> None:
        request = visit.request
        if user and request and request.header("Proxy-Authorization") != [f"Basic {credentials}"]:
            demand = {"Proxy-Authenticate": 'Basic realm="test"'}
            await answer(407, b"who are you?", demand)(visit)
        else:
            await _lead_on(visit)

    async with serve(act) as server:
        yield Proxy(f"http://127.0.0.1:{server.port}", server.requests)


async def _lead_on(visit: Visit) -> None:
    request = visit.request
    if request is None:
        return
    if request.method == "CONNECT":
        host, _, port = request.target.partition(":")
        greeting, repeated = b"HTTP/1.1 200 Connected\r\n\r\n", b""
    else:
        parts = urlsplit(request.target)
        host, port = parts.hostname or "", str(parts.port)
        path = request.target.partition(parts.netloc)[2]
        lines = [f"{request.method} {path} HTTP/1.1", *map(": ".join, request.headers), "", ""]
        greeting, repeated = b"", "\r\n".join(lines).encode() + request.body
    reader, writer = await asyncio.open_connection(host, int(port))
    visit.writer.write(greeting)
    writer.write(repeated)
    try:
        await asyncio.gather(_pump(visit.reader, writer), _pump(reader, visit.writer))
    finally:
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Forward bytes until the end."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if not writer.is_closing() and writer.can_write_eof():
        writer.write_eof()
