"""Compares a batch of a million rooms with one of ten thousand, in memory and cost of a room.

Each is streamed in a fresh process against a server of minimal cost, with a journal and without. A
heartbeat in the same loop measures how long the loop was blocked. Fails when the
large batch needs 10 MiB more than the small one, when its later creates cost over 5 % more or less
processor time than its earlier ones, or when the loop was blocked for more than 50 ms.

A quick run has 100,000 rooms; figures of record are taken with ``--creates 1000000``.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measuring import results
from benchmarks.measuring.cores import keep_to
from benchmarks.measuring.fast_server import serving
from benchmarks.measuring.server_process import TimedServer

# This process imports nothing large before the end: a child's peak of memory starts from its
# parent's.

SMALL = 10_000
CONCURRENCY = 100
PARTS = 20
"""Parts of a batch whose costs are compared."""
BEAT = 0.005
"""Seconds between two beats."""

MORE_MEMORY = 10.0
"""Extra memory allowed for the large batch, in MiB."""
DRIFT = 0.05
"""The share by which the cost of a create may change during a batch."""
BLOCKED = 0.05
"""Seconds for which the loop may be blocked."""
ALONE = 0.9
"""The least share of its core that a batch gets on an idle machine.

Below it, other processes may delay the heartbeat: the processor time between beats is judged."""


def main() -> int:
    """Run the batches; return 1 when a bound is missed."""
    arguments = _arguments()
    rows: list[dict[str, Any]] = []
    bounds: list[dict[str, object]] = []
    with serving() as server:
        for journal in (False, True):
            small, large = (
                _measure(server, creates, journal=journal) for creates in (SMALL, arguments.creates)
            )
            rows += [small, large]
            bounds += judge(small, large, "with a journal" if journal else "without a journal")

    from benchmarks.measuring.tables import show

    shown = [{name: value for name, value in row.items() if name != "parts"} for row in rows]
    show(f"Batches of {CONCURRENCY} at a time", shown)
    show("What has to hold", bounds)
    results.write(arguments.json, batches=rows, bounds=bounds)
    return 1 if any(not bound["kept"] for bound in bounds) else 0


def _measure(server: TimedServer, creates: int, *, journal: bool) -> dict[str, Any]:
    """Create this many rooms in a fresh process."""
    with TemporaryDirectory() as folder:
        path = str(Path(folder, "journal")) if journal else ""
        command = [sys.executable, "-m", "benchmarks.scale", "--child", server.url]
        command += [f"--creates={creates}", f"--journal={path}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {"creates": creates, "journal": journal, **json.loads(done.stdout)}


def judge(small: dict[str, Any], large: dict[str, Any], which: str) -> list[dict[str, object]]:
    """Compare a large batch with a small one, and its second half with its first."""
    more = large["peak_mib"] - small["peak_mib"]
    half = PARTS // 2
    parts: list[float] = large["parts"]
    drift = statistics.median(parts[half:]) / statistics.median(parts[:half]) - 1
    alone = large["share_of_core"] >= ALONE
    blocked = large["longest_block_ms" if alone else "of_processor_ms"]
    return [
        {
            "what": what,
            "batch": which,
            "value": round(value, 2),
            "unit": unit,
            "limit": limit,
            "kept": abs(value) <= limit,
        }
        for what, value, unit, limit in (
            ("more memory than a small batch", max(more, 0.0), "MiB", MORE_MEMORY),
            ("change of a create's cost during the batch", drift * 100, "%", DRIFT * 100),
            ("longest time the loop was blocked", blocked, "ms", BLOCKED * 1000),
        )
    ]


class Heartbeat:
    """Wakes up at short intervals, and records its longest delay."""

    def __init__(self) -> None:
        self.latest = 0.0
        """The longest delay of a beat, in seconds."""
        self.busiest = 0.0
        """The most processor time, in seconds, that this thread used from one beat to the next."""

    async def beat(self) -> None:
        """Beat until cancelled."""
        while True:
            due, used = time.perf_counter() + BEAT, time.thread_time()
            await asyncio.sleep(BEAT)
            self.latest = max(self.latest, time.perf_counter() - due)
            self.busiest = max(self.busiest, time.thread_time() - used)


async def _create(url: str, creates: int, journal: str | None) -> dict[str, object]:
    """Stream the batch, and return its costs."""
    from telnyx_video import AsyncRoomsClient, CreateRoomRequest

    def requests() -> Generator[CreateRoomRequest]:
        for number in range(creates):
            yield CreateRoomRequest(unique_name=f"room-{number}", max_participants=12)

    heart = Heartbeat()
    marks = list[float]()
    async with AsyncRoomsClient(base_url=url, api_key="key") as rooms:
        await rooms.create(unique_name="first")
        beating = asyncio.create_task(heart.beat())
        began, used = time.perf_counter(), time.process_time()
        part = creates // PARTS
        async with rooms.stream_many(
            requests(), concurrency=CONCURRENCY, journal=journal
        ) as stream:
            made = 0
            async for outcome in stream:
                outcome.unwrap()
                made += 1
                if made % part == 0:
                    marks.append(time.process_time())
        wall, processor = time.perf_counter() - began, time.process_time() - used
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
    return {
        "creates_per_second": round(creates / wall),
        "microseconds_per_create": round(processor / creates * 1e6, 1),
        "peak_mib": round(results.peak_mib(), 1),
        "longest_block_ms": round(heart.latest * 1000, 1),
        "of_processor_ms": round(heart.busiest * 1000, 1),
        "share_of_core": round(processor / wall, 2),
        "parts": [round(cost / part * 1e6, 2) for cost in _differences([used, *marks])],
    }


def _differences(values: list[float]) -> Iterator[float]:
    yield from (later - earlier for earlier, later in pairwise(values))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--creates", type=int, default=100_000, help="of the large batch")
    parser.add_argument("--json", type=Path, default=results.FOLDER / "scale.json")
    parser.add_argument("--child", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--journal", help=argparse.SUPPRESS)
    return parser.parse_args()


def _child(arguments: argparse.Namespace) -> None:
    keep_to("client")
    figures = asyncio.run(_create(arguments.child, arguments.creates, arguments.journal or None))
    print(json.dumps(figures))


if __name__ == "__main__":
    if (given := _arguments()).child:
        _child(given)
    else:
        sys.exit(main())
