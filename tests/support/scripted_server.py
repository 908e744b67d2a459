"""A server on a bare socket, which handles each request by a scripted act."""

from __future__ import annotations

import asyncio
import atexit
import json
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from typing import cast
from uuid import uuid4

import attrs

PATIENCE = 60.0
"""Seconds to wait for a request before the test fails."""


@attrs.frozen
class Received:
    """One request as received."""

    method: str
    target: str
    """The request target: the path and query, or an absolute URL."""
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> list[str]:
        """Return every value of a header, to detect duplicates."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def json(self) -> object:
        """The body, decoded."""
        return json.loads(self.body)


@attrs.frozen
class Visit:
    """One connection and its current request."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    request: Received | None = None
    """None before a request has been read."""

    async def gone(self) -> None:
        """Wait until the client has closed the connection."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass


Act = Callable[[Visit], Awaitable[None]]
"""Handles one request."""


def say(data: bytes, *, close: bool = False) -> Act:
    """Send these bytes, and optionally close the connection."""

    async def act(visit: Visit) -> None:
        visit.writer.write(data)
        with suppress(ConnectionError):
            await visit.writer.drain()
        if close:
            visit.writer.close()

    return act


def answer(
    status: int, content: object = None, headers: Mapping[str, str] | None = None, **how: bool
) -> Act:
    """Send a well-formed reply: bytes unchanged, None as no body, anything else as JSON."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    body = b"" if content is None else body
    sent = {"Date": date(), "Content-Type": "application/json", **(headers or {})}
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in sent.items())]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
    return say(head.encode("latin-1") + body, **how)


def date() -> str:
    """Return the time in the format of a ``Date`` header."""
    return format_datetime(datetime.now(UTC), usegmt=True)


def room(unique_name: str | None = "standup", **fields: object) -> dict[str, object]:
    """Return a room as in a reply."""
    return {
        "id": "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0",
        "unique_name": unique_name,
        "created_at": datetime.now(UTC).isoformat(),
        **fields,
    }


def created(**fields: object) -> Act:
    """Answer a create with a new room of the requested name, or with the given fields."""

    async def act(visit: Visit) -> None:
        new: dict[str, object] = {"id": str(uuid4())}
        if visit.request is not None and visit.request.method == "POST":
            asked = cast("dict[str, object]", visit.request.json)
            if "unique_name" in asked:
                new["unique_name"] = asked["unique_name"]
        new |= fields
        await answer(201, {"data": room(**new)})(visit)  # type: ignore[arg-type] # names are strings

    return act


def listed(*rooms: dict[str, object]) -> Act:
    """Answer a look-up with these rooms, on one page."""
    meta = {"page_number": 1, "page_size": 250, "total_pages": 1, "total_results": len(rooms)}
    return answer(200, {"data": rooms, "meta": meta})


async def cut(visit: Visit) -> None:
    """Close the connection."""
    visit.writer.close()


async def reset(visit: Visit) -> None:
    """Reset the connection (RST instead of FIN)."""
    connection = visit.writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    visit.writer.transport.abort()


async def stall(visit: Visit) -> None:
    """Send nothing until the client disconnects."""
    await visit.gone()


async def turns() -> None:
    """Run the loop until its ready callbacks are done."""
    for _ in range(30):
        await asyncio.sleep(0)


class ScriptedServer:
    """The server's address, and what it received."""

    def __init__(self, acts: list[Act], first: Act | None) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        """The number of connections accepted."""
        self.open = 0
        """The number of open connections."""
        self.port = 0
        self.scheme = "http"
        self.acts = acts
        """The act for each request in order; the last is repeated."""
        self._first = first
        self._news = asyncio.Event()

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"{self.scheme}://127.0.0.1:{self.port}/v2"

    @property
    def methods(self) -> list[str]:
        """The methods of all requests, in order of arrival."""
        return [request.method for request in self.requests]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on requests and connections holds."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def arrived(self, count: int) -> None:
        """Wait until this many requests have arrived."""
        await self.until(lambda: len(self.requests) >= count)

    async def all_closed(self) -> None:
        """Wait until no connection is open."""
        await self.until(lambda: self.open == 0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection."""
        self.connections += 1
        self.open += 1
        self._news.set()
        try:
            if self._first is not None:
                await self._first(Visit(reader, writer))
            while not writer.is_closing() and (request := await _receive(reader)):
                act = self.acts[min(len(self.requests), len(self.acts) - 1)]
                self.requests.append(request)
                self._news.set()
                await act(Visit(reader, writer, request))
        finally:
            self.open -= 1
            self._news.set()
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


@asynccontextmanager
async def serve(
    *acts: Act, first: Act | None = None, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[ScriptedServer]:
    """Serve on a free port: each request gets the next act, and the last one is repeated.

    Args:
        first: Done on each connection before anything is read from it.
    """
    server = ScriptedServer(list(acts), first)
    visits: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.create_task(server.serve(reader, writer))
        visits.add(visit)
        visit.add_done_callback(visits.discard)

    listener = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    server.scheme = "https" if tls else "http"
    try:
        yield server
    finally:
        listener.close()
        for visit in visits:
            visit.cancel()
        results = await asyncio.gather(*visits, return_exceptions=True)
        await listener.wait_closed()
    for result in results:
        if result is not None and not isinstance(result, asyncio.CancelledError):
            raise result


@contextmanager
def unreachable() -> Generator[str]:
    """Provide an address that neither accepts nor refuses connections: its queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield f"127.0.0.1:{port}"


@cache
def closed_port() -> int:
    """Return a port that refuses connections: its socket never listens."""
    holder = socket.socket()
    atexit.register(holder.close)
    holder.bind(("127.0.0.1", 0))
    return int(holder.getsockname()[1])


def free_port() -> int:
    """Return a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def _receive(reader: asyncio.StreamReader) -> Received | None:
    """Read one request, or return None at the end of the connection."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        headers = tuple((line.partition(": ")[0], line.partition(": ")[2]) for line in lines)
        lengths = [int(value) for name, value in headers if name.lower() == "content-length"]
        body = await reader.readexactly(lengths[0]) if lengths else b""
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, target, _ = first.split(" ")
    return Received(method, target, headers, body)
