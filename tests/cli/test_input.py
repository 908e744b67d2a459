"""The input of a batch, which is checked completely before anything is sent."""

import errno
import os
import sys
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from cli.command import Command
from telnyx_video.cli import main
from telnyx_video.cli.batch.source import Source
from telnyx_video.provisioning.rows import Row
from telnyx_video.sandbox import Sandbox


@pytest.fixture
def rooms_csv(tmp_path: Path) -> Path:
    file = tmp_path / "rooms.csv"
    file.write_text("unique_name,max_participants\na,5\nb,6\n")
    return file


def names(sandbox: Sandbox) -> set[object]:
    return {room.get("unique_name") for room in sandbox.rooms}


def test_every_problem_is_reported_and_nothing_is_sent(
    command: Command, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The exit code is 2, and each problem is reported with file, line, field and bound."""
    file = tmp_path / "rooms.csv"
    file.write_text("unique_name,max_participants\na,5\nb,99\na,6\nc,x\nb,7\n")
    result = command("batch", file, "--output", tmp_path / "out.jsonl")
    assert result.code == 2
    assert result.out == ""
    assert result.err.splitlines() == [
        f"Error: {file}, line 3: max_participants: must be from 2 to 50, not 99",
        f"Error: {file}, line 4: unique_name: 'a' is on line 2, too",
        f"Error: {file}, line 5: max_participants: must be an integer from 2 to 50, not 'x'",
        f"Error: {file}, line 6: unique_name: 'b' is on line 3, too",
        f"4 problems in {file}; nothing was sent.",
    ]
    assert not sandbox.requests
    assert not (tmp_path / "out.jsonl").exists()


def test_one_problem_is_counted_as_one(command: Command) -> None:
    """A single problem is in the singular."""
    result = command("batch", "-", stdin=b"[\n")
    assert result.code == 2
    assert result.err.endswith("1 problem in standard input; nothing was sent.\n")


def test_text_from_a_file_is_escaped(command: Command, tmp_path: Path) -> None:
    """Escape sequences and markup from a file are printed as text."""
    file = tmp_path / "rooms.csv"
    file.write_text("unique_name,\x1b[31m[red]x[/red]\na,b\n")
    assert f"{file}, line 1: \\x1b[31m[red]x[/red]: no such field" in command("batch", file).err


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "ndjson", "JSONL", "txt"])
@pytest.mark.parametrize("content", ["unique_name\na\n", '\n{"unique_name": "a"}\n'])
def test_the_suffix_or_the_content_decides_the_format(
    command: Command, sandbox: Sandbox, tmp_path: Path, suffix: str, content: str
) -> None:
    """A known suffix decides; for other names, the first character does."""
    file = tmp_path / f"rooms.{suffix}"
    file.write_text(content)
    says_json = suffix.lower() in ("jsonl", "ndjson")
    contradicts = suffix != "txt" and says_json != ("{" in content)
    assert command("batch", file).code == (2 if contradicts else 0)
    assert names(sandbox) == (set() if contradicts else {"a"})


def test_format_overrides_the_suffix(command: Command, sandbox: Sandbox, tmp_path: Path) -> None:
    """``--format`` takes precedence."""
    file = tmp_path / "rooms.csv"
    file.write_text('{"unique_name": "a"}\n')
    assert command("batch", file, "--format", "jsonl").code == 0
    assert names(sandbox) == {"a"}


@pytest.mark.parametrize(
    "data", [b"unique_name\na\nb\n", b'{"unique_name":"a"}\n{"unique_name":"b"}']
)
def test_standard_input_is_read_twice(command: Command, sandbox: Sandbox, data: bytes) -> None:
    """Input from a pipe is also checked completely before the first room is created."""
    result = command("batch", "-", stdin=data)
    assert result.code == 0
    assert names(sandbox) == {"a", "b"}
    assert command("batch", "-", stdin=data + b'\n"').code == 2
    assert len(sandbox.rooms) == 2


def test_a_named_pipe_is_read_like_standard_input(
    command: Command, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A process substitution ``<(command)`` can be the input."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("unique_name\na\n",))
    writer.start()
    result = command("batch", pipe)
    writer.join()
    assert result.code == 0
    assert names(sandbox) == {"a"}


def test_closed_standard_input_is_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without standard input the error says so."""
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["batch", "-"]) == 2
    assert capsys.readouterr().err == "Error: standard input cannot be read: it is closed\n"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("missing.csv", "No such file or directory"),
        (".", "Is a directory"),
        ("/proc/self/mem", "Input/output error"),
    ],
)
def test_an_unreadable_input_is_reported(
    command: Command, sandbox: Sandbox, path: str, problem: str
) -> None:
    """The path and the system's reason are named, and nothing is sent."""
    result = command("batch", path)
    assert (result.code, result.err) == (2, f"Error: {path} cannot be read: {problem}\n")
    assert not sandbox.requests


@pytest.mark.parametrize("path", ["", "my rooms.csv"])
def test_a_path_with_spaces_is_quoted(command: Command, path: str) -> None:
    """An empty path or one with spaces is quoted in messages."""
    for arguments in (("batch", path), ("sandbox", "--faults", path or " ")):
        result = command(*arguments)
        quoted = repr(arguments[-1])
        message = f"Error: {quoted} cannot be read: No such file or directory\n"
        assert (result.code, result.err) == (2, message)


def test_a_read_error_during_the_check_is_reported(command: Command) -> None:
    """The message names the file."""
    result = command("batch", "/proc/self/mem", "--format", "csv")
    assert (result.code, result.err) == (1, "Error: /proc/self/mem: Input/output error\n")


def test_a_read_error_after_the_check_ends_the_batch(
    command: Command, sandbox: Sandbox, rooms_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rooms that were read before are reported, then the error."""
    rows = Source.rows
    readings = iter([2, 1])

    def fail_at_last(source: Source) -> Iterator[Row]:
        left = next(readings)
        yield from islice(rows(source), left)
        if left == 1:
            raise OSError(errno.EIO, "Input/output error", source.name)

    monkeypatch.setattr(Source, "rows", fail_at_last)
    result = command("batch", rooms_csv)
    assert result.code == 1
    assert result.err.endswith(f"Error: {rooms_csv} cannot be read any more: Input/output error\n")
    assert names(sandbox) == {"a"}


def test_an_input_without_rooms_succeeds(command: Command, tmp_path: Path) -> None:
    """A file with only a header succeeds without rooms."""
    file = tmp_path / "rooms.csv"
    file.write_text("unique_name\n")
    result = command("batch", file)
    assert (result.code, result.out) == (0, "")
    assert result.err == f"{file} has no rooms: there is nothing to do.\n"


@pytest.mark.parametrize(("rows", "message"), [(1, "1 row has"), (2, "2 rows have")])
def test_rows_without_a_name_are_reported(
    command: Command, sandbox: Sandbox, rows: int, message: str
) -> None:
    """Rooms without a name are created, with a warning that a second run would repeat them."""
    result = command("batch", "-", stdin=b"max_participants\n" + b"5\n" * rows)
    assert result.code == 0
    assert f"{message} no unique_name: running the same input again would create" in result.err
    assert len(sandbox.rooms) == rows


def test_an_output_makes_rows_without_a_name_safe(
    command: Command, sandbox: Sandbox, tmp_path: Path
) -> None:
    """With ``--output`` the batch can be resumed without duplicates, so there is no warning."""
    arguments = ("batch", "-", "--output", tmp_path / "out.jsonl")
    for options in ((), ("--resume",)):
        result = command(*arguments, *options, stdin=b"max_participants\n5\n")
        assert (result.code, "unique_name" in result.err) == (0, False)
    assert len(sandbox.rooms) == 1


def test_output_over_the_input_is_refused(command: Command, rooms_csv: Path) -> None:
    """``--output`` cannot be the input."""
    before = rooms_csv.read_text()
    result = command("--sandbox", "batch", rooms_csv, "--output", rooms_csv)
    assert result.code == 2
    assert result.err == f"Error: --output {rooms_csv} is the input itself: choose another file\n"
    assert rooms_csv.read_text() == before


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/", "Is a directory"),
        ("/missing/out.jsonl", "No such file or directory"),
        ("/dev/null", "a journal must be a regular file"),
    ],
)
def test_an_unwritable_output_is_reported_before_sending(
    command: Command, sandbox: Sandbox, rooms_csv: Path, path: str, problem: str
) -> None:
    """Nothing is sent if outcomes cannot be recorded."""
    result = command("batch", rooms_csv, "--output", path)
    assert result.code == 2
    assert result.err == f"Error: --output {path} cannot be written: {problem}\n"
    assert not sandbox.requests
