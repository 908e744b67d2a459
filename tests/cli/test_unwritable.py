"""Commands whose standard output or standard error cannot be written."""

import io
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cli.command import ROOMS_CSV, Command, environment
from cli.sessions import Session
from telnyx_video.sandbox import Sandbox


@contextmanager
def unwritable(monkeypatch: pytest.MonkeyPatch, name: str, kind: str) -> Generator[None]:
    """Replace a standard stream by a full disk or a closed pipe.

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


@pytest.mark.parametrize(
    ("kind", "reason"), [("disk", "No space left on device"), ("pipe", "Broken pipe")]
)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_unwritable_stdout_reports_the_change_on_stderr(
    command: Command,
    sandbox: Sandbox,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    reason: str,
    options: list[str],
) -> None:
    """stderr has the id of the created or changed object, but no secret."""
    old = session.room_id
    problem = f", but standard output cannot be written: {reason}\n"
    with unwritable(monkeypatch, "stdout", kind):
        made = command("create", "--nameless", *options)
        existed = command("create", "--unique-name=a", "--if-exists=return", *options)
        changed = command("update", old, "--max-participants=5", *options)
        composed = command("compositions", "create", "--session-id", session.session_id, *options)
        joined = command("rooms", "join-token", old, *options)
    *_, new, named = [room["id"] for room in sandbox.rooms]
    assert (made.code, made.err) == (1, f"Error: room {new} was created{problem}")
    assert (existed.code, existed.err) == (1, f"Error: room {named} exists{problem}")
    assert (changed.code, changed.err) == (1, f"Error: room {old} was changed{problem}")
    assert joined.err == f"Error: a join token for room {old} was created{problem}"
    (composition,) = command("compositions", "list", "--json").lines
    assert composed.err == f"Error: composition {composition['id']} was started{problem}"


def test_unwritable_stdout_reports_the_action_on_stderr(
    command: Command, session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """stderr says what was done."""
    session_id, file = session.session_id, tmp_path / "alice.ogg"
    recording = command("recordings", "list", "--json").lines[0]["id"]
    cases: list[tuple[list[str], str]] = [
        (["sessions", "mute", session_id, "--all"], "muted all"),
        (["sessions", "end", session_id, "--yes"], f"ended {session_id}"),
        (["recordings", "download", recording, str(file)], f"{file} was downloaded"),
        (["recordings", "delete", recording, "--yes"], f"deleted {recording}"),
    ]
    with unwritable(monkeypatch, "stdout", "disk"):
        for arguments, done in cases:
            result = command(*arguments, "--json")
            assert result.code == 1
            assert result.err.startswith(f"Error: {done}, but standard output cannot be written: ")


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("kind", ["disk", "pipe"])
def test_an_unwritable_table_keeps_the_summary(
    command: Command, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The number of rooms and the error are reported, unless stderr is closed too."""
    with unwritable(monkeypatch, "stdout", kind):
        result = command("batch", "-", stdin=b"unique_name\na\n")
    assert result.code == 1
    assert result.err.startswith("1 made · ")
    error = "Error: standard output cannot be written: No space left on device\n"
    assert result.err.splitlines(keepends=True)[1:] == ([error] if kind == "disk" else [])


@pytest.mark.parametrize("kind", ["disk", "pipe"])
def test_unwritable_stderr_does_not_change_the_exit_code(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A full or closed stderr does not turn success into failure."""
    rows = b"max_participants\n5\n6\n7\n8\n"
    with unwritable(monkeypatch, "stderr", kind):
        assert command("batch", "-", "--json", stdin=rows).code == 0
        assert command("delete", str(sandbox.rooms[0]["id"]), "--yes").code == 0
        assert command("get", "nothing").code == 1
        assert command("fly").code == 2
    assert len(sandbox.rooms) == 3


def test_an_unprintable_reply_is_reported(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request was applied, and the error says so."""
    with unwritable(monkeypatch, "stdout", "disk"):
        result = command("request", "POST", "/rooms", "--data={}")
    assert result.code == 1
    assert "the server answered POST /rooms with 201, but standard output" in result.err
    assert len(sandbox.rooms) == 1


def test_unwritable_stderr_does_not_change_the_exit_code_of_a_process() -> None:
    """The process exits with the command's code, although Python cannot flush stderr."""
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "telnyx_video", "--sandbox", "batch", ROOMS_CSV],
            cwd=ROOMS_CSV.parents[2],
            env=environment() | {"PYTHONUNBUFFERED": ""},
            stdout=subprocess.DEVNULL,
            stderr=full,
            check=False,
        )
    assert ended.returncode == 0
