"""Measures how many rooms a second the sandbox creates in its own process.

A bare aiohttp client in this process keeps 100 requests in flight. It may be the slower of the
two, so the processor time of the server is reported as well: what one core could serve to clients
that are fast enough. Medians of three runs; fails below 2,000 creates a second.

`--log` compares the request log on and off in alternating runs, and fails if the rate with the
log is below 0.9 of the rate without. The rate is what one core of the server could do, which does
not depend on the client; `--wrk` measures it with wrk (https://github.com/wg/wrk) instead.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from benchmarks.measuring.server_process import TimedServer, started

RUNS = 3
CREATES = 8000  # in each run
CONCURRENCY = 100
LIMIT = 2000  # creates a second
LOG_LIMIT = 0.9  # of the rate without the log
LOG_SIZES = (500, 0)
LOG_RUNS = 7  # of each, alternating, since the machine's speed varies

# Prints its address, then the processor time that it has used for each line it reads.
SERVER = """
import sys, time
from telnyx_video.sandbox import Sandbox
with Sandbox(db=sys.argv[1] or None, log_size=int(sys.argv[2])) as sandbox:
    print(sandbox.url, flush=True)
    for line in sys.stdin:
        print(time.process_time(), flush=True)
"""


async def create_rooms(url: str, first: int) -> float:
    """Create the rooms and return the time taken, in seconds."""
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
    with started(TimedServer, "-c", SERVER, db, "500") as server:
        for run in range(RUNS + 1):  # the first one is a warm-up, not counted
            before = server.processor_seconds()
            rates.append(CREATES / asyncio.run(create_rooms(server.url, run * CREATES)))
            costs.append((server.processor_seconds() - before) / CREATES)
    return statistics.median(rates[1:]), statistics.median(costs[1:])


WRK_SCRIPT = """
wrk.method = "POST"
wrk.body = "{}"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer sandbox-key"
"""


def rate_of_wrk(url: str) -> float:
    """Return the rooms a second that wrk creates on 50 connections for 5 seconds."""
    with TemporaryDirectory() as folder:
        script = Path(folder, "create.lua")
        script.write_text(WRK_SCRIPT)
        command = ("wrk", "-t1", "-c50", "-d5s", "-s", str(script), f"{url}/rooms")
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in output, output
    return float(output.partition("Requests/sec:")[2].split()[0])


def compare_log(*, wrk: bool) -> int:
    """Print the rates with and without the log; return 1 if the log costs more than its limit."""
    rates = dict[int, list[float]]((size, []) for size in LOG_SIZES)
    with ExitStack() as stack:
        servers = {
            size: stack.enter_context(started(TimedServer, "-c", SERVER, "", str(size)))
            for size in LOG_SIZES
        }
        for run in range(LOG_RUNS + 1):  # the first one is a warm-up, not counted
            for size, server in servers.items():
                if wrk:
                    rates[size].append(rate_of_wrk(server.url))
                    continue
                before = server.processor_seconds()
                asyncio.run(create_rooms(server.url, run * CREATES))
                rates[size].append(CREATES / (server.processor_seconds() - before))
    on, off = (statistics.median(rates[size][1:]) for size in LOG_SIZES)
    pairs = zip(*(rates[size][1:] for size in LOG_SIZES), strict=True)
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"log of {LOG_SIZES[0]} requests {on:7.0f}     creates a second (median of {LOG_RUNS})")
    print(f"no log              {off:7.0f}     creates a second")
    print(f"ratio               {ratio:7.3f}     (median of the pairs, limit {LOG_LIMIT})")
    return 1 if ratio < LOG_LIMIT else 0


def main() -> int:
    """Print the medians; return 1 if one misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", action="store_true", help="keep the rooms in a file")
    parser.add_argument("--log", action="store_true", help="compare with and without the log")
    parser.add_argument("--wrk", action="store_true", help="measure the log's cost with wrk")
    chosen = parser.parse_args()
    if chosen.log or chosen.wrk:
        return compare_log(wrk=chosen.wrk)
    kept_in_file = chosen.file
    with TemporaryDirectory() as folder:
        rate, cost = measure(str(Path(folder, "rooms.db")) if kept_in_file else "")
    print(f"sandbox, rooms in {'a file' if kept_in_file else 'memory'}, {CONCURRENCY} at a time")
    print(f"creates a second    {rate:7.0f}     (median of {RUNS}, limit {LIMIT})")
    print(f"server processor    {cost * 1e6:7.0f} µs  for a create (median of {RUNS})")
    print(f"one core could do   {1 / cost:7.0f}     creates a second")
    return 1 if rate < LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
