"""A server in its own process: it prints its address, then answers line by line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar


class ServerProcess:
    """The server's address, and its answers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = self._read()

    def ask(self, question: str = "") -> str:
        """Return the answer to one line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{question}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


class TimedServer(ServerProcess):
    """A server that reports its processor time."""

    def processor_seconds(self) -> float:
        """Return the processor time that it has used since its start."""
        return float(self.ask())


S = TypeVar("S", bound=ServerProcess)


@contextmanager
def started(kind: Callable[[subprocess.Popen[str]], S], *arguments: str) -> Generator[S]:
    """Run a server until the context is left.

    Args:
        kind: What to make of its process.
        arguments: Python's, which say what to run. It has to end with its input.
    """
    with subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield kind(process)
        finally:
            process.communicate()  # ends its input, and with that the server
