"""``telnyx-video request``: requests, printed replies and exit codes."""

from __future__ import annotations

import json
import sys

import pytest

from cli.command import Command
from cli.fixed_server import fixed_server
from telnyx_video.cli import main
from telnyx_video.sandbox import Sandbox

SECRET = "pa55-0123456789"


def test_a_room_is_made_read_changed_and_deleted(command: Command, sandbox: Sandbox) -> None:
    """Any method of any endpoint can be sent; the reply is printed."""
    made = command("request", "POST", "/rooms", "--data", '{"unique_name": "standup"}', "--json")
    assert (made.code, made.err) == (0, "")
    room = made.lines[0]["data"]
    assert sandbox.rooms == [room]
    listed = command(
        "request", "GET", "/rooms", "--param=page[size]=5", "--param=filter[unique_name]=standup"
    )
    assert json.loads(listed.out)["data"] == [room]
    assert listed.out.startswith('{\n  "data"')
    body = b'{"max_participants": 5}'
    words = ("request", "PATCH", f"/rooms/{room['id']}", "--data=-", "--idempotent")
    assert command(*words, stdin=body).code == 0
    assert sandbox.rooms[0]["max_participants"] == 5
    gone = command("request", "DELETE", f"/rooms/{room['id']}")
    assert (gone.code, gone.out, gone.err) == (0, "", "Status 204, without content.\n")
    assert sandbox.rooms == []


def test_parameters_may_be_repeated_and_headers_added(command: Command, sandbox: Sandbox) -> None:
    """Every value of a parameter is sent, but only the last value of a header."""
    words = ["--header=Content-Type: text/plain", "--header", "Content-Type:application/vnd.a+json"]
    command("request", "POST", "/rooms", "--data={}", "--param=a=1", "--param=a=b=c", *words)
    assert sandbox.log[-1].content_type == "application/vnd.a+json"
    assert sandbox.log[-1].path == "/v2/rooms?a=1&a=b%3Dc"


def test_objects_are_rows_of_csv(command: Command, sandbox: Sandbox) -> None:
    """A list or a single object is printed; the columns are their fields."""
    for name in ("a", "b"):
        command("create", "--unique-name", name)
    header, *rows = command("request", "GET", "/rooms", "--output=csv").out.splitlines()
    assert "unique_name" in header.split(",")
    assert len(rows) == 2
    path = f"/rooms/{sandbox.rooms[0]['id']}"
    assert len(command("request", "GET", path, "--output=csv").out.splitlines()) == 2
    with fixed_server([{"a": 1}, {"a": 2}]) as url:
        bare = command("request", "GET", "/a", "--output=csv", "--base-url", url)
    assert bare.out.splitlines() == ["a", "1", "2"]


def test_content_without_objects_cannot_be_csv(command: Command, sandbox: Sandbox) -> None:
    """The request was sent, and the error advises another format."""
    with fixed_server({"data": [1]}) as url:
        result = command("request", "GET", "/a", "--output=csv", "--base-url", url)
    assert result.code == 4
    assert "use --output json" in result.err


@pytest.mark.parametrize(
    ("words", "stdin", "sentence"),
    [
        (["--data={"], b"", "--data: this is not JSON: Expecting property name"),
        (["--data=NaN"], b"", "--data: this is not JSON: NaN is not a JSON value"),
        (["--data=-"], b"", "--data: this is not JSON: Expecting value"),
        (["--data=-"], b"\xff", "--data: this is not JSON: it is not UTF-8"),
        (["--data=-"], b"[" * 100_000, "--data: this is not JSON: it is nested too deeply"),
        (["--param=page"], b"", "--param: must be NAME=VALUE"),
        ([f"--header={SECRET}"], b"", "--header: must be NAME: VALUE"),
        ([f"--header=Authorization: {SECRET}"], b"", "Authorization is set by the client"),
    ],
)
def test_invalid_options_of_a_request_are_refused(
    command: Command, sandbox: Sandbox, words: list[str], stdin: bytes, sentence: str
) -> None:
    """The message names the option without its value; nothing is sent."""
    result = command("request", "POST", "/rooms", *words, stdin=stdin)
    assert result.code == 2
    assert sentence in result.err
    assert SECRET not in result.err
    assert sandbox.rooms == []


def test_without_standard_input_there_is_no_body(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed standard input is empty."""
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["request", "POST", "/rooms", "--data=-"]) == 2
    assert "Expecting value" in command.capture.readouterr().err
    assert sandbox.rooms == []


def test_an_error_reply_is_reported(command: Command, sandbox: Sandbox) -> None:
    """The exit code is 1, and the sentence has the status."""
    result = command("request", "GET", "/rooms/0ccc7b54-4df3-4bca-a65a-3da1ecc777f0")
    assert (result.code, result.out) == (1, "")
    assert "404 Not Found" in result.err


def test_a_reply_that_is_not_json_is_shown_as_text(command: Command, sandbox: Sandbox) -> None:
    """Control characters are escaped; it cannot be printed as JSON."""
    with fixed_server(b"one \x1b[2J\ntwo \xff") as url:
        shown = command("request", "GET", "/a", "--base-url", url)
        failed = command("request", "GET", "/a", "--base-url", url, "--json")
    assert (shown.code, shown.out) == (0, "one \\x1b[2J\ntwo \ufffd\n")
    assert (failed.code, failed.out) == (4, "")
    assert "is not JSON" in failed.err
