"""The commands for single rooms and the list, against a real server."""

import csv
import io
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.command import Command
from cli.fixed_server import fixed_server
from cli.typist import Typist
from telnyx_video.cli import main
from telnyx_video.sandbox import Sandbox

EVERY_SETTING = (
    "--unique-name=standup",
    "--max-participants=12",
    "--enable-recording",
    "--webhook-event-url=https://hooks.example.com/video",
    "--webhook-event-failover-url=https://backup.example.com/video",
    "--webhook-timeout-secs=7",
)


def made(command: Command, *settings: str) -> Any:
    """Return a room that was just made, as the command printed it."""
    named = any(setting.startswith("--unique-name") for setting in settings)
    (room,) = command("create", *settings, *([] if named else ["--nameless"]), "--json").lines
    return room


def test_create_sends_every_setting(command: Command, sandbox: Sandbox) -> None:
    """Each option is sent, and the created room is printed."""
    room = made(command, *EVERY_SETTING)
    assert [room] == sandbox.rooms
    assert {
        name: room[name] for name in room if name not in ("id", "created_at", "updated_at")
    } == {
        "unique_name": "standup",
        "max_participants": 12,
        "enable_recording": True,
        "webhook_event_url": "https://hooks.example.com/video",
        "webhook_event_failover_url": "https://backup.example.com/video",
        "webhook_timeout_secs": 7,
        "record_type": "room",
    }


def test_a_room_is_shown_field_by_field(command: Command, sandbox: Sandbox) -> None:
    """Each field is on a line, without padding for a pipe; an empty value is a dash."""
    created = command("create", "--unique-name=standup")
    assert created.code == 0
    shown = dict(line.split("\t") for line in created.out.splitlines())
    assert shown["unique_name"] == "standup"
    assert shown["max_participants"] == "10"
    assert shown["webhook_event_failover_url"] == "–"
    assert command("get", shown["id"]).out == created.out
    assert created.err == ""


def test_names_from_the_server_are_escaped(command: Command, sandbox: Sandbox) -> None:
    """Markup, escape sequences and line breaks are printed as text."""
    name = "[red]a[/red] :smile:\x1b[31m\n"
    room = made(command, f"--unique-name={name}")
    for arguments in (["get", room["id"]], ["list"]):
        assert "[red]a[/red] :smile:\\x1b[31m\\n" in command(*arguments).out


def test_unencodable_characters_are_escaped(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Characters that the encoding of stdout lacks are escaped."""
    made(command, "--unique-name=会")
    output = io.BytesIO()
    with monkeypatch.context() as inner:
        inner.setattr(sys, "stdout", io.TextIOWrapper(output, encoding="ascii"))
        assert command("list").code == 0
        assert b"\\u4f1a" in output.getvalue()


def test_all_bad_settings_are_named(command: Command, sandbox: Sandbox) -> None:
    """Every setting that is out of bounds is named with its bound, and nothing is sent."""
    result = command(
        "create",
        "--unique-name=",
        "--max-participants=99",
        "--webhook-event-url=here",
        "--webhook-timeout-secs=31",
    )
    assert result.code == 2
    assert [line.partition(", not")[0] for line in result.err.splitlines()] == [
        "Error: --unique-name: must not be empty; leave it out for a room without a name",
        "Error: --max-participants: must be from 2 to 50",
        "Error: --webhook-event-url: must be a URL with a scheme and a host, such as "
        "https://example.com/hook",
        "Error: --webhook-timeout-secs: must be from 0 to 30",
    ]
    assert not sandbox.requests


def test_if_exists_handles_a_taken_name(command: Command, sandbox: Sandbox) -> None:
    """`--if-exists` decides between an error, the existing room and an update."""
    first = made(command, "--unique-name=standup")
    taken = command("create", "--unique-name=standup")
    assert taken.code == 1
    assert f"room {first['id']} has this name" in taken.err
    assert "pass --if-exists return or --if-exists update to use that room" in taken.err
    assert made(command, "--unique-name=standup", "--if-exists=return") == first
    settings = ("--unique-name=standup", "--max-participants=5", "--if-exists=update")
    assert made(command, *settings)["max_participants"] == 5
    assert len(sandbox.rooms) == 1


def test_update_changes_only_given_settings(command: Command, sandbox: Sandbox) -> None:
    """Other settings stay as they are, and a recording can be turned off."""
    room = made(command, *EVERY_SETTING)
    (changed,) = command(
        "update", room["id"], "--max-participants=5", "--no-enable-recording", "--json"
    ).lines
    assert changed | {"updated_at": room["updated_at"]} == room | {
        "max_participants": 5,
        "enable_recording": False,
    }


def test_update_without_settings_is_refused(command: Command, sandbox: Sandbox) -> None:
    """An update without a setting is an error."""
    result = command("update", "some-id")
    assert result.code == 2
    assert result.err.startswith("Error: there is nothing to change: add a setting")
    assert not sandbox.requests


def test_delete_removes_the_room(command: Command, sandbox: Sandbox) -> None:
    """With ``--yes`` the room is deleted without a question."""
    room = made(command)
    result = command("delete", room["id"], "--yes")
    assert (result.code, result.out, result.err) == (0, "", f"Deleted {room['id']}.\n")
    assert sandbox.rooms == []
    assert command("get", room["id"]).code == 1


def test_delete_prints_json(command: Command, sandbox: Sandbox) -> None:
    """With ``--json`` the result is a line of JSON."""
    room = made(command)
    assert command("--json", "delete", room["id"], "-y").lines == [
        {"id": room["id"], "deleted": True}
    ]


def test_delete_without_a_terminal_needs_yes(command: Command, sandbox: Sandbox) -> None:
    """Without a terminal and without ``--yes`` nothing is deleted."""
    room = made(command)
    result = command("delete", room["id"])
    assert result.code == 2
    assert "add --yes to go ahead" in result.err
    assert len(sandbox.rooms) == 1


@pytest.mark.parametrize(("typed", "left"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("", 1)])
def test_delete_asks_first(
    command: Command,
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    left: int,
) -> None:
    """Only "yes" deletes; "no", an empty line and the end of input do not."""
    room = made(command)
    monkeypatch.setattr(sys, "stdin", Typist(typed))
    assert main(["delete", room["id"]]) == left
    message = capsys.readouterr().err
    assert f"Delete room {room['id']}?" in message
    assert ("Nothing was done." in message) == bool(left)
    assert len(sandbox.rooms) == left


def test_an_id_cannot_reach_another_resource(command: Command, sandbox: Sandbox) -> None:
    """A path is treated as a name, and an invalid id is refused."""
    assert command("get", "../room_sessions").code == 1
    assert sandbox.requests == {"GET /v2/rooms": 1}
    result = command("sessions", "get", "../rooms")
    assert (result.code, result.out) == (2, "")
    assert result.err == "Error: session_id: must be an id as the API gave it, not '../rooms'\n"


@pytest.fixture
def three_rooms(command: Command, sandbox: Sandbox) -> list[Any]:
    return [
        made(command, "--unique-name=short"),
        made(command, "--unique-name=a-name-that-is-rather-long-for-a-column"),
        made(command, "--enable-recording"),
    ]


def test_a_list_fits_eighty_columns(
    command: Command, three_rooms: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids stay whole, and a long name continues on a second line of its column."""
    monkeypatch.setenv("COLUMNS", "80")
    result = command("list")
    lines = result.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["Name", "Id", "Max", "Rec", "Created"]
    for room in three_rooms:
        assert room["id"] in result.out
    assert lines[2].split() == ["short", three_rooms[0]["id"], "10", "no", today()]
    assert lines[-1].split() == ["–", three_rooms[2]["id"], "10", "yes", today()]
    assert result.err == "3 rooms\n"


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def test_pages_form_one_table(
    command: Command, three_rooms: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table has one header and the same column widths on every page."""
    monkeypatch.setenv("COLUMNS", "80")
    result = command("list", "--page-size=1")
    assert result.out.count("Created") == 1
    starts = {
        line.index(room["id"])
        for room in three_rooms
        for line in result.out.splitlines()
        if room["id"] in line
    }
    assert len(starts) == 1


def test_json_prints_one_room_per_line(command: Command, three_rooms: list[Any]) -> None:
    """With ``--json``, before or after the command, stdout has the rooms and nothing else."""
    assert command("list", "--json").lines == three_rooms
    result = command("--json", "list", "--page-size=2")
    assert (result.lines, result.err) == (three_rooms, "")


def test_an_empty_list_is_reported_on_stderr(command: Command, sandbox: Sandbox) -> None:
    """An empty list is reported on stderr, and stdout stays empty."""
    result = command("list")
    assert (result.code, result.out, result.err) == (0, "", "no rooms\n")


def test_a_list_is_filtered_by_name(command: Command, three_rooms: list[Any]) -> None:
    """``--unique-name`` selects the room with this name."""
    result = command("list", "--unique-name=short")
    assert three_rooms[0]["id"] in result.out
    assert result.err == "1 room\n"


YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()


@pytest.mark.parametrize("time", ["created", "updated"])
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (("on=2020-02-29",), 0),
        ((f"from={YESTERDAY}",), 3),
        ((f"from={YESTERDAY}", f"to={TOMORROW}"), 3),
        ((f"to={YESTERDAY}",), 0),
    ],
)
def test_a_list_is_filtered_by_day(
    command: Command, three_rooms: list[Any], time: str, filters: tuple[str, ...], found: int
) -> None:
    """Days and ranges of days, for both times of a room, reach the server."""
    options = [f"--{time}-{filter_}" for filter_ in filters]
    assert len(command("list", "--json", *options).lines) == found


BAD_FILTERS = {
    "--created-on=today": "Error: Invalid value for '--created-on': ",
    "--created-on=2025-02-01 --created-from=2025-01-01": "Error: --created-on is one day: leave "
    "out --created-from and --created-to",
    "--updated-from=2025-02-01 --updated-to=2025-01-31": "Error: --updated-from is after "
    "--updated-to: nothing can match",
    "--page-size=251": "Error: Invalid value for '--page-size': ",
    "--limit=0": "Error: Invalid value for '--limit': ",
}


@pytest.mark.parametrize(("filters", "message"), BAD_FILTERS.items())
def test_a_bad_filter_is_named(
    command: Command, sandbox: Sandbox, filters: str, message: str
) -> None:
    """An invalid option is named, and nothing is sent."""
    result = command("list", *filters.split())
    assert result.code == 2
    assert message in result.err
    assert not sandbox.requests


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_can_be_filtered_by(
    command: Command, three_rooms: list[Any], day: str
) -> None:
    """The first and last day of the calendar are accepted."""
    for option in ("on", "from", "to"):
        result = command("list", f"--created-{option}={day}")
        assert (result.code, "bug" in result.err) == (0, False)


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-05:00"])
def test_times_at_the_ends_of_the_calendar_are_shown(
    command: Command, monkeypatch: pytest.MonkeyPatch, time: str
) -> None:
    """A time that has no UTC equivalent is shown in its own zone."""
    reply = {"data": [{"id": "some-id", "created_at": time}], "meta": {"total_pages": 1}}
    with fixed_server(reply) as url:
        monkeypatch.setenv("TELNYX_BASE_URL", url)
        monkeypatch.setenv("TELNYX_API_KEY", "key")
        result = command("list")
    assert (result.code, time[:10] in result.out) == (0, True)


def test_a_limit_ends_a_list_early(
    command: Command, three_rooms: list[Any], sandbox: Sandbox
) -> None:
    """``--limit`` prints this many rooms, and requests no page that it does not need."""
    before = sandbox.requests
    result = command("list", "--limit=2", "--page-size=2", "--json")
    assert result.lines == three_rooms[:2]
    assert sandbox.requests - before == {"GET /v2/rooms": 1}
    assert command("list", "--limit=1").err == "1 room\n"
    assert command("list", "--limit=9").err == "3 rooms\n"


def test_a_list_is_csv(command: Command, three_rooms: list[Any]) -> None:
    """``--output csv`` has a header of all fields, and a row for each room."""
    for arguments in (["list", "--output=csv"], ["--output=csv", "list", "--page-size=1"]):
        rows = list(csv.DictReader(io.StringIO(command(*arguments).out)))
        assert [row["id"] for row in rows] == [room["id"] for room in three_rooms]
        assert rows[0]["unique_name"] == "short"
        assert rows[2]["unique_name"] == ""
        assert rows[0]["enable_recording"] == "false"


def test_one_object_is_csv(command: Command, sandbox: Sandbox) -> None:
    """A single object is a header and a row, and so is a confirmation."""
    room = made(command, "--unique-name=a\x1bb")
    (row,) = csv.DictReader(io.StringIO(command("get", room["id"], "--output=csv").out))
    assert row["unique_name"] == "a\x1bb"
    result = command("delete", room["id"], "--yes", "--output=csv")
    assert result.out == f"id,deleted\n{room['id']},true\n"


def test_null_is_an_empty_cell(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that the API sends as null is empty in CSV, like one that it leaves out."""
    monkeypatch.setenv("TELNYX_API_KEY", "key")
    room_id = "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0"
    with fixed_server({"data": {"id": "some-id", "unique_name": None}}) as url:
        result = command("--base-url", url, "get", room_id, "--output=csv")
    assert result.out == "id,unique_name\nsome-id,\n"


def test_one_output_format_can_be_chosen(command: Command, sandbox: Sandbox) -> None:
    """``--output json`` is ``--json``; two different formats are refused."""
    assert command("list", "--output=json").code == 0
    for arguments in (["list", "--json", "--output=csv"], ["--json", "list", "--output=table"]):
        result = command(*arguments)
        assert (result.code, "choose one" in result.err) == (2, True)


def test_a_room_is_found_by_its_name(command: Command, sandbox: Sandbox) -> None:
    """A room's name is accepted in place of its id."""
    room = made(command, "--unique-name=standup")
    assert command("get", "standup", "--json").lines == [room]
    (changed,) = command("update", "standup", "--max-participants=5", "--json").lines
    assert (changed["id"], changed["max_participants"]) == (room["id"], 5)
    assert command("rooms", "join-token", "standup").code == 0
    sandbox.join(room["id"])
    for option in ("--room", "--room-id"):
        assert len(command("sessions", "list", option, "standup", "--json").lines) == 1
    assert command("recordings", "list", "--room", "standup").err == "no recordings\n"
    arguments = ("recordings", "delete-many", "--room", "standup", "--yes")
    assert command(*arguments).err == "Deleted no recordings.\n"
    assert command("delete", "standup", "--yes").err == "Deleted standup.\n"
    assert sandbox.rooms == []


def test_an_unknown_name_is_reported(command: Command, sandbox: Sandbox) -> None:
    """The error repeats the name."""
    for name in ("get", "update", "delete"):
        options = {"update": ["--max-participants=5"], "delete": ["--yes"]}.get(name, [])
        result = command(name, "standup", *options)
        assert (result.code, "standup" in result.err) == (1, True)


@pytest.mark.parametrize(
    ("people", "message"), [(0, "?"), (1, ", with 1 person in it?"), (2, ", wi")]
)
def test_a_question_names_the_room_and_its_people(
    command: Command,
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    people: int,
    message: str,
) -> None:
    """The question names the room or session and the number of participants."""
    room = made(command, "--unique-name=standup")
    for _ in range(people):
        sandbox.join(room["id"])
    monkeypatch.setattr(sys, "stdin", Typist("n\n"))
    assert main(["delete", "standup"]) == 1
    assert f"Delete room standup{message}" in capsys.readouterr().err
    if people:
        (session,) = command("sessions", "list", "--json").lines
        monkeypatch.setattr(sys, "stdin", Typist("n\n"))
        assert main(["sessions", "end", str(session["id"])]) == 1
        assert f"End the session of room standup{message}" in capsys.readouterr().err
        assert command("sessions", "list", "--active").err == "1 session\n"


def test_a_room_without_a_name_needs_nameless(command: Command, sandbox: Sandbox) -> None:
    """Without a terminal, a name or ``--nameless`` is required."""
    result = command("create", "--max-participants=5")
    assert result.code == 2
    assert "add --unique-name NAME, or --nameless" in result.err
    result = command("create", "--nameless", "--unique-name=a")
    assert (result.code, "choose one" in result.err) == (2, True)
    assert not sandbox.requests
    assert command("create", "--nameless").code == 0


@pytest.mark.parametrize(("typed", "code"), [("standup\n", 0), ("\n", 2), ("", 2)])
def test_create_asks_for_a_name_on_a_terminal(
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    code: int,
) -> None:
    """A typed name is used; without one, nothing is created."""
    monkeypatch.setattr(sys, "stdin", Typist(typed))
    assert main(["create"]) == code
    assert "Name of the room" in capsys.readouterr().err
    assert [room["unique_name"] for room in sandbox.rooms] == ["standup"] * (code == 0)
