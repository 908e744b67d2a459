"""The command line as whole programs: terminals, signals, pipes, and one program beside another."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.command import ROOMS_CSV, Process, environment, running
from support.held import HeldServer


@contextmanager
def serving(*options: str) -> Generator[tuple[Process, dict[str, str]]]:
    """Run `telnyx-video sandbox`, and give the environment that it says to set."""
    read, write = os.pipe()
    with running("sandbox", *options, env=environment(), stdout=write) as process:
        os.close(write)
        with open(read) as said:
            exports = [said.readline(), said.readline()]
        words = [line.removeprefix("export ").rstrip("\n").split("=", 1) for line in exports]
        yield process, environment(**dict(words))


def test_a_batch_from_one_program_reaches_the_sandbox_of_another() -> None:
    """The demo: a sandbox here, a batch, a list and the batch once more there."""
    with serving("--port", "0") as (server, env):
        with running("batch", ROOMS_CSV, env=env) as process:
            first = process.end()
        with running("list", env=env) as process:
            listed = process.end()
        with running("batch", ROOMS_CSV, "--json", env=env) as process:
            second = process.end()
        server.signal(signal.SIGINT)
        assert server.end().code == 0
    assert (first.code, listed.code, second.code) == (0, 0, 0)
    assert first.err.startswith("20 made")
    assert listed.err == "20 rooms\n"
    assert second.err.startswith("0 made · 20 existed")
    for outcome in second.lines:
        assert outcome["room"]["id"] in first.out
        assert outcome["room"]["id"] in listed.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_ends_when_it_is_told_to(number: int) -> None:
    """Ctrl-C and SIGTERM are how the server is meant to end: with 0, and without a word."""
    with serving() as (server, _):
        server.signal(number)
        ended = server.end()
    assert ended.code == 0
    assert "Traceback" not in ended.err


def test_the_sandbox_keeps_its_rooms_in_a_file(tmp_path: Path) -> None:
    """With ``--db``, rooms are there again when the server is."""
    options = ("--db", str(tmp_path / "rooms.db"), "--api-key", "own-key")
    with serving(*options) as (_, env), running("create", "--json", env=env) as process:
        (room,) = process.end().lines
    with serving(*options) as (_, env), running("get", room["id"], "--json", env=env) as process:
        assert process.end().lines == [room]
    assert env["TELNYX_API_KEY"] == "own-key"


def test_the_sandbox_tells_its_address_to_programs() -> None:
    """With ``--json``, the environment to set is one line of JSON."""
    read, write = os.pipe()
    with running("sandbox", "--json", env=environment(), stdout=write) as server:
        os.close(write)
        with open(read) as said:
            told = json.loads(said.readline())
        request = urllib.request.Request(
            f"{told['TELNYX_BASE_URL']}/rooms",
            headers={"Authorization": f"Bearer {told['TELNYX_API_KEY']}"},
        )
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["data"] == []
        server.signal(signal.SIGINT)
        assert (server.end().code, server.end().err) == (0, "")


def test_the_sandbox_limits_the_rate() -> None:
    """With ``--rate-limit``, replies tell of a limit, and a batch keeps it."""
    with (
        serving("--rate-limit", "500") as (_, env),
        running("batch", ROOMS_CSV, env=env) as process,
    ):
        assert process.end().code == 0


def test_the_sandbox_names_an_address_that_can_be_used() -> None:
    """Listening on all addresses, it tells the one that reaches it from this machine."""
    with serving("--host", "0.0.0.0") as (_, env):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v2", env["TELNYX_BASE_URL"])


@pytest.fixture
def rooms_csv(tmp_path: Path) -> Path:
    """Five rooms, of which two are to be under way when something happens."""
    file = tmp_path / "rooms.csv"
    file.write_text("unique_name\na\nb\nc\nd\ne\n")
    return file


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_batch_finishes_what_is_under_way(
    rooms_csv: Path, tmp_path: Path, number: int, code: int
) -> None:
    """The first Ctrl-C begins nothing more; what is under way ends, and is told of."""
    output = tmp_path / "results.jsonl"
    arguments = ("batch", rooms_csv, "--concurrency=2", "--output", output)
    with HeldServer() as server, running(*arguments, env=reaching(server)) as process:
        server.wait_for(2)
        process.signal(number)
        process.wait_for("Stopping when what is under way is finished; Ctrl-C again gives it up.")
        server.release()
        ended = process.end()
    assert ended.code == code
    assert "2 made · 0 existed · 0 recovered · 0 failed · 0 unknown · 3 not tried" in ended.err
    assert len(output.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        ("unique_name\na\nb\nc\n", "run the same input again to find out"),
        ("max_participants\n5\n6\n7\n", "look at the list first, since rows without a unique_name"),
    ],
)
def test_a_batch_interrupted_twice_gives_up_at_once(
    tmp_path: Path, content: str, advice: str
) -> None:
    """The second Ctrl-C waits for nothing: what was under way is unknown, line by line."""
    rooms, output = tmp_path / "rooms.csv", tmp_path / "results.jsonl"
    rooms.write_text(content)
    arguments = ("batch", rooms, "--concurrency=2", "--output", output)
    with HeldServer() as server, running(*arguments, env=reaching(server)) as process:
        server.wait_for(2)
        process.signal(signal.SIGINT)
        process.wait_for("Stopping")
        process.signal(signal.SIGINT)
        ended = process.end()
    assert ended.code == 130
    assert f"What was under way was given up, and may exist (line 2, 3); {advice}" in ended.err
    assert "0 made · 0 existed · 0 recovered · 0 failed · 2 unknown · 1 not tried" in ended.err
    assert "Traceback" not in ended.err
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert [(line["line"], line["error"]["outcome"]) for line in lines] == [
        (2, "unknown"),
        (3, "unknown"),
    ]


def test_an_input_that_changes_before_its_first_room_makes_none(tmp_path: Path) -> None:
    """What was checked is what is sent, or nothing is; and where there is nothing, no table."""
    file, output = tmp_path / "rooms.csv", tmp_path / "results"
    file.write_text("max_participants\n5\n")
    os.mkfifo(output)  # opening it waits for its reader
    arguments = ("--sandbox", "batch", file, "--output", output)
    with running(*arguments, env=environment()) as process:
        process.wait_for("1 row has no unique_name")  # the check is over
        file.write_text("max_participants\n99\n")
        assert output.read_text() == ""
        ended = process.end()
    assert (ended.code, ended.out) == (1, "")
    assert f"{file} was changed after it was checked: line 2: max_participants" in ended.err
    assert "0 made" in ended.err


def test_an_interrupted_create_says_whether_it_was_sent() -> None:
    """After Ctrl-C nobody has to guess whether a room may have been made."""
    with HeldServer() as server, running("create", env=reaching(server)) as process:
        server.wait_for(1)
        process.signal(signal.SIGINT)
        ended = process.end()
    assert ended.code == 130
    assert ended.err == "Interrupted; POST /rooms was sent, and may have been applied.\n"


def test_an_interrupted_get_just_ends() -> None:
    """Where nothing can have been changed, there is nothing to say about it."""
    with HeldServer() as server, running("get", "some-id", env=reaching(server)) as process:
        server.wait_for(1)
        process.signal(signal.SIGINT)
        assert (process.end().code, process.end().err) == (130, "Interrupted.\n")


def reaching(server: HeldServer) -> dict[str, str]:
    """Return an environment in which commands send to this server."""
    return environment(TELNYX_BASE_URL=server.url, TELNYX_API_KEY="key")


ESCAPES = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]")


def test_a_terminal_shows_a_bar_and_then_the_table(rooms_csv: Path) -> None:
    """On a terminal a bar counts the rooms; at the end it makes way for the table."""
    with (
        HeldServer() as server,
        running("batch", rooms_csv, env=reaching(server), terminal=True) as process,
    ):
        server.wait_for(5)
        assert "0/5" in ESCAPES.sub("", process.wait_for("Creating rooms"))
        server.release()
        ended = process.end()
    assert ended.code == 0
    screen = ESCAPES.sub("", ended.err)
    assert "5 made · 0 existed" in screen.rpartition("Line  Name")[2]
    assert ended.err.count("\x1b[?25l") == ended.err.count("\x1b[?25h")  # the cursor is back
    assert max(map(len, re.split(r"[\r\n]+", screen))) <= 80


def test_failures_are_told_above_the_bar(rooms_csv: Path) -> None:
    """A failure is on the terminal as soon as it happens, and is not drawn over."""
    with serving() as (_, env):
        wrong = env | {"TELNYX_API_KEY": "wrong"}
        with running("batch", rooms_csv, env=wrong, terminal=True) as process:
            ended = process.end()
    assert ended.code == 1
    screen = " ".join(ESCAPES.sub("", ended.err).split())
    assert re.search(r"failed line \d, [a-e]: 401 Unauthorized", screen)
    assert "Nothing more was sent: it would have been refused, too." in screen


def test_a_log_is_not_drawn_over(rooms_csv: Path) -> None:
    """With TELNYX_LOG the terminal belongs to the log, which needs no bar."""
    env = environment(TELNYX_LOG="info")
    with running("--sandbox", "batch", rooms_csv, env=env, terminal=True) as process:
        ended = process.end()
    assert ended.code == 0
    assert "Creating rooms" not in ended.err


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    """``telnyx-video … | head`` ends without a complaint, and makes no more rooms."""
    rooms = tmp_path / "rooms.csv"
    rooms.write_text("unique_name\n" + "".join(f"room-{number}\n" for number in range(2000)))
    with serving() as (_, env):
        for arguments in (["batch", rooms, "--json"], ["batch", rooms], ["list"], ["--help"]):
            read, write = os.pipe()
            os.close(read)
            with running(*arguments, env=env, stdout=write) as process:
                os.close(write)
                ended = process.end()
            assert ended.code == 1
            assert "Error" not in ended.err
            assert "Exception" not in ended.err
            if "--json" in arguments:
                assert "not tried" in ended.err


def test_the_module_can_be_run() -> None:
    """Without its script, ``python -m telnyx_video.cli`` is the same command."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "telnyx_video.cli", "--version"],
        cwd=ROOMS_CSV.parents[2],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"telnyx-video \d+\.\d+\S*\n", done.stdout)
