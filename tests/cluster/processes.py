"""A sandbox, a scheduler, workers and drivers, each a process that can be killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from distributed import Client

KEY = "sandbox-key"
PATIENCE = 600.0
"""Seconds that anything here may take before a check fails."""

DRIVE = Path(__file__).with_name("drive.py")

SERVE = """
import sys, threading
from telnyx_video.sandbox import Sandbox
host, port, db, limit = sys.argv[1:]
with Sandbox(host=host, port=int(port), db=db, rate_limit=int(limit) or None):
    threading.Event().wait()
"""


def eventually(holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"not in {seconds:.0f} s: {what}")
        time.sleep(0.1)


class Site:
    """A folder with an input, and the processes of one check."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self.folder = folder
        self.host = host
        self._stack = ExitStack()
        self._db = folder / "rooms.db"
        self.api = ""

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write_rooms(self, count: int, *, named: bool = True) -> str:
        """Write an input of this many rooms; returns its path."""
        path = self.folder / "rooms.csv"
        with path.open("w") as file:
            file.write("unique_name,max_participants\n")
            file.writelines(f"{f'room-{n}' if named else ''},5\n" for n in range(count))
        return str(path)

    def serve(self, rate_limit: int = 0) -> None:
        """Start the sandbox on its file, with a limit of requests a second or none."""
        port = free_port(self.host)
        self.api = f"http://{self.host}:{port}/v2"
        settings = [self.host, str(port), str(self._db), str(rate_limit)]
        self.start([sys.executable, "-c", SERVE, *settings], "sandbox")
        eventually(self._answers, "the sandbox answers")

    def control(self, action: str, content: object = None) -> Any:
        """Ask or steer the sandbox."""
        url = f"{self.api.removesuffix('/v2')}/_sandbox/{action}"
        data = None if content is None else json.dumps(content).encode()
        with urlopen(Request(url, data, {"Content-Type": "application/json"})) as reply:
            return json.loads(reply.read() or b"null")

    def _answers(self) -> bool:
        try:
            self.control("stats")
        except OSError:
            return False
        return True

    @property
    def sent(self) -> int:
        """How many requests the sandbox has seen."""
        return sum(self.control("stats")["requests"].values())

    @property
    def names(self) -> list[str]:
        """The names of all rooms, from the sandbox's file."""
        return [row[0] for row in self._query("SELECT unique_name FROM rooms")]

    def count(self) -> int:
        """How many rooms the sandbox's file has, even while it is stopped."""
        count: int = self._query("SELECT count(*) FROM rooms")[0][0]
        return count

    def _query(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self._db}?mode=ro", uri=True)) as database:
            return database.execute(statement).fetchall()

    def start(
        self,
        command: Sequence[str],
        log: str,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start a process in a new group; it ends with the site."""
        variables = {
            "TELNYX_API_KEY": KEY,
            "TELNYX_BASE_URL": self.api,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            **(environment or {}),
        }
        output = self._stack.enter_context((self.folder / f"{log}.log").open("a"))
        process = subprocess.Popen(
            command,
            env=os.environ | variables,
            stdout=output,
            stderr=output,
            text=True,
            start_new_session=True,
        )
        self._stack.callback(end, process)
        return process

    def cluster(self, workers: int, threads: int = 1, ttl: str = "5 minutes") -> Cluster:
        """Start a scheduler and workers with nannies."""
        port = free_port(self.host)
        address = f"tcp://{self.host}:{port}"
        settings = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": ttl}
        dask = [sys.executable, "-m", "dask"]
        place = ["--host", self.host, "--port", str(port), "--no-dashboard"]
        self.start([*dask, "scheduler", *place], "scheduler", settings)
        for _ in range(workers):
            self.worker(address, threads)
        return Cluster(address, workers)

    def worker(
        self,
        scheduler: str,
        threads: int = 1,
        prefix: Sequence[str] = (),
        *,
        nanny: bool = True,
    ) -> subprocess.Popen[str]:
        """Start a worker, in a process below that of its nanny or in the one that is returned."""
        options = ["--nthreads", str(threads), "--no-dashboard", "--death-timeout", "120"]
        options += [] if nanny else ["--no-nanny"]
        command = [sys.executable, "-m", "dask", "worker", scheduler, *options]
        return self.start([*prefix, *command], "workers")

    def drive(self, source: str, log: str = "driver", **options: object) -> Driver:
        """Start a driver."""
        settings = {"source": source, "output": str(self.folder / "out"), "job": "job", **options}
        report = self.folder / f"{log}.json"
        command = [sys.executable, str(DRIVE), json.dumps(settings), str(report)]
        return Driver(self.start(command, log), report, self.folder / f"{log}.log")

    @property
    def done(self) -> list[Path]:
        """The outcome files of the parts that are done."""
        folder = self.folder / "out" / "outcomes"
        return [path for path in folder.glob("*") if not path.name.startswith(".")]

    @property
    def begun(self) -> list[Path]:
        """The notes that a part is begun, without those that it is begun again."""
        folder = self.folder / "out" / "begun"
        return [path for path in folder.glob("*") if path.name.count(".") == 1]

    def check(self, count: int, parts: int) -> list[dict[str, Any]]:
        """Check that there are exactly this many rooms, and one complete outcome file a part."""
        names = self.names
        assert len(names) == len(set(names)) == count, f"{len(names)} rooms instead of {count}"
        files = self.done
        assert len(files) == parts, f"{len(files)} outcome files instead of {parts}"
        lines = [json.loads(line) for path in files for line in path.open()]
        assert sorted(line["index"] for line in lines) == list(range(count))
        return lines


class Driver:
    """A process that runs a job."""

    def __init__(self, process: subprocess.Popen[str], report: Path, log: Path) -> None:
        self.process = process
        self._report = report
        self._log = log

    def finish(self) -> dict[str, Any]:
        """Wait for its end; returns the summary, and the seconds that it took."""
        if self.process.wait(PATIENCE) != 0:
            raise AssertionError(f"the driver failed:\n{self._log.read_text()[-3000:]}")
        report: dict[str, Any] = json.loads(self._report.read_text())
        return report

    def kill(self) -> None:
        """Kill it and its children, as a machine's death would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Cluster:
    """A scheduler's address, and the processes of its workers."""

    def __init__(self, address: str, workers: int) -> None:
        self.address = address
        if workers:
            with self.client() as client:
                client.wait_for_workers(workers, timeout=PATIENCE)

    def client(self) -> Any:
        """Connect to the scheduler, by a client whose methods have no types."""
        return Client(self.address, timeout=PATIENCE)

    def pids(self) -> list[int]:
        """Return the processes of the workers that answer, without their nannies."""
        with self.client() as client:
            return list(client.run(os.getpid, on_error="ignore").values())


def end(process: subprocess.Popen[str]) -> None:
    """Kill a process and its group."""
    if process.poll() is None:
        for number in (signal.SIGCONT, signal.SIGTERM):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port(host: str) -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((host, 0))
        port: int = listener.getsockname()[1]
        return port
