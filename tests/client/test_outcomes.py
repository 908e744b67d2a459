"""Each real failure: whether anything was sent, whether it is retried, and the reported error.

Every failure happens on a socket, by a server that closes, breaks, lies or says nothing.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
from types import SimpleNamespace

import aiohttp
import pytest

from support.authority import Authority
from support.clients import WITH_AND_WITHOUT_NAME, client
from support.scripted_server import (
    Act,
    Visit,
    answer,
    closed_port,
    created,
    cut,
    free_port,
    listed,
    reset,
    room,
    say,
    serve,
    turns,
)
from support.words import is_one_line
from telnyx_video import (
    AsyncRoomsClient,
    BadRequestError,
    ConfigurationError,
    Outcome,
    OutcomeUnknownError,
    ResponseDecodeError,
    RetryPolicy,
    TelnyxVideoError,
    TransportError,
)
from telnyx_video.sandbox import Sandbox

ONCE = RetryPolicy.none()
QUICK = RetryPolicy(attempts=3, backoff=0.001)

HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
BODY = json.dumps({"data": room()}).encode()
BROKEN = gzip.compress(BODY)[:-12] + b"garbage in the end"


def chunk(data: bytes) -> bytes:
    """Return a chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


async def reset_soon(visit: Visit) -> None:
    """Begin to answer, then break the connection."""
    await say(HEAD + b"Content-Length: 5000\r\n\r\n{")(visit)
    await asyncio.sleep(0.01)
    await reset(visit)


LOST: dict[str, Act] = {
    "closed": cut,
    "reset": reset,
    "reset in the body": reset_soon,
    "half a status line": say(b"HTTP/1.1 20", close=True),
    "half a head": say(HEAD, close=True),
    "100, then closed": say(b"HTTP/1.1 100 Continue\r\n\r\n", close=True),
    "103, then closed": say(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", close=True),
    "101": say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", close=True),
    "shorter than its length": say(HEAD + b"Content-Length: 5000\r\n\r\n" + BODY, close=True),
    "last chunk missing": say(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(BODY), close=True
    ),
    "half a chunk": say(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(BODY)[:-20], close=True
    ),
    "bad chunk size": say(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY, close=True),
    "cut at the end of the connection": say(HEAD + b"\r\n" + BODY[:-5], close=True),
    "nothing at the end of the connection": say(HEAD + b"\r\n", close=True),
    "broken gzip": answer(201, BROKEN, {"Content-Encoding": "gzip"}),
    "truncated gzip": answer(201, gzip.compress(BODY)[:-20], {"Content-Encoding": "gzip"}),
    "not gzip at all": answer(201, BODY, {"Content-Encoding": "gzip"}),
    "unknown compression": answer(201, b"\x00\x01\x02", {"Content-Encoding": "br"}),
    "garbage": say(b"\x16\x03\x01 this is not HTTP\r\n\r\n", close=True),
    "another protocol": say(b"SSH-2.0-OpenSSH_9.0\r\n", close=True),
    "huge header": say(b"HTTP/1.1 201 Created\r\nX-Huge: " + b"x" * 70_000 + b"\r\n\r\n{}"),
    "two lengths": say(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}}", close=True),
    "negative length": say(HEAD + b"Content-Length: -2\r\n\r\n{}", close=True),
    "empty 201": answer(201),
    "204": answer(204),
    "no id": answer(201, {"data": {"unique_name": "standup"}}),
    "empty id": answer(201, {"data": {"id": ""}}),
    "an array": answer(201, []),
    "a gateway's page": answer(
        200, b"<html><title>Welcome</title></html>", {"Content-Type": "text/html"}
    ),
    **{str(status): answer(status) for status in (300, 304, 408, 409, 500, 502, 503, 504, 599)},
}
"""After each of these it is unknown whether the room was made."""

SUCCESSES = {
    "204",
    "empty 201",
    "no id",
    "empty id",
    "an array",
    "a gateway's page",
    "cut at the end of the connection",
    "nothing at the end of the connection",
    "broken gzip",
    "truncated gzip",
}
"""Any of these replies to a delete is a success."""

ODD = {"101", "300", "304"}
"""Not lost, but not a usable answer: retrying a read or a delete would not help."""


@pytest.mark.parametrize("fault", LOST)
async def test_a_lost_reply_leaves_a_nameless_create_unknown(fault: str) -> None:
    """Without a name there is one POST, an unknown outcome, and an error that says so."""
    async with serve(LOST[fault], created()) as server, client(server) as rooms:
        with pytest.raises(OutcomeUnknownError) as raised:
            await rooms.create()
        assert raised.value.outcome is Outcome.UNKNOWN
        assert is_one_line(str(raised.value))
        assert server.methods == ["POST"]


@pytest.mark.parametrize("fault", LOST)
async def test_a_lost_reply_of_a_named_create_is_resolved(fault: str) -> None:
    """The room is found if it was made, and made if it was not."""
    missing = LOST[fault], listed(), created(unique_name="standup")
    for acts, methods in (
        ((LOST[fault], listed(room("standup"))), ["POST", "GET"]),
        (missing, ["POST", "GET", "POST"]),
    ):
        async with (
            serve(*acts) as server,
            client(server, retry=QUICK) as rooms,
        ):
            assert (await rooms.create(unique_name="standup")).unique_name == "standup"
            assert server.methods == methods


@pytest.mark.parametrize("fault", LOST)
async def test_a_lost_reply_of_an_update_leaves_it_unknown(fault: str) -> None:
    """An update is not repeated automatically; the error says to read the room."""
    async with serve(LOST[fault]) as server, client(server, retry=QUICK) as rooms:
        with pytest.raises(OutcomeUnknownError) as raised:
            await rooms.update("1", max_participants=3)
        assert is_one_line(str(raised.value))
        assert server.methods == ["PATCH"]


@pytest.mark.parametrize("fault", [fault for fault in LOST if fault not in SUCCESSES | ODD])
async def test_a_lost_reply_of_a_delete_is_resolved(fault: str) -> None:
    """The delete is repeated, and "not found" then means that it was applied."""
    async with serve(LOST[fault], answer(404)) as server, client(server, retry=QUICK) as rooms:
        await rooms.delete("1")
        assert server.methods == ["DELETE", "DELETE"]


async def test_a_connection_closed_before_reading_leaves_the_create_unknown() -> None:
    """The client cannot tell it from other broken connections."""
    for end in (cut, reset):
        async with serve(created(), first=end) as server, client(server) as rooms:
            with pytest.raises((OutcomeUnknownError, TransportError)) as raised:
                await rooms.create(retry=ONCE)
            # A client that notices the end before it writes may say that nothing was sent.
            assert raised.value.outcome in (Outcome.UNKNOWN, Outcome.NOT_APPLIED)
            assert server.requests == []


async def test_a_refused_connection_sends_nothing() -> None:
    """Without a listener nothing is sent; within the policy it is retried."""
    port = closed_port()
    async with AsyncRoomsClient(base_url=f"http://127.0.0.1:{port}", api_key="key0123") as rooms:
        for request in WITH_AND_WITHOUT_NAME:
            with pytest.raises(TransportError, match="nothing was sent, so it is safe") as raised:
                await rooms.create(request, retry=QUICK)
            assert raised.value.outcome is Outcome.NOT_APPLIED
            assert is_one_line(str(raised.value))


async def test_a_server_that_comes_back_gets_the_create() -> None:
    """A create is retried while connections are refused, nameless or not."""
    port = free_port()
    patient = RetryPolicy(attempts=1000, backoff=0.001, backoff_max=0.001, quota=10_000)
    url = f"http://127.0.0.1:{port}/v2"
    async with AsyncRoomsClient(base_url=url, api_key="key0123", retry=patient) as rooms:
        call = asyncio.create_task(rooms.create())
        await turns()
        assert not call.done()
        async with Sandbox(port=port, api_key="key0123") as sandbox:
            await call
            assert len(sandbox.rooms) == 1


async def test_an_unknown_host_sends_nothing() -> None:
    """The error has the name that cannot be resolved."""
    url = "https://telnyx.invalid/v2"
    async with AsyncRoomsClient(base_url=url, api_key="key0123", retry=ONCE) as rooms:
        with pytest.raises(TransportError, match=r"telnyx\.invalid.*nothing was sent") as raised:
            await rooms.create(unique_name="standup")
        assert raised.value.outcome is Outcome.NOT_APPLIED


@pytest.mark.parametrize(
    "end",
    [cut, reset, say(b"HTTP/1.1 400 Bad Request\r\n\r\n", close=True)],
    ids=["closed", "reset", "plain HTTP"],
)
async def test_a_broken_handshake_sends_nothing(end: Act) -> None:
    """The request is not applied, and is retried."""
    async with serve(first=end) as server:
        url = server.url.replace("http:", "https:")
        async with AsyncRoomsClient(base_url=url, api_key="key0123", retry=QUICK) as rooms:
            with pytest.raises(TransportError) as raised:
                await rooms.create(unique_name="standup")
            assert raised.value.outcome is Outcome.NOT_APPLIED
            assert is_one_line(str(raised.value))
        assert server.connections == 3


@pytest.mark.parametrize("name", ["127.0.0.1", "other.example"])
async def test_a_bad_certificate_is_not_retried(authority: Authority, name: str) -> None:
    """An unknown authority, or another host's certificate, ends the call immediately."""
    serving = authority.serving(name)
    stranger = name == "127.0.0.1"
    trusting = ssl.create_default_context() if stranger else authority.trusting()
    async with (
        serve(created(), tls=serving) as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as session,
        client(server, session=session) as rooms,
    ):
        with pytest.raises(TransportError, match="certificate verify failed") as raised:
            await rooms.create(unique_name="standup")
        assert raised.value.outcome is Outcome.NOT_APPLIED
        assert not raised.value.retryable
        assert is_one_line(str(raised.value))
        assert "try again" not in str(raised.value)
        assert server.requests == []


async def test_a_line_break_in_a_header_is_the_callers_mistake() -> None:
    """A trace config that injects a line break gets a configuration error; nothing is sent."""

    async def inject(
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        start: aiohttp.TraceRequestStartParams,
    ) -> None:
        start.headers["X-Team"] = "video\r\nX-Injected: yes"

    tracing = aiohttp.TraceConfig()
    tracing.on_request_start.append(inject)
    async with serve(created()) as server:
        async with client(server, trace_configs=[tracing]) as rooms:
            for call in (rooms.create(unique_name="standup"), rooms.get("1"), rooms.delete("1")):
                with pytest.raises(
                    ConfigurationError, match="this request cannot be sent"
                ) as raised:
                    await call
                assert is_one_line(str(raised.value))
        assert server.requests == []


async def test_a_trace_config_that_fails_later_leaves_the_outcome_unknown() -> None:
    """Its error comes after the request was written."""

    async def fail(*_: object) -> None:
        raise ValueError("no such span")

    tracing = aiohttp.TraceConfig()
    tracing.on_request_end.append(fail)
    async with serve(created()) as server:
        async with client(server, trace_configs=[tracing]) as rooms:
            with pytest.raises(OutcomeUnknownError, match="no such span"):
                await rooms.create()
        assert server.methods == ["POST"]


async def test_the_false_400_of_aiohttp_is_not_reported() -> None:
    """A garbled reply is not a "bad request", whatever status aiohttp gives it."""
    async with (
        serve(say(b"garbage\r\n\r\n", close=True)) as server,
        client(server, retry=ONCE) as rooms,
    ):
        with pytest.raises(TelnyxVideoError) as raised:
            await rooms.create()
        assert not isinstance(raised.value, BadRequestError)
        assert raised.value.outcome is Outcome.UNKNOWN


UNREADABLE = {
    "garbage": "Bad status line",
    "another protocol": "Bad status line",
    "huge header": "Got more than 8190 bytes when reading",
    "two lengths": "Duplicate Content-Length",
    "bad chunk size": "Invalid character in chunk size",
    "shorter than its length": "Not enough data to satisfy content length header (received",
    "last chunk missing": "Not enough data to satisfy transfer length header",
    "not gzip at all": "Can not decode content-encoding: gzip",
}


@pytest.mark.parametrize("fault", UNREADABLE)
async def test_a_reply_that_is_not_http_is_named_as_such(fault: str) -> None:
    """The error does not suggest that the request was wrong."""
    async with serve(LOST[fault]) as server, client(server, retry=ONCE) as rooms:
        with pytest.raises(TransportError) as raised:
            await rooms.get("1")
    problem = f"GET /rooms/1 failed: the reply cannot be read as HTTP: {UNREADABLE[fault]}"
    assert str(raised.value).startswith(problem)
    assert str(raised.value).endswith("Error) - it only read: try again")
    assert not any(sign in str(raised.value) for sign in ("400", "\\", "^", "'", ". ("))


async def test_a_room_with_unreadable_settings_was_made() -> None:
    """A reply that has only the id is an error that says that the room exists."""
    unreadable = answer(201, {"data": room(max_participants="ten")})
    async with serve(unreadable) as server, client(server) as rooms:
        with pytest.raises(ResponseDecodeError) as raised:
            await rooms.create()
        assert raised.value.outcome is Outcome.APPLIED
        assert raised.value.room_id == room()["id"]
        assert server.methods == ["POST"]


async def test_a_named_room_with_unreadable_settings_is_looked_up() -> None:
    """The room that the look-up finds under the id is the created one."""
    unreadable = answer(201, {"data": room(max_participants="ten")})
    async with serve(unreadable, listed(room())) as server, client(server) as rooms:
        assert (await rooms.create(unique_name="standup")).id == room()["id"]
        assert server.methods == ["POST", "GET"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415])
async def test_a_refusal_was_not_applied(status: int) -> None:
    """A status that says that nothing was done is raised as its error.

    After a 400 the name is looked up: some servers say so that it is taken.
    """
    async with serve(answer(status, {"errors": [{"detail": "no"}]})) as server:
        async with client(server) as rooms:
            for call in (
                rooms.create(),
                rooms.create(unique_name="standup"),
                rooms.update("1"),
                rooms.get("1"),
                rooms.delete("1"),
            ):
                with pytest.raises(TelnyxVideoError, match=f"{status} .*: no - ") as raised:
                    await call
                assert raised.value.outcome is Outcome.NOT_APPLIED
        assert len(server.requests) == 5 + (status == 400)


@pytest.mark.parametrize("fault", [fault for fault in LOST if fault not in ODD])
async def test_a_get_is_retried(fault: str) -> None:
    """A read whose reply is lost is repeated, since it changes nothing."""
    async with (
        serve(LOST[fault], LOST[fault], answer(200, {"data": room()})) as server,
        client(server, retry=QUICK) as rooms,
    ):
        assert (await rooms.get("1")).unique_name == "standup"
        assert set(server.methods) == {"GET"}
