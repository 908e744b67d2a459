"""Compares the memory of a batch of 200,000 rooms with that of one of 2,000.

Each is streamed through the client in a fresh process, and compared by its peak of resident memory.
A server in its own process answers every create with the same few bytes. A slow machine stops after
a minute, with the rooms created by then. Fails when the larger batch needs over 4 MiB more.
"""

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count

from support.created import created_reply

SMALL, LARGE = 2_000, 200_000
CONCURRENCY = 50
PATIENCE = 60.0  # seconds
LIMIT = 4.0  # MiB


# This process imports nothing large: a child's peak starts from its parent's.


def main() -> int:
    """Print both peaks; return 1 when they are further apart than the limit."""
    with serving() as port:
        small, peak_of_small = measure(port, SMALL)
        large, peak_of_large = measure(port, LARGE)
    more = peak_of_large - peak_of_small
    print(f"a batch of {small:7,} rooms  {peak_of_small:6.1f} MiB at its peak")
    print(f"a batch of {large:7,} rooms  {peak_of_large:6.1f} MiB at its peak")
    print(f"difference              {more:6.1f} MiB  (limit {LIMIT})")
    if large < 10 * small:
        print(f"{large:,} rooms in {PATIENCE:.0f} s are too few to tell")
        return 1
    return 1 if more > LIMIT else 0


@contextmanager
def serving() -> Generator[int]:
    """Run the server and yield its port."""
    with subprocess.Popen(
        [sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def measure(port: int, count: int) -> tuple[int, float]:
    """Create this many rooms in a fresh process; return their number and the peak in MiB."""
    done = subprocess.run(
        [sys.executable, __file__, "create", str(port), str(count)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    made, peak = done.stdout.split()
    return int(made), float(peak)


async def create(port: int, count: int) -> int:
    """Stream a batch of this many rooms, or until the time is up; return their number."""
    from telnyx_video import AsyncRoomsClient, CreateRoomRequest

    end = time.monotonic() + PATIENCE

    def requests() -> Generator[CreateRoomRequest]:
        for number in range(count):
            if time.monotonic() > end:
                return
            yield CreateRoomRequest(unique_name=f"room-{number}", max_participants=12)

    made = 0
    async with (
        AsyncRoomsClient(base_url=f"http://127.0.0.1:{port}/v2", api_key="key") as rooms,
        rooms.stream_many(requests(), concurrency=CONCURRENCY) as stream,
    ):
        async for outcome in stream:
            outcome.unwrap()
            made += 1
    return made


async def serve() -> None:
    """Answer every packet as one request, and print the port."""
    numbers = count()

    class Answering(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.WriteTransport)
            self._transport = transport

        def data_received(self, data: bytes) -> None:
            self._transport.write(created_reply(data, next(numbers)))

    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def peak_in_mib() -> float:
    """Return this process's peak of resident memory."""
    units_in_mib = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / units_in_mib


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            asyncio.run(serve())
        case ["create", port, number]:
            print(asyncio.run(create(int(port), int(number))), peak_in_mib())
        case _:
            sys.exit(main())
