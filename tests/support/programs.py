"""Whole programs, run in a fresh interpreter: for what happens by signal, fork and exit."""

import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import attrs

PATIENCE = 120.0
"""Seconds after which a program that has not ended hangs."""

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


class Program:
    """A program that runs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def line(self) -> str:
        """Return the next line that it prints."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def answer(self) -> None:
        """Answer its `input()`."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self) -> Ended:
        """Wait for its end."""
        try:
            out, err = self._process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, err = self._process.communicate()
            raise AssertionError(f"the program hangs, having said {out!r} and {err!r}") from None
        return Ended(self._process.returncode, out.splitlines(), err)


@contextmanager
def running(source: str, url: str, *, without: str = "") -> Generator[Program]:
    """Run a program that finds `client`, `tell` and `attempt`, and all public names, ready.

    Args:
        source: What follows the start.
        url: Where its clients send to.
        without: A package that it has to do without, though it is installed.
    """
    hiding = f"sys.modules[{without!r}] = None\n" if without else ""
    spec = find_spec("telnyx_video")
    assert spec is not None
    assert spec.origin is not None
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", START + hiding + source, url],
        cwd=Path(spec.origin).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Program(process)
        finally:
            process.kill()


def run(source: str, url: str, *, without: str = "") -> Ended:
    """Run a program to its end; see `running`."""
    with running(source, url, without=without) as program:
        return program.end()
