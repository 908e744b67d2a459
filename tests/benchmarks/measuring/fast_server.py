"""A server of minimal cost: it answers every request with a new room of the requested name.

It runs in a process of its own, and tells how much processor time it has spent, so that a benchmark
can show that the server was not what it measured. uvloop drives it where it is installed.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from contextlib import AbstractContextManager
from itertools import count
from typing import cast

from benchmarks.measuring import loops
from benchmarks.measuring.cores import keep_to
from benchmarks.measuring.server_process import TimedServer, started
from support.created import created_reply

LENGTH = b"\r\ncontent-length:"

_numbers = count()


def serving() -> AbstractContextManager[TimedServer]:
    """Run the server."""
    return started(TimedServer, "-m", "benchmarks.measuring.fast_server")


class _Answering(asyncio.Protocol):
    """One connection, which only finds the end of each request."""

    def __init__(self) -> None:
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(
            "asyncio.WriteTransport", transport
        )  # uvloop's transport is not a subclass

    def data_received(self, data: bytes) -> None:
        data = self._unread + data
        while (end := end_of_request(data)) and end <= len(data):
            self._transport.write(created_reply(data[:end], next(_numbers)))
            data = data[end:]
        self._unread = data


def end_of_request(data: bytes) -> int:
    """Return the length of the first request, or 0 until its header is complete."""
    body = data.find(b"\r\n\r\n") + 4
    if body < 4:
        return 0
    found = data.lower().find(LENGTH, 0, body)
    if found < 0:
        return body
    found += len(LENGTH)
    return body + int(data[found : data.index(b"\r", found)])


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def tell() -> None:
        for _ in sys.stdin:
            print(time.process_time(), flush=True)
        loop.call_soon_threadsafe(ended.set)

    server = await loop.create_server(_Answering, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2", flush=True)
    threading.Thread(target=tell, daemon=True).start()
    await ended.wait()


if __name__ == "__main__":
    keep_to("server")
    with asyncio.Runner(loop_factory=loops.fastest()) as runner:
        runner.run(_serve())
