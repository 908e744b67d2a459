"""How many rooms a second the sandbox creates, with a process, and so one core, to itself.

A bare aiohttp client in this process keeps 100 requests in flight. It may well be the slower of
the two, so the processor time that the server spent is shown too: it tells what one core could
serve to clients that are fast enough. Medians of three runs; fails below 2,000 creates a second.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from benchmarks.measuring.server_process import TimedServer, started

RUNS = 3
CREATES = 8000  # in each run
CONCURRENCY = 100
LIMIT = 2000  # creates a second

# Says where it serves, then how much processor time it has used whenever it is asked to.
SERVER = """
import sys, time
from telnyx_video.sandbox import Sandbox
with Sandbox(db=sys.argv[1] or None) as sandbox:
    print(sandbox.url, flush=True)
    for line in sys.stdin:
        print(time.process_time(), flush=True)
"""


async def create_rooms(url: str, first: int) -> float:
    """Create the rooms and return how long that took, in seconds."""
    headers = {"Authorization": "Bearer sandbox-key", "Content-Type": "application/json"}
    numbers = iter(range(first, first + CREATES))

    async def work(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            body = json.dumps({"unique_name": f"room-{number}", "max_participants": 12}).encode()
            async with session.post(f"{url}/rooms", data=body) as reply:
                await reply.read()
                assert reply.status == 201, reply.status

    async with aiohttp.ClientSession(
        headers=headers, connector=aiohttp.TCPConnector(limit=CONCURRENCY)
    ) as session:
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENCY):
                group.create_task(work(session))
        return time.perf_counter() - started


def measure(db: str) -> tuple[float, float]:
    """Return the medians of creates a second and of server processor seconds for a create."""
    rates, costs = list[float](), list[float]()
    with started(TimedServer, "-c", SERVER, db) as server:
        for run in range(RUNS + 1):  # the first one, not counted, warms both sides up
            before = server.processor_seconds()
            rates.append(CREATES / asyncio.run(create_rooms(server.url, run * CREATES)))
            costs.append((server.processor_seconds() - before) / CREATES)
    return statistics.median(rates[1:]), statistics.median(costs[1:])


def main() -> int:
    """Print both medians; return 1 when the rate is below its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", action="store_true", help="keep the rooms in a file")
    kept_in_file = parser.parse_args().file
    with TemporaryDirectory() as folder:
        rate, cost = measure(str(Path(folder, "rooms.db")) if kept_in_file else "")
    print(f"sandbox, rooms in {'a file' if kept_in_file else 'memory'}, {CONCURRENCY} at a time")
    print(f"creates a second    {rate:7.0f}     (median of {RUNS}, limit {LIMIT})")
    print(f"server processor    {cost * 1e6:7.0f} µs  for a create (median of {RUNS})")
    print(f"one core could do   {1 / cost:7.0f}     creates a second")
    return 1 if rate < LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
