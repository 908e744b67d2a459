"""`telnyx-video listen`: events are verified, printed once, and then accepted."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import attrs
import pytest

from cli.command import Command, Listener
from support.hooks import PUBLIC_KEY, SIGNER
from telnyx_video.cli import main
from telnyx_video.cli.commands.listen import Printer
from telnyx_video.testing import SignedDelivery, WebhookSigner, make_event
from telnyx_video.webhooks import Deduplicator, ParticipantJoined, SessionStarted, UnknownEvent

pytestmark = pytest.mark.usefixtures("signals")


@attrs.frozen
class Heard:
    """The result of one receiver."""

    code: int
    out: str
    err: str


class Listen(Protocol):
    """Runs the receiver, calls it with its URL, and ends it by a signal."""

    def __call__(
        self,
        use: Callable[[str], object],
        *options: str,
        number: int | None = ...,
        out: Listener | None = ...,
    ) -> Heard: ...


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch) -> Listen:
    def listen(
        use: Callable[[str], object],
        *options: str,
        number: int | None = signal.SIGINT,
        out: Listener | None = None,
    ) -> Heard:
        def use_and_end() -> None:
            try:
                use(err.getvalue().partition("webhooks at ")[2].partition(";")[0])
            finally:
                if number is not None:
                    os.kill(os.getpid(), number)

        user = threading.Thread(target=use_and_end)
        message, err = out or Listener({}), Listener({"stops it.": user.start})
        with monkeypatch.context() as inner:
            inner.setenv("TELNYX_PUBLIC_KEY", PUBLIC_KEY)
            inner.setattr(sys, "stdout", message)
            inner.setattr(sys, "stderr", err)
            code = main(["listen", *options])
        user.join()
        return Heard(code, message.getvalue(), err.getvalue())

    return listen


def post(url: str, delivery: SignedDelivery) -> int:
    """Deliver and return the status of the answer."""
    try:
        with urlopen(Request(url, delivery.body, delivery.headers)) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def test_an_event_is_printed_on_one_line(listen: Listen) -> None:
    """The line has the time, the type and the payload."""
    event = make_event(
        ParticipantJoined,
        room_id="room-1",
        session_id="session-1",
        participant_id="person-1",
        context='{"username": "Ada\\n"}',
    )
    unknown = make_event(UnknownEvent, event_type="video.room.new\x1b", secs=1.5, who=None, at="")
    heard = listen(lambda url: [post(url, SIGNER.sign(it)) for it in (event, unknown)])
    moment = event.to_dict()["occurred_at"]
    assert heard.out.splitlines() == [
        f"{moment} video.room.participant.joined room_id=room-1 session_id=session-1 "
        'participant_id=person-1 context="{\\"username\\": \\"Ada\\\\n\\"}"',
        f'{unknown.to_dict()["occurred_at"]} video.room.new\\x1b secs=1.5 at=""',
    ]


def test_json_prints_the_original_event(listen: Listen) -> None:
    """With ``--json`` each line is the event's own JSON."""
    event = make_event(SessionStarted)
    heard = listen(lambda url: post(url, SIGNER.sign(event)), "--json")
    (line,) = heard.out.splitlines()
    assert SessionStarted.from_dict(json.loads(line)) == event


def test_a_repeated_event_is_printed_once(listen: Listen) -> None:
    """A second delivery is accepted without being printed."""
    event = SIGNER.sign(make_event(SessionStarted))
    statuses: list[int] = []
    heard = listen(lambda url: statuses.extend(post(url, event) for _ in range(2)))
    assert statuses == [200, 200]
    assert len(heard.out.splitlines()) == 1


def test_a_forged_event_is_not_printed(listen: Listen) -> None:
    """A delivery signed by another key is refused, and the reason is logged."""
    signer = WebhookSigner()
    statuses: list[int] = []
    forged = signer.sign(make_event(SessionStarted))
    assert listen(lambda url: statuses.append(post(url, forged))).out == ""
    heard = listen(
        lambda url: statuses.append(post(url, forged)), "--public-key", signer.public_key
    )
    assert "video.room.session.started" in heard.out
    assert statuses == [401, 200]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_receiver(listen: Listen, number: int, code: int) -> None:
    """Ctrl-C and SIGTERM end it silently with their exit codes."""
    heard = listen(lambda _: None, number=number)
    assert (heard.code, heard.out) == (code, "")
    assert heard.err.startswith("Listening for webhooks at http://127.0.0.1:")
    assert len(heard.err.splitlines()) == 1


async def test_only_the_first_signal_counts() -> None:
    """A second or late Ctrl-C changes nothing."""
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    printer = Printer(Deduplicator(), ended, as_json=False)
    printer.end_by(signal.SIGINT)
    printer.end_by(signal.SIGTERM)
    assert await ended == 130


class Broken(Listener):
    """A stream whose reader has exited."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_an_unprinted_event_is_not_accepted(listen: Listen) -> None:
    """A closed pipe ends the command, and the event is not accepted."""
    refused: list[Exception] = []

    def deliver(url: str) -> None:
        try:
            post(url, SIGNER.sign(make_event(SessionStarted)))
        except OSError as error:
            refused.append(error)

    heard = listen(deliver, number=None, out=Broken({}))
    assert heard.code == 1
    assert len(refused) == 1
    assert "Traceback" not in heard.err


async def test_only_the_first_failure_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that arrive while the command ends are not accepted."""
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    printer = Printer(Deduplicator(), ended, as_json=True)
    monkeypatch.setattr(sys, "stdout", Broken({}))
    for _ in range(2):
        with pytest.raises(asyncio.CancelledError):
            await printer.take(make_event(SessionStarted))
    with pytest.raises(BrokenPipeError):
        await ended


@contextmanager
def application(status: int) -> Generator[tuple[str, list[tuple[bytes, dict[str, str]]]]]:
    """Run an application that receives forwarded deliveries; yield its URL and the deliveries."""
    received: list[tuple[bytes, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((body, dict(self.headers)))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("status", [200, 500])
def test_deliveries_are_forwarded_unchanged(listen: Listen, status: int) -> None:
    """The body and signature are unchanged, and the sender gets the application's status."""
    delivery = SIGNER.sign(make_event(SessionStarted))
    answers: list[int] = []
    with application(status) as (target, received):
        heard = listen(
            lambda url: answers.extend(post(url, delivery) for _ in range(2)),
            f"--forward-to={target}",
        )
    assert answers == [status, status]
    assert [body for body, _ in received] == [delivery.body] * 2
    for _, headers in received:
        lowered = {name.lower(): value for name, value in headers.items()}
        assert {name.lower(): lowered[name.lower()] for name in delivery.headers} == {
            name.lower(): value for name, value in delivery.headers.items()
        }
    assert len(heard.out.splitlines()) == 1
    assert heard.err.startswith(f"Deliveries are forwarded to {target}.\n")
    assert len(re.findall(rf"started → {status} in \d+ ms\n", heard.err)) == 2


def test_forged_deliveries_are_not_forwarded(listen: Listen) -> None:
    """Deliveries without a valid signature are not forwarded."""
    delivery = WebhookSigner().sign(make_event(SessionStarted))
    answers: list[int] = []
    with application(200) as (target, received):
        listen(lambda url: answers.append(post(url, delivery)), f"--forward-to={target}")
    assert (answers, received) == ([401], [])


@pytest.mark.parametrize(
    ("target", "reason"),
    [("http://127.0.0.1:9/", "Cannot connect to host "), ("http://a..b/", "'idna'")],
)
def test_an_unreachable_application_is_reported(listen: Listen, target: str, reason: str) -> None:
    """The sender gets 502, and the reason is printed."""
    answers: list[int] = []
    delivery = SIGNER.sign(make_event(SessionStarted))
    heard = listen(lambda url: answers.append(post(url, delivery)), f"--forward-to={target}")
    assert answers == [502]
    assert re.search(f"→ .*{re.escape(reason)}", heard.err)


@pytest.mark.parametrize("print_only", [False, True])
def test_only_some_types_are_printed_and_forwarded(listen: Listen, print_only: bool) -> None:
    """``--events`` chooses the types, and ``--print-only`` forwards none of them."""
    events = [make_event(SessionStarted), make_event(ParticipantJoined)]
    with application(200) as (target, received):
        heard = listen(
            lambda url: [post(url, SIGNER.sign(event)) for event in events],
            f"--forward-to={target}",
            f"--events={events[1].event_type}",
            *["--print-only"] * print_only,
        )
    (line,) = heard.out.splitlines()
    assert events[1].event_type in line
    assert len(received) == (not print_only)


@pytest.mark.parametrize("url", ["ftp://host/", "localhost:8000", "http://", "http://h:x/"])
def test_an_invalid_target_is_refused(command: Command, url: str) -> None:
    """The receiver does not start."""
    result = command("listen", "--forward-to", url, "--public-key", PUBLIC_KEY)
    assert (result.code, result.err) == (
        2,
        f"Error: --forward-to: must be an HTTP URL with a host, not {url!r}\n",
    )


def test_a_missing_extra_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra for webhooks, listening says what to install."""
    for name in [name for name in sys.modules if name.startswith("telnyx_video.webhooks")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    result = command("listen", "--public-key", PUBLIC_KEY)
    assert result.code == 2
    assert result.err.startswith("Error: telnyx_video.webhooks needs cryptography")
    assert "pip install 'telnyx-video[webhooks]'" in result.err


def test_invalid_options_are_refused(command: Command) -> None:
    """Without a key, or with an invalid port or one in use, it does not listen."""
    missing = command("listen")
    assert (missing.code, missing.out) == (2, "")
    assert "set the environment variable TELNYX_PUBLIC_KEY" in missing.err
    assert "--public-key" in missing.err
    wrong = command("listen", "--port", "x", "--public-key", PUBLIC_KEY)
    assert (wrong.code, "Invalid value for '--port'" in wrong.err) == (2, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        busy = command("listen", "--port", port, "--public-key", PUBLIC_KEY)
    assert (busy.code, busy.out) == (1, "")
    assert busy.err == (
        f"Error: webhooks cannot be received on port {port} of 127.0.0.1: Address already in use - "
        "choose another one with --port, or none, for any that is free\n"
    )
