"""Half an hour of creates with faults: memory and file descriptors must not grow.

One client streams one batch at a bounded rate to a sandbox in another process. Requests are lost,
mangled, refused and stalled, as in `nox -s chaos`, and every minute the server goes away for a
second. Each second notes this process's memory, descriptors and tasks. Fails when the medians of
the last quarter are above those of the second: the first is for warming up.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from benchmarks.measuring import results
from benchmarks.measuring.tables import show
from chaos import plans
from chaos.serving import API_KEY, Server, serving
from telnyx_video import AsyncRoomsClient, CreateOutcome, CreateRoomRequest

CONCURRENCY = 50
FAULTS = 0.05
"""Share of the requests with a fault."""
TIMEOUT = 2.0
"""Seconds for one attempt."""
EVERY = 1.0
"""Seconds between two samples."""
OUTAGE_EVERY = 60
"""Samples between two outages."""

MORE_MEMORY = 2.0
"""MiB by which the last quarter may be above the second."""
MORE_DESCRIPTORS = 5.0


@attrs.frozen
class Sample:
    """The state of this process."""

    minutes: float
    memory_mib: float
    descriptors: int
    tasks: int
    done: int
    """Creates that have ended."""


def main() -> int:
    """Soak, and judge the samples; return 1 when something grew."""
    arguments = _arguments()
    with serving(plans.chaos(seed=1, rate=FAULTS, names=["any"])) as server:
        samples, ends = asyncio.run(_soak(server, arguments.minutes * 60, arguments.rate))
    bounds = judge(samples)
    show("How the creates ended", [dict(ends)])
    show("What has to hold", bounds)
    each = [attrs.asdict(sample) for sample in samples]
    results.write(arguments.json, ends=ends, bounds=bounds, samples=each)

    from benchmarks.measuring import drawing

    drawing.draw_soak(each, arguments.picture)
    return 1 if any(not bound["kept"] for bound in bounds) else 0


def judge(samples: Sequence[Sample]) -> list[dict[str, object]]:
    """Compare the last quarter of the samples with the second."""
    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    measures: tuple[tuple[str, Callable[[Sample], float], float], ...] = (
        ("memory, MiB", lambda sample: sample.memory_mib, MORE_MEMORY),
        ("file descriptors", lambda sample: sample.descriptors, MORE_DESCRIPTORS),
        ("tasks", lambda sample: sample.tasks, MORE_DESCRIPTORS),
    )
    return [
        {
            "what": what,
            "second quarter": before,
            "last quarter": after,
            "may grow by": limit,
            "kept": after - before <= limit,
        }
        for what, measure, limit in measures
        for before, after in [
            [round(statistics.median(map(measure, part)), 1) for part in (early, late)]
        ]
    ]


async def _soak(server: Server, seconds: float, rate: float) -> tuple[list[Sample], Counter[str]]:
    ends = Counter[str]()
    samples: list[Sample] = []
    end = time.monotonic() + seconds

    def requests() -> Iterator[CreateRoomRequest]:
        number = 0
        while time.monotonic() < end:
            number += 1
            yield CreateRoomRequest(unique_name=f"room-{number}", max_participants=12)

    async def watch() -> None:
        began = time.monotonic()
        while True:
            await asyncio.sleep(EVERY)
            minutes = (time.monotonic() - began) / 60
            samples.append(_sample(minutes, ends.total()))
            if len(samples) % OUTAGE_EVERY == OUTAGE_EVERY // 2:
                server.pause()

    async with AsyncRoomsClient(base_url=server.url, api_key=API_KEY, timeout=TIMEOUT) as rooms:
        watching = asyncio.create_task(watch())
        async with rooms.stream_many(requests(), concurrency=CONCURRENCY, max_rate=rate) as stream:
            async for outcome in stream:
                ends[_end(outcome)] += 1
        watching.cancel()
    return samples, ends


def _end(outcome: CreateOutcome) -> str:
    if outcome.error is not None:
        return type(outcome.error).__name__
    if outcome.recovered:
        return "recovered"
    return "existed" if outcome.existed else "made"


def _sample(minutes: float, done: int) -> Sample:
    descriptors = len(os.listdir("/dev/fd"))
    return Sample(
        round(minutes, 3), round(_memory_mib(), 2), descriptors, len(asyncio.all_tasks()), done
    )


def _memory_mib() -> float:
    """Return the resident memory, in MiB."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    done = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(os.getpid())], stdout=subprocess.PIPE, text=True, check=True
    )
    return int(done.stdout) / 2**10


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second at the most")
    parser.add_argument("--json", type=Path, default=results.FOLDER / "soak.json")
    parser.add_argument("--picture", type=Path, default=results.FOLDER / "soak.svg")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
