"""The commands for single rooms and the list, against a real server."""

import io
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.command import Command
from cli.typing_in import Typist
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
    (room,) = command("create", *settings, "--json").lines
    return room


def test_create_sends_every_setting(command: Command, sandbox: Sandbox) -> None:
    """Each option reaches the room, and the room comes back whole."""
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
    """A person reads one field a line; what is empty is a dash."""
    created = command("create", "--unique-name=standup")
    assert created.code == 0
    shown = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in created.out.splitlines())
    assert shown["unique_name"] == "standup"
    assert shown["max_participants"] == "10"
    assert shown["webhook_event_failover_url"] == "–"
    assert command("get", shown["id"]).out == created.out
    assert created.err == ""


def test_what_a_server_says_cannot_steer_the_terminal(command: Command, sandbox: Sandbox) -> None:
    """Markup, escape sequences and line breaks in names are shown, not obeyed."""
    name = "[red]a[/red] :smile:\x1b[31m\n"
    room = made(command, f"--unique-name={name}")
    for arguments in (["get", room["id"]], ["list"]):
        assert "[red]a[/red] :smile:\\x1b[31m\\n" in command(*arguments).out


def test_a_narrow_encoding_gets_every_name(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where stdout cannot express a character, it is spelled out."""
    made(command, "--unique-name=会")
    output = io.BytesIO()
    with monkeypatch.context() as inner:
        inner.setattr(sys, "stdout", io.TextIOWrapper(output, encoding="ascii"))
        assert command("list").code == 0
        assert b"\\u4f1a" in output.getvalue()


def test_all_bad_settings_are_named(command: Command, sandbox: Sandbox) -> None:
    """Every option that is out of bounds is named with its bound, and nothing is sent."""
    result = command(
        "create",
        "--unique-name=",
        "--max-participants=99",
        "--webhook-event-url=here",
        "--webhook-timeout-secs=soon",
        "--if-exists=maybe",
    )
    assert result.code == 2
    assert [line.partition(", not")[0] for line in result.err.splitlines()] == [
        "Error: --unique-name: must not be empty; leave it out for a room without a name",
        "Error: --max-participants: must be from 2 to 50",
        "Error: --webhook-event-url: must be a URL with a scheme and a host, such as "
        "https://example.com/hook",
        "Error: --webhook-timeout-secs: must be an integer from 0 to 30",
        "Error: --if-exists: must be error, return or update",
    ]
    assert not sandbox.requests


def test_if_exists_decides_about_a_taken_name(command: Command, sandbox: Sandbox) -> None:
    """A taken name fails, is returned or is updated, as asked."""
    first = made(command, "--unique-name=standup")
    taken = command("create", "--unique-name=standup")
    assert taken.code == 1
    assert f"room {first['id']} has this name" in taken.err
    assert "pass --if-exists return or --if-exists update to use that room" in taken.err
    assert made(command, "--unique-name=standup", "--if-exists=return") == first
    settings = ("--unique-name=standup", "--max-participants=5", "--if-exists=update")
    assert made(command, *settings)["max_participants"] == 5
    assert len(sandbox.rooms) == 1


def test_update_changes_what_is_given(command: Command, sandbox: Sandbox) -> None:
    """Other settings stay as they are, and a recording can be turned off."""
    room = made(command, *EVERY_SETTING)
    (changed,) = command(
        "update", room["id"], "--max-participants=5", "--no-enable-recording", "--json"
    ).lines
    assert changed | {"updated_at": room["updated_at"]} == room | {
        "max_participants": 5,
        "enable_recording": False,
    }


def test_update_of_nothing_is_refused(command: Command, sandbox: Sandbox) -> None:
    """An update without a setting is a slip, and is told so."""
    result = command("update", "some-id")
    assert result.code == 2
    assert result.err.startswith("Error: there is nothing to change: give a setting")
    assert not sandbox.requests


def test_delete_removes_the_room(command: Command, sandbox: Sandbox) -> None:
    """With ``--yes`` the room is gone without a question."""
    room = made(command)
    result = command("delete", room["id"], "--yes")
    assert (result.code, result.out, result.err) == (0, "", f"Deleted {room['id']}.\n")
    assert sandbox.rooms == []
    assert command("get", room["id"]).code == 1


def test_delete_tells_programs_what_it_did(command: Command, sandbox: Sandbox) -> None:
    """With ``--json`` the answer is a line of JSON."""
    room = made(command)
    assert command("--json", "delete", room["id"], "-y").lines == [
        {"id": room["id"], "deleted": True}
    ]


def test_delete_does_not_guess_where_it_cannot_ask(command: Command, sandbox: Sandbox) -> None:
    """Without a terminal and without ``--yes`` nothing is deleted."""
    room = made(command)
    result = command("delete", room["id"])
    assert result.code == 2
    assert "add --yes to delete without asking" in result.err
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
    """Only a yes deletes; a no, a mere return and the end of input do not."""
    from telnyx_video.cli import main

    room = made(command)
    monkeypatch.setattr(sys, "stdin", Typist(typed))
    assert main(["delete", room["id"]]) == left
    said = capsys.readouterr().err
    assert f"Delete room {room['id']}, and put out those in it?" in said
    assert ("Nothing was deleted." in said) == bool(left)
    assert len(sandbox.rooms) == left


def test_an_id_cannot_reach_another_resource(command: Command, sandbox: Sandbox) -> None:
    """What is no id is refused before anything is sent."""
    result = command("get", "../room_sessions")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "Error: room_id: must be an id as the API gave it, not '../room_sessions'\n"
    )
    assert not sandbox.requests


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
    """Ids stay whole, and a long name goes on in a second line of its own column."""
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


def test_a_list_goes_on_page_after_page_as_one_table(
    command: Command, three_rooms: list[Any]
) -> None:
    """However many pages the list has, the table has one header and straight columns."""
    result = command("list", "--page-size=1")
    assert result.out.count("Created") == 1
    starts = {
        line.index(room["id"])
        for room in three_rooms
        for line in result.out.splitlines()
        if room["id"] in line
    }
    assert len(starts) == 1


def test_a_list_for_programs_is_a_room_a_line(command: Command, three_rooms: list[Any]) -> None:
    """With ``--json``, before or after the command, stdout has the rooms and nothing else."""
    assert command("list", "--json").lines == three_rooms
    result = command("--json", "list", "--page-size=2")
    assert (result.lines, result.err) == (three_rooms, "")


def test_an_empty_list_says_so(command: Command, sandbox: Sandbox) -> None:
    """No rooms are told in words, and stdout stays empty."""
    result = command("list")
    assert (result.code, result.out, result.err) == (0, "", "no rooms\n")


def test_a_list_is_filtered_by_name(command: Command, three_rooms: list[Any]) -> None:
    """``--unique-name`` leaves the one room of this name."""
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


def test_all_bad_filters_are_named(command: Command, sandbox: Sandbox) -> None:
    """Every filter that cannot be meant is named, and nothing is sent."""
    result = command(
        "list",
        "--created-on=today",
        "--created-from=2025-01-01",
        "--updated-from=2025-02-01",
        "--updated-to=2025-01-31",
        "--page-size=251",
    )
    assert result.code == 2
    assert result.err.splitlines() == [
        "Error: --created-on: must be a day such as 2025-01-31, not 'today'",
        "Error: --created-on is one day: leave out --created-from and --created-to",
        "Error: --updated-from is after --updated-to: nothing can pass",
        "Error: --page-size: must be a whole number, from 1 to 250, not '251'",
    ]
    assert not sandbox.requests
