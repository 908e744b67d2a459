"""The bytes on the wire when a connection is cut or stalled, and what is committed by then."""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import ExitStack

import pytest

from sandbox.blocking_driver import (
    FOREVER,
    asked,
    connected,
    drain,
    names,
    on_create,
    request,
    tls_contexts,
    until,
)
from telnyx_video.sandbox import Sandbox

TLS = tls_contexts()


@pytest.fixture(params=[None, TLS], ids=["plain", "TLS"])
def tls(request: pytest.FixtureRequest) -> tuple[ssl.SSLContext | None, ssl.SSLContext | None]:
    """Return the TLS contexts of server and client, or None."""
    contexts: tuple[ssl.SSLContext, ssl.SSLContext] | None = request.param
    return contexts or (None, None)


@pytest.mark.parametrize(
    ("fault", "end", "rooms"),
    [
        ("dropped", "FIN", 0),
        ("dropped_reset", "RST", 0),
        ({"cut": "reading"}, "FIN", 0),
        ({"cut": "reading", "reset": True}, "RST", 0),
        ({"cut": "reply", "commit": "never"}, "FIN", 0),
        ({"cut": "reply", "commit": "never", "reset": True}, "RST", 0),
        ("lost", "FIN", 1),
        ("lost_reset", "RST", 1),
    ],
)
def test_a_cut_before_the_reply_sends_no_bytes(
    tls: tuple[ssl.SSLContext | None, ssl.SSLContext | None], fault: object, end: str, rooms: int
) -> None:
    """Only FIN or RST arrives; the request is counted, and committed or not."""
    with Sandbox(faults=on_create(fault), ssl_context=tls[0]) as sandbox:
        assert drain(sandbox, tls=tls[1]) == (b"", end)
        assert len(sandbox.rooms) == rooms
        assert sandbox.requests == {"POST /v2/rooms": 1}
        assert sum(sandbox.faults_done.values()) == 1


def test_a_cut_can_come_before_the_body() -> None:
    """A client that is about to send its body is cut off."""
    with Sandbox(faults=on_create("dropped")) as sandbox, connected(sandbox) as line:
        line.send(request(expect=True).removesuffix(b"{}"))
        assert line.rest() == (b"", "FIN")
        assert sandbox.requests == {"POST /v2/rooms": 1}


def test_a_cut_can_come_within_the_body() -> None:
    """A client gets 100 Continue, and is cut off in the middle of its body."""
    with Sandbox(faults=on_create({"cut": "reading"})) as sandbox, connected(sandbox) as line:
        line.send(request(expect=True).removesuffix(b"{}"))
        assert line.exactly(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.send(b"{")
        assert line.rest() == (b"", "FIN")
        assert sandbox.rooms == []


def test_a_request_with_a_broken_body_can_be_cut() -> None:
    """An unreadable body does not change how the connection ends."""
    with Sandbox(faults=on_create({"cut": "reading"})) as sandbox, connected(sandbox) as line:
        broken = b"Content-Encoding: gzip\r\nContent-Length"
        line.send(request().replace(b"Content-Length", broken))
        assert line.rest() == (b"", "FIN")


async def test_a_cut_ends_all_tasks_of_its_connection() -> None:
    """No task waits for the rest of the body."""
    async with asyncio.timeout(5), Sandbox(faults=on_create("dropped")) as sandbox:
        idle = asyncio.all_tasks()

        def be_cut() -> None:
            with connected(sandbox) as line:
                line.send(request(expect=True).removesuffix(b"{}"))
                assert line.rest() == (b"", "FIN")

        await asyncio.to_thread(be_cut)
        served = asyncio.all_tasks() - idle
        await asyncio.gather(*served, return_exceptions=True)


@pytest.mark.parametrize(
    ("cut", "beginning", "ending"),
    [
        ("status", b"HTTP/1.1 2", b"HTTP/1.1 2"),
        ("headers", b"HTTP/1.1 201 Created\r\n", b""),
        ("body", b"HTTP/1.1 201 Created\r\n", b""),
    ],
)
@pytest.mark.parametrize(("reset", "end"), [(False, "FIN"), (True, "RST")])
def test_a_reply_is_cut_in_its_middle(
    cut: str, beginning: bytes, ending: bytes, reset: bool, end: str
) -> None:
    """A part of the status line, of the headers or of the body arrives, and the room exists."""
    with Sandbox(faults=on_create({"cut": cut, "reset": reset})) as sandbox:
        data, ended = drain(sandbox)
        assert data.startswith(beginning)
        assert data.endswith(ending)
        assert ended == end
        assert len(sandbox.rooms) == 1
    head, separator, body = data.partition(b"\r\n\r\n")
    if cut == "body":
        (length,) = (line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: "))
        assert len(body) == int(length.split()[1]) // 2
        assert body.startswith(b'{"data":{')
    else:
        assert not separator


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_body_is_truncated_in_each_framing(framing: str) -> None:
    """Half of the length arrives, or one of two chunks, or the connection ends early."""
    plan = on_create({"cut": "body", "framing": framing}, {"framing": framing})
    with Sandbox(faults=plan) as sandbox:
        cut, _ = drain(sandbox, content={"unique_name": "a"})
        whole = asked(sandbox, content={"unique_name": "b"})
    head, _, body = cut.partition(b"\r\n\r\n")
    assert whole.json["data"]["unique_name"] == "b"
    assert (b"Content-Length" in head) == (framing == "length")
    assert (b"Transfer-Encoding: chunked" in head) == (framing == "chunked")
    assert (b"Connection: close" in head) == (framing == "close")
    if framing == "chunked":
        size, _, chunk = body.partition(b"\r\n")
        assert len(chunk) == int(size, 16) + 2  # one whole chunk and no last one
    else:
        assert len(body) == len(whole.body) // 2


@pytest.mark.parametrize("interim", [100, 102, 103])
def test_an_informational_reply_can_be_sent(interim: int) -> None:
    """1xx and then FIN, and the room exists; or 1xx and then the reply."""
    plan = on_create({"interim": interim, "cut": "reply"}, {"interim": interim})
    with Sandbox(faults=plan) as sandbox, connected(sandbox) as line:
        data, end = drain(sandbox)
        assert (data.split()[:2], end) == ([b"HTTP/1.1", str(interim).encode()], "FIN")
        assert data.endswith(b"\r\n\r\n")
        line.send(request())
        assert line.exactly(len(data)) == data
        assert line.answer().status == 201
        assert len(sandbox.rooms) == 2


def in_flight(sandbox: Sandbox) -> int:
    """Return the number of POSTs in flight: a reset sets the maximum to it."""
    sandbox.reset()
    return sandbox.max_in_flight


@pytest.mark.parametrize(
    ("point", "beginning", "rooms"),
    [
        ("read", b"", 0),
        ("commit", b"", 0),
        ("reply", b"", 1),
        ("status", b"HTTP/1.1 2", 1),
        ("headers", b"HTTP/1.1 201 Created\r\nDate: ", 1),
        ("body", b"HTTP/1.1 201 Created\r\nDate: ", 1),
    ],
)
def test_a_stall_lasts_until_the_client_leaves(
    tls: tuple[ssl.SSLContext | None, ssl.SSLContext | None],
    point: str,
    beginning: bytes,
    rooms: int,
) -> None:
    """Other requests are served meanwhile; the stalled one ends with its connection."""
    plan = on_create({"stall": point})
    with Sandbox(faults=plan, ssl_context=tls[0]) as sandbox:
        with connected(sandbox, tls[1]) as line, connected(sandbox, tls[1]) as other:
            line.send(request())
            assert line.exactly(len(beginning)) == beginning
            until(lambda: sandbox.faults_done)
            assert other.ask().status == 201
            assert other.ask().status == 201
            assert len(sandbox.rooms) == rooms + 2
            assert sandbox.max_in_flight == 2
        until(lambda: in_flight(sandbox) == 0)


@pytest.mark.parametrize("point", ["read", "commit", "reply", "status", "headers", "body"])
def test_a_stall_of_some_seconds_ends_by_itself(point: str) -> None:
    """Then the exchange completes, and the connection stays open."""
    plan = on_create({"stall": point, "seconds": 0.05})
    with Sandbox(faults=plan) as sandbox, connected(sandbox) as line:
        assert line.ask().status == 201
        assert line.ask().status == 201
        assert len(sandbox.rooms) == 2


def test_a_stall_before_the_commit_outlives_the_client() -> None:
    """The commit happens even if the client has left."""
    with Sandbox(faults=on_create({"stall": "commit", "seconds": 0.05})) as sandbox:
        with connected(sandbox) as line:
            line.send(request(content={"unique_name": "slow"}))
            until(lambda: sandbox.faults_done)
        until(lambda: names(sandbox) == ["slow"])


def test_a_stall_can_come_before_a_cut() -> None:
    """No bytes for a while, then RST."""
    plan = on_create({"stall": "reply", "seconds": 0.05, "cut": "status", "reset": True})
    with Sandbox(faults=plan) as sandbox:
        assert drain(sandbox) == (b"HTTP/1.1 2", "RST")
        assert len(sandbox.rooms) == 1


def test_a_reply_can_drip() -> None:
    """Sent byte by byte, the whole reply arrives."""
    with Sandbox(faults=on_create({"drip": 0.0001})) as sandbox, connected(sandbox) as line:
        assert line.ask(content={"unique_name": "drop"}).json["data"]["unique_name"] == "drop"
        assert line.ask().status == 201


def test_a_client_that_leaves_ends_a_drip() -> None:
    """A drip of an hour ends when the client leaves."""
    with Sandbox(faults=on_create({"drip": 20})) as sandbox, connected(sandbox) as line:
        line.send(request())
        assert line.exactly(1) == b"H"


def test_a_reply_can_announce_the_end_of_its_connection() -> None:
    """A correct reply has Connection: close, and FIN follows."""
    with Sandbox(faults=on_create("close")) as sandbox, connected(sandbox) as line:
        answer = line.ask()
        assert (answer.status, answer.headers["Connection"]) == (201, "close")
        assert line.rest() == (b"", "FIN")


@pytest.mark.parametrize(
    ("fault", "end"), [("closed_idle", "FIN"), ({"cut": "end", "reset": True}, "RST")]
)
def test_an_idle_connection_can_be_closed(fault: object, end: str) -> None:
    """The connection is closed after a reply that keeps it alive."""
    with Sandbox(faults=on_create(fault)) as sandbox, connected(sandbox) as line:
        answer = line.ask()
        assert answer.status == 201
        assert "Connection" not in answer.headers
        assert line.rest() == (b"", end)


@pytest.mark.parametrize(
    ("fault", "end"), [("closed_next", "FIN"), ({"cut": "next", "reset": True}, "RST")]
)
def test_a_connection_can_end_when_the_next_request_arrives(
    tls: tuple[ssl.SSLContext | None, ssl.SSLContext | None], fault: object, end: str
) -> None:
    """The next request is counted and lost with its connection; other connections are not."""
    with (
        Sandbox(faults=on_create(fault), ssl_context=tls[0]) as sandbox,
        connected(sandbox, tls[1]) as line,
        connected(sandbox, tls[1]) as other,
    ):
        assert line.ask().status == 201
        assert other.ask().status == 201
        line.send(request())
        assert line.rest() == (b"", end)
        assert len(sandbox.rooms) == 2
        assert sandbox.requests == {"POST /v2/rooms": 3}
        assert other.ask().status == 201


def test_a_cleared_plan_still_cuts_the_connections_it_has_chosen() -> None:
    """Other connections are served normally."""
    with (
        Sandbox(faults=on_create("closed_next")) as sandbox,
        connected(sandbox) as line,
        connected(sandbox) as other,
    ):
        assert line.ask().status == 201
        sandbox.faults = []
        assert other.ask().status == 201
        line.send(request())
        assert line.rest() == (b"", "FIN")


def test_a_cut_of_a_closed_connection_is_ignored() -> None:
    """The client may leave before the cut."""
    plan = on_create({"stall": "reply", "seconds": 0.05, "cut": "reply"})
    with Sandbox(faults=plan) as sandbox:
        with connected(sandbox) as line:
            line.send(request())
            until(lambda: sandbox.rooms)
        until(lambda: in_flight(sandbox) == 0)
        assert asked(sandbox, "GET", "/rooms").status == 200


def test_a_falsified_reply_keeps_its_connection() -> None:
    """A reply in valid HTTP leaves the connection usable."""
    with (
        Sandbox(faults=on_create(503, {"body": "no_id"})) as sandbox,
        connected(sandbox) as line,
    ):
        assert [line.ask().status for _ in range(3)] == [503, 201, 201]


def test_a_falsified_reply_honours_connection_close() -> None:
    """A fault does not keep a connection that the client wants to close."""
    with Sandbox(faults=on_create(503)) as sandbox, connected(sandbox) as line:
        line.send(request(close=True))
        assert line.answer().status == 503
        assert line.rest() == (b"", "FIN")


@pytest.mark.parametrize(
    "rule", [{"name": "a", "faults": [503]}, {"draw": [{"fault": 503, "probability": 1}]}]
)
def test_a_body_is_read_when_it_decides(rule: Mapping[str, object]) -> None:
    """A rule with a name or a draw reads the body first, once, even if that has to be invited."""
    with Sandbox(faults=[{"on": "POST /rooms", **rule}]) as sandbox:
        head, _, body = request(content={"unique_name": "a"}, expect=True).partition(b"\r\n\r\n")
        with connected(sandbox) as line:
            line.send(head + b"\r\n\r\n")
            assert line.exactly(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
            line.send(body)
            assert line.exactly(12) == b"HTTP/1.1 503"


@pytest.mark.parametrize("content", [[1], {"unique_name": 7}, {"unique_name": "b"}, {}])
def test_a_rule_for_a_name_leaves_others_alone(content: object) -> None:
    """A body without that name, of whatever type, gets no fault."""
    plan = on_create("lost", name="a", repeat=True)
    with Sandbox(faults=plan) as sandbox:
        assert asked(sandbox, content=content).status in (201, 422)
        assert asked(sandbox, "GET", "/rooms?filter[unique_name]=a").status == 200
        assert drain(sandbox, content={"unique_name": "a"}) == (b"", "FIN")


def test_a_body_that_is_no_json_has_no_name() -> None:
    """It is refused like without faults."""
    with Sandbox(faults=on_create("lost", name="a")) as sandbox, connected(sandbox) as line:
        line.send(request().replace(b"{}", b"{["))
        assert line.answer().status == 400


@pytest.mark.parametrize("fault", ["hang", "hang_uncommitted", {"drip": FOREVER}])
def test_leaving_ends_what_is_held_up(fault: object) -> None:
    """The sandbox does not wait for an exchange that a fault holds up."""
    with ExitStack() as stack:
        with Sandbox(faults=on_create(fault)) as sandbox:
            line = stack.enter_context(connected(sandbox))
            line.send(request())
            until(lambda: sandbox.faults_done)
        data, _ = line.rest()
        assert data in (b"", b"H")
