"""Lets one peer create rooms in this process for a while, and prints the costs as JSON.

A peer is a module of this package with one function, ``creating(url, concurrency)``: a context in
which rooms can be created, one by one or, for ``ours_batch``, all that an iterator asks for. This
module does the same for all: it warms up, keeps creates in flight, and measures the time.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any

from benchmarks.measuring import loops, results
from benchmarks.measuring.cores import keep_to

WARM_UP = 0.3
"""Seconds of warm-up, which are not counted: connections are made, and caches filled."""

Create = Callable[[int], Awaitable[object]]
CreateAll = Callable[[Iterator[int]], Awaitable[None]]


class Watch:
    """Counts creates, and their cost, until the time is up."""

    def __init__(self, *, keep_latencies: bool) -> None:
        self.latencies: list[float] | None = [] if keep_latencies else None
        self.count = self.earlier = 0
        self._wall = self._processor = 0.0

    def numbers(self, seconds: float) -> Iterator[int]:
        """Yield the number of the next room until the seconds are over."""
        self.earlier += self.count
        self.count = 0
        if self.latencies is not None:
            self.latencies.clear()
        self._wall, self._processor = time.perf_counter(), time.process_time()
        end = self._wall + seconds
        while time.perf_counter() < end:
            yield self.count
            self.count += 1

    def timed(self, create: Create) -> Create:
        """Record the latency of each create, if requested."""
        latencies = self.latencies
        if latencies is None:
            return create

        async def create_timed(number: int) -> None:
            began = time.perf_counter()
            await create(number)
            latencies.append(time.perf_counter() - began)

        return create_timed

    def report(self) -> dict[str, Any]:
        """Return the costs since the measurement began."""
        wall, processor = time.perf_counter() - self._wall, time.process_time() - self._processor
        figures: dict[str, Any] = {"count": self.count, "wall": wall, "processor": processor}
        figures |= {"peak_mib": results.peak_mib(), "served": self.earlier + self.count}
        if self.latencies is not None:
            figures["latencies"] = sorted(self.latencies)
        return figures


def by_workers(create: Create, concurrency: int) -> CreateAll:
    """Create rooms in this many tasks, which share one iterator."""

    async def create_all(numbers: Iterator[int]) -> None:
        async def work() -> None:
            for number in numbers:
                await create(number)

        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work())

    return create_all


async def run(
    creating: AbstractAsyncContextManager[Any], concurrency: int, seconds: float, watch: Watch
) -> dict[str, Any]:
    """Measure an async peer."""
    async with creating as create:
        whole = getattr(create, "creates_all", False)
        create_all = create if whole else by_workers(watch.timed(create), concurrency)
        await create_all(watch.numbers(WARM_UP))
        await create_all(watch.numbers(seconds))
        return watch.report()


def run_blocking(
    creating: AbstractContextManager[Callable[[int], object]], seconds: float, watch: Watch
) -> dict[str, Any]:
    """Measure a blocking peer, one create after the other."""
    with creating as create:
        for duration in (WARM_UP, seconds):
            for number in watch.numbers(duration):
                create(number)
        return watch.report()


def main() -> None:
    """Measure the peer named by the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", help="a module of this package")
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    parser.add_argument("--without", action="append", default=[], help="a module to do without")
    parser.add_argument("--latencies", action="store_true", help="tell that of each create")
    arguments = parser.parse_args()

    keep_to("client")
    for module in arguments.without:
        sys.modules[module] = None  # type: ignore[assignment]  # as if it were not installed
    peer: Any = importlib.import_module(f"benchmarks.peers.{arguments.peer}")
    watch = Watch(keep_latencies=arguments.latencies)
    context = peer.creating(arguments.url, arguments.concurrency)
    if hasattr(context, "__enter__"):
        figures = run_blocking(context, arguments.seconds, watch)
    else:
        with asyncio.Runner(loop_factory=loops.factory(arguments.loop)) as runner:
            figures = runner.run(run(context, arguments.concurrency, arguments.seconds, watch))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
