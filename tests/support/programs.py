"""Programs in their own processes, to test signals, forks and exit.

Importing the client takes most of a second. One process imports it and then forks for each
program, which starts with the imports only: no client, thread or loop. The fork ends as a fresh
interpreter would, with exit handlers and finalizers.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import attrs

FORKS = """
import asyncio, atexit, gc, json, multiprocessing, os, signal, socket, sys, threading, time
import warnings, uvloop
from telnyx_video import *
import telnyx_video.client.blocking

gc.freeze()  # so that the end of a program does not traverse all imports
requests = socket.socket(fileno=int(sys.argv[1]))
while True:
    message, files, _, _ = socket.recv_fds(requests, 1 << 16, 3)
    request = json.loads(message or "null")
    if request is None:
        requests.close()
        sys.exit()
    if "source" not in request:
        answer = os.waitstatus_to_exitcode(os.waitpid(request["pid"], 0)[1])
    elif (answer := os.fork()) == 0:
        break
    for file in files:
        os.close(file)
    requests.sendall(json.dumps(answer).encode())

requests.close()
for number, file in enumerate(files):
    os.dup2(file, number)
    os.close(file)
sys.argv[1:] = [request["url"]]
os.environ.clear()
os.environ.update(request["environment"])
# Modules that are frozen keep what they hold; a program's own module is new.
sys.modules["__main__"] = type(sys)("__main__")
exec(request["source"], vars(sys.modules["__main__"]))
"""

START = """
import asyncio, atexit, gc, multiprocessing, os, signal, sys, threading, time, warnings
from telnyx_video import *

# Tests may run where Ctrl-C is ignored, as jobs in the background do, and programs inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

def client(**arguments):
    return RoomsClient(base_url=sys.argv[1], api_key="sandbox-key", **arguments)

def tell(*words):
    print(*words, flush=True)

def attempt(call, *arguments, **fields):
    # Names what came of a call.
    try:
        call(*arguments, **fields)
    except Exception as error:
        return type(error).__name__
    return "made"

"""


@attrs.frozen
class Ended:
    """What a program left behind."""

    status: int
    """Its exit status; below 0 the signal that killed it."""
    lines: list[str]
    """What it printed."""
    noise: str
    """What it wrote to stderr."""


Run = Callable[[str, str], Ended]
"""Runs a program, given its source and where its clients send to, to its end."""


class _Forks:
    """The process that forks for each program."""

    def __init__(self) -> None:
        spec = find_spec("telnyx_video")
        assert spec is not None
        assert spec.origin is not None
        self._ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", "-c", FORKS, str(theirs.fileno())],
                cwd=Path(spec.origin).parent.parent,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def start(self, source: str, url: str, files: list[int]) -> int:
        """Start a program with these as its stdin, stdout and stderr, and return its number."""
        request = {"source": source, "url": url, "environment": dict(os.environ)}
        socket.send_fds(self._ours, [json.dumps(request).encode()], files)
        return self._answer()

    def wait(self, pid: int) -> int:
        """Wait for the end of a program, and return its exit status."""
        self._ours.sendall(json.dumps({"pid": pid}).encode())
        return self._answer()

    def close(self) -> None:
        """End it."""
        self._ours.close()
        self._process.wait()

    def _answer(self) -> int:
        answer: int = json.loads(self._ours.recv(1 << 16))
        return answer


@cache
def forks() -> _Forks:
    """Return the process that all programs are forks of."""
    return _Forks()


def end_forks() -> None:
    """End that process, if any test needed it."""
    if forks.cache_info().currsize:
        forks().close()
        forks.cache_clear()


class Program:
    """A program that runs."""

    def __init__(self, pid: int, stdin: IO[str], stdout: IO[str], stderr: IO[str]) -> None:
        self._pid = pid
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        self._status: int | None = None

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self._pid, number)

    def line(self) -> str:
        """Return the next line that it prints."""
        return self._stdout.readline().rstrip("\n")

    def answer(self) -> None:
        """Answer its `input()`."""
        self._stdin.write("\n")
        self._stdin.flush()

    def end(self) -> Ended:
        """Wait for its end."""
        lines = self._stdout.read().splitlines()
        self._status = forks().wait(self._pid)
        self._stderr.seek(0)
        return Ended(self._status, lines, self._stderr.read())

    def kill(self) -> None:
        """Kill it if it still runs."""
        if self._status is None:
            os.kill(self._pid, signal.SIGKILL)
            self._status = forks().wait(self._pid)


@contextmanager
def running(source: str, url: str, *, without: str = "") -> Generator[Program]:
    """Run a program that finds `client`, `tell` and `attempt`, and all public names, ready.

    Args:
        source: What follows the start.
        url: Where its clients send to.
        without: A package that it has to do without, though it is installed.
    """
    hiding = f"sys.modules[{without!r}] = None\n" if without else ""
    stdin, input_end = os.pipe()
    output_end, stdout = os.pipe()
    with (
        open(input_end, "w") as written,
        open(output_end) as printed,
        TemporaryFile("w+") as noise,
    ):
        try:
            pid = forks().start(START + hiding + source, url, [stdin, stdout, noise.fileno()])
        finally:
            os.close(stdin)
            os.close(stdout)
        program = Program(pid, written, printed, noise)
        try:
            yield program
        finally:
            program.kill()


def run(source: str, url: str, *, without: str = "") -> Ended:
    """Run a program to its end; see `running`."""
    with running(source, url, without=without) as program:
        return program.end()
