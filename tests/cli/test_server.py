"""`telnyx-video sandbox`: the server as a process, until a signal ends it."""

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
    """The result of one sandbox, and the environment that it printed."""

    code: int
    out: str
    err: str

    @property
    def exported(self) -> dict[str, str]:
        """The environment, as a shell would read it."""
        return dict(re.findall(r"^export (\w+)=(\S+)$", self.out, re.MULTILINE))


class Serve(Protocol):
    """Runs the sandbox, uses it when it is ready, and ends it by a signal."""

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
                exported = Served(0, out.getvalue(), "").exported or json.loads(out.getvalue())
                with RoomsClient(
                    base_url=exported["TELNYX_BASE_URL"], api_key=exported["TELNYX_API_KEY"]
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
def test_a_signal_ends_the_sandbox(serve: Serve, number: int) -> None:
    """After Ctrl-C and SIGTERM the exit code is 0."""
    served = serve(number=number)
    assert served.code == 0
    assert served.err.splitlines() == [
        f"Watch the sandbox at {served.exported['TELNYX_BASE_URL'].removesuffix('v2')}",
        f"The sandbox listens at {served.exported['TELNYX_BASE_URL']}; Ctrl-C stops it.",
        "To use it from another terminal:",
        "",
    ]


def test_the_sandbox_keeps_its_rooms_in_a_file(serve: Serve, tmp_path: Path) -> None:
    """With ``--db``, rooms survive a restart."""
    rooms: list[Room] = []
    options = ("--db", tmp_path / "rooms.db", "--api-key", "own-key")
    serve(*options, use=lambda client: rooms.append(client.create(unique_name="a")))
    served = serve(*options, use=lambda client: rooms.append(client.get(rooms[0].id)))
    assert rooms[0] == rooms[1]
    assert served.exported["TELNYX_API_KEY"] == "own-key"


def test_json_prints_the_environment(serve: Serve) -> None:
    """With ``--json``, the environment is one line of JSON, and nothing else is printed."""
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


def test_the_printed_address_is_reachable(serve: Serve) -> None:
    """If it listens on all addresses, it prints a loopback address."""
    served = serve("--host", "0.0.0.0")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v2", served.exported["TELNYX_BASE_URL"])


def test_the_public_key_is_printed(serve: Serve) -> None:
    """A receiver can verify webhooks with the printed environment."""
    with Sandbox() as sandbox:
        assert serve().exported["TELNYX_PUBLIC_KEY"] == sandbox.public_key


def test_a_missing_extra_for_webhooks_is_reported(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without cryptography it serves requests, and prints what is missing."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.ed25519", None)
    served = serve(announced="TELNYX_API_KEY")
    assert (served.code, "TELNYX_PUBLIC_KEY" in served.out) == (0, False)
    assert served.err.startswith("Webhooks are not delivered: signing webhooks takes cryptography")
    assert "telnyx-video[webhooks]" in served.err


def test_webhook_host_permits_a_host(serve: Serve) -> None:
    """Webhooks are delivered to a host of ``--webhook-host``, and not to others."""
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


def test_allow_host_accepts_a_host_header(serve: Serve) -> None:
    """``--allow-host`` accepts a Host header that is refused otherwise."""
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


def test_deliver_anywhere_permits_every_host(serve: Serve) -> None:
    """Webhooks are delivered to other machines."""
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
    assert opened == [served.exported["TELNYX_BASE_URL"].removesuffix("v2")]


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read: No such file or directory"), ('{"rooms": 5}', ": /rooms")],
)
def test_an_invalid_seed_is_reported(
    command: Command, tmp_path: Path, content: str | None, message: str
) -> None:
    """The message names the file and the place in it."""
    file = tmp_path / "seed.json"
    if content is not None:
        file.write_text(content)
    result = command("sandbox", "--seed", file)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"Error: {file}")
    assert message in result.err


@pytest.fixture
def faults(tmp_path: Path) -> Path:
    file = tmp_path / "faults.json"
    file.write_text(json.dumps(LOST))
    return file


def test_faults_of_the_sandbox_are_injected(serve: Serve, faults: Path) -> None:
    """The fault plan applies from the first request."""
    answers: list[object] = []

    def use(client: RoomsClient) -> None:
        client.create(unique_name="a")
        control = repr(client).rpartition("at ")[2].replace("/v2>", "/_sandbox/faults")
        with urlopen(Request(control)) as answer:
            answers.append(json.load(answer))

    serve("--faults", faults, use=use)
    assert answers == [{"plan": LOST, "done": {"lost": 1}}]


def test_faults_of_an_embedded_sandbox_are_injected(command: Command, faults: Path) -> None:
    """``--faults`` works with ``--sandbox``, before or after the command."""
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
def test_every_flaw_of_a_fault_plan_is_reported(
    command: Command,
    tmp_path: Path,
    arguments: tuple[str, ...],
    content: str | None,
    problems: list[str],
) -> None:
    """Every flaw is reported with its place, and nothing starts."""
    file = tmp_path / "faults.json"
    if content is not None:
        file.write_text(content)
    result = command(*arguments, "--faults", file)
    assert (result.code, result.out) == (2, "")
    for line, problem in zip(result.err.splitlines(), problems, strict=True):
        separator = "" if content is None else ":"
        assert line.startswith(f"Error: {file}{separator} {problem}")


def test_faults_need_a_sandbox(command: Command, sandbox: Sandbox, faults: Path) -> None:
    """Faults are refused for the real API."""
    result = command("list", "--faults", faults)
    assert result.code == 2
    assert result.err == "Error: --faults is for a sandbox: add --sandbox\n"
    assert not sandbox.requests
