"""Every refusal is JSON in a published format."""

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
    """Check the format of a refusal, and return its codes."""
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
async def test_a_request_without_the_key_is_refused(
    http: HttpDriver, sandbox: Sandbox, authorization: str
) -> None:
    """Other credentials are refused before the rest of the request is checked."""
    for method, path in (("POST", "/rooms"), ("GET", "/rooms/x"), ("GET", "/nowhere")):
        answer = await http.send(method, path, {}, headers={"Authorization": authorization})
        assert (answer.status, codes(answer)) == (401, ["10009"])
    assert sandbox.rooms == []


async def test_a_key_sent_as_broken_bytes_is_refused(sandbox: Sandbox) -> None:
    """A header that is not text is a wrong key like any other."""
    async with connected(sandbox) as wire:
        await wire.send(
            b"GET /v2/rooms HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xff\r\n\r\n"
        )
        status, _, body = await wire.answer()
        assert status == 401
        assert json.loads(body)["errors"][0]["code"] == "10009"


async def test_a_key_can_be_chosen(session: aiohttp.ClientSession) -> None:
    """The sandbox accepts that key, and not the default one."""
    async with Sandbox(api_key="clé") as sandbox:
        http = HttpDriver(session, sandbox)
        assert (await http.create()).status == 201
        answer = await http.send("GET", "/rooms", headers={"Authorization": "Bearer sandbox-key"})
        assert answer.status == 401


@pytest.mark.parametrize(
    "path",
    ["//rooms", "/", "/rooms/", "/nowhere", "/rooms/x/y", "//_sandbox/nothing"],
)
async def test_an_unknown_path_is_not_found(http: HttpDriver, path: str) -> None:
    """It is an invalid URL, and the answer names it."""
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
    """The answer lists the supported methods in its Allow header."""
    answer = await http.send(method, path)
    assert (answer.status, codes(answer)) == (405, ["10015"])
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/rooms"), ("PATCH", "/rooms/{id}")])
async def test_a_body_must_be_sent_as_json(
    http: HttpDriver, method: str, path: str, content_type: str
) -> None:
    """A body of another media type, or without one, is refused."""
    room_id = (await http.create()).data["id"]
    answer = await http.send(
        method, path.format(id=room_id), {}, headers={"Content-Type": content_type}
    )
    assert (answer.status, codes(answer)) == (415, ["10014"])


async def test_a_media_type_may_have_parameters(http: HttpDriver) -> None:
    """Its case and parameters make no difference."""
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
async def test_a_body_that_is_not_json_is_refused(http: HttpDriver, raw: bytes) -> None:
    """The error is the same whatever is wrong with the JSON."""
    answer = await http.send("POST", "/rooms", raw=raw)
    assert (answer.status, codes(answer)) == (400, ["10023"])


@pytest.mark.parametrize("content", [[], [{}], "room", 7, True])
async def test_a_body_must_be_an_object(http: HttpDriver, content: object) -> None:
    """Other JSON is refused; the empty pointer refers to the whole body."""
    answer = await http.send("POST", "/rooms", content)
    assert (answer.status, codes(answer), answer.pointers) == (422, ["10015"], [""])


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_body_has_a_maximum_size(http: HttpDriver, encoding: str) -> None:
    """A body of 1 MiB is accepted and one byte more is not, even if it was compressed."""
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
    """A body that contradicts its headers is refused, creates nothing, and logs nothing."""
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


async def test_a_client_that_leaves_creates_nothing(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A request without its body is dropped with its connection, and logs nothing."""
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
async def test_bytes_that_are_not_http_are_refused_in_a_published_format(
    sandbox: Sandbox, sent: bytes
) -> None:
    """The connection is closed afterwards."""
    async with connected(sandbox) as wire:
        await wire.send(sent)
        status, head, body = await wire.answer()
        assert await wire.reader.read() == b""
    assert status == 400
    assert b"\r\nx-request-id: " in head
    assert b"\r\ncontent-type: application/json\r\n" in head
    assert json.loads(body)["errors"][0]["code"] == "10015"


async def test_an_internal_error_is_answered_in_a_published_format(
    http: HttpDriver, caplog: pytest.LogCaptureFixture
) -> None:
    """It is answered as unexpected, and logged with its traceback."""
    with patch.object(Rooms, "create", side_effect=ZeroDivisionError("a defect")):
        answer = await http.create()
    assert (answer.status, codes(answer)) == (500, ["10007"])
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("telnyx_video.sandbox", logging.ERROR)
    assert "POST /v2/rooms" in record.getMessage()
    assert "a defect" in caplog.text
    assert (await http.create()).status == 201


async def test_every_reply_has_a_unique_id(http: HttpDriver) -> None:
    """Success or refusal, each reply has a new request id, a UUID, and the date."""
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
