"""Failures end with a sentence and an exit code, never with a traceback."""

import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from importlib import import_module
from unittest.mock import Mock

import pytest

from cli.command import Command
from telnyx_video import AsyncRoomsClient, __version__
from telnyx_video.cli import main
from telnyx_video.sandbox import Sandbox


def test_a_missing_key_is_reported(command: Command) -> None:
    """The message names the environment variable and ``--sandbox``."""
    result = command("list")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "Error: there is no API key: set the environment variable TELNYX_API_KEY, "
        "or add --sandbox to try this without one\n"
    )


def test_a_wrong_key_is_reported(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused key is reported, and is not printed."""
    monkeypatch.setenv("TELNYX_API_KEY", "wrong-key")
    result = command("list")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: 401 Unauthorized: ")
    assert "check the API key (TELNYX_API_KEY)" in result.err
    assert "wrong-key" not in result.err


def test_a_malformed_key_is_refused(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key with a line break, as copying leaves it, is refused before anything is sent."""
    monkeypatch.setenv("TELNYX_API_KEY", "key\n")
    result = command("list")
    assert result.code == 2
    assert result.err.startswith("Error: TELNYX_API_KEY is not an API key")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands do not retry."""
    monkeypatch.setattr("telnyx_video.cli.calls.ATTEMPTS", 1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9/v2", "Cannot connect to host 127.0.0.1:9"),
        ("https://nowhere.invalid/v2", "Cannot connect to host nowhere.invalid:443"),
    ],
)
def test_an_unreachable_server_is_reported(
    command: Command, monkeypatch: pytest.MonkeyPatch, url: str, reason: str
) -> None:
    """A refused connection and an unknown host are reported within seconds."""
    monkeypatch.setenv("TELNYX_API_KEY", "key")
    result = command("list", "--base-url", url)
    assert result.code == 1
    assert result.err.startswith("Error: GET /rooms")
    assert reason in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("here", "the base URL (--base-url or TELNYX_BASE_URL) is not an HTTP URL with a host"),
        (
            "http://example.com",
            "would send the API key in the clear; use https, or add --allow-insecure if that is "
            "intended\n",
        ),
    ],
)
def test_an_invalid_base_url_is_refused(
    command: Command, monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    """The message names the option, not the Python argument."""
    monkeypatch.setenv("TELNYX_API_KEY", "key")
    for result in (command("list", "--base-url", url), command("--base-url", url, "list")):
        assert result.code == 2
        assert message in result.err
        assert "=True" not in result.err


@pytest.mark.usefixtures("impatient")
def test_plain_http_can_be_permitted(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--allow-insecure`` permits plain HTTP, before or after the command."""
    monkeypatch.setenv("TELNYX_API_KEY", "key")
    url = "--base-url=http://nowhere.invalid/v2"
    for arguments in (["list", url, "--allow-insecure"], ["--allow-insecure", "list", url]):
        result = command(*arguments)
        assert result.code == 1
        assert "Cannot connect to host nowhere.invalid:80" in result.err


def test_sandbox_excludes_base_url(command: Command) -> None:
    """``--base-url`` with ``--sandbox`` is refused, before or after the command."""
    for arguments in (["--sandbox", "list", "--base-url=http://x"], ["list", "--sandbox"]):
        result = command("--base-url=http://localhost", *arguments)
        assert result.code == 2
        assert result.err == "Error: --sandbox starts its own server: leave out --base-url\n"


def test_the_sandbox_ignores_the_environment(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--sandbox`` does not use the key or URL of the environment."""
    assert command("--sandbox", "create", "--nameless").code == 0
    assert command("create", "--nameless", "--sandbox").code == 0
    assert not sandbox.requests


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--port=70000",), "Invalid value for '--port': "),
        (("--host=a..b",), "--host: must be a name or an address of this machine, not 'a..b'"),
        (("--host=",), "--host: must be a name or an address of this machine, not ''"),
        (("--rate-limit=0",), "Invalid value for '--rate-limit': "),
        (("--api-key= a",), "api_key must be without control characters"),
    ],
)
def test_invalid_sandbox_options_are_refused(
    command: Command, options: tuple[str, ...], message: str
) -> None:
    """Options out of bounds are named with their bounds."""
    result = command("sandbox", *options)
    assert result.code == 2
    assert f"Error: {message}" in result.err


def test_a_port_in_use_is_reported(command: Command, sandbox: Sandbox) -> None:
    """A second server on the same port reports why it cannot start."""
    port = sandbox.url.rpartition(":")[2].partition("/")[0]
    result = command("sandbox", "--port", port)
    assert result.code == 1
    assert result.err == (
        f"Error: the sandbox cannot listen on port {port} of 127.0.0.1: Address already in use - "
        "choose another one with --port, or none, for any that is free\n"
    )


@pytest.mark.parametrize("arguments", [["fly"], ["get"], ["list", "--colour"]])
def test_bad_usage_ends_with_2(command: Command, arguments: list[str]) -> None:
    """An unknown command or option and a missing argument are bad usage."""
    assert command(*arguments).code == 2


def test_no_command_prints_help(command: Command) -> None:
    """Without arguments the help is printed."""
    result = command()
    assert "Usage: telnyx-video" in result.out + result.err


@pytest.mark.parametrize(
    "name", ["create", "get", "list", "update", "delete", "batch", "sandbox", None]
)
def test_every_command_has_help(command: Command, name: str | None) -> None:
    """``-h`` and ``--help`` print the same."""
    arguments = [] if name is None else [name]
    short, long = command(*arguments, "-h"), command(*arguments, "--help")
    assert (short.code, short.err) == (0, "")
    assert short.out == long.out
    assert f"Usage: telnyx-video {name or '[OPTIONS]'}" in short.out


def test_help_names_the_variable_of_the_key(command: Command) -> None:
    """The key is read from the environment only, and the help says so."""
    text = " ".join(command("--help").out.split())
    assert "read from TELNYX_API_KEY" in text
    assert "--api-key" not in text


def test_no_command_takes_the_key(command: Command) -> None:
    """A key in an argument would show in the list of processes: there is no such option."""
    for name in ("create", "list", "batch"):
        assert command(name, "--api-key=secret").code == 2


def test_the_version_is_printed(command: Command) -> None:
    """``--version`` prints the version and nothing else."""
    result = command("--version")
    assert (result.code, result.out) == (0, f"telnyx-video {__version__}\n")


def test_ctrl_c_before_a_command_begins_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a command has started, there is nothing to report."""
    monkeypatch.setattr("telnyx_video.cli.app.run", Mock(side_effect=KeyboardInterrupt))
    assert main(["list"]) == 130


def test_missing_streams_are_replaced(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without standard streams, as a daemon may be started, a command still runs."""
    with monkeypatch.context() as inner:
        for name in ("stdin", "stdout", "stderr"):
            inner.setattr(sys, name, None)
        assert main(["create", "--nameless"]) == 0
        assert main(["get", "nothing"]) == 1
        for stream in (sys.stdout, sys.stderr):
            stream.close()
    assert len(sandbox.rooms) == 1


def break_the_library(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(AsyncRoomsClient, "list", fail)


@pytest.mark.parametrize(
    ("error", "message"),
    [(KeyError("data"), "KeyError: 'data'"), (AssertionError(), "AssertionError")],
)
def test_an_unexpected_exception_is_reported_as_a_bug(
    command: Command, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    """An unexpected exception asks to be reported, and says how to see more."""
    break_the_library(monkeypatch, error)
    result = command("--sandbox", "list")
    assert result.code == 1
    assert result.err.splitlines() == [
        f"Error: this is a bug in telnyx-video, please report it: {message}",
        "Error: with TELNYX_LOG=debug in the environment, it says where it happened",
    ]


def test_a_bug_shows_its_traceback_when_debugging(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With TELNYX_LOG=debug, and only then, the place in the code is printed."""
    monkeypatch.setattr("telnyx_video.config.apply_log_level", Mock())  # restored after the test
    monkeypatch.setenv("TELNYX_LOG", "debug")
    break_the_library(monkeypatch, KeyError("data"))
    assert "Traceback (most recent call last)" in command("--sandbox", "list").err


def test_without_uvloop_it_runs_on_asyncio(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uvloop is optional."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert command("--sandbox", "create", "--nameless").code == 0


def test_it_can_be_called_from_any_thread(command: Command) -> None:
    """Outside the main thread, no signal handlers are installed."""
    with ThreadPoolExecutor(1) as threads:
        arguments = ["--sandbox", "batch", "-"]
        result = threads.submit(command, *arguments, stdin=b"unique_name\na\n").result()
    assert result.code == 0


def test_its_output_can_be_redirected(command: Command) -> None:
    """stdout may be any text file."""
    output = io.StringIO()
    with redirect_stdout(output):
        assert command("--sandbox", "create", "--nameless", "--json").code == 0
    assert json.loads(output.getvalue())["max_participants"] == 10


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_a_missing_extra_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Installed without ``cli``, the command names the extra instead of failing to import."""
    forget_the_commands(monkeypatch)
    monkeypatch.setitem(sys.modules, missing, None)
    assert main(["list", "--sandbox"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        f"telnyx-video needs {missing}, which is not installed: pip install 'telnyx-video[cli]'\n"
    )


def test_another_missing_module_does_not_name_the_extra(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the missing module."""
    forget_the_commands(monkeypatch)
    monkeypatch.setitem(sys.modules, "telnyx_video.cli.calls", None)
    result = command("list", "--sandbox")
    assert (result.code, "telnyx_video.cli.calls" in result.err) == (1, True)
    assert "cli]" not in result.err


def test_a_broken_installation_raises(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The exception names the missing module."""
    forget_the_commands(monkeypatch)
    monkeypatch.setitem(sys.modules, "telnyx_video.cli.command", None)
    with pytest.raises(ModuleNotFoundError, match=r"telnyx_video\.cli\.command"):
        main(["list", "--sandbox"])


def forget_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the command line import its modules again; undone at the end of the test."""
    for name, module in list(sys.modules.items()):
        if name.startswith("telnyx_video.cli."):
            parent, _, child = name.rpartition(".")
            monkeypatch.setattr(import_module(parent), child, module)
    for name in list(sys.modules):
        if name.startswith("telnyx_video.cli.") or name.partition(".")[0] in ("typer", "rich"):
            monkeypatch.delitem(sys.modules, name)
