"""The latency of a create: the first of a new process, and those of a busy one.

The first is timed from the start of the interpreter to the room: import, connect, send. The others
are timed one by one, with several numbers of callers that share 100 connections: 1,000 callers
spend most of the time in the queue, next to a loop by hand that queues in aiohttp.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from benchmarks.measuring import contest, results
from benchmarks.measuring.fast_server import serving
from benchmarks.measuring.loops import Loop
from benchmarks.measuring.server_process import TimedServer
from benchmarks.measuring.tables import show

CALLERS = (1, 10, 100, 1000)

FIRST = [one for one in contest.CONTESTANTS if one.name not in ("ours-json", "ours-batch")]
BUSY = [one for one in contest.CONTESTANTS if one.name in ("hand-written", "ours")]


def main() -> int:
    """Print and write both tables."""
    arguments = _arguments()
    with serving() as server:
        first = first_creates(server, arguments.first)
        show("The first create of a new process", first)
        busy = busy_creates(server, arguments.loops, arguments.rounds, arguments.seconds)
        show("A create among others", busy)
    results.write(arguments.json, first=first, busy=busy)
    return 0


def first_creates(server: TimedServer, rounds: int) -> list[dict[str, object]]:
    """Return the median time of each contestant from process start to its first room."""
    taken: dict[str, list[float]] = {one.title: [] for one in FIRST}
    with TemporaryDirectory() as bytecode:
        # Compiling is not measured: the first round, which is not counted, fills this cache.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for number in range(rounds + 1):
            for one in FIRST if number % 2 else reversed(FIRST):
                seconds = _first_create(server, one, environment)
                if number:
                    taken[one.title].append(seconds)
    return [
        {"title": title, "milliseconds": round(statistics.median(seconds) * 1000), "runs": rounds}
        for title, seconds in taken.items()
    ]


def _first_create(
    server: TimedServer, one: contest.Contestant, environment: dict[str, str]
) -> float:
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.peers.first", one.module, server.url],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        seconds = time.perf_counter() - began
        process.wait()
    if said != "created\n":
        raise RuntimeError(f"{one.name} created nothing")
    return seconds


def busy_creates(
    server: TimedServer, loops: Sequence[Loop], rounds: int, seconds: float
) -> list[dict[str, object]]:
    """Return p50, p99 and the longest of each contestant at each number of callers, by medians."""
    kinds: list[tuple[Loop, int, contest.Contestant]] = [
        (loop, callers, one) for loop in loops for callers in CALLERS for one in BUSY
    ]
    runs: dict[tuple[Loop, int, str], list[contest.Run]] = {}
    for number in range(rounds):
        for loop, callers, one in kinds if number % 2 else reversed(kinds):
            run = contest.run_once(
                server, one, loop, seconds=seconds, concurrency=callers, latencies=True
            )
            runs.setdefault((loop, callers, one.title), []).append(run)
    return [
        {
            "loop": loop,
            "callers": callers,
            "title": one.title,
            "p50_ms": _of(runs[loop, callers, one.title], 0.50),
            "p99_ms": _of(runs[loop, callers, one.title], 0.99),
            "longest_ms": _of(runs[loop, callers, one.title], 1.0),
        }
        for loop, callers, one in kinds
    ]


def _of(runs: Sequence[contest.Run], share: float) -> float:
    """Return the latency within which this share of the creates ends, in milliseconds."""
    each = [run.latencies[max(int(len(run.latencies) * share) - 1, 0)] for run in runs]
    return round(statistics.median(each) * 1000, 2)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first", type=int, default=5, help="rounds of first creates")
    parser.add_argument("--rounds", type=int, default=3, help="of busy ones")
    parser.add_argument("--seconds", type=float, default=1.0, help="of one busy run")
    parser.add_argument("--loops", nargs="+", choices=get_args(Loop), default=["asyncio"])
    parser.add_argument("--json", type=Path, default=results.FOLDER / "latency.json")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
