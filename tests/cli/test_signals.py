"""Ctrl-C and SIGTERM: requests in flight finish, and every outcome is reported."""

import asyncio
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.command import Command, Listener, environment, running
from support.blocking_server import BlockingServer
from telnyx_video import AsyncRoomsClient
from telnyx_video.batch import OutcomeStream
from telnyx_video.cli import main
from telnyx_video.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("signals")

STOPPING = "Stopping: requests in flight have "
FIVE = b"unique_name\na\nb\nc\nd\ne\n"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BlockingServer]:
    """A server that answers when it is released; the environment names it."""
    with BlockingServer() as server:
        monkeypatch.setenv("TELNYX_BASE_URL", server.url)
        monkeypatch.setenv("TELNYX_API_KEY", "key")
        yield server


def send(number: int) -> None:
    """Send a signal to this process."""
    os.kill(os.getpid(), number)


@contextmanager
def once_in_flight(
    server: BlockingServer, requests: int, do: Callable[[], object]
) -> Generator[None]:
    """Call a function when this many requests have arrived."""

    def wait_and_do() -> None:
        server.wait_for(requests)
        do()

    waiting = threading.Thread(target=wait_and_do)
    waiting.start()
    yield
    waiting.join()


def heard(monkeypatch: pytest.MonkeyPatch, words: str, do: Callable[[], object]) -> Listener:
    """Call a function when a command prints certain words on stderr; return the stream."""
    stderr = Listener({words: do})
    monkeypatch.setattr(sys, "stderr", stderr)
    return stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_batch_finishes_requests_in_flight(
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    server: BlockingServer,
    output: Path,
    number: int,
    code: int,
) -> None:
    """After the first signal no room is started; requests in flight finish and are reported."""
    stderr = heard(monkeypatch, f"{STOPPING}8 s to finish", server.release)
    with once_in_flight(server, 2, lambda: send(number)):
        result = command("batch", "-", "--concurrency=2", "--output", output, stdin=FIVE)
    assert result.code == code
    assert "The same command with --resume continues with the rest." in stderr.getvalue()
    assert "2 made · 0 existed · 0 recovered · 0 failed · 0 unknown · 3 not tried" in (
        stderr.getvalue()
    )
    assert output.read_text().count('"index"') == 2


@pytest.mark.parametrize(
    ("rows", "journal", "advice"),
    [
        (b"unique_name\na\nb\nc\n", False, "run the same input again to find out"),
        (
            b"max_participants\n5\n6\n7\n",
            False,
            "look at the list first: rows without a unique_name would be created again",
        ),
        (b"unique_name\na\nb\nc\n", True, "the same command with --resume finds out"),
        (
            b"max_participants\n5\n6\n7\n",
            True,
            "the same command with --resume finds out, except for rows without a unique_name",
        ),
    ],
)
def test_a_second_signal_cancels_the_batch(
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    server: BlockingServer,
    output: Path,
    rows: bytes,
    journal: bool,
    advice: str,
) -> None:
    """The second Ctrl-C cancels requests in flight, which are reported as unknown."""
    stderr = heard(monkeypatch, STOPPING, lambda: send(signal.SIGINT))
    options = ("--output", output) if journal else ()
    with once_in_flight(server, 2, lambda: send(signal.SIGINT)):
        result = command("batch", "-", "--concurrency=2", "--json", *options, stdin=rows)
    assert result.code == 130
    assert f"Requests in flight were cancelled; their rooms may exist (line 2, 3); {advice}.\n" in (
        stderr.getvalue()
    )
    assert "0 made · 0 existed · 0 recovered · 0 failed · 2 unknown · 1 not tried" in (
        stderr.getvalue()
    )
    assert [(line["line"], line["state"], line["error"]["outcome"]) for line in result.lines] == [
        (2, "unknown", "unknown"),
        (3, "unknown", "unknown"),
    ]


def test_an_unsent_room_is_not_unknown(
    command: Command, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    """Cut off while it waits for its turn, a room cannot exist."""
    options = ("--json", "--concurrency=3", "--max-rate=0.001", "--grace=0")
    stdout = Listener({'"index": ': lambda: send(signal.SIGINT)})
    monkeypatch.setattr(sys, "stdout", stdout)
    result = command("batch", "-", *options, stdin=FIVE)
    assert result.code == 130
    assert "given up" not in result.err
    assert "1 made · 0 existed · 0 recovered · 0 failed · 0 unknown · 4 not tried" in result.err
    assert len(sandbox.rooms) == len(stdout.getvalue().splitlines()) == 1


def test_a_sandbox_of_its_own_is_not_gone_on_with(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, output: Path
) -> None:
    """It ends with the command, and so do its rooms: there is nothing to resume."""
    plan = tmp_path / "plan.json"
    plan.write_text('[{"on": "POST /rooms", "faults": [null, {"stall": "reply"}], "repeat": true}]')
    stdout = Listener({'"index": ': lambda: send(signal.SIGINT)})
    monkeypatch.setattr(sys, "stdout", stdout)
    options = ("--json", "--concurrency=2", "--grace=0", "--output", output)
    result = command("--sandbox", "--faults", plan, "batch", "-", *options, stdin=FIVE)
    assert result.code == 130
    assert "were cancelled; their rooms may exist" in result.err
    assert "; the sandbox has ended, and all its rooms with it.\n" in result.err
    assert "not tried" in result.err
    assert "--resume" not in result.err


def test_the_grace_has_an_end(
    command: Command, monkeypatch: pytest.MonkeyPatch, server: BlockingServer
) -> None:
    """After the grace period requests in flight are cancelled without another signal."""
    stderr = heard(monkeypatch, STOPPING, lambda: None)
    rows = b"unique_name\n" + b"".join(b"room-%d\n" % number for number in range(30))
    with once_in_flight(server, 25, lambda: send(signal.SIGTERM)):
        result = command("batch", "-", "--concurrency=25", "--grace=0.05", stdin=rows)
    assert result.code == 143
    assert "Stopping: requests in flight have 0.05 s to finish; " in stderr.getvalue()
    assert "line 2, 3, 4," in stderr.getvalue()
    assert "21, and 5 more); run the same input again" in stderr.getvalue()
    assert "25 unknown · 5 not tried" in stderr.getvalue()


def test_ctrl_c_while_the_output_is_opened_sends_nothing(
    command: Command, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, output: Path
) -> None:
    """Signals before the first room leave the output intact."""
    stream_many = AsyncRoomsClient.stream_many

    def interrupted(*arguments: Any, **options: Any) -> OutcomeStream:
        for _ in range(2):
            asyncio.get_running_loop().call_soon(send, signal.SIGINT)
        return stream_many(*arguments, **options)

    monkeypatch.setattr(AsyncRoomsClient, "stream_many", interrupted)
    result = command("batch", "-", "--output", output, stdin=FIVE)
    assert result.code == 130
    assert "5 not tried" in result.err
    assert not sandbox.requests


def test_an_interrupted_create_says_whether_it_was_sent(
    command: Command, server: BlockingServer
) -> None:
    """After Ctrl-C the message says whether the room may exist."""
    with once_in_flight(server, 1, lambda: send(signal.SIGINT)):
        result = command("create", "--nameless")
    assert result.code == 130
    assert result.err == "Interrupted; POST /rooms was sent, and may have been applied.\n"


def test_an_interrupted_get_has_nothing_to_report(command: Command, server: BlockingServer) -> None:
    """A read changes nothing, so no outcome is reported."""
    with once_in_flight(server, 1, lambda: send(signal.SIGINT)):
        result = command("get", "some-id")
    assert (result.code, result.err) == (130, "Interrupted.\n")


class InterruptedInput(io.BytesIO):
    """An input whose reading is interrupted."""

    def read(self, size: int | None = -1, /) -> bytes:
        send(signal.SIGINT)
        return super().read(size)


def test_ctrl_c_while_the_input_is_read_sends_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    """A batch that reads or checks its input can be interrupted."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(InterruptedInput(FIVE)))
    assert main(["batch", "-"]) == 130
    assert capsys.readouterr().err == "Interrupted; nothing was sent.\n"
    assert not sandbox.requests


def test_an_interrupted_batch_is_resumed(sandbox: Sandbox, output: Path) -> None:
    """A batch that was interrupted twice and then resumed creates each room once."""
    sandbox.faults = [{"on": "POST /rooms", "draw": [{"fault": "hang", "probability": 0.2}]}]
    rows = output.with_suffix(".csv")
    rows.write_text("unique_name\n" + "".join(f"room-{number}\n" for number in range(60)))
    arguments = ("batch", rows, "--concurrency=5", "--output", output)
    env = environment(TELNYX_BASE_URL=sandbox.url, TELNYX_API_KEY=sandbox.api_key)
    with running(*arguments, env=env) as process:
        wait_until_stuck(sandbox, 5)
        process.signal(signal.SIGINT)
        process.wait_for(STOPPING)
        process.signal(signal.SIGINT)
        ended = process.end()
    assert ended.code == 130
    assert "5 unknown" in ended.err
    assert "Traceback" not in ended.err
    sandbox.faults = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TELNYX_BASE_URL", "TELNYX_API_KEY"):
            patch.setenv(name, env[name])
        assert main([*map(str, arguments), "--resume"]) == 0
    names = [room["unique_name"] for room in sandbox.rooms]
    assert sorted(names, key=str) == sorted(f"room-{number}" for number in range(60))


def wait_until_stuck(sandbox: Sandbox, requests: int) -> None:
    """Wait until this many requests hang, until the test's time limit."""
    while sandbox.faults_done["hang"] < requests:
        threading.Event().wait(0.005)
