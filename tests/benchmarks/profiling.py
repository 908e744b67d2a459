"""Profiles the processor time of a create by our client, and of one by hand.

Both create rooms on asyncio, under Python's own profiler. The profiler slows every call, and small
functions most: the figures show where to look, and `compare` shows the real cost.

With ``--functions 40`` the client's functions are listed, too, most expensive first.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import importlib
import json
import pstats
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.measuring.cores import keep_to
from benchmarks.measuring.fast_server import serving
from benchmarks.peers.__main__ import by_workers

CREATES = 5000
WARM_UP = 500
PEERS = {"hand_written": "by hand", "ours": "ours"}
PARTS = ("telnyx_video", "aiohttp", "asyncio", "cattrs", "benchmarks")


class Function(NamedTuple):
    """The cost of one function for one create."""

    name: str
    part: str
    calls: float
    microseconds: float
    """Its own time, without its callees."""


def main() -> None:
    """Print the profiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", type=int, default=0, help="how many of ours to list")
    parser.add_argument("--child", nargs=2, metavar=("PEER", "URL"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(asyncio.run(profile(*arguments.child))))
        return
    with serving() as server:
        profiles = {peer: measured(peer, server.url) for peer in PEERS}

    from benchmarks.measuring.tables import show

    show("A create under the profiler", [*compared(profiles)])
    if arguments.functions:
        dearest = sorted(profiles["ours"], key=lambda function: -function.microseconds)
        show("Ours", [function._asdict() for function in dearest[: arguments.functions]])


def measured(peer: str, url: str) -> list[Function]:
    """Profile a peer in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.profiling", "--child", peer, url]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [Function(*row) for row in json.loads(done.stdout)]


def compared(profiles: dict[str, list[Function]]) -> list[dict[str, object]]:
    """Return the rows of a table: the cost of each part, by our client and by hand."""
    rows: list[dict[str, object]] = []
    for part in (*PARTS, "built in", "all"):
        row: dict[str, object] = {"in": part}
        for peer, title in PEERS.items():
            mine = [each for each in profiles[peer] if part in ("all", each.part)]
            row[f"calls, {title}"] = round(sum(each.calls for each in mine), 1)
            row[f"µs, {title}"] = round(sum(each.microseconds for each in mine), 1)
        rows.append(row)
    return rows


async def profile(peer: str, url: str) -> list[Function]:
    """Create rooms, and return the cost of each function."""
    keep_to("client")
    sys.modules["uvloop"] = None  # type: ignore[assignment]  # a compiled loop cannot be profiled
    creating: Any = importlib.import_module(f"benchmarks.peers.{peer}").creating
    async with creating(url, 100) as create:
        create_all = by_workers(create, 100)
        await create_all(iter(range(WARM_UP)))
        with cProfile.Profile() as profiler:
            await create_all(iter(range(CREATES)))
    stats: Any = pstats.Stats(profiler)
    return [
        Function(
            f"{Path(file).name}:{line} {name}",
            part_of(file),
            round(calls / CREATES, 2),
            round(own / CREATES * 1e6, 2),
        )
        for (file, line, name), (_, calls, own, _, _) in stats.stats.items()
    ]


def part_of(file: str) -> str:
    """Return the part that a function belongs to, by its file."""
    parts = Path(file).parts
    return next((part for part in PARTS if part in parts), "built in")


if __name__ == "__main__":
    main()
