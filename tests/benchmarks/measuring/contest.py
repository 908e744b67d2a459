"""The compared clients, how each is run, and the results of several rounds."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import attrs

from benchmarks.measuring.loops import Loop
from benchmarks.measuring.server_process import TimedServer


@attrs.frozen
class Contestant:
    """A peer, and its conditions."""

    name: str
    """As in tables and results."""
    module: str
    """The module of ``peers`` that creates rooms."""
    title: str
    loops: tuple[Loop, ...] = ("asyncio", "uvloop")
    without: str = ""
    """A package that is treated as if it were not installed."""


AWAITED = (
    Contestant("hand-written", "hand_written", "aiohttp + orjson, by hand"),
    Contestant("ours", "ours", "ours"),
    Contestant("ours-json", "ours", "ours, json of Python", without="orjson"),
    Contestant("ours-batch", "ours_batch", "ours, one batch"),
    Contestant("official-aiohttp", "official_aiohttp", "official SDK, aiohttp"),
    Contestant("official-httpx", "official_httpx", "official SDK, httpx"),
)
BLOCKING = (
    Contestant("ours-blocking", "ours_blocking", "ours, blocking"),
    Contestant("requests", "with_requests", "requests + orjson, by hand", ("asyncio",)),
    Contestant("official-blocking", "official_blocking", "official SDK, blocking", ("asyncio",)),
)
CONTESTANTS = AWAITED + BLOCKING


@attrs.frozen
class Run:
    """The cost of one run of a contestant."""

    contestant: str
    loop: Loop
    count: int
    """Rooms created."""
    wall: float
    """Seconds."""
    processor: float
    """Processor time of the client's process, in seconds."""
    peak_mib: float
    """Peak of resident memory of the client's process."""
    served: int
    """Rooms created, including the warm-up."""
    server: float
    """Processor time of the server for them, in seconds."""
    latencies: tuple[float, ...] = ()
    """Latency of each create in seconds, sorted, if requested."""

    @property
    def rate(self) -> float:
        """Creates a second."""
        return self.count / self.wall

    @property
    def cost(self) -> float:
        """Processor seconds of the client for one create."""
        return self.processor / self.count


def run_once(
    server: TimedServer,
    contestant: Contestant,
    loop: Loop,
    *,
    seconds: float,
    concurrency: int = 100,
    latencies: bool = False,
) -> Run:
    """Run a contestant in a fresh process for this many seconds."""
    before = server.processor_seconds()
    command = [sys.executable, "-m", "benchmarks.peers", contestant.module, server.url]
    command += [f"--seconds={seconds}", f"--concurrency={concurrency}", f"--loop={loop}"]
    without = [contestant.without, "uvloop" if loop == "asyncio" else ""]
    command += [f"--without={package}" for package in without if package]
    command += ["--latencies"] if latencies else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    spent = server.processor_seconds() - before
    return Run(contestant.name, loop, server=spent, **json.loads(done.stdout))


@attrs.frozen
class Bound:
    """A limit on the ratio of two contestants, from above or below."""

    what: str
    ours: str
    peer: str
    measure: Literal["cost", "rate"]
    limit: float
    """The ratio to the peer's figure: at most this for costs, at least this for rates."""
    loops: tuple[Loop, ...] = ("asyncio", "uvloop")

    def kept(self, ratio: float) -> bool:
        """Whether this ratio is within the limit."""
        return ratio <= self.limit if self.measure == "cost" else ratio >= self.limit


BOUNDS = (
    Bound("processor time against a loop by hand", "ours", "hand-written", "cost", 1.15),
    Bound("the same with Python's own json", "ours-json", "hand-written", "cost", 1.25),
    Bound("rate against the official SDK", "ours", "official-httpx", "rate", 12),
    Bound("rate against the official SDK on aiohttp", "ours", "official-aiohttp", "rate", 4),
    # The blocking client runs on uvloop where that is installed.
    Bound("rate, blocking", "ours-blocking", "official-blocking", "rate", 2.5, ("uvloop",)),
    Bound("without uvloop", "ours-blocking", "official-blocking", "rate", 2.25, ("asyncio",)),
)


def of(runs: Iterable[Run], contestant: str, loop: Loop) -> list[Run]:
    """Return a contestant's runs, in the order of the rounds."""
    return [run for run in runs if (run.contestant, run.loop) == (contestant, loop)]


def median(runs: Sequence[Run], measure: Callable[[Run], float]) -> float:
    """Return the median of a measure."""
    return statistics.median(map(measure, runs))


def ratio(runs: Sequence[Run], bound: Bound, loop: Loop) -> float | None:
    """Return the median of the ratios of runs in the same round; None without any.

    A busy moment slows both of a pair: their ratio varies less than either. A peer that has no loop
    runs once in a round, as if on asyncio, and is a neighbour on either.
    """
    peers = of(runs, bound.peer, loop) or of(runs, bound.peer, "asyncio")
    pairs = zip(of(runs, bound.ours, loop), peers, strict=False)
    ratios = [getattr(ours, bound.measure) / getattr(peer, bound.measure) for ours, peer in pairs]
    return statistics.median(ratios) if ratios else None


def judge(runs: Sequence[Run]) -> list[dict[str, object]]:
    """Return each bound that these runs cover, with the ratio and whether it is kept."""
    found = [(bound, loop, ratio(runs, bound, loop)) for bound in BOUNDS for loop in bound.loops]
    return [
        {
            "what": bound.what,
            "loop": loop,
            "ratio": round(value, 3),
            "limit": f"{'at most' if bound.measure == 'cost' else 'at least'} {bound.limit}",
            "kept": bound.kept(value),
        }
        for bound, loop, value in found
        if value is not None
    ]


def ceiling(runs: Sequence[Run]) -> tuple[float, Run]:
    """Return the server's highest rate of creates a second, and the run closest to it."""
    fastest = max(runs, key=lambda run: run.rate)
    return fastest.served / fastest.server, fastest


def share_of_core(runs: Sequence[Run]) -> float:
    """Return the share of the time in which a client could use its core.

    Clients that are awaited always have something to do; blocking ones wait for answers.
    """
    blocking = {one.name for one in BLOCKING}
    shares = [run.processor / run.wall for run in runs if run.contestant not in blocking]
    return statistics.median(shares) if shares else 1.0


def summary(runs: Sequence[Run]) -> list[dict[str, object]]:
    """Return the medians of each contestant on each loop."""
    return [
        {
            "contestant": contestant.name,
            "title": contestant.title,
            "loop": loop,
            "runs": len(mine),
            "creates_per_second": round(median(mine, lambda run: run.rate)),
            "microseconds_per_create": round(median(mine, lambda run: run.cost) * 1e6, 1),
            "peak_mib": round(median(mine, lambda run: run.peak_mib), 1),
        }
        for contestant in CONTESTANTS
        for loop in contestant.loops
        if (mine := of(runs, contestant.name, loop))
    ]
