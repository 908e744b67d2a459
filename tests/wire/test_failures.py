"""Error replies of every shape become the right error, with all details."""

import json

import pytest
from hypothesis import given

from support.samples import HEADERS, sample
from support.strategies import bodies
from support.words import is_one_line, short
from telnyx_video import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ErrorDetail,
    NameTakenError,
    NotFoundError,
    Outcome,
    PermissionDeniedError,
    RateLimit,
    RateLimitError,
    ServerError,
    UnprocessableEntityError,
)
from telnyx_video._base.errors import KEPT_BODY
from telnyx_video._base.http import HttpReply
from telnyx_video._wire.failures import (
    blames_only_other_fields,
    excerpt,
    read_details,
    read_failure,
)

RECORDED: dict[str, tuple[type[ApiError], list[ErrorDetail]]] = {
    "invalid_fields/422.json": (
        UnprocessableEntityError,
        [
            ErrorDetail(
                "must be less than or equal to 50",
                "10015",
                "Bad Request",
                "/max_participants",
                None,
                {"url": "https://developers.telnyx.com/docs/overview/errors/10015"},
            ),
            ErrorDetail(code="10004", title="Missing required parameter", parameter="page[size]"),
        ],
    ),
    "bare_error/404.json": (
        NotFoundError,
        [ErrorDetail("The requested room could not be found", "10005", "Resource not found")],
    ),
    "bare_error/403.json": (
        PermissionDeniedError,
        [ErrorDetail(code="10010", title="Authorization failed")],
    ),
    "success_false/400.json": (BadRequestError, [ErrorDetail("page[size] is not a number")]),
    "keyed/422.json": (
        NameTakenError,
        [
            ErrorDetail(
                "has been used before", "unique_name_not_unique_for_user_id", None, "/unique_name"
            ),
            ErrorDetail(
                "choose another", "unique_name_not_unique_for_user_id", None, "/unique_name"
            ),
        ],
    ),
    "name_taken/422.json": (
        NameTakenError,
        [ErrorDetail("has already been taken", "10012", "Duplicate resource", "/unique_name")],
    ),
    "unauthenticated/401.json": (
        AuthenticationError,
        [ErrorDetail("No key found matching the ID", "10009", "Authentication failed")],
    ),
    "rate_limited/429.json": (
        RateLimitError,
        [ErrorDetail("You have exceeded the limit", "10011", "Too many requests")],
    ),
    "empty/403.txt": (PermissionDeniedError, []),
    "empty/503.txt": (ServerError, []),
    "gateway/502.html": (ServerError, [ErrorDetail("502 Bad Gateway")]),
    "gateway/504.txt": (ServerError, [ErrorDetail("upstream request timeout")]),
}


@pytest.mark.parametrize("path", RECORDED)
def test_a_recorded_failure_is_the_right_error(path: str) -> None:
    """Published shapes and gateway errors become their class, with every detail."""
    reply = sample(path)
    error = read_failure(reply, writes=True)
    error_class, details = RECORDED[path]
    assert type(error) is error_class
    assert list(error.details) == details
    assert (error.status, error.body) == (reply.status, reply.body)
    assert (error.request_id, error.rate_limit) == ("req-9c1b", RateLimit(100, 7, 3.0))
    assert is_one_line(str(error))


@pytest.mark.parametrize(
    ("status", "error_class"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (422, UnprocessableEntityError),
        (429, RateLimitError),
        (500, ServerError),
        (503, ServerError),
        (599, ServerError),
        (100, ApiError),
        (302, ApiError),
        (408, ApiError),
        (409, ApiError),
        (418, ApiError),
    ],
)
def test_the_status_decides_the_class(status: int, error_class: type[ApiError]) -> None:
    """A caller can catch each status of the reference by name, and all others as ApiError."""
    assert type(read_failure(HttpReply(status, {}, b""), writes=True)) is error_class


@pytest.mark.parametrize(("status", "writes"), [(404, True), (404, False), (503, False)])
def test_a_refusal_is_not_applied(status: int, writes: bool) -> None:
    """A refusal was not applied, and a request that only reads never is."""
    error = read_failure(HttpReply(status, {}, b""), writes=writes)
    assert error.outcome is Outcome.NOT_APPLIED


def test_a_gateway_error_leaves_a_write_unknown() -> None:
    """After a gateway error the outcome of a write is unknown."""
    error = read_failure(sample("gateway/502.html"), writes=True)
    assert error.outcome is Outcome.UNKNOWN
    assert "it may have been applied" in str(error)


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"code": "10012", "title": "Duplicate resource"}]},
        {"errors": [{"code": 10012, "source": {"parameter": "unique_name"}}]},
        {"code": "10012", "detail": "unique_name is in use"},
        {"errors": {"unique_name_not_unique_for_user_id": ["x"]}},
        {"errors": {"unique_name_not_unique_for_user_id": "x"}},
        {"errors": {"unique_name": ["has already been taken"]}},
        {
            "errors": [
                {"detail": "is too small", "source": {"pointer": "/max_participants"}},
                {"detail": "must be Not Unique", "source": {"pointer": "/data/unique_name"}},
            ]
        },
    ],
    ids=short,
)
@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_taken_name_is_recognized_in_each_form(body: object, status: int) -> None:
    """Neither status, code nor wording is documented; a code alone says it with a 422 only."""
    error = read_failure(HttpReply(status, {}, json.dumps(body).encode()), writes=True)
    if status != 422 and all(detail.field is None for detail in error.details):
        assert not isinstance(error, NameTakenError)
        return
    assert isinstance(error, NameTakenError)
    assert (error.status, error.outcome) == (status, Outcome.NOT_APPLIED)
    assert error.room is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (422, {"errors": [{"detail": "is too long", "source": {"pointer": "/unique_name"}}]}),
        (422, {"errors": [{"code": "10012", "source": {"pointer": "/webhook_event_url"}}]}),
        (422, {"errors": [{"detail": "already exists"}]}),
        (422, {"errors": {"max_participants": ["is already taken"]}}),
        (422, {"success": False, "message": "duplicate"}),
        (400, {"errors": [{"code": "10012", "source": {"pointer": "/max_participants"}}]}),
        (409, {"errors": [{"code": "10015", "source": {"pointer": "/unique_name"}}]}),
        (403, {"errors": [{"code": "10012", "source": {"pointer": "/unique_name"}}]}),
    ],
    ids=short,
)
def test_other_refusals_are_not_a_taken_name(status: int, body: object) -> None:
    """A problem of another field, or another status, is not a NameTakenError."""
    error = read_failure(HttpReply(status, {}, json.dumps(body).encode()), writes=True)
    assert not isinstance(error, NameTakenError)


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ([ErrorDetail("must be at most 50", pointer="/max_participants")], True),
        (
            [
                ErrorDetail("bad", parameter="enable_recording"),
                ErrorDetail("x", pointer="/data/webhook_event_url"),
            ],
            True,
        ),
        ([ErrorDetail("bad", pointer="/name")], False),
        ([ErrorDetail("bad", pointer="/unique_name/0")], False),
        ([ErrorDetail("bad", pointer="$.unique_name")], False),
        ([ErrorDetail("bad", pointer="/user_id")], False),
        ([], False),
        ([ErrorDetail("must be unique", pointer="/unique_name")], False),
        ([ErrorDetail("must be unique", pointer="/data/unique_name")], False),
        ([ErrorDetail(code="10015")], False),
        ([ErrorDetail("is bad")], False),
        ([ErrorDetail("is bad", pointer="/")], False),
        ([ErrorDetail("is bad", pointer="/max_participants"), ErrorDetail("bad")], False),
        ([ErrorDetail("already exists", pointer="/max_participants")], True),
        ([ErrorDetail(code="10012", pointer="/webhook_event_url")], True),
        ([ErrorDetail(title="Duplicate resource", pointer="/id")], False),
    ],
    ids=short,
)
def test_a_422_may_blame_other_fields_only(details: list[ErrorDetail], expected: bool) -> None:
    """A named create skips the look-up only if every detail is about another field."""
    assert blames_only_other_fields(details) is expected


def test_data_of_an_error_that_is_nested_too_deeply_is_dropped() -> None:
    """An error can be pickled and written with any `meta`."""
    shallow, deep = (b'{"a": %s%s}' % (b"[" * n, b"]" * n) for n in (100, 980))
    for meta, kept in ((shallow, True), (deep, False)):
        (detail,) = read_details(b'{"errors": [{"meta": %s}]}' % meta)
        assert (detail.meta is not None) is kept


@pytest.mark.parametrize(
    ("body", "details"),
    [
        (b"", []),
        (b" \r\n", []),
        (b"{}", []),
        (b"null", []),
        (b"[]", [ErrorDetail("[]")]),
        (b"7", [ErrorDetail("7")]),
        (b'"busy"', [ErrorDetail("busy")]),
        (b'{"errors": []}', []),
        (b'{"errors": {}}', []),
        (b'{"errors": {"a": []}}', []),
        (b'{"errors": {"a": null}}', [ErrorDetail(code="a")]),
        (b'{"errors": {"a": {"b": 1}}}', [ErrorDetail("{'b': 1}", "a")]),
        (b'{"errors": ["busy", null]}', [ErrorDetail("busy"), ErrorDetail()]),
        (b'{"errors": [{"code": 10015, "source": []}]}', [ErrorDetail(code="10015")]),
        (b'{"errors": [{"source": {"pointer": 7}}]}', [ErrorDetail(pointer="7")]),
        (b'{"errors": [{"meta": {"a": [1]}}]}', [ErrorDetail(meta={"a": [1]})]),
        (b'{"errors": [{"meta": 7}]}', [ErrorDetail()]),
        (b'{"detail": "a", "message": "b"}', [ErrorDetail("a")]),
        (b'{"detail": null, "message": "b"}', [ErrorDetail("b")]),
        (b'{"errors": null, "message": "b"}', [ErrorDetail("b")]),
        (b'{"errors": [], "message": "b"}', [ErrorDetail("b")]),
        (b'{"errors": {}, "message": "b"}', [ErrorDetail("b")]),
        (b'{"errors": "busy"}', [ErrorDetail("busy")]),
        (b'{"message": "a\\nb\\u001b[2J \\u2028 c"}', [ErrorDetail("a b [2J c")]),
        (b"\xff\xfe\x00", [ErrorDetail("\ufffd\ufffd")]),
    ],
    ids=short,
)  # fmt: skip
def test_a_body_of_any_shape_yields_its_details(body: bytes, details: list[ErrorDetail]) -> None:
    """Bodies similar to a known shape still yield their details."""
    assert list(read_details(body)) == details


@pytest.mark.parametrize("depth", [100, 990, 1000, 1010, 1020, 1024, 100_000])
@pytest.mark.parametrize(
    "form", [b"%s", b'{"errors": [%s]}', b'{"errors": {"a": %s}}', b'{"detail": %s}']
)
def test_a_body_of_any_depth_is_an_error_of_the_api(depth: int, form: bytes) -> None:
    """A reply nested too deeply to print still becomes the error of its status."""
    body = form % (b"[" * depth + b"]" * depth)
    error = read_failure(HttpReply(400, {}, body), writes=True)
    assert isinstance(error, BadRequestError)
    assert is_one_line(str(error))


def test_a_long_reply_makes_a_short_message() -> None:
    """The message quotes the beginning of a long text; the error keeps 64 KiB of a long body."""
    body = json.dumps({"message": "x" * 100_000}).encode()
    error = read_failure(HttpReply(400, HEADERS, body), writes=True)
    assert len(str(error)) < 400
    assert "x…" in str(error)
    assert error.body == body[:KEPT_BODY]


def test_a_reply_of_many_problems_makes_a_short_message() -> None:
    """Of ten thousand problems the message shows a few and the count."""
    body = json.dumps({"errors": [{"detail": "is bad"}] * 10_000}).encode()
    assert len(str(read_failure(HttpReply(400, {}, body), writes=True))) < 5_000


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "an empty body"),
        (b"<p></p>", "an empty body"),
        (b"<title> 502\nBad\tGateway </title><p>x", "502 Bad Gateway"),
        (b"<TITLE lang='en'>Oops</TITLE>", "Oops"),
        (b"<title></title><p>Oops", "an empty body"),
        (b"<h1>Service</h1><p>un<b>available</b>", "Service un available"),
        (b"a < b", "a < b"),
        (b"\x1b[31mred\x1b[0m\x07\r\n", "[31mred [0m"),
        (b"\xe2\x80\xae\xc2\x9b\x00x", "x"),
        (b"a" * 200, "a" * 200),
        (b"a" * 201, "a" * 199 + "…"),
        (b" " * 100_000 + b"x", "an empty body"),
    ],
    ids=short,
)
def test_the_excerpt_of_a_body_is_one_line(body: bytes, text: str) -> None:
    """The excerpt is short plain text without markup or control characters."""
    assert excerpt(body) == text


@given(bodies)
def test_any_body_gives_printable_details(body: bytes) -> None:
    """Details of any bytes are printable text."""
    for detail in read_details(body):
        for value in (detail.detail, detail.code, detail.title, detail.pointer, detail.parameter):
            assert value is None or not value or is_one_line(value)
