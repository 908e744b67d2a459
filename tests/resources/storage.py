"""A storage host for downloads, and the file that results."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from support.clients import client
from support.scripted_server import Act, ScriptedServer, answer, say, serve
from telnyx_video import AsyncRoomsClient, RetryPolicy

QUICK = RetryPolicy(attempts=3, backoff=0.001)
KEY = "KEY0123456789abcdef0123456789"
FILE = b"0123456789"


def located(url: str | None, **fields: object) -> Act:
    """Answer with a recording whose file is there."""
    return answer(200, {"data": {"id": "a", "download_url": url, **fields}})


def file(
    sent: bytes = FILE,
    *,
    first: int = 0,
    size: int = len(FILE),
    tag: str | None = '"one"',
    close: bool = False,
) -> Act:
    """Answer with a file, or its part from some byte on; perhaps with less than announced."""
    lines = ["HTTP/1.1 206 Part" if first else "HTTP/1.1 200 OK"]
    lines += [f"Content-Length: {size - first}"]
    lines += [f"Content-Range: bytes {first}-{size - 1}/{size}"] if first else []
    lines += [f"ETag: {tag}"] if tag else []
    return say("\r\n".join([*lines, "", ""]).encode() + sent, close=close)


@asynccontextmanager
async def storing(
    *acts: Act, query: str = "", tls: ssl.SSLContext | None = None
) -> AsyncGenerator[tuple[ScriptedServer, AsyncRoomsClient]]:
    """Run a storage host with this behaviour, and an API that refers to it."""
    async with (
        serve(*acts, tls=tls) as storage,
        serve(located(f"{storage.url}/file{query}")) as api,
        client(api, api_key=KEY) as rooms,
    ):
        yield storage, rooms


def ranges(storage: ScriptedServer) -> list[tuple[list[str], list[str]]]:
    """Return the range and the condition of each request."""
    return [(one.header("Range"), one.header("If-Range")) for one in storage.requests]


def names(folder: Path) -> list[str]:
    """Return the names in a folder."""
    return [path.name for path in folder.iterdir()]


def content(path: Path) -> bytes:
    """Return the content of a file."""
    return path.read_bytes()


async def fetched(
    rooms: AsyncRoomsClient, path: Path, retry: RetryPolicy = QUICK, read_timeout: float = 30.0
) -> bytes:
    """Download to a path, and return the content; the folder must have no other file."""
    size = await rooms.recordings.download("a", path, retry=retry, read_timeout=read_timeout)
    assert names(path.parent) == [path.name]
    assert size == len(content(path))
    return content(path)
