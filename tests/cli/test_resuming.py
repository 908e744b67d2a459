"""Batches that are resumed from the output of an earlier run."""

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest

from cli.command import ROOMS_CSV, Command
from cli.test_batch import table_of
from support.disks import files_of_at_most
from telnyx_video.sandbox import Sandbox

THREE = b"unique_name\na\nb\nc\n"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def results_in(output: Path) -> list[dict[str, Any]]:
    """Return the outcomes in a file."""
    lines = map(json.loads, output.read_text().splitlines())
    return [line for line in lines if "index" in line]


def summary_of(err: str) -> str:
    """Return the summary without the time and the rate."""
    return err.splitlines()[-1].rsplit(" · ", 2)[0]


def test_the_output_has_every_outcome(command: Command, sandbox: Sandbox, output: Path) -> None:
    """The file has every outcome, with a table or with ``--json``."""
    for options in ((), ("--json",)):
        output.unlink(missing_ok=True)
        result = command("batch", ROOMS_CSV, "--output", output, *options)
        assert result.code == 0
        found = [outcome["room"] for outcome in results_in(output)]
        assert sorted(found, key=str) == sorted(sandbox.rooms, key=str)
        if options:
            assert {outcome["state"] for outcome in result.lines} == {"existed"}


def test_the_output_is_not_overwritten(command: Command, sandbox: Sandbox, output: Path) -> None:
    """Results of an earlier run are only continued with ``--resume``."""
    command("batch", "-", "--output", output, stdin=THREE)
    before, requests = output.read_text(), sandbox.requests
    result = command("batch", "-", "--output", output, stdin=THREE)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        f"Error: --output {output} is not empty: add --resume to continue it, "
        "or choose another file\n"
    )
    assert (output.read_text(), sandbox.requests) == (before, requests)


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("options", [(), ("--resume",)])
def test_resume_without_an_earlier_run_starts_over(
    command: Command, sandbox: Sandbox, output: Path, begun: bool, options: tuple[str, ...]
) -> None:
    """A supervisor may always say ``--resume``: where there is nothing to go on with, it begins.

    It says so, since the name of the file may be a slip of the hand.
    """
    if begun:
        output.touch()
    result = command("batch", "-", "--output", output, *options, stdin=THREE)
    state = "is empty" if begun else "does not exist"
    notice = f"{output} {state}: there is nothing to continue, so this starts over.\n"
    assert result.code == 0
    assert result.err.startswith(notice) == bool(options)
    assert len(results_in(output)) == len(sandbox.rooms) == 3


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize(("rows", "message"), [(1, "1 row has"), (2, "2 rows have")])
def test_resume_with_a_mistyped_output_creates_no_duplicates(
    command: Command, sandbox: Sandbox, output: Path, begun: bool, rows: int, message: str
) -> None:
    """Rows without a name are not started again if the earlier run is not found."""
    if begun:
        output.touch()
    arguments = ("batch", "-", "--output", output)
    nameless = b"max_participants\n" + b"5\n" * rows
    result = command(*arguments, "--resume", stdin=nameless)
    assert (result.code, result.out) == (2, "")
    state = "is empty" if begun else "does not exist"
    assert result.err == (
        f"Error: --resume: {output} {state}, and {message} no unique_name: the rooms of an "
        "earlier run would be created again; give its --output, or leave out --resume to start "
        "over\n"
    )
    assert not sandbox.requests
    assert output.exists() is begun
    assert command(*arguments, stdin=nameless).code == 0
    assert command(*arguments, "--resume", stdin=nameless).code == 0
    assert len(sandbox.rooms) == rows


def test_resume_of_an_empty_input_needs_no_earlier_run(command: Command, output: Path) -> None:
    """An input without rooms starts nothing."""
    result = command("batch", "-", "--output", output, "--resume", stdin=b"unique_name\n")
    assert (result.code, result.err.count("\n")) == (0, 1)


def test_completed_rooms_are_not_sent_again(
    command: Command, sandbox: Sandbox, output: Path
) -> None:
    """A resumed finished batch sends nothing and reports each room as done before."""
    command("batch", "-", "--output", output, stdin=THREE)
    rooms = sorted(sandbox.rooms, key=lambda room: str(room["unique_name"]))
    requests = sandbox.requests
    shown = command("batch", "-", "--output", output, "--resume", stdin=THREE)
    assert shown.code == 0
    assert [row[1:] for row in table_of(shown.out)] == [
        [room["unique_name"], room["id"], "done before"] for room in rooms
    ]
    assert summary_of(shown.err) == (
        "0 made · 0 existed · 0 recovered · 0 failed · 0 unknown · 3 done before"
    )
    result = command("batch", "-", "--output", output, "--resume", "--json", stdin=THREE)
    assert [(line["line"], line["state"], line["room"]) for line in result.lines] == [
        (number, "done before", room) for number, room in enumerate(rooms, 2)
    ]
    assert sandbox.requests == requests


def test_the_output_of_another_server_is_refused(
    command: Command, sandbox: Sandbox, output: Path
) -> None:
    """Rooms of an embedded sandbox do not exist on another server."""
    assert command("--sandbox", "batch", "-", "--output", output, stdin=THREE).code == 0
    content = output.read_text()
    result = command("batch", "-", "--output", output, "--resume", stdin=THREE)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"Error: {output} is the journal of another server: its rooms are")
    assert sandbox.url in result.err
    assert (output.read_text(), sandbox.requests) == (content, {})


def test_failed_rooms_are_tried_again(command: Command, sandbox: Sandbox, output: Path) -> None:
    """Failed and untried rooms are created by the next run."""
    sandbox.faults = [{"on": "POST /rooms", "name": "b", "faults": ["duplicate_other"]}]
    arguments = ("batch", "-", "--concurrency=1", "--output", output)
    first = command(*arguments, "--fail-fast", stdin=THREE)
    assert first.code == 1
    assert "The same command with --resume continues with the rest.\n" in first.err
    assert summary_of(first.err).endswith("1 failed · 0 unknown · 1 not tried")
    second = command(*arguments, "--resume", stdin=THREE)
    assert second.code == 0
    assert summary_of(second.err).startswith("2 made ")
    assert summary_of(second.err).endswith("1 done before")
    assert [room["unique_name"] for room in sandbox.rooms] == ["a", "b", "c"]


def test_an_unknown_room_without_a_name_is_reported_and_not_sent(
    command: Command, sandbox: Sandbox, output: Path
) -> None:
    """It may exist: however often the batch is resumed, it is reported as unknown."""
    sandbox.faults = [{"on": "POST /rooms", "faults": ["lost"]}]
    arguments = ("batch", "-", "--output", output)
    for options in ((), ("--resume",), ("--resume",)):
        result = command(*arguments, *options, stdin=b"max_participants\n5\n")
        assert result.code == 3
        assert result.err.startswith("unknown line 2: ")
        assert "1 unknown" in summary_of(result.err)
    assert sandbox.requests == {"POST /v2/rooms": 1}


@pytest.mark.parametrize("rows", [b"unique_name\na\nother\nc\n", b"unique_name\na\nb\n"])
def test_the_output_of_another_input_is_refused(
    command: Command, sandbox: Sandbox, output: Path, rows: bytes
) -> None:
    """An edited or missing row is noticed before anything is sent."""
    command("batch", "-", "--output", output, stdin=THREE)
    before, requests = output.read_text(), sandbox.requests
    result = command("batch", "-", "--output", output, "--resume", stdin=rows)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"Error: {output} is the journal of another input: ")
    assert result.err.count("\n") == 1
    assert (output.read_text(), sandbox.requests) == (before, requests)


@pytest.mark.parametrize("content", ["precious\n", '{"unique_name": "a"}\n'])
def test_resume_refuses_another_kind_of_file(
    command: Command, sandbox: Sandbox, output: Path, content: str
) -> None:
    """Another file is left unchanged."""
    output.write_text(content)
    result = command("batch", "-", "--output", output, "--resume", stdin=THREE)
    assert (result.code, result.out) == (2, "")
    assert result.err == f"Error: {output} is not a journal: it has other content\n"
    assert (output.read_text(), dict(sandbox.requests)) == (content, {})


def test_the_output_of_a_running_batch_is_refused(
    command: Command, sandbox: Sandbox, output: Path
) -> None:
    """A batch cannot run twice concurrently."""
    with output.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = command("batch", "-", "--output", output, stdin=THREE)
    assert (result.code, result.out) == (2, "")
    assert result.err == f"Error: {output} is the journal of a batch that is running\n"
    assert not sandbox.requests


def test_resuming_needs_an_output(command: Command) -> None:
    """``--resume`` without ``--output`` is refused."""
    result = command("batch", "missing.csv", "--resume")
    assert result.code == 2
    assert result.err == "Error: --resume: add the --output of the run to continue\n"


def test_a_full_disk_ends_the_batch(command: Command, sandbox: Sandbox, output: Path) -> None:
    """Nothing is sent that cannot be recorded; the batch can be resumed later."""
    rows = b"unique_name\n" + b"".join(b"room-%d\n" % number for number in range(50))
    arguments = ("batch", "-", "--concurrency=2", "--output", output)
    with files_of_at_most(4000):
        result = command(*arguments, stdin=rows)
    assert result.code == 1
    *_, summary, error = result.err.splitlines()
    assert error == f"Error: --output {output} cannot be written any more: File too large"
    assert "not tried" in summary
    assert 0 < len(sandbox.rooms) < 50
    assert command(*arguments, "--resume", stdin=rows).code == 0
    assert len(results_in(output)) == len(sandbox.rooms) == 50
