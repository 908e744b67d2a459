"""Batches: created rooms, the report and the exit code."""

import io
import json
import re
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from cli.command import ROOMS_CSV, Command
from cli.fixed_server import fixed_server
from support.blocking_server import BlockingServer
from telnyx_video.sandbox import Sandbox

NAMES = [line.partition(",")[0] for line in ROOMS_CSV.read_text().splitlines()[1:]]


def csv_of(count: int) -> bytes:
    return b"unique_name\n" + b"".join(b"room-%d\n" % number for number in range(count))


def table_of(out: str) -> list[list[str]]:
    """Return the rows of the table that a batch printed, to a pipe or in columns."""
    lines = out.splitlines()
    if "\t" in out:
        return [line.split("\t") for line in lines[1:]]
    return [line.split() for line in lines[2:]]


def summary_of(err: str) -> list[str]:
    """Return the parts of the summary without the time and the rate."""
    return err.splitlines()[-1].split(" · ")[:-2]


def test_the_example_needs_no_key(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``--sandbox`` the example's twenty rooms are created and printed in order."""
    monkeypatch.setenv("COLUMNS", "80")
    result = command("--sandbox", "batch", ROOMS_CSV)
    assert result.code == 0
    rows = table_of(result.out)
    assert [row[:2] for row in rows] == [[str(i), name] for i, name in enumerate(NAMES, 2)]
    assert [len(row[2]) for row in rows] == [36] * 20
    assert {row[3] for row in rows} == {"made"}
    assert max(map(len, result.out.splitlines())) <= 80
    assert summary_of(result.err) == [
        "20 made", "0 existed", "0 recovered", "0 failed", "0 unknown"
    ]  # fmt: skip


def test_a_second_run_makes_no_room(command: Command, sandbox: Sandbox) -> None:
    """A second run reports the existing rooms and does not change them."""
    first = command("batch", ROOMS_CSV)
    before = sandbox.rooms
    second = command("batch", ROOMS_CSV)
    assert (first.code, second.code) == (0, 0)
    assert [row[:3] for row in table_of(second.out)] == [row[:3] for row in table_of(first.out)]
    assert {row[3] for row in table_of(second.out)} == {"existed"}
    assert summary_of(second.err)[:2] == ["0 made", "20 existed"]
    assert sandbox.rooms == before


def test_rooms_have_the_settings_of_their_rows(command: Command, sandbox: Sandbox) -> None:
    """Each cell of the example reaches its room; an empty one leaves the API's default."""
    command("batch", ROOMS_CSV)
    rooms = {room["unique_name"]: room for room in sandbox.rooms}
    assert rooms["all-hands"]["max_participants"] == 50
    assert rooms["all-hands"]["enable_recording"] is True
    assert rooms["all-hands"]["webhook_event_failover_url"] == "https://backup.example.com/video"
    assert rooms["sales-demo-emea"]["webhook_timeout_secs"] == 0
    assert rooms["book-club"]["max_participants"] == 10


def test_json_prints_each_outcome(command: Command, sandbox: Sandbox) -> None:
    """``--json`` prints a line per room, with its line in the input and its outcome."""
    result = command("batch", "-", "--json", stdin=b"unique_name,max_participants\n\na,5\nb,6\n")
    outcomes = sorted(result.lines, key=lambda outcome: outcome["index"])
    assert outcomes == [
        {
            "index": index,
            "line": 3 + index,
            "state": "made",
            "request": {"unique_name": name, "max_participants": 5 + index},
            "room": room,
            "error": None,
            "attempts": 1,
            "recovered": False,
            "existed": False,
            "differences": [],
        }
        for index, (name, room) in enumerate(
            (room["unique_name"], room)
            for room in sorted(sandbox.rooms, key=lambda room: str(room["unique_name"]))
        )
    ]
    assert summary_of(result.err)[0] == "2 made"


@pytest.mark.parametrize(
    ("count", "output", "more"),
    [
        (20, False, None),
        (21, False, "1 more; --output FILE or --json has all"),
        (25, True, "5 more"),
    ],
)
def test_the_table_shows_twenty_rooms(
    command: Command, tmp_path: Path, count: int, output: bool, more: str | None
) -> None:
    """A large batch prints twenty rooms and the number of the others."""
    options = [f"--output={tmp_path / 'out.jsonl'}"] if output else []
    result = command("--sandbox", "batch", "-", *options, stdin=csv_of(count))
    rows = table_of(result.out)
    assert [row[1] for row in rows] == [f"room-{number}" for number in range(20)]
    message = [line for line in result.err.splitlines() if line.startswith("...")]
    assert message == ([] if more is None else [f"... and {more}"])


@pytest.mark.parametrize(
    ("count", "message"), [(1, "1 existing room differs"), (2, "2 existing rooms differ")]
)
def test_differing_rooms_are_reported(
    command: Command, sandbox: Sandbox, count: int, message: str
) -> None:
    """Existing rooms with other settings are marked and counted."""
    command("batch", "-", stdin=csv_of(count))
    other = csv_of(count).replace(b"\n", b",5\n").replace(b"name,5", b"name,max_participants")
    result = command("batch", "-", "--json", stdin=other)
    assert result.code == 0
    assert [outcome["differences"] for outcome in result.lines] == [["max_participants"]] * count
    assert (
        f"{message} from what the input asks for; --if-exists update would change that"
        in result.err
    )
    assert {row[3] for row in table_of(command("batch", "-", stdin=other).out)} == {"differs"}
    updated = command("batch", "-", "--if-exists=update", stdin=other)
    assert {row[3] for row in table_of(updated.out)} == {"updated"}
    assert summary_of(updated.err)[:3] == ["0 made", "0 existed", f"{count} updated"]
    assert "from what the input" not in updated.err
    assert {room["max_participants"] for room in sandbox.rooms} == {5}


def test_an_edited_file_ends_with_the_rooms_as_written(command: Command, sandbox: Sandbox) -> None:
    """A second run of an edited file reports created, existing and updated rooms."""
    command("batch", "-", stdin=b"unique_name,max_participants\na,5\nb,6\n")
    edited = b"unique_name,max_participants\na,5\nb,7\nc,8\n"
    result = command("batch", "-", "--if-exists=update", stdin=edited)
    assert result.code == 0
    assert [row[3] for row in table_of(result.out)] == ["existed", "updated", "made"]
    assert summary_of(result.err)[:3] == ["1 made", "1 existed", "1 updated"]
    rooms = {room["unique_name"]: room["max_participants"] for room in sandbox.rooms}
    assert rooms == {"a": 5, "b": 7, "c": 8}


def test_a_taken_name_can_be_a_failure(command: Command, sandbox: Sandbox) -> None:
    """With ``--if-exists error`` each is listed with its line and the room that has the name."""
    command("batch", "-", stdin=csv_of(1))
    result = command("batch", "-", "--if-exists=error", stdin=csv_of(2))
    assert result.code == 1
    taken = sandbox.rooms[0]["id"]
    assert f"failed line 2, room-0: room {taken} has this name\n" in result.err
    assert table_of(result.out)[0] == ["2", "room-0", "–", "failed"]
    assert summary_of(result.err)[:4] == ["1 made", "0 existed", "0 recovered", "1 failed"]


def test_lost_answers_are_recovered(command: Command, sandbox: Sandbox) -> None:
    """A room whose answer was lost is found again and reported as recovered."""
    sandbox.faults = on_create({"cut": "reply", "commit": "before"})
    result = command("batch", "-", stdin=csv_of(1))
    assert result.code == 0
    assert table_of(result.out)[0][3] == "recovered"
    assert summary_of(result.err)[:3] == ["0 made", "0 existed", "1 recovered"]


def test_a_nameless_room_with_a_lost_answer_is_unknown(command: Command, sandbox: Sandbox) -> None:
    """It is not sent again; the message advises in terms of the command line."""
    sandbox.faults = on_create({"cut": "reply", "commit": "before"})
    result = command("batch", "-", "--json", stdin=b"max_participants\n5\n")
    assert result.code == 3
    (outcome,) = result.lines
    assert outcome["error"]["type"] == "OutcomeUnknownError"
    assert outcome["error"]["outcome"] == "unknown"
    (message,) = [line for line in result.err.splitlines() if line.startswith("unknown line 2: ")]
    assert "compare the list --created-on today's date first; with a unique_name this" in message
    assert summary_of(result.err)[4] == "1 unknown"


def on_create(*faults: object) -> Sequence[Any]:
    return [{"on": "POST /rooms", "faults": list(faults)}]


def test_fail_fast_stops_the_batch(command: Command, sandbox: Sandbox) -> None:
    """After the first failure no more rooms are started; the rest is counted as not tried."""
    sandbox.faults = on_create(None, {"status": 422, "body": "duplicate_other"})
    result = command("batch", "-", "--fail-fast", "--concurrency=1", stdin=csv_of(9))
    assert result.code == 1
    assert [*map(summary_of(result.err).count, ("1 made", "1 failed", "7 not tried"))] == [1, 1, 1]
    assert len(sandbox.rooms) == 1


def test_a_refused_key_ends_the_batch(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that affects every room is reported once, and the other rooms are not tried."""
    monkeypatch.setenv("TELNYX_API_KEY", "wrong")
    result = command("batch", "-", "--concurrency=2", stdin=csv_of(50))
    assert result.code == 1
    assert result.err.count("401 Unauthorized") == 1
    assert "check the API key (TELNYX_API_KEY)" in result.err
    assert "Nothing more was sent: it would have been refused too." in result.err
    assert sum(sandbox.requests.values()) < 50
    assert "not tried" in result.err


def test_concurrency_limits_requests_in_flight(command: Command, sandbox: Sandbox) -> None:
    """No more creates are in flight than `--concurrency` permits."""
    result = command("batch", "-", "--concurrency=3", stdin=csv_of(60))
    assert result.code == 0
    assert sandbox.max_in_flight <= 3


def test_a_rate_can_be_set(command: Command) -> None:
    """``--max-rate`` is accepted as a number, and the batch ends as without it."""
    result = command("--sandbox", "batch", "-", "--max-rate=500.5", stdin=csv_of(5))
    assert (result.code, summary_of(result.err)[0]) == (0, "5 made")


def test_a_thousand_rooms_are_made_once_each(command: Command, sandbox: Sandbox) -> None:
    """A large batch at a high concurrency ends with as many distinct names as rows."""
    result = command("batch", "-", "--concurrency=100", "--json", stdin=csv_of(1000))
    assert result.code == 0
    assert len({outcome["room"]["unique_name"] for outcome in result.lines}) == 1000
    assert len(sandbox.rooms) == 1000


@pytest.mark.parametrize(
    "option",
    ["--concurrency=0", "--max-rate=fast", "--if-exists=maybe", "--format=xml", "--grace=-1"],
)
def test_a_bad_option_is_named(command: Command, option: str) -> None:
    """An option that cannot work is named, before the input is even opened."""
    result = command("batch", "missing.csv", option)
    assert result.code == 2
    assert f"Error: Invalid value for '{option.partition('=')[0]}': " in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["batch", "missing.csv", "--output=-"], "--output: use --json for standard output"),
        (
            ["--output=csv", "batch", "missing.csv"],
            "batch prints a table or JSON: leave out --output csv",
        ),
    ],
)
def test_results_are_a_table_or_json(command: Command, arguments: list[str], message: str) -> None:
    """Batches print a table or JSON, not CSV."""
    result = command(*arguments)
    assert (result.code, result.err) == (2, f"Error: {message}\n")


def test_a_room_with_an_unreadable_reply_is_not_counted_as_failed(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was created, so it has its own count and exit code."""
    with fixed_server({"data": {"id": "some-id", "max_participants": "x"}}, status=201) as url:
        monkeypatch.setenv("TELNYX_BASE_URL", url)
        monkeypatch.setenv("TELNYX_API_KEY", "key")
        result = command("batch", "-", "--json", stdin=b"max_participants\n5\n")
        single = command("create", "--nameless")
    assert (result.code, single.code) == (4, 4)
    (outcome,) = result.lines
    assert (outcome["state"], outcome["error"]["outcome"]) == ("unreadable", "applied")
    assert summary_of(result.err)[3:5] == ["1 unreadable", "0 failed"]
    assert "Unreadable rooms were made" in result.err


def test_faults_add_a_count_of_duplicates(command: Command, tmp_path: Path) -> None:
    """With faults, the summary compares the input with the rooms on the server."""
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps(on_create({"cut": "reply", "commit": "before"}, 503)))
    result = command("--sandbox", "--faults", faults, "batch", "-", stdin=csv_of(5))
    assert result.code == 0
    assert result.err.splitlines()[-1] == "5 asked, 5 made, 1 recovered, 0 doubled"


def test_an_unreachable_server_is_reported_while_waiting(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason and the time of giving up are on stderr before the batch ends."""
    monkeypatch.setenv("TELNYX_API_KEY", "key")
    progress = import_module("telnyx_video.cli.batch.run")
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    arguments = ("batch", "-", "--give-up-after=3", "--base-url=http://127.0.0.1:9/v2")
    result = command(*arguments, stdin=csv_of(3))
    assert result.code == 1
    waiting = r"0 of 3 rooms, no answer for \d+ s \(.*127.0.0.1:9\); gives up in"
    assert re.match(waiting, result.err)
    assert "(connection refused, 127.0.0.1:9).\n" in result.err


def test_an_empty_output_is_refused(command: Command) -> None:
    """An empty ``--output``, as from an unset variable, is refused."""
    result = command("batch", "missing.csv", "--output=", "--resume")
    assert result.code == 2
    assert result.err == "Error: --output: must be the path of a file, not ''\n"


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf"])
def test_a_rate_is_above_zero(command: Command, rate: str) -> None:
    """Zero, negative and infinite rates are refused."""
    result = command("batch", "missing.csv", f"--max-rate={rate}")
    assert result.err == f"Error: --max-rate: must be a number above 0, not {rate}\n"


def test_unwritable_results_end_the_batch(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk is full, only rooms in flight are created without a recorded outcome."""
    with open("/dev/full", "wb", buffering=0) as device:
        full = io.TextIOWrapper(device)
        monkeypatch.setattr(sys, "stdout", full)
        result = command("batch", "-", "--concurrency=1", "--json", stdin=csv_of(50))
        with suppress(OSError):
            full.close()
    assert result.code == 1
    assert "Error: standard output cannot be written any more: No space left" in result.err
    assert len(sandbox.rooms) < 50


def test_a_changed_input_ends_the_batch(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that was added after the check is not sent."""
    file = tmp_path / "rooms.csv"
    url = "https://hooks.example.com/" + "a" * 1900  # so that the file is not read in one go
    file.write_text("webhook_event_url\n" + f"{url}\n" * 50)

    with BlockingServer() as server:

        def meddle() -> None:
            server.wait_for(1)
            with file.open("a") as end:
                end.write("here\n")
            server.release()

        meddler = threading.Thread(target=meddle)
        meddler.start()
        monkeypatch.setenv("TELNYX_BASE_URL", server.url)
        monkeypatch.setenv("TELNYX_API_KEY", "key")
        result = command("batch", file, "--concurrency=1")
        meddler.join()
    assert result.code == 1
    *_, summary, error = result.err.splitlines()
    assert summary.startswith("50 made")
    assert error.startswith(
        f"Error: {file} was changed after it was checked: line 52: webhook_event_url: must be"
    )


def test_a_server_that_stays_down_ends_the_batch(command: Command, sandbox: Sandbox) -> None:
    """A batch that gives up says why, and how many rooms were not tried."""
    sandbox.pause("503")
    options = ("--concurrency=2", "--give-up-after=0.05")
    result = command("batch", "-", *options, stdin=csv_of(30))
    assert result.code == 1
    assert re.search(r"Nothing more was sent: no answer for \d+ s \(503, 127.*\)\.\n", result.err)
    assert "not tried" in summary_of(result.err)[-1]
    assert sandbox.rooms == []


def test_json_on_a_terminal_draws_no_bar(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """With JSON on the same terminal, no bar is drawn."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    result = command("--sandbox", "batch", "-", "--json", stdin=csv_of(2))
    assert len(result.lines) == 2
    assert "Creating rooms" not in result.err
