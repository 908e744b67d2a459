"""Bodies of replies: read whole however they are framed, and never too large."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
import zlib

import pytest

from support.clients import client
from support.scripted_server import Act, Visit, answer, listed, room, say, serve
from telnyx_video import OutcomeUnknownError, RetryPolicy, TransportError
from telnyx_video._transport.transport import MAX_BODY

ONCE = RetryPolicy.none()
HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
BODY = json.dumps({"data": room("standup", padding="x" * 300_000)}).encode()


def in_chunks(data: bytes, size: int) -> bytes:
    """A chunked body."""
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])


async def byte_by_byte(visit: Visit) -> None:
    """Send a small reply in the smallest packets."""
    body = json.dumps({"data": room("standup")}).encode()
    for byte in HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body:
        visit.writer.write(bytes([byte]))
        await visit.writer.drain()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "act",
    [
        say(HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY),
        say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + in_chunks(BODY, 1000)),
        say(HEAD + b"\r\n" + BODY, close=True),
        answer(201, gzip.compress(BODY), {"Content-Encoding": "gzip"}),
        answer(201, zlib.compress(BODY), {"Content-Encoding": "deflate"}),
        byte_by_byte,
        say(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"\r\n" + BODY, close=True),
        say(HEAD.replace(b"application/json", b"text/plain") + b"\r\n" + BODY, close=True),
    ],
    ids=["length", "chunked", "closed", "gzip", "deflate", "bytewise", "after 100", "plain text"],
)
async def test_a_body_is_read_however_it_is_framed(act: Act) -> None:
    """A reply is read to its end, however that is marked."""
    async with serve(act) as server, client(server) as rooms:
        assert (await rooms.create()).unique_name == "standup"


async def endless(visit: Visit) -> None:
    """Send an endless body."""
    visit.writer.write(HEAD + b"\r\n")
    try:
        while True:
            visit.writer.write(b" " * 65536)
            await visit.writer.drain()
    except ConnectionError:
        pass


BOMB = gzip.compress(b" " * (64 * 1024 * 1024), compresslevel=1)


@pytest.mark.parametrize(
    "act",
    [
        endless,
        answer(201, BOMB, {"Content-Encoding": "gzip"}),
        say(HEAD + b"Content-Encoding: gzip\r\n\r\n" + BOMB, close=True),
        answer(201, b" " * (MAX_BODY + 1)),
        answer(201, gzip.compress(b" " * (MAX_BODY + 1)), {"Content-Encoding": "gzip"}),
    ],
    ids=["endless", "bomb", "bomb without length", "a byte too long", "tiny on the wire"],
)
async def test_a_body_has_a_limit(act: Act) -> None:
    """A body of more than 8 MiB, after decompression, is rejected: the outcome is unknown."""
    async with serve(act, listed(room("standup"))) as server:
        async with client(server, retry=ONCE) as rooms:
            tracemalloc.start()
            with pytest.raises(OutcomeUnknownError, match=f"more than {MAX_BODY} bytes"):
                await rooms.create()
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert most < 4 * MAX_BODY
            server.requests.clear()
            assert (await rooms.create(unique_name="standup")).unique_name == "standup"
        await server.until(lambda: server.open == 0)


async def test_a_body_of_the_limit_is_read() -> None:
    """A body of exactly 8 MiB is accepted."""
    body = json.dumps({"data": room("standup")}).encode()
    async with (
        serve(answer(201, body + b" " * (MAX_BODY - len(body)))) as server,
        client(server) as rooms,
    ):
        assert (await rooms.create()).unique_name == "standup"


async def test_a_page_that_is_too_large_is_an_error() -> None:
    """A page of more than 8 MiB is an error; nothing was changed by it."""
    async with serve(endless) as server, client(server, retry=ONCE) as rooms:
        with pytest.raises(TransportError, match="it only read"):
            await anext(aiter(rooms.list()))
