"""Real processes, killed at random moments: resuming finishes the batch."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from batch.killed_batches import ROOMS, make_blocking, make_plainly, requests, serve
from telnyx_video import UNSET, Room, RoomsClient

KILLS = 8
"""For each client."""

# Forked from a process that has everything imported, a child starts in a few milliseconds.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["cattrs", "uvloop", "telnyx_video.client.blocking", "telnyx_video.sandbox.server"]
)

Make = Callable[[str, int, str], None]


class Server:
    """The sandbox in another process, with a file."""

    def __init__(self, db: Path) -> None:
        self._db = str(db)
        self.url = ""
        self.start()

    def start(self) -> None:
        """Start it, on the same port as before."""
        port = int(self.url.split(":")[2].split("/")[0]) if self.url else 0
        ready, sending = PROCESSES.Pipe(duplex=False)
        self._process = PROCESSES.Process(target=serve, args=(port, self._db, sending), daemon=True)
        self._process.start()
        sending.close()
        with ready:
            self.url = ready.recv()

    def kill(self) -> None:
        """Kill it."""
        kill(self._process)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server, killed when the test ends."""
    with pytest.MonkeyPatch.context() as environment:
        # Measured by coverage, children would take several times as long, for nothing.
        for name in [name for name in os.environ if name.startswith("COVERAGE")]:
            environment.delenv(name)
        forkserver.ensure_running()
    server = Server(tmp_path / "rooms.db")
    yield server
    server.kill()


@pytest.mark.parametrize("make", [make_plainly, make_blocking])
def test_a_batch_survives_being_killed_at_any_moment(
    make: Make, server: Server, tmp_path: Path
) -> None:
    """No named room is doubled or lost, and no nameless one doubled."""
    seed = random.SystemRandom().getrandbits(32)
    sys.stdout.write(f"random.Random({seed})\n")  # shown when it fails
    moments = random.Random(seed)
    usual = min(seconds_of(make, server, batch, tmp_path) for batch in range(3))
    batch, kills = 2, 0
    while kills < KILLS:
        batch += 1
        while kill_at_some_moment(start(make, server, batch, tmp_path), server, moments, usual):
            kills += 1
    with RoomsClient(base_url=server.url, api_key="sandbox-key") as rooms:
        made = Counter(map(key, rooms.list(page_size=250)))
    for number in range(batch + 1):
        check(made, number, tmp_path / f"{number}.jsonl")


def start(make: Make, server: Server, batch: int, folder: Path) -> BaseProcess:
    """Begin or resume the batch in another process."""
    journal = str(folder / f"{batch}.jsonl")
    process = PROCESSES.Process(target=make, args=(server.url, batch, journal), daemon=True)
    process.start()
    return process


def kill_at_some_moment(
    process: BaseProcess, server: Server, moments: random.Random, usual: float
) -> bool:
    """Kill the process, sometimes the server first; return whether it was still running."""
    first, then = sorted(moments.uniform(0, usual) for _ in range(2))
    if moments.random() < 0.15:
        process.join(first)
        server.kill()
        server.start()
        process.join(then - first)
    else:
        process.join(then)
    kill(process)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def kill(process: BaseProcess) -> None:
    """Kill a process, and wait for its end."""
    process.kill()
    process.join()


def seconds_of(make: Make, server: Server, batch: int, folder: Path) -> float:
    """Return how long a batch takes that is not killed."""
    began = time.monotonic()
    process = start(make, server, batch, folder)
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - began


def check(made: Counter[str | None], batch: int, journal: Path) -> None:
    """Compare the rooms and the journal with the requests."""
    lines = journal.read_text().splitlines()[1:]
    outcomes = {line["index"]: line for line in map(json.loads, lines) if "index" in line}
    assert sorted(outcomes) == list(range(ROOMS))
    for index, request in enumerate(requests(batch)):
        outcome = outcomes[index]
        if request.unique_name is not UNSET:
            assert made[request.unique_name] == 1
            assert outcome["room"]["unique_name"] == request.unique_name
        elif outcome["room"]:
            assert made[str(request.webhook_event_url)] == 1
        else:
            assert made[str(request.webhook_event_url)] <= 1
            assert outcome["error"]["outcome"] == "unknown"


def key(room: Room) -> str | None:
    """Return the unique part of a room: its name, else its URL."""
    return room.unique_name or room.webhook_event_url
