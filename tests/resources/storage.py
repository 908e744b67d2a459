"""A host of files as downloads meet it, and what is then on the disk."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from support.clients import client
from support.peers import Act, Peer, answer, peer, say
from telnyx_video import AsyncRoomsClient, RetryPolicy

QUICK = RetryPolicy(attempts=3, backoff=0.001)
KEY = "KEY0123456789abcdef0123456789"
FILE = b"0123456789"


def located(url: str | None, **fields: object) -> Act:
    """Answer with a recording whose file lies there."""
    return answer(200, {"data": {"id": "a", "download_url": url, **fields}})


def file(
    sent: bytes = FILE,
    *,
    first: int = 0,
    size: int = len(FILE),
    tag: str | None = '"one"',
    close: bool = False,
) -> Act:
    """Answer with a file, or the part of it from some byte on; perhaps less than is announced."""
    lines = ["HTTP/1.1 206 Part" if first else "HTTP/1.1 200 OK"]
    lines += [f"Content-Length: {size - first}"]
    lines += [f"Content-Range: bytes {first}-{size - 1}/{size}"] if first else []
    lines += [f"ETag: {tag}"] if tag else []
    return say("\r\n".join([*lines, "", ""]).encode() + sent, close=close)


@asynccontextmanager
async def storing(
    *acts: Act, query: str = "", tls: ssl.SSLContext | None = None
) -> AsyncGenerator[tuple[Peer, AsyncRoomsClient]]:
    """Run a host that answers so, and an API that says that a recording's file lies there."""
    async with (
        peer(*acts, tls=tls) as storage,
        peer(located(f"{storage.url}/file{query}")) as api,
        client(api, api_key=KEY) as rooms,
    ):
        yield storage, rooms


def ranges(storage: Peer) -> list[tuple[list[str], list[str]]]:
    """Return which part was asked for, and of what, by each request."""
    return [(one.header("Range"), one.header("If-Range")) for one in storage.requests]


def names(folder: Path) -> list[str]:
    """Return what lies in a folder."""
    return [path.name for path in folder.iterdir()]


def content(path: Path) -> bytes:
    """Return what a file holds."""
    return path.read_bytes()


async def fetched(
    rooms: AsyncRoomsClient, path: Path, retry: RetryPolicy = QUICK, read_timeout: float = 30.0
) -> bytes:
    """Download to a path, and return what is there; nothing else may be there."""
    size = await rooms.recordings.download("a", path, retry=retry, read_timeout=read_timeout)
    assert names(path.parent) == [path.name]
    assert size == len(content(path))
    return content(path)
