"""The command line in separate processes, connected by the network and pipes."""

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
    """Run `telnyx-video sandbox`, and yield the environment that it prints."""
    read, write = os.pipe()
    with running("sandbox", *options, env=environment(), stdout=write) as process:
        os.close(write)
        with open(read) as message:
            exports = [message.readline() for _ in range(3)]
        words = [line.removeprefix("export ").rstrip("\n").split("=", 1) for line in exports]
        yield process, dict(words)


def test_a_batch_from_one_program_reaches_the_sandbox_of_another(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch, a list and the batch again use the sandbox of another process."""
    with serving("--port", "0") as (server, exported):
        with running("batch", ROOMS_CSV, env=environment(**exported)) as process:
            first = process.end()
        for name, value in exported.items():
            monkeypatch.setenv(name, value)
        listed = command("list")
        second = command("batch", ROOMS_CSV, "--json")
        server.signal(signal.SIGINT)
        assert server.end().code == 0
    assert (first.code, listed.code, second.code) == (0, 0, 0)
    assert "20 made · " in first.err
    assert listed.err == "20 rooms\n"
    assert second.err.startswith("0 made · 20 existed")
    for outcome in second.lines:
        assert outcome["room"]["id"] in first.out
        assert outcome["room"]["id"] in listed.out


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """More rooms than are created before a closed pipe is noticed."""
    rooms = tmp_path / "rooms.csv"
    rooms.write_text("unique_name\n" + "".join(f"room-{number}\n" for number in range(1000)))
    return rooms


@pytest.mark.parametrize("arguments", [["batch"], ["batch", "--json"], ["list"], ["--help"]])
def test_a_closed_pipe_ends_the_command(
    command: Command,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    many: Path,
    arguments: list[str],
) -> None:
    """``telnyx-video … | head`` ends silently and creates no more rooms."""
    command("create", "--nameless")
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


def test_a_closed_pipe_ends_the_process(many: Path) -> None:
    """A process whose reader exits ends silently."""
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
    """Without its script, ``python -m telnyx_video`` is the same command."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "telnyx_video", "--version"],
        cwd=ROOMS_CSV.parents[2],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"telnyx-video \d+\.\d+\S*\n", done.stdout)
