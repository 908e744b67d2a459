"""`telnyx-video sandbox`: the server as a program, used by others until a signal ends it."""

import json
import os
import re
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import attrs
import pytest

from cli.command import Command, Listener
from telnyx_video import Room, RoomsClient
from telnyx_video.cli import main
from telnyx_video.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("signals")

HOSTS = ("2130706433", "app.example")  # the first is 127.0.0.1 as a number
LOST = [{"on": "POST /rooms", "faults": ["lost"]}]


@attrs.frozen
class Served:
    """What one sandbox left behind, and the environment that it said to set."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, str]:
        """The environment, read as a shell would."""
        return dict(re.findall(r"^export (\w+)=(\S+)$", self.out, re.MULTILINE))


class Serve(Protocol):
    """Runs the sandbox, uses it once it has said how, and ends it by a signal."""

    def __call__(
        self,
        *options: str | Path,
        use: Callable[[RoomsClient], object] = ...,
        number: int = ...,
        announced: str = ...,
    ) -> Served: ...


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    def serve(
        *options: str | Path,
        use: Callable[[RoomsClient], object] = RoomsClient.close,
        number: int = signal.SIGINT,
        announced: str = "TELNYX_PUBLIC_KEY",
    ) -> Served:
        def use_and_end() -> None:
            try:
                told = Served(0, out.getvalue(), "").told or json.loads(out.getvalue())
                with RoomsClient(
                    base_url=told["TELNYX_BASE_URL"], api_key=told["TELNYX_API_KEY"]
                ) as rooms:
                    use(rooms)
            finally:
                os.kill(os.getpid(), number)

        user = threading.Thread(target=use_and_end)
        out, err = Listener({announced: user.start}), Listener({})
        with monkeypatch.context() as inner:
            inner.setattr(sys, "stdout", out)
            inner.setattr(sys, "stderr", err)
            code = main(["sandbox", *map(str, options)])
        user.join()
        return Served(code, out.getvalue(), err.getvalue())

    return serve


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_ends_when_it_is_told_to(serve: Serve, number: int) -> None:
    """Ctrl-C and SIGTERM are how the server is meant to end: with 0, and without a word."""
    served = serve(number=number)
    assert served.code == 0
    assert served.err.splitlines() == [
        f"Watch the sandbox at {served.told['TELNYX_BASE_URL'].removesuffix('v2')}",
        f"The sandbox listens at {served.told['TELNYX_BASE_URL']}; Ctrl-C stops it.",
        "To use it from another terminal:",
        "",
    ]


def test_the_sandbox_keeps_its_rooms_in_a_file(serve: Serve, tmp_path: Path) -> None:
    """With ``--db``, rooms are there again when the server is."""
    rooms: list[Room] = []
    options = ("--db", tmp_path / "rooms.db", "--api-key", "own-key")
    serve(*options, use=lambda client: rooms.append(client.create(unique_name="a")))
    served = serve(*options, use=lambda client: rooms.append(client.get(rooms[0].id)))
    assert rooms[0] == rooms[1]
    assert served.told["TELNYX_API_KEY"] == "own-key"


def test_the_sandbox_tells_its_address_to_programs(serve: Serve) -> None:
    """With ``--json``, the environment to set is one line of JSON, and all that is said."""
    served = serve("--json", use=lambda client: client.create(), announced="\n")
    assert (served.code, served.err) == (0, "")
    assert json.loads(served.out).keys() == {
        "TELNYX_BASE_URL",
        "TELNYX_API_KEY",
        "TELNYX_PUBLIC_KEY",
    }


def test_the_sandbox_limits_the_rate(serve: Serve) -> None:
    """With ``--rate-limit``, replies state the limit."""
    rooms: list[Room] = []
    serve("--rate-limit=500", use=lambda client: rooms.append(client.create()))
    reply = rooms[0].reply
    assert reply is not None
    assert reply.rate_limit is not None
    assert reply.rate_limit.limit == 500


def test_the_sandbox_names_an_address_that_can_be_used(serve: Serve) -> None:
    """Listening on all addresses, it prints the one that reaches it from this machine."""
    served = serve("--host", "0.0.0.0")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v2", served.told["TELNYX_BASE_URL"])


def test_the_sandbox_names_the_key_that_webhooks_are_checked_with(serve: Serve) -> None:
    """What it says to set is all that a receiver needs."""
    with Sandbox() as sandbox:
        assert serve().told["TELNYX_PUBLIC_KEY"] == sandbox.public_key


def test_the_sandbox_says_that_webhooks_need_an_extra(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without cryptography it serves all the same, and says at once what will be missed."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.ed25519", None)
    served = serve(announced="TELNYX_API_KEY")
    assert (served.code, "TELNYX_PUBLIC_KEY" in served.out) == (0, False)
    assert served.err.startswith("Webhooks are not delivered: signing webhooks takes cryptography")
    assert "telnyx-video[webhooks]" in served.err


def test_the_sandbox_delivers_to_hosts_that_are_named(serve: Serve) -> None:
    """With ``--webhook-host`` a container of that name is called, which others are not."""
    sent: dict[str, bool] = {}

    def use(client: RoomsClient) -> None:
        control = repr(client).rpartition("at ")[2].replace("/v2>", "/_sandbox")
        for host in HOSTS:
            room = client.create(webhook_event_url=f"http://{host}:1/")
            headers = {"content-type": "application/json"}
            urlopen(Request(f"{control}/rooms/{room.id}/join", b"{}", headers)).close()
        while len(sent) < len(HOSTS):
            with urlopen(f"{control}/deliveries") as answer:
                for delivery in json.load(answer)["deliveries"]:
                    sent.update({tried["url"]: tried["sent"] for tried in delivery["attempts"]})

    serve(f"--webhook-host={HOSTS[0]}", use=use)
    assert list(sent.values()) == [True, False]


def test_the_sandbox_starts_with_the_objects_of_a_seed(serve: Serve, tmp_path: Path) -> None:
    """``--seed`` gives rooms with ids that a test suite can expect."""
    seed = tmp_path / "seed.json"
    room_id = "7a1b5d5e-2a0e-4d55-9b7e-0a3d1f0c9a11"
    seed.write_text(json.dumps({"rooms": [{"id": room_id, "unique_name": "standup"}]}))
    rooms: list[Room] = []
    serve("--seed", seed, use=lambda client: rooms.append(client.get(room_id)))
    assert [room.unique_name for room in rooms] == ["standup"]


def test_the_sandbox_makes_the_same_ids_again(serve: Serve) -> None:
    """``--seed-random`` makes a run repeatable."""
    rooms: list[Room] = []
    for _ in range(2):
        serve("--seed-random=7", use=lambda client: rooms.append(client.create(unique_name="a")))
    assert rooms[0] == rooms[1]


def test_the_sandbox_accepts_the_hosts_that_are_named(serve: Serve) -> None:
    """``--allow-host`` lets a container's name through, which is refused otherwise."""
    statuses: list[int] = []

    def use(client: RoomsClient) -> None:
        url = repr(client).rpartition("at ")[2].removesuffix("v2>")
        for host in ("app.example", "other.example"):
            try:
                urlopen(Request(f"{url}_sandbox/requests", headers={"host": host})).close()
            except HTTPError as refusal:
                refusal.close()
                statuses.append(refusal.code)
            else:
                statuses.append(200)

    serve("--allow-host=app.example", use=use)
    assert statuses == [200, 403]


def test_the_sandbox_delivers_anywhere_if_told_to(serve: Serve) -> None:
    """``--deliver-anywhere`` calls hosts that are not this machine."""
    sent: list[bool] = []

    def use(client: RoomsClient) -> None:
        control = repr(client).rpartition("at ")[2].replace("/v2>", "/_sandbox")
        room = client.create(webhook_event_url=f"http://{HOSTS[0]}:1/")
        headers = {"content-type": "application/json"}
        urlopen(Request(f"{control}/rooms/{room.id}/join", b"{}", headers)).close()
        while not sent:
            with urlopen(f"{control}/deliveries") as answer:
                for delivery in json.load(answer)["deliveries"]:
                    sent.extend(tried["sent"] for tried in delivery["attempts"])

    serve("--deliver-anywhere", use=use)
    assert sent[0]


def test_the_page_is_opened(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--open`` shows the sandbox's page in the browser."""
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)

    def wait(client: RoomsClient) -> None:
        while not opened:
            client.list(page_size=1)
            threading.Event().wait(0.01)

    served = serve("--open", use=wait)
    assert opened == [served.told["TELNYX_BASE_URL"].removesuffix("v2")]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read: No such file or directory"), ('{"rooms": 5}', ": /rooms")],
)
def test_a_seed_that_cannot_be_used_is_a_sentence(
    command: Command, tmp_path: Path, content: str | None, said: str
) -> None:
    """The file and the place in it are named."""
    file = tmp_path / "seed.json"
    if content is not None:
        file.write_text(content)
    result = command("sandbox", "--seed", file)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"Error: {file}")
    assert said in result.err


@pytest.fixture
def faults(tmp_path: Path) -> Path:
    file = tmp_path / "faults.json"
    file.write_text(json.dumps(LOST))
    return file


def test_the_sandbox_does_what_a_plan_of_faults_says(serve: Serve, faults: Path) -> None:
    """With ``--faults`` the plan of the file is followed from the first request on."""
    answers: list[object] = []

    def use(client: RoomsClient) -> None:
        client.create(unique_name="a")
        control = repr(client).rpartition("at ")[2].replace("/v2>", "/_sandbox/faults")
        with urlopen(Request(control)) as answer:
            answers.append(json.load(answer))

    serve("--faults", faults, use=use)
    assert answers == [{"plan": LOST, "done": {"lost": 1}}]


def test_a_command_can_be_tried_with_faults(command: Command, faults: Path) -> None:
    """``--faults`` goes with ``--sandbox`` as well, on either side of the command."""
    before = command("--sandbox", "--faults", faults, "batch", "-", stdin=b"unique_name\na\n")
    after = command("batch", "-", "--faults", faults, "--sandbox", stdin=b"unique_name\na\n")
    for result in (before, after):
        assert (result.code, "1 recovered" in result.err) == (0, True)


@pytest.mark.parametrize("arguments", [("sandbox",), ("--sandbox", "list")])
@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (None, ["cannot be read: No such file or directory"]),
        ("[{", ["The plan is not JSON: "]),
        (
            '[{"on": "POST /rooms", "faults": ["lots"]}, {"on": "*", "faults": [{}]}]',
            ["Rule 1: faults[0] is not a shorthand", "Rule 2: faults[0] is empty"],
        ),
    ],
)
def test_a_plan_that_cannot_be_followed_is_a_sentence_for_each_flaw(
    command: Command,
    tmp_path: Path,
    arguments: tuple[str, ...],
    content: str | None,
    problems: list[str],
) -> None:
    """All that is wrong with the file is named with its place, and nothing begins."""
    file = tmp_path / "faults.json"
    if content is not None:
        file.write_text(content)
    result = command(*arguments, "--faults", file)
    assert (result.code, result.out) == (2, "")
    for line, problem in zip(result.err.splitlines(), problems, strict=True):
        separator = "" if content is None else ":"
        assert line.startswith(f"Error: {file}{separator} {problem}")


def test_faults_are_for_a_sandbox_only(command: Command, sandbox: Sandbox, faults: Path) -> None:
    """They cannot be asked for of the real API by mistake."""
    result = command("list", "--faults", faults)
    assert result.code == 2
    assert result.err == "Error: --faults is for a sandbox: add --sandbox\n"
    assert not sandbox.requests
