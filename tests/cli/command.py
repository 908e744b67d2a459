"""Runs the command line in this process or in a separate one."""

import fcntl
import io
import json
import os
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs
import pytest
from typer.main import get_command

from telnyx_video.cli import main

PATIENCE = 30.0
"""Seconds to wait for anything."""

ROOMS_CSV = Path(__file__).parents[2] / "docs" / "examples" / "rooms.csv"

BUILT_ONCE = cache(get_command)
"""Builds Typer's commands once, since that takes longer than most tests."""

# Background jobs ignore Ctrl-C, and child processes inherit that.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from telnyx_video.cli import main
sys.exit(main())
"""


@attrs.frozen
class Result:
    """The result of one command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """The JSON that it printed, line by line."""
        return [json.loads(line) for line in self.out.splitlines()]


@attrs.frozen
class Command:
    """Runs commands in this process."""

    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> Result:
        self.patch.setattr("telnyx_video.cli.app.get_command", BUILT_ONCE)
        self.patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self.capture.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = self.capture.readouterr()
        return Result(code, captured.out, captured.err)


class Listener(io.StringIO):
    """A stream that calls functions when certain words are written."""

    def __init__(self, reactions: Mapping[str, Callable[[], object]]) -> None:
        super().__init__()
        self._reactions = dict(reactions)

    def write(self, text: str) -> int:
        """Write text, and call functions."""
        count = super().write(text)
        for words in [words for words in self._reactions if words in self.getvalue()]:
            self._reactions.pop(words)()
        return count


class Process:
    """A command in a separate process."""

    def __init__(self, process: "subprocess.Popen[bytes]", terminal: int | None) -> None:
        self._process = process
        self._terminal = terminal
        self._output = b""

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait_for(self, text: str) -> str:
        """Wait for a text on stderr or the terminal; return the output so far."""
        while text.encode() not in self._output:
            chunk = self._read()
            assert chunk, f"it ended, after printing {self._output!r}"
            self._output += chunk
        return self._output.decode()

    def end(self) -> Result:
        """Wait for its end."""
        while chunk := self._read():
            self._output += chunk
        out = b"" if self._process.stdout is None else self._process.stdout.read()
        return Result(self._process.wait(PATIENCE), out.decode(), self._output.decode())

    def _read(self) -> bytes:
        if self._terminal is None:
            assert self._process.stderr is not None
            source = self._process.stderr.fileno()
        else:
            source = self._terminal
        assert select.select([source], [], [], PATIENCE)[0], (
            f"it hangs, after printing {self._output!r}"
        )
        try:
            return os.read(source, 4096)
        except OSError:  # how the end of a terminal shows on Linux
            return b""


def environment(**variables: str) -> dict[str, str]:
    """Return this environment without variables that change a command's output."""
    unwanted = ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "PY_COLORS")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TELNYX_") and name not in unwanted
    }
    return inherited | {"TERM": "xterm-256color", **variables}


@contextmanager
def running(
    *arguments: str | Path,
    env: Mapping[str, str],
    terminal: bool = False,
    stdout: int | None = subprocess.PIPE,
) -> Generator[Process]:
    """Run a command in a separate process.

    Args:
        arguments: Those of the command.
        env: Its whole environment.
        terminal: Whether stdin, stdout and stderr are one terminal of 80 columns.
        stdout: Where its output goes if there is no terminal.
    """
    spec = find_spec("telnyx_video")
    assert spec is not None
    assert spec.origin is not None
    ours, theirs = os.openpty() if terminal else (None, None)
    if theirs is not None:
        _set_columns(theirs, 80)
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM, *map(str, arguments)],
        cwd=Path(spec.origin).parent.parent,
        env=dict(env),
        stdin=subprocess.DEVNULL if theirs is None else theirs,
        stdout=stdout if theirs is None else theirs,
        stderr=subprocess.PIPE if theirs is None else theirs,
    ) as process:
        if theirs is not None:
            os.close(theirs)
        try:
            yield Process(process, ours)
        finally:
            process.kill()
            if ours is not None:
                os.close(ours)


def _set_columns(terminal: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
