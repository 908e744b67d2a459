"""The command line as whole programs: one beside another, and before a reader that goes away."""

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cli.command import ROOMS_CSV, Command, Process, environment, running
from telnyx_video.sandbox import Sandbox


@contextmanager
def serving(*options: str) -> Generator[tuple[Process, dict[str, str]]]:
    """Run `telnyx-video sandbox`, and give the environment that it says to set."""
    read, write = os.pipe()
    with running("sandbox", *options, env=environment(), stdout=write) as process:
        os.close(write)
        with open(read) as said:
            exports = [said.readline() for _ in range(3)]
        words = [line.removeprefix("export ").rstrip("\n").split("=", 1) for line in exports]
        yield process, dict(words)


def test_a_batch_from_one_program_reaches_the_sandbox_of_another(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo: a sandbox here, a batch, a list and the batch once more there."""
    with serving("--port", "0") as (server, told):
        with running("batch", ROOMS_CSV, env=environment(**told)) as process:
            first = process.end()
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        listed = command("list")
        second = command("batch", ROOMS_CSV, "--json")
        server.signal(signal.SIGINT)
        assert server.end().code == 0
    assert (first.code, listed.code, second.code) == (0, 0, 0)
    assert first.err.startswith("20 made")
    assert listed.err == "20 rooms\n"
    assert second.err.startswith("0 made · 20 existed")
    for outcome in second.lines:
        assert outcome["room"]["id"] in first.out
        assert outcome["room"]["id"] in listed.out


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """More rooms than are made before it shows that nobody reads."""
    rooms = tmp_path / "rooms.csv"
    rooms.write_text("unique_name\n" + "".join(f"room-{number}\n" for number in range(1000)))
    return rooms


@pytest.mark.parametrize("arguments", [["batch"], ["batch", "--json"], ["list"], ["--help"]])
def test_a_reader_that_has_seen_enough_is_no_error(
    command: Command,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    many: Path,
    arguments: list[str],
) -> None:
    """``telnyx-video … | head`` ends without a complaint, and makes no more rooms."""
    command("create")
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb", buffering=0) as pipe, monkeypatch.context() as inner:
        unread = io.TextIOWrapper(pipe)
        inner.setattr(sys, "stdout", unread)
        result = command(*arguments, *([many] if arguments[0] == "batch" else []))
        with suppress(BrokenPipeError):
            unread.close()
    assert result.code == 1
    assert "Error" not in result.err
    if "batch" in arguments:
        assert " made · " in result.err
    if "--json" in arguments:
        assert "not tried" in result.err
        assert len(sandbox.rooms) < 1000


@contextmanager
def unwritable(monkeypatch: pytest.MonkeyPatch, name: str, kind: str) -> Generator[None]:
    """Put a full disk, or a pipe that nobody reads, in place of a standard stream.

    The command is to leave it so that Python, which flushes it at the end of the process, does not
    fail on it.
    """
    if kind == "disk":
        number = os.open("/dev/full", os.O_WRONLY)
    else:
        read, number = os.pipe()
        os.close(read)
    with open(number, "wb", buffering=0) as raw, monkeypatch.context() as inner:
        stream = io.TextIOWrapper(io.BufferedWriter(raw))
        inner.setattr(sys, name, stream)
        yield
        getattr(sys, name).flush()
        with suppress(OSError):
            stream.close()


@pytest.mark.parametrize("kind", ["disk", "pipe"])
def test_what_cannot_be_said_changes_no_result(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A stderr that is full, or that nobody reads any more, makes no failure of a success."""
    rows = b"max_participants\n5\n6\n7\n8\n"
    with unwritable(monkeypatch, "stderr", kind):
        assert command("batch", "-", "--json", stdin=rows).code == 0
        assert command("delete", str(sandbox.rooms[0]["id"]), "--yes").code == 0
        assert command("get", "nothing").code == 1
        assert command("fly").code == 2
    assert len(sandbox.rooms) == 3


def test_what_could_not_be_said_does_not_change_the_exit_code() -> None:
    """A whole program ends with its own code, though Python could not write what was held back."""
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "telnyx_video.cli", "--sandbox", "batch", ROOMS_CSV],
            cwd=ROOMS_CSV.parents[2],
            env=environment() | {"PYTHONUNBUFFERED": ""},
            stdout=subprocess.DEVNULL,
            stderr=full,
            check=False,
        )
    assert ended.returncode == 0


def test_the_end_of_a_pipe_is_no_error(many: Path) -> None:
    """A whole program that loses its reader on the way ends as quietly."""
    read, write = os.pipe()
    arguments = ("--sandbox", "batch", many, "--json")
    with running(*arguments, env=environment(), stdout=write) as process:
        os.close(write)
        with open(read) as lines:
            assert lines.readline().startswith('{"index": ')
        ended = process.end()
    assert ended.code == 1
    assert "not tried" in ended.err
    assert "Error" not in ended.err
    assert "Exception" not in ended.err


def test_the_module_can_be_run() -> None:
    """Without its script, ``python -m telnyx_video.cli`` is the same command."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "telnyx_video.cli", "--version"],
        cwd=ROOMS_CSV.parents[2],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"telnyx-video \d+\.\d+\S*\n", done.stdout)
