"""A batch of 20,000 rooms whose server is down for 20 s in the middle.

The server runs in its own process. Half-way it refuses connections, or answers only 503.

- A patient batch waits: it ends complete, and sends almost nothing during the outage.
- An impatient one (``give_up_after`` is shorter than the outage) stops with the reason; run again
  with the same journal, it creates the rest.

Measures the start times of requests, and the rooms that exist at the end. Fails when a room is
missing, duplicated or reported as failed, or when too much was sent. Workers that do not know of
the outage yet send again: at most one request for each room in flight.
"""

import argparse
import asyncio
import math
import sys
import time
from collections import Counter
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import aiohttp
import attrs

from benchmarks.measuring.server_process import ServerProcess, started
from telnyx_video import AsyncRoomsClient, CreateOutcome, CreateRoomRequest

CONCURRENCY = 100
NOTICED = 0.2  # seconds in which a client detects the outage
SENT = 36  # requests from then on, at most: a few dozen
KEY = "sandbox-key"

# Prints its address. Each input line ends or begins an outage, and is answered with the number of
# names and rooms.
SERVER = """
import sys
from telnyx_video.sandbox import Sandbox
with Sandbox() as sandbox:
    print(sandbox.url, flush=True)
    for line in sys.stdin:
        sandbox.resume()
        if order := line.split():
            sandbox.pause(order[0], seconds=float(order[1]))
        rooms = sandbox.rooms if not order else []
        print(len({room["unique_name"] for room in rooms}), len(rooms), flush=True)
"""


class Server(ServerProcess):
    """The sandbox in its own process."""

    def break_down(self, kind: str, seconds: float) -> None:
        """Begin an outage."""
        self.ask(f"{kind} {seconds}")

    def recover(self) -> tuple[int, int]:
        """End any outage; return the number of distinct names and of rooms."""
        names, rooms = self.ask().split()
        return int(names), int(rooms)


def serving() -> AbstractContextManager[Server]:
    """Run a server."""
    return started(Server, "-c", SERVER)


@attrs.define
class Run:
    """One run of a batch, and its results.

    Attributes:
        server: Breaks down when half of the rooms are made.
        kind: How: "refuse" or "503".
        seconds: For how long; 0 for not at all.
        stopped: Why it stopped before its end, if it did.
        made: Rooms that were made by it, or by a run before.
        errors: How many creates ended in which way, with one of the messages.
        began: When each request was begun, also if it could not be sent, on the client's clock.
        took: Seconds.
    """

    server: Server
    kind: str
    seconds: float
    stopped: str | None = None
    made: int = 0
    errors: Counter[str] = attrs.Factory(Counter[str])
    message: str = ""
    began: list[float] = attrs.Factory(list[float])
    took: float = 0.0
    _down_at: float = math.inf

    async def create(self, total: int, **how: Any) -> Self:
        """Create this many rooms."""
        tracing = aiohttp.TraceConfig()
        tracing.on_request_start.append(self._note)
        requests = (CreateRoomRequest(unique_name=f"room-{n}") for n in range(total))
        breaking = set[asyncio.Task[None]]()
        began = time.perf_counter()
        async with (
            AsyncRoomsClient(
                base_url=self.server.url, api_key=KEY, trace_configs=[tracing]
            ) as rooms,
            rooms.stream_many(requests, concurrency=CONCURRENCY, **how) as stream,
        ):
            async for outcome in stream:
                self._count(outcome)
                if self.seconds and self.made >= total // 2 and not breaking:
                    breaking.add(asyncio.create_task(asyncio.to_thread(self._break_down)))
        await asyncio.gather(*breaking)
        self.stopped = stream.stopped
        self.took = time.perf_counter() - began
        return self

    def begun(self, first: float, last: float) -> int:
        """Return the number of requests started between two times of the outage, in seconds."""
        return sum(first <= at - self._down_at < last for at in self.began)

    def _count(self, outcome: CreateOutcome) -> None:
        if outcome.error is None:
            self.made += 1
        else:
            self.errors[type(outcome.error).__name__] += 1
            self.message = outcome.error.message

    def _break_down(self) -> None:
        self.server.break_down(self.kind, self.seconds)
        self._down_at = time.monotonic()

    async def _note(self, *_: object) -> None:
        self.began.append(time.monotonic())


def was_modest(run: Run) -> bool:
    """Print the requests sent during an outage; return whether they are within the limit."""
    unaware, aware = run.begun(0, NOTICED), run.begun(NOTICED, run.seconds)
    print(f"  begun meanwhile: {unaware} in the first {NOTICED} s", end=" ")
    print(f"(limit {CONCURRENCY + SENT}), then {aware} (limit {SENT})")
    return unaware <= CONCURRENCY + SENT and aware <= SENT


def patient(kind: str, seconds: float, total: int) -> bool:
    """Measure a batch that waits for the end of the outage."""
    with serving() as server:
        run = asyncio.run(Run(server, kind, seconds).create(total))
        names, rooms = server.recover()
    print(f"{kind} for {seconds:g} s: {rooms:,} rooms of {names:,} names", end=" ")
    print(f"in {run.took:.1f} s, {run.errors.total()} failed")
    return was_modest(run) and total == run.made == names == rooms


def impatient(kind: str, seconds: float, total: int) -> bool:
    """Measure a batch that gives up, and continues in a second run."""
    patience = seconds / 4
    with TemporaryDirectory() as folder, serving() as server:
        journal = Path(folder, "rooms.journal")
        run = asyncio.run(
            Run(server, kind, seconds).create(total, journal=journal, give_up_after=patience)
        )
        print(f"{kind} for {seconds:g} s, give_up_after={patience:g}: {run.stopped}", end=" ")
        print(f"after {run.took:.1f} s, {run.made:,} made, {dict(run.errors)},", end=" ")
        print(f"{total - run.made - run.errors.total():,} not drawn\n  {run.message}")
        server.recover()
        again = asyncio.run(Run(server, kind, 0).create(total, journal=journal))
        names, rooms = server.recover()
    print(f"  with the same journal: {rooms:,} rooms of {names:,} names", end=" ")
    print(f"in {again.took:.1f} s, {again.errors.total()} failed")
    gave_up = run.stopped == "gave_up" and run.errors.total() <= CONCURRENCY
    return was_modest(run) and gave_up and total == again.made == names == rooms


def main() -> int:
    """Print the measurements; return 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the outage lasts")
    parser.add_argument("--kind", action="append", choices=("refuse", "503"))
    arguments = parser.parse_args()
    held = [
        measure(kind, arguments.seconds, arguments.rooms)
        for kind in arguments.kind or ("refuse", "503")
        for measure in (patient, impatient)
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
