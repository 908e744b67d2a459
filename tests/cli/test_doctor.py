"""``telnyx-video doctor``: its findings and exit codes."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from cli.command import Command, Result
from cli.fixed_server import fixed_server
from telnyx_video.sandbox import Sandbox

EMPTY: dict[str, Any] = {"data": [], "meta": {"total_pages": 0}}


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the machine's proxies."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def test_everything_is_in_order(command: Command, sandbox: Sandbox) -> None:
    """With a key and a working server, each line names its source."""
    result = command("doctor", "--json")
    (found,) = result.lines
    assert (result.code, result.err) == (0, "")
    assert found["key"] == "TELNYX_API_KEY, from the environment"
    assert found["address"] == f"{sandbox.url} (TELNYX_BASE_URL, from the environment)"
    assert found["proxy"] == "none"
    assert found["read"].startswith("GET /rooms succeeded in ")
    assert "telnyx-video" in found["versions"]
    assert sandbox.api_key not in result.out


def test_the_embedded_sandbox_is_in_order(command: Command) -> None:
    """It needs no key, and its clock is this machine's."""
    (found,) = command("--sandbox", "doctor", "--json").lines
    assert (found["key"], found["proxy"]) == ("that of the sandbox", "none")
    assert "clock" not in found


def test_a_missing_key_is_reported(command: Command) -> None:
    """The other lines are printed, and the exit code is 1."""
    with fixed_server(EMPTY) as url:
        result = command("doctor", "--base-url", url)
    assert result.code == 1
    assert "missing: set TELNYX_API_KEY" in result.out
    assert f"{url} (--base-url)" in result.out
    assert "Error: read: there is no API key" in result.err


def test_the_default_address_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default address is shown, and the proxy without its password."""
    monkeypatch.setattr("telnyx_video.cli.calls.ATTEMPTS", 1)
    result = command("doctor", "--proxy=http://user:hush@127.0.0.1:9", "--output=csv")
    assert result.code == 1
    assert "https://api.telnyx.com/v2 (the default)" in result.out
    assert "127.0.0.1:9 (--proxy)" in result.out
    assert "hush" not in result.out + result.err
    assert "Error: read: " in result.err


@pytest.mark.parametrize("option", ["--base-url", "--proxy"])
def test_an_invalid_url_is_reported_by_the_read(
    command: Command, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    """The other lines are printed."""
    monkeypatch.setenv("TELNYX_API_KEY", "key")
    result = command("doctor", option, "http://[")
    assert result.code == 1
    assert re.search(r"^proxy\s+unknown$", result.out, re.MULTILINE)
    assert re.fullmatch("Error: read: the (base URL|proxy) .*\n", result.err)


def test_a_proxy_of_the_environment_is_named(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the one that the client uses."""
    monkeypatch.setattr("telnyx_video.cli.calls.ATTEMPTS", 1)
    monkeypatch.setenv("HTTPS_PROXY", "127.0.0.1:9")
    assert "127.0.0.1:9 (the environment)" in command("doctor").out


def doctor_at(command: Command, monkeypatch: pytest.MonkeyPatch, skew: float) -> Result:
    """Run it against a server whose clock is this many seconds behind."""
    monkeypatch.setenv("TELNYX_API_KEY", "key")
    date = format_datetime(datetime.now(UTC) - timedelta(seconds=skew), usegmt=True)
    with fixed_server(EMPTY, headers={"Date": date}) as url:
        return command("doctor", "--base-url", url)


@pytest.mark.parametrize(
    ("skew", "code", "message"),
    [(3600, 1, "ahead of the server's: set it by NTP"), (-3600, 1, "behind the server's")],
)
def test_a_wrong_clock_is_reported(
    command: Command, monkeypatch: pytest.MonkeyPatch, skew: float, code: int, message: str
) -> None:
    """A clock that is an hour off breaks the verification of webhooks."""
    result = doctor_at(command, monkeypatch, skew)
    assert (result.code, message in result.err) == (code, True)


def test_a_small_difference_is_shown(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A difference of seconds is printed, but accepted."""
    result = doctor_at(command, monkeypatch, 10)
    assert (result.code, "ahead of the server's" in result.out) == (0, True)


def test_a_server_without_a_date_is_accepted(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock cannot be compared; this is not a failure."""
    monkeypatch.setenv("TELNYX_API_KEY", "key")
    with fixed_server(EMPTY, dated=False) as url:
        result = command("doctor", "--base-url", url)
    assert (result.code, "the server does not send its time" in result.out) == (0, True)


def test_an_env_file_is_read(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``--env-file`` sets missing variables, and is named as their source."""
    file = tmp_path / "my.env"
    file.write_text(f"# settings\n\nexport TELNYX_API_KEY='{sandbox.api_key}'\nTELNYX_LOG=x\n")
    monkeypatch.delenv("TELNYX_API_KEY")
    monkeypatch.setenv("TELNYX_LOG", "")
    (found,) = command("--env-file", file, "doctor", "--json").lines
    assert found["key"] == f"TELNYX_API_KEY, from {file}"
    monkeypatch.delenv("TELNYX_API_KEY")  # as the command has set it


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\xff=1", "is not UTF-8"),
        (b"A=1\nsecret words\n", ", line 2: must be NAME=value"),
        (b"A='secret\n", ", line 1: must be NAME=value"),
        (b"secret\n", ", line 1: must be NAME=value"),
        (b"1A=2\n", ", line 1: must be NAME=value"),
    ],
)
def test_an_invalid_env_file_is_reported(
    command: Command, tmp_path: Path, content: bytes | None, message: str
) -> None:
    """The message names the line without its content."""
    file = tmp_path / "my.env"
    if content is not None:
        file.write_bytes(content)
    result = command("list", "--env-file", file)
    assert result.code == 2
    assert result.err.startswith(f"Error: --env-file {file}")
    assert message in result.err
    assert "secret" not in result.err


def test_control_characters_of_a_request_id_are_escaped(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The debug log shows them escaped."""
    monkeypatch.setenv("TELNYX_API_KEY", "key")
    monkeypatch.setenv("TELNYX_LOG", "debug")
    with fixed_server(EMPTY, headers={"x-request-id": "a\x1b]0;owned\x07"}) as url:
        result = command("list", "--base-url", url)
    assert result.code == 0
    assert "request id a ]0;owned" in result.err
    assert "\x1b" not in result.err
    assert not any(character in result.err for character in "\x1b\x07")


def test_client_credentials_are_named(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OAuth client credentials take precedence over a key; the secret is not printed."""
    monkeypatch.setenv("TELNYX_CLIENT_ID", "crm")
    monkeypatch.setenv("TELNYX_CLIENT_SECRET", "hush-hush-hush")
    monkeypatch.delenv("TELNYX_API_KEY")
    result = command("doctor", "--json")
    (found,) = result.lines
    assert found["key"] == "OAuth client credentials: TELNYX_CLIENT_ID, from the environment"
    assert found["read"] == "failed"  # the sandbox issues no tokens
    assert "hush" not in result.out + result.err
