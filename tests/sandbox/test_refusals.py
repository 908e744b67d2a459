"""Whatever a request lacks, the answer is JSON in a published shape."""

import asyncio
import gzip
import json
import logging
import uuid
from unittest.mock import patch

import aiohttp
import pytest

from sandbox.http_driver import Answer, HttpDriver
from sandbox.raw_connection import connected
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.state.rooms import Rooms

MAX_BODY = 1024 * 1024


def codes(answer: Answer) -> list[str]:
    """Return the codes of a refusal, having checked its shape."""
    assert answer.body.keys() == {"errors"}
    for error in answer.body["errors"]:
        assert error.keys() <= {"code", "title", "detail", "source"}
        assert all(isinstance(error[name], str) for name in ("code", "title", "detail"))
    return [error["code"] for error in answer.body["errors"]]


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer sandbox-key2",
        "bearer-sandbox-key",
        "Basic sandbox-key",
        "sandbox-key",
        "Bearer sandbox-k\u00e9y",
    ],
)
async def test_without_the_key_nothing_is_done(
    http: HttpDriver, sandbox: Sandbox, authorization: str
) -> None:
    """Any other credentials are refused, before the rest of the request is looked at."""
    for method, path in (("POST", "/rooms"), ("GET", "/rooms/x"), ("GET", "/nowhere")):
        answer = await http.send(method, path, {}, headers={"Authorization": authorization})
        assert (answer.status, codes(answer)) == (401, ["10009"])
    assert sandbox.rooms == []


async def test_a_key_sent_as_broken_bytes_is_refused(sandbox: Sandbox) -> None:
    """Bytes that are no text in the header are a wrong key like any other."""
    async with connected(sandbox) as wire:
        await wire.send(
            b"GET /v2/rooms HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xff\r\n\r\n"
        )
        status, _, body = await wire.answer()
        assert status == 401
        assert json.loads(body)["errors"][0]["code"] == "10009"


async def test_another_key_can_be_chosen(session: aiohttp.ClientSession) -> None:
    """A sandbox made with a key lets in that key, and not the usual one."""
    async with Sandbox(api_key="clé") as sandbox:
        http = HttpDriver(session, sandbox)
        assert (await http.create()).status == 201
        answer = await http.send("GET", "/rooms", headers={"Authorization": "Bearer sandbox-key"})
        assert answer.status == 401


@pytest.mark.parametrize(
    "path",
    ["//rooms", "/", "/rooms/", "/nowhere", "/rooms/x/y", "//_sandbox/nothing"],
)
async def test_an_unknown_address_is_not_found(http: HttpDriver, path: str) -> None:
    """An unknown path is an invalid URL, and the answer names it."""
    answer = await http.send("GET", path)
    assert (answer.status, codes(answer)) == (404, ["10003"])


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/rooms", "GET, POST"),
        ("DELETE", "/rooms", "GET, POST"),
        ("POST", "/rooms/x", "GET, PATCH, DELETE"),
        ("OPTIONS", "/rooms/x", "GET, PATCH, DELETE"),
        ("GET", "//_sandbox/reset", "POST"),
        ("POST", "//_sandbox/stats", "GET"),
    ],
)
async def test_an_unsupported_method_is_answered_with_the_supported_ones(
    http: HttpDriver, method: str, path: str, allowed: str
) -> None:
    """The answer to a wrong method lists the right ones in its Allow header."""
    answer = await http.send(method, path)
    assert (answer.status, codes(answer)) == (405, ["10015"])
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/rooms"), ("PATCH", "/rooms/{id}")])
async def test_a_body_is_sent_as_json(
    http: HttpDriver, method: str, path: str, content_type: str
) -> None:
    """A body of another media type, or of none, is refused."""
    room_id = (await http.create()).data["id"]
    answer = await http.send(
        method, path.format(id=room_id), {}, headers={"Content-Type": content_type}
    )
    assert (answer.status, codes(answer)) == (415, ["10014"])


async def test_a_media_type_may_have_parameters(http: HttpDriver) -> None:
    """The case of the media type and its parameters make no difference."""
    content_type = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await http.send("POST", "/rooms", {}, headers=content_type)).status == 201


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{'unique_name': 'x'}",
        b'{"unique_name": "\xff"}',
        '{"unique_name": "x"}'.encode("utf-16"),
        b'{"max_participants": NaN}',
        b'{"max_participants": ' + b"9" * 5000 + b"}",
        b"[" * 200_000,
    ],
    ids=["empty", "cut", "quotes", "bytes", "utf-16", "NaN", "digits", "depth"],
)
async def test_a_body_that_is_no_json_is_refused(http: HttpDriver, raw: bytes) -> None:
    """A body that is not JSON is reported as that, whatever is wrong with it."""
    answer = await http.send("POST", "/rooms", raw=raw)
    assert (answer.status, codes(answer)) == (400, ["10023"])


@pytest.mark.parametrize("content", [[], [{}], "room", 7, True])
async def test_a_body_is_an_object(http: HttpDriver, content: object) -> None:
    """JSON that is not an object is refused; the empty pointer refers to the whole body."""
    answer = await http.send("POST", "/rooms", content)
    assert (answer.status, codes(answer), answer.pointers) == (422, ["10015"], [""])


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_body_has_a_largest_size(http: HttpDriver, encoding: str) -> None:
    """A body of 1 MiB is taken and one byte more is not, even when it was compressed."""
    for size, status in ((MAX_BODY, 201), (MAX_BODY + 1, 413)):
        raw = b"{}".ljust(size)
        sent = gzip.compress(raw) if encoding == "gzip" else raw
        answer = await http.send("POST", "/rooms", raw=sent, headers={"Content-Encoding": encoding})
        assert answer.status == status
        assert status == 201 or codes(answer) == ["10015"]


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"Transfer-Encoding: chunked\r\n\r\nmany\r\n{}\r\n0\r\n\r\n",
    ],
    ids=["no gzip", "no chunks"],
)
async def test_a_body_that_cannot_be_read_is_refused(
    sandbox: Sandbox, framing: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A body that contradicts its own headers is answered, creates nothing, and logs nothing."""
    async with connected(sandbox) as wire:
        await wire.send(
            b"POST /v2/rooms HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sandbox-key\r\n"
            b"Content-Type: application/json\r\n" + framing
        )
        status, _, body = await wire.answer()
    assert status == 400
    assert json.loads(body)["errors"][0]["code"] == "10015"
    assert sandbox.rooms == []
    assert caplog.records == []


async def test_a_caller_that_goes_away_creates_nothing(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A request whose body never comes is dropped with its connection, and logs nothing."""
    async with connected(sandbox) as wire:
        await wire.start_create()
    async with connected(sandbox) as wire:
        await wire.start_create()
    assert sandbox.rooms == []
    assert caplog.records == []


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01 hello\r\n\r\n",
        b"GET /v2/rooms HTTP/9.9 please\r\n\r\n",
        b"GET /v2/rooms?x=" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /v2/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Length: two\r\n\r\n",
    ],
    ids=["TLS", "version", "long line", "length"],
)
async def test_what_is_no_request_is_refused_in_shape(sandbox: Sandbox, sent: bytes) -> None:
    """Bytes that cannot be read as HTTP get a published error, and the connection is closed."""
    async with connected(sandbox) as wire:
        await wire.send(sent)
        status, head, body = await wire.answer()
        assert await wire.reader.read() == b""
    assert status == 400
    assert b"\r\nx-request-id: " in head
    assert b"\r\ncontent-type: application/json\r\n" in head
    assert json.loads(body)["errors"][0]["code"] == "10015"


async def test_a_defect_of_the_sandbox_has_a_shape_too(
    http: HttpDriver, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of the server's own is answered as unexpected, and logged with its traceback."""
    with patch.object(Rooms, "create", side_effect=ZeroDivisionError("a defect")):
        answer = await http.create()
    assert (answer.status, codes(answer)) == (500, ["10007"])
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("telnyx_video.sandbox", logging.ERROR)
    assert "POST /v2/rooms" in record.getMessage()
    assert "a defect" in caplog.text
    assert (await http.create()).status == 201


async def test_every_reply_has_an_id_of_its_own(http: HttpDriver) -> None:
    """Success or refusal, each reply carries another request id, a UUID, and the date."""
    requests = [
        ("POST", "/rooms"),
        ("GET", "/rooms"),
        ("GET", "/rooms/x"),
        ("GET", "/nowhere"),
        ("GET", "//_sandbox/stats"),
    ]
    answers = await asyncio.gather(*(http.send(*request) for request in requests))
    assert all(answer.headers["Date"] for answer in answers)
    assert len({uuid.UUID(answer.headers["x-request-id"]) for answer in answers}) == len(requests)
