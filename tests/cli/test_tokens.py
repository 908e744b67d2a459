"""The commands for join tokens, which are secrets."""

import io
import sys
from typing import Any

import pytest

from cli.command import Command
from cli.sessions import Session
from cli.typist import Typist
from telnyx_video.cli import main
from telnyx_video.sandbox import Sandbox


def token_of(command: Command, session: Session, *options: str) -> Any:
    """Return a new token, as a program reads it."""
    (token,) = command("rooms", "join-token", session.room_id, *options, "--json").lines
    return token


def test_a_token_can_be_copied(
    command: Command, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal of any width each secret is on one line, and only on stdout."""
    monkeypatch.setenv("COLUMNS", "40")
    result = command("rooms", "join-token", session.room_id)
    shown = dict(line.split() for line in result.out.splitlines())
    assert shown.keys() == {
        "token",
        "token_expires_at",
        "refresh_token",
        "refresh_token_expires_at",
    }
    assert len(shown["token"]) > 40
    assert result.err == ""


def test_token_lifetimes_are_sent(command: Command, session: Session) -> None:
    """Both times reach the server."""
    short = token_of(command, session, "--token-ttl-secs=10", "--refresh-token-ttl-secs=60")
    usual = token_of(command, session)
    for field in ("token_expires_at", "refresh_token_expires_at"):
        assert short[field] < usual[field]


def test_a_refresh_token_is_read_from_standard_input(command: Command, session: Session) -> None:
    """The refresh token is never an argument."""
    first = token_of(command, session)
    arguments = ("rooms", "refresh-join-token", session.room_id, "--token-ttl-secs=20", "--json")
    (second,) = command(*arguments, stdin=first["refresh_token"].encode() + b"\n").lines
    assert second["token"] not in ("", first["token"])


def test_a_terminal_asks_for_the_refresh_token(
    command: Command,
    session: Session,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a terminal the command asks for the token, and does not show it."""
    first = token_of(command, session)
    monkeypatch.setattr(sys, "stdin", Typist())
    asked: list[str] = []

    def typed(prompt: str = "", **_: object) -> str:
        asked.append(prompt)
        return str(first["refresh_token"])

    monkeypatch.setattr("getpass.getpass", typed)
    assert main(["rooms", "refresh-join-token", session.room_id]) == 0
    message = capsys.readouterr()
    assert len(asked) == 1
    assert message.out.startswith("token\t")
    assert "Refresh token" in message.err
    assert first["refresh_token"] not in message.err


NO_INPUT = {"an empty pipe": io.StringIO(), "a closed one": None, "a terminal": Typist()}


def end_of_input(*_: object, **__: object) -> str:
    """End the input, as Ctrl-D does."""
    raise EOFError


@pytest.mark.parametrize("stdin", NO_INPUT.values(), ids=NO_INPUT)
def test_a_missing_refresh_token_is_reported(
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    stdin: io.StringIO | None,
) -> None:
    """Without a refresh token nothing is sent."""
    monkeypatch.setattr("getpass.getpass", end_of_input)
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main(["rooms", "refresh-join-token", "standup"]) == 2
    problem = "Error: there is no refresh token: give it on standard input\n"
    assert capsys.readouterr().err.endswith(problem)
    assert not sandbox.requests


def test_a_wrong_refresh_token_is_not_printed(command: Command, session: Session) -> None:
    """A refused token may still be a secret."""
    result = command("rooms", "refresh-join-token", session.room_id, stdin=b"hush-hush\n")
    assert result.code == 1
    assert result.err.startswith("Error: 403 ")
    assert "hush-hush" not in result.err + result.out


def test_bad_times_are_named(command: Command, sandbox: Sandbox) -> None:
    """Each option that is out of bounds is named, and nothing is sent."""
    for option, secs in (("--token-ttl-secs", 9), ("--refresh-token-ttl-secs", 59)):
        result = command("rooms", "join-token", "standup", f"{option}={secs}")
        assert (result.code, f"Invalid value for '{option}'" in result.err) == (2, True)
    assert not sandbox.requests
