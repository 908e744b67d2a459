"""The commands for sessions and participants, against a session in the sandbox."""

from datetime import UTC, datetime

import pytest

from cli.command import Command
from cli.sessions import Session
from telnyx_video.sandbox import Sandbox


def muted(sandbox: Sandbox) -> dict[object, object]:
    """Return the muted participants."""
    return {one["context"]: one["muted"] for one in sandbox.participants}


def present(command: Command, session: Session) -> list[str]:
    """Return the names of the participants who are present."""
    listed = command("sessions", "participants", session.session_id, "--json").lines
    return [one["context"] for one in listed if not one.get("left_at")]


def test_a_list_of_sessions_fits_eighty_columns(
    command: Command, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session's id stays whole; its room's id continues on a second line."""
    monkeypatch.setenv("COLUMNS", "80")
    result = command("sessions", "list")
    lines = result.out.splitlines()
    assert lines[0].split() == ["Id", "Active", "Created", "Room"]
    assert lines[2].startswith(f"{session.session_id}  yes ")
    assert max(map(len, lines)) <= 80
    assert result.err == "1 session\n"


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--active"], 1),
        (["--no-active"], 0),
        (["--ended-on=2020-02-29"], 0),
        (["--created-from=2020-02-29", "--updated-from=2020-02-29"], 1),
    ],
)
def test_sessions_are_filtered(
    command: Command, session: Session, filters: list[str], found: int
) -> None:
    """Each filter is sent, for one room and for all."""
    for of_room in ([], ["--room-id", session.room_id]):
        assert len(command("sessions", "list", "--json", *of_room, *filters).lines) == found


def test_a_session_is_shown_with_its_participants(
    command: Command, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--include-participants`` adds them as objects, or their number to a table."""
    option = "--include-participants"
    for name in (["get", session.session_id], ["list"]):
        (plain,) = command("sessions", *name, "--json").lines
        (full,) = command("sessions", *name, option, "--json").lines
        assert plain.get("participants") is None
        assert {one["context"] for one in full["participants"]} == {"Alice", "Bob"}
    assert "Alice" in command("sessions", "get", session.session_id, option).out
    monkeypatch.setenv("COLUMNS", "80")
    head, _, row, *_ = command("sessions", "list", option).out.splitlines()
    assert (head.split()[-1], row.split()[-1]) == ("People", "2")
    assert len(row) <= 80


def test_a_room_is_shown_with_its_sessions(
    command: Command, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--include-sessions`` does the same for a room, also through the group."""
    option = "--include-sessions"
    for name in (["get", session.room_id], ["rooms", "get", session.room_id], ["list"]):
        (plain,) = command(*name, "--json").lines
        (full,) = command(*name, option, "--json").lines
        assert plain.get("sessions") is None
        assert [one["id"] for one in full["sessions"]] == [session.session_id]
    assert session.session_id in command("get", session.room_id, option).out
    monkeypatch.setenv("COLUMNS", "80")
    head, _, row, *_ = command("list", option).out.splitlines()
    assert (head.split()[-1], row.split()[-1]) == ("Sessions", "1")
    assert len(row) <= 80


def test_a_session_is_shown_and_ended(command: Command, session: Session) -> None:
    """It can be read before and after its end."""
    (shown,) = command("sessions", "get", session.session_id, "--json").lines
    assert (shown["id"], shown["active"]) == (session.session_id, True)
    ended = command("sessions", "end", session.session_id, "--yes")
    assert (ended.code, ended.out, ended.err) == (0, "", f"Ended {session.session_id}.\n")
    assert command("sessions", "list", "--active").err == "no sessions\n"
    assert "active\tfalse" in command("sessions", "get", session.session_id).out


def test_end_prints_json(command: Command, session: Session) -> None:
    """With ``--json`` the result is a line of JSON."""
    assert command("sessions", "end", session.session_id, "--yes", "--json").lines == [
        {"id": session.session_id, "ended": True}
    ]


def test_participants_are_muted_and_unmuted(
    command: Command, sandbox: Sandbox, session: Session
) -> None:
    """Only the named participants are muted."""
    result = command("sessions", "mute", session.session_id, session.alice)
    assert (result.code, result.err) == (0, "Muted 1 participant.\n")
    assert muted(sandbox) == {"Alice": True, "Bob": False}
    result = command("sessions", "unmute", session.session_id, session.alice, session.bob)
    assert result.err == "Unmuted 2 participants.\n"
    assert muted(sandbox) == {"Alice": False, "Bob": False}


def test_all_but_some_are_muted(command: Command, sandbox: Sandbox, session: Session) -> None:
    """``--all --exclude`` leaves out the named participants."""
    arguments = (session.session_id, "--all", "--exclude", session.bob)
    assert command("sessions", "mute", *arguments, "--json").lines == [
        {"id": session.session_id, "muted": "all"}
    ]
    assert muted(sandbox) == {"Alice": True, "Bob": False}
    assert command("sessions", "unmute", session.session_id, "--all").err == "Unmuted all.\n"


def test_participants_are_kicked(command: Command, session: Session) -> None:
    """A kicked participant is no longer in the session."""
    assert command("sessions", "kick", session.session_id, session.bob).code == 0
    assert present(command, session) == ["Alice"]


@pytest.mark.parametrize(
    ("participants", "message"),
    [
        ([], "no participant is given: give ids of participants, or --all"),
        (["some-id", "--all"], "--all includes every participant: leave out the ids"),
        (["some-id", "--exclude=other"], "--exclude goes with --all"),
    ],
)
def test_ambiguous_participants_are_refused(
    command: Command, sandbox: Sandbox, participants: list[str], message: str
) -> None:
    """Contradicting arguments are refused, and nothing is sent."""
    result = command("sessions", "kick", "some-session", *participants)
    assert (result.code, result.err) == (2, f"Error: {message}\n")
    assert not sandbox.requests


def test_participants_are_listed(
    command: Command, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table shows who is present, and fits eighty columns."""
    command("sessions", "kick", session.session_id, session.bob)
    monkeypatch.setenv("COLUMNS", "80")
    for arguments in (["participants", "list"], ["sessions", "participants", session.session_id]):
        result = command(*arguments)
        lines = result.out.splitlines()
        assert max(map(len, lines)) <= 80
        day = datetime.now(UTC).date().isoformat()
        assert [(*line.split()[:3], line.split()[-1]) for line in lines[2:]] == [
            ("Alice", session.alice, day, "yes"),
            ("Bob", session.bob, day, "no"),
        ]
        assert result.err == "2 participants\n"


@pytest.mark.parametrize("days", [[], ["--joined-to=2100-01-01"]])
def test_participants_are_filtered(command: Command, session: Session, days: list[str]) -> None:
    """The context selects them, in one session and in all."""
    of_session = ["participants", "list", "--session-id", session.session_id]
    for arguments in (of_session, ["sessions", "participants", session.session_id]):
        (bob,) = command(*arguments, "--context=Bob", *days, "--json").lines
        assert bob["id"] == session.bob
        assert command("participants", "get", bob["id"], "--json").lines == [bob]


def test_bad_filters_are_named(command: Command, sandbox: Sandbox) -> None:
    """Each command names an invalid filter and sends nothing."""
    for arguments in (
        ["sessions", "list", "--ended-on=x"],
        ["sessions", "participants", "some-id", "--left-on=x"],
        ["participants", "list", "--left-on=x"],
        ["recordings", "list", "--ended-on=x"],
        ["compositions", "list", "--created-on=x"],
    ):
        result = command(*arguments)
        assert result.code == 2
        assert f"Invalid value for '{arguments[-1].split('=')[0]}'" in result.err
        result = command(*arguments[:-1], "--page-size=0")
        assert (result.code, "Invalid value for '--page-size'" in result.err) == (2, True)
    assert not sandbox.requests


def test_an_unknown_session_is_reported(command: Command, sandbox: Sandbox) -> None:
    """The message says that it does not exist."""
    result = command("sessions", "get", "0193e5a4-0000-7000-8000-000000000000")
    assert result.code == 1
    assert result.err.startswith("Error: 404 ")
