"""Outages of the whole server: refused connections or 503, for some seconds or until ended."""

import asyncio
import json
import socket
import ssl
from contextlib import ExitStack

import pytest
from yarl import URL

from sandbox.blocking_driver import (
    FOREVER,
    asked,
    connected,
    on_create,
    request,
    tls_contexts,
    until,
)
from sandbox.test_faults_control import control
from telnyx_video.sandbox import Sandbox

TLS = tls_contexts()


def is_refused(sandbox: Sandbox) -> bool:
    """Return whether a connection is refused."""
    try:
        with connected(sandbox):
            return False
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:  # the port is being closed at this moment
        return False


@pytest.mark.parametrize("tls", [None, TLS], ids=["plain", "TLS"])
def test_a_paused_sandbox_refuses_connections_until_it_resumes(
    tls: tuple[ssl.SSLContext, ssl.SSLContext] | None,
) -> None:
    """Connections are cut and refused; later the same port serves the same rooms."""
    server, client = tls or (None, None)
    with Sandbox(ssl_context=server) as sandbox:
        url = sandbox.url
        with connected(sandbox, client) as line:
            assert line.ask().status == 201
            sandbox.pause()
            data, _ = line.rest()
            assert data == b""
        assert is_refused(sandbox)
        assert is_refused(sandbox)
        sandbox.resume()
        assert sandbox.url == url
        with connected(sandbox, client) as line:
            assert line.ask().status == 201
        assert len(sandbox.rooms) == 2


def test_a_pause_cuts_requests_in_flight() -> None:
    """A request in flight gets no answer, and is never committed."""
    plan = on_create({"stall": "commit", "seconds": 0.05})
    with Sandbox(faults=plan) as sandbox, connected(sandbox) as line:
        line.send(request(content={"unique_name": "a"}))
        until(lambda: sandbox.faults_done)
        sandbox.pause()
        data, _ = line.rest()
        assert data == b""
        sandbox.resume()
        assert asked(sandbox, content={"unique_name": "a"}).status == 201


def test_an_outage_can_answer_every_request_with_503() -> None:
    """Connections are kept; the fault plan continues after the outage."""
    with Sandbox(faults=on_create(429)) as sandbox, connected(sandbox) as line:
        sandbox.pause("503")
        assert line.ask().status == 503
        assert line.ask("GET", "/rooms").status == 503
        assert sandbox.rooms == []
        assert sandbox.faults_done == {"outage": 2}
        sandbox.resume()
        assert [line.ask().status for _ in range(2)] == [429, 201]


@pytest.mark.parametrize("kind", ["refuse", "503"])
def test_an_outage_can_end_by_itself(kind: str) -> None:
    """After its seconds the server accepts connections again."""
    with Sandbox() as sandbox:
        assert kind in ("refuse", "503")
        sandbox.pause("503" if kind == "503" else "refuse", seconds=0.05)

        def is_back() -> bool:
            return not is_refused(sandbox) and asked(sandbox).status == 201

        until(is_back)


def test_an_outage_replaces_another() -> None:
    """The last one, and its end, count; pausing or resuming twice changes nothing."""
    with Sandbox() as sandbox:
        sandbox.pause("503", seconds=0)
        sandbox.pause()
        sandbox.pause()
        assert is_refused(sandbox)
        sandbox.pause("503")
        assert asked(sandbox).status == 503
        sandbox.resume()
        sandbox.resume()
        assert asked(sandbox).status == 201


async def test_the_timer_of_a_replaced_outage_is_cancelled() -> None:
    """The last outage continues after the time at which the first would have ended."""
    async with Sandbox() as sandbox:
        sandbox.pause("503", seconds=0.05)
        sandbox.pause("503")
        later = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1, later.set)
        await later.wait()
        assert (await asyncio.to_thread(asked, sandbox)).status == 503


def test_an_unknown_kind_of_outage_is_an_error() -> None:
    """The error lists the kinds."""
    with Sandbox() as sandbox, pytest.raises(ValueError, match="one of refuse, 503, not '504'"):
        sandbox.pause("504")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # that is what is tested


@pytest.mark.parametrize("kind", ["refuse", "503"])
def test_a_reset_ends_an_outage(kind: str) -> None:
    """A sandbox serves after a reset, during any outage."""
    with Sandbox() as sandbox:
        sandbox.pause("503" if kind == "503" else "refuse")
        sandbox.reset()
        assert asked(sandbox).status == 201


def test_a_reset_over_http_ends_an_outage() -> None:
    """Control requests are answered during an outage by 503."""
    with Sandbox() as sandbox:
        sandbox.pause("503")
        assert control(sandbox, "/_sandbox/reset", b"") == (204, None)
        assert asked(sandbox).status == 201


def test_leaving_ends_an_outage() -> None:
    """A paused sandbox can be left; its port is free afterwards."""
    with Sandbox() as sandbox:
        port = URL(sandbox.url).port
        assert port is not None
        sandbox.pause(seconds=3600)
    with Sandbox(port=port) as sandbox:
        assert asked(sandbox).status == 201


def test_the_port_stays_bound_during_an_outage() -> None:
    """No other process can take it."""
    with Sandbox() as sandbox, socket.socket() as other:
        url = URL(sandbox.url)
        assert url.host is not None
        assert url.port is not None
        sandbox.pause()
        with pytest.raises(OSError, match="in use"):
            other.bind((url.host, url.port))


async def test_an_outage_can_start_in_any_thread() -> None:
    """Pausing and resuming take effect immediately, from the loop's thread and from others."""
    async with Sandbox() as sandbox:
        for call in (sandbox.pause, sandbox.resume):
            call()
        assert (await asyncio.to_thread(asked, sandbox)).status == 201
        sandbox.pause()
        assert is_refused(sandbox)
        sandbox.resume()
        assert not is_refused(sandbox)
        await asyncio.to_thread(sandbox.pause)
        assert is_refused(sandbox)
        await asyncio.to_thread(sandbox.resume)
        assert (await asyncio.to_thread(asked, sandbox)).status == 201


async def test_a_port_can_be_closed_while_it_is_being_opened() -> None:
    """The last of several changes in one iteration of the loop wins."""
    async with Sandbox() as sandbox:
        for last in (sandbox.pause, sandbox.resume):
            sandbox.pause()
            sandbox.resume()
            sandbox.pause()
            sandbox.resume()
            last()
            refused = False
            for _ in range(5):
                await asyncio.sleep(0)
                refused = is_refused(sandbox)
            assert refused == (last == sandbox.pause)
            sandbox.resume()
        assert (await asyncio.to_thread(asked, sandbox)).status == 201


async def test_a_sandbox_can_be_left_while_its_port_is_being_opened() -> None:
    """No task is left, and the port is free."""
    async with Sandbox() as sandbox:
        port = URL(sandbox.url).port
        assert port is not None
        sandbox.pause()
        sandbox.resume()
    async with Sandbox(port=port):
        pass
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("turns", range(6))
@pytest.mark.parametrize("tls", [None, TLS], ids=["plain", "TLS"])
async def test_a_connection_that_is_being_accepted_is_cut_too(
    turns: int, tls: tuple[ssl.SSLContext, ssl.SSLContext] | None
) -> None:
    """At any stage of accepting it, a new connection is cut when the outage starts."""
    async with Sandbox(ssl_context=tls[0] if tls else None) as sandbox:
        url = URL(sandbox.url)
        with socket.create_connection((url.host, url.port), timeout=20) as line:
            for _ in range(turns):
                await asyncio.sleep(0)
            sandbox.pause()
            line.setblocking(False)
            try:
                end = await asyncio.get_running_loop().sock_recv(line, 1)
            except ConnectionResetError:
                end = b""
            assert end == b""


@pytest.mark.parametrize("kind", ["refuse", None])
def test_connections_can_be_refused_over_http(kind: str | None) -> None:
    """The request that starts the outage is answered; later connections are refused."""
    outage = {"seconds": FOREVER} if kind is None else {"seconds": FOREVER, "kind": kind}
    with Sandbox() as sandbox:
        assert control(sandbox, "/_sandbox/outage", json.dumps(outage).encode()) == (204, None)
        until(lambda: is_refused(sandbox))
        sandbox.resume()
        assert asked(sandbox).status == 201


def test_refused_connections_end_after_their_seconds() -> None:
    """They cannot be ended over HTTP."""
    with Sandbox() as sandbox, connected(sandbox) as line:
        assert line.ask().status == 201
        assert control(sandbox, "/_sandbox/outage", b'{"seconds": 0.05}') == (204, None)
        data, _ = line.rest()  # so there was an outage
        assert data == b""
        until(lambda: not is_refused(sandbox))
        assert asked(sandbox).status == 201


def test_an_outage_by_503_can_be_set_over_http() -> None:
    """It can be ended over HTTP too, since control requests are served."""
    with Sandbox() as sandbox:
        outage = b'{"seconds": 3600, "kind": "503"}'
        assert control(sandbox, "/_sandbox/outage", outage) == (204, None)
        until(lambda: asked(sandbox).status == 503)
        assert control(sandbox, "/_sandbox/outage", b'{"seconds": 0}') == (204, None)
        until(lambda: asked(sandbox).status == 201)


@pytest.mark.parametrize(
    ("outage", "pointers"),
    [
        ([], [""]),
        ({}, ["/seconds"]),
        ({"seconds": -1}, ["/seconds"]),
        ({"seconds": 1e9}, ["/seconds"]),
        ({"seconds": True, "kind": "504", "for": 1}, ["/seconds", "/kind", "/for"]),
    ],
)
def test_an_invalid_outage_is_refused_with_every_problem(
    outage: object, pointers: list[str]
) -> None:
    """422 in the published format, with a pointer for each field."""
    with Sandbox() as sandbox:
        status, body = control(sandbox, "/_sandbox/outage", json.dumps(outage).encode())
        assert status == 422
        assert [error["source"]["pointer"] for error in body["errors"]] == pointers
        assert asked(sandbox).status == 201


@pytest.mark.parametrize("fault", ["lost_reset", "hang", "closed_next", "outage"])
def test_uvloop_serves_faults_and_outages_too(fault: str) -> None:
    """Cuts, stalls and outages work on another event loop."""
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")

    async def serve() -> None:
        plan = on_create(503 if fault == "outage" else fault)
        with ExitStack() as stack:
            async with Sandbox(faults=plan) as sandbox:
                line = stack.enter_context(connected(sandbox))
                if fault == "outage":
                    sandbox.pause()
                    assert is_refused(sandbox)
                    sandbox.resume()
                    assert (await asyncio.to_thread(asked, sandbox)).status == 503
                    return
                line.send(request())
                await asyncio.to_thread(until, lambda: sandbox.faults_done)
                if fault == "lost_reset":
                    assert await asyncio.to_thread(line.rest) == (b"", "RST")
                elif fault == "closed_next":
                    assert (await asyncio.to_thread(line.answer)).status == 201
                    line.send(request())
                    assert await asyncio.to_thread(line.rest) == (b"", "FIN")
                assert len(sandbox.rooms) == 1

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
