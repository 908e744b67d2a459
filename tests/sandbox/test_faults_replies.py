"""Answers in place of the true reply: statuses, bodies, headers and invalid HTTP."""

import gzip
import json
import zlib
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sandbox.blocking_driver import asked, connected, drain, names, on_create, request
from telnyx_video.sandbox import FaultPlanError, Sandbox
from telnyx_video.sandbox.faults.corrupt import corrupt
from telnyx_video.sandbox.faults.fields import BODIES, FAULT_FIELDS, POINTS, SHORTHANDS, Fault
from telnyx_video.sandbox.faults.plan import parse_plan
from telnyx_video.sandbox.replies import Reply

TRUE = Reply(201, b'{"data":{"id":"an id","max_participants":10}}')


def has_flaws(fault: object) -> bool:
    """Return whether a fault has flaws."""
    try:
        parse_plan([{"on": "*", "faults": [fault]}])
    except FaultPlanError:
        return True
    return False


def the_fault(fault: object) -> Fault:
    """Return a fault as it is parsed."""
    (rule,) = parse_plan([{"on": "*", "faults": [fault]}])
    (understood,) = rule.faults
    assert isinstance(understood, Fault)
    return understood


def forged(fault: object, reply: Reply = TRUE, *, now: float = 0) -> tuple[bytes, bytes]:
    """Return the head and the body of a falsified reply."""
    data = b"".join(
        piece
        for _, pieces in corrupt(the_fault(fault), reply, {"x-request-id": "7"}, now=now)
        for piece in pieces
    )
    head, _, body = data.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize("commit", ["never", "before"])
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "10009"),
        (403, "10010"),
        (404, "10005"),
        (408, "10008"),
        (409, "10015"),
        (413, "10015"),
        (415, "10014"),
        (422, "10015"),
        (429, "10011"),
        (500, "10007"),
        (502, "10007"),
        (503, "10007"),
        (504, "10007"),
        (599, "10007"),
    ],
)
def test_any_refusal_has_a_published_format(status: int, code: str, commit: str) -> None:
    """A list under errors, or one bare error for 403 and 404; the room may exist regardless."""
    with Sandbox(faults=on_create({"status": status, "commit": commit})) as sandbox:
        answer = asked(sandbox)
        assert answer.status == status
        error = answer.json if status in (403, 404) else answer.json["errors"][0]
        assert error["code"] == code
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["x-request-id"]
        assert parsedate_to_datetime(answer.headers["Date"]).tzinfo is UTC
        assert len(sandbox.rooms) == (commit == "before")


@pytest.mark.parametrize(
    ("body", "content", "media_type"),
    [
        ("empty", b"", None),
        ("html", b"<html><head><title>502 Bad Gateway</title></head>", "text/html"),
        ({"text": "try later…"}, "try later…".encode(), "text/plain; charset=utf-8"),
        ({"json": [1, None]}, b"[1, null]", "application/json"),
        ("error", b'{"errors":[{"code":"10007"', "application/json"),
    ],
)
def test_a_refusal_can_have_any_body(body: object, content: bytes, media_type: str | None) -> None:
    """Gateways answer with HTML or an empty body; a plan can give any content."""
    with Sandbox(faults=on_create({"status": 502, "body": body})) as sandbox:
        answer = asked(sandbox)
        assert answer.status == 502
        assert answer.body.startswith(content)
        assert bool(answer.body) == bool(content)
        assert answer.headers.get("Content-Type") == media_type


def test_a_redirect_has_the_location_of_the_plan() -> None:
    """3xx has the Location of the plan, and no body."""
    location = "http://example.test/v2/rooms"
    plan = on_create({"status": 307, "headers": {"Location": location}})
    with Sandbox(faults=plan) as sandbox:
        answer = asked(sandbox)
        assert (answer.status, answer.headers["Location"], answer.body) == (307, location, b"")
        assert sandbox.rooms == []


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "2"}, b"\r\nRetry-After: 2"),
        ({"Retry-After": 2}, b"\r\nRetry-After: 2"),
        ({"retry-after": -5}, b"\r\nretry-after: -5"),
        ({"Retry-After": 99999999999}, b"\r\nRetry-After: 99999999999"),
        ({"Retry-After": {"date_in": 90}}, b"\r\nRetry-After: Thu, 01 Jan 1970 00:01:30 GMT"),
        ({"x-ratelimit-reset": "1.5"}, b"\r\nx-ratelimit-reset: 1.5"),
        ({"Date": {"date_in": -3600}}, b"\r\nDate: Wed, 31 Dec 1969 23:00:00 GMT"),
        ({"X-REQUEST-ID": "other"}, b"\r\nX-REQUEST-ID: other"),
        ({"X": {"size": 5}}, b"\r\nX: xxxxx"),
        ({"X": "é"}, b"\r\nX: \xe9"),
    ],
)
def test_headers_are_added_or_replaced(headers: dict[str, Any], expected: bytes) -> None:
    """Each header of the plan is sent once, whatever the case of its name."""
    head, _ = forged({"status": 429, "headers": headers})
    assert expected in head
    (name,) = headers
    assert head.lower().count(b"\r\n" + name.lower().encode() + b": ") == 1


def test_headers_of_the_true_reply_remain() -> None:
    """Headers specific to the true reply are in the falsified one."""
    head, _ = forged("bad_json", Reply(405, b"{}", {"Allow": "GET"}))
    assert b"\r\nAllow: GET" in head


def test_headers_can_be_removed() -> None:
    """null removes a header, even Content-Length."""
    head, _ = forged({"headers": {"date": None, "content-length": None, "nothing": None}})
    assert head == (b"HTTP/1.1 201 Created\r\nx-request-id: 7\r\nContent-Type: application/json")


def test_corrupted_replies_have_rate_limit_headers_too() -> None:
    """A plan can change them."""
    plan = on_create(429, {"status": 429, "headers": {"x-ratelimit-remaining": 0}})
    with Sandbox(rate_limit=50, faults=plan) as sandbox:
        assert asked(sandbox).headers["x-ratelimit-limit"] == "50"
        assert asked(sandbox).headers["x-ratelimit-remaining"] == "0"


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ("html", 200, b"<html>"),
        ("bad_json", 201, b'{"data":{"id":'),
        ("empty", 201, b""),
        ("no_id", 201, b'{"data":{"unique_name":"a",'),
        ("wrong_types", 201, b'{"data":{"id":17,"unique_name":17,"max_participants":"text"'),
    ],
)
def test_a_success_can_be_unreadable(fault: str, status: int, body: bytes) -> None:
    """The room is created, but the reply is invalid."""
    with Sandbox(faults=on_create(fault)) as sandbox:
        answer = asked(sandbox, content={"unique_name": "a"})
        assert answer.status == status
        assert answer.body.startswith(body)
        assert bool(answer.body) == bool(body)
        assert b'"id":"' not in answer.body or fault == "bad_json"
        assert names(sandbox) == ["a"]
        if fault == "bad_json":
            with pytest.raises(json.JSONDecodeError):
                _ = answer.json


def test_a_list_can_be_unreadable_too() -> None:
    """Faults of an object's fields apply to each object of a list; a refusal has no objects."""
    page = Reply(200, b'{"data":[{"id":"1"},{"id":"2"}],"meta":{}}')
    assert forged("no_id", page)[1] == b'{"data":[{},{}],"meta":{}}'
    assert forged("wrong_types", page)[1] == b'{"data":[{"id":17},{"id":17}],"meta":{}}'
    refused = Reply(422, b'{"errors":[]}')
    assert forged("no_id", refused)[1] == b'{"errors":[]}'


@pytest.mark.parametrize("fault", ["no_id", "bad_json", "bad_gzip", {"body": "html"}])
def test_a_reply_without_a_body_is_not_falsified(fault: object) -> None:
    """204 has no body, and no header about one."""
    assert forged(fault, Reply(204)) == (
        b"HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nx-request-id: 7",
        b"",
    )


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (
            "duplicate",
            {
                "errors": [
                    {
                        "code": "10012",
                        "title": "Duplicate resource",
                        "detail": "Another room has this unique_name.",
                        "source": {"pointer": "/unique_name"},
                    }
                ]
            },
        ),
        (
            "duplicate_map",
            {"errors": {"unique_name_not_unique_for_user_id": ["has already been taken"]}},
        ),
        (
            "duplicate_other",
            {
                "errors": [
                    {
                        "code": "10012",
                        "title": "Duplicate resource",
                        "detail": "Another room has this webhook_event_url.",
                        "source": {"pointer": "/webhook_event_url"},
                    }
                ]
            },
        ),
    ],
)
def test_a_name_can_be_reported_as_taken(fault: str, expected: object) -> None:
    """Each format of a duplicate has status 422, and nothing is created."""
    with Sandbox(faults=on_create(fault)) as sandbox:
        answer = asked(sandbox, content={"unique_name": "a"})
        assert (answer.status, answer.json) == (422, expected)
        assert sandbox.rooms == []


def test_a_bad_gzip_is_plain_json() -> None:
    """The body is not compressed although Content-Encoding is gzip."""
    head, body = forged("bad_gzip")
    assert b"\r\nContent-Encoding: gzip" in head
    assert body == TRUE.body
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(body)


def test_a_bomb_is_small_on_the_wire() -> None:
    """At most 100 KiB that inflate to more than 64 MiB of white space."""
    with Sandbox(faults=on_create("bomb")) as sandbox:
        answer = asked(sandbox)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(answer.body) < 100 * 1024
        assert len(sandbox.rooms) == 1
    unpack, size = zlib.decompressobj(wbits=31), 0
    left = answer.body
    while left:
        size += len(unpack.decompress(left, 1024 * 1024))
        left = unpack.unconsumed_tail
    assert unpack.eof
    assert size > 64 * 1024 * 1024


@pytest.mark.parametrize("framing", ["length", "close"])
def test_an_endless_body_lasts_until_the_client_leaves(framing: str) -> None:
    """The server does not buffer it."""
    with Sandbox(faults=on_create({"body": "endless", "framing": framing})) as sandbox:
        with connected(sandbox) as line:
            line.send(request())
            data = line.exactly(4 * 1024 * 1024)
            assert (b"Transfer-Encoding: chunked" in data) == (framing == "length")
            assert len(sandbox.rooms) == 1
        assert asked(sandbox).status == 201


def test_a_chunk_can_have_a_bad_size() -> None:
    """The size of the first chunk is not a number."""
    head, body = forged("bad_chunk")
    assert b"\r\nTransfer-Encoding: chunked" in head
    assert body.startswith(b"no size\r\n" + TRUE.body)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_an_empty_body_is_framed(framing: str) -> None:
    """It has length 0, or only the last chunk."""
    _, body = forged({"body": "empty", "framing": framing})
    assert body == (b"0\r\n\r\n" if framing == "chunked" else b"")


def test_two_lengths_differ() -> None:
    """There are two Content-Length headers, one of them correct."""
    head, body = forged("two_lengths")
    size = len(body)
    assert f"\r\nContent-Length: {size}\r\nContent-Length: {size + 1}".encode() in head


def test_a_header_can_be_huge() -> None:
    """An otherwise correct reply has one header of a million characters."""
    head, body = forged("huge_header")
    assert len(head) > 1_000_000
    assert body == TRUE.body


def test_garbage_can_be_sent_in_place_of_http() -> None:
    """Arbitrary bytes, then FIN; the room was created."""
    plan = on_create("garbage", {"raw": "\x00\xff\r\n"}, {"raw": "x", "cut": "end", "reset": True})
    with Sandbox(faults=plan) as sandbox:
        data, end = drain(sandbox)
        assert not data.startswith(b"HTTP")
        assert end == "FIN"
        assert drain(sandbox) == (b"\x00\xff\r\n", "FIN")
        assert drain(sandbox) == (b"x", "RST")
        assert len(sandbox.rooms) == 3


def test_a_success_can_have_another_status() -> None:
    """A status below 300 keeps the true body."""
    head, body = forged({"status": 299})
    assert head.startswith(b"HTTP/1.1 299 Unknown\r\n")
    assert body == TRUE.body
    assert forged(202)[0].startswith(b"HTTP/1.1 202 Accepted\r\n")


def test_a_text_with_a_lone_surrogate_can_be_sent() -> None:
    """A plan can request bytes that are not UTF-8."""
    assert forged({"body": {"text": "\ud800"}})[1] == b"\xed\xa0\x80"


@pytest.mark.parametrize("fault", sorted(SHORTHANDS.keys() - {"hang", "hang_uncommitted"}))
def test_a_server_survives_each_shorthand(fault: str) -> None:
    """After any fault, on any operation, the next request is served without an internal error.

    What a fault did to a connection is over when the connection is.
    """
    operations = ["POST", "GET", "PATCH", "DELETE"]
    with Sandbox() as sandbox:
        room = asked(sandbox, content={"unique_name": "a"}).json["data"]["id"]
        sandbox.faults = [{"on": "*", "faults": [fault], "repeat": True}]
        for method in operations:
            path = "/rooms" if method == "POST" else f"/rooms/{room}"
            with connected(sandbox) as line:
                line.send(request(method, path, close=True))
                if fault == "endless" and method != "DELETE":
                    line.exactly(1_000_000)
                else:
                    line.rest()
        sandbox.faults = []
        assert asked(sandbox, "GET", "/rooms").status == 200
        assert sandbox.faults_done == {fault: 4}


_VALID: dict[str, st.SearchStrategy[Any]] = {
    "status": st.integers(200, 999),
    "headers": st.dictionaries(
        st.sampled_from(["Date", "content-length", "X"]),
        st.sampled_from(["", "x", 1, None, {"date_in": -1e9}, {"date_in": 1e9}, {"size": 9}]),
    ),
    "body": st.sampled_from([*BODIES, {"json": {}}, {"text": "…"}]),
    "list": st.just("doubled"),
    "framing": st.sampled_from(["length", "chunked", "close", "bad_chunk", "two_lengths"]),
    "raw": st.just("\xff"),
}
_REPLIES = st.sampled_from(
    [
        TRUE,
        Reply(200, b'{"data":[],"meta":{"total_results":0}}'),
        Reply(200, b'{"data":[{"id":"1"}],"meta":{"total_results":1}}'),
        Reply(204),
        Reply(400, b'{"success":false,"message":"no"}'),
    ]
)


@settings(deadline=None)  # the first bomb takes its time
@given(st.fixed_dictionaries({}, optional=_VALID), _REPLIES)
def test_any_fault_can_be_sent(fault: dict[str, object], reply: Reply) -> None:
    """Any fault can be built for any reply, in the order of points."""
    assume(not has_flaws(fault))
    parts = list(corrupt(the_fault(fault), reply, {"x-request-id": "7"}, now=0))
    points = [POINTS.index(point) for point, _ in parts]
    assert points == sorted(points)
    assert points[-1] == POINTS.index("end")
    first = next(iter(parts[0][1]))
    assert first == (b"\xff" if "raw" in fault else b"HTTP/1.1 " + first[-1:])


def test_every_field_of_a_fault_can_be_planned() -> None:
    """The fields of a plan are those of `Fault`, apart from its label."""
    fields = {name for name in dir(Fault) if not name.startswith("_")}
    assert fields == {*FAULT_FIELDS, "label"}
