"""Requests to any endpoint, and their replies as they came: for what the SDK does not model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, cast, get_args
from urllib.parse import quote

from telnyx_video._base import validate as check
from telnyx_video._base.http import HttpReply, HttpRequest
from telnyx_video._base.json import dumps, is_json
from telnyx_video._base.text import show
from telnyx_video._wire.failures import read_failure
from telnyx_video._wire.headers import read_reply
from telnyx_video.errors import ErrorDetail
from telnyx_video.models import UNSET, RawResponse

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

_METHODS: Final[tuple[str, ...]] = get_args(Method)

_PATH = re.compile(r"/[!$-~]*")
"""Visible ASCII without ``#``, whose fragment would not be sent, and without ``"``."""

Param = str | int | float | bool
Params = Mapping[str, Param | Iterable[Param]]


def raw_request(
    method: str, path: str, json: object = UNSET, params: Params | None = None
) -> HttpRequest:
    """Build a request to any endpoint.

    Raises:
        InvalidRequestError: an argument is invalid; all problems are listed.
    """
    problems: list[ErrorDetail] = []
    check.choice(problems, "method", method, _METHODS)
    if not (isinstance(cast("object", path), str) and _PATH.fullmatch(path)):
        problem = (
            f"must be a percent-encoded path below the base URL, such as /rooms, not {show(path)}"
        )
        problems.append(ErrorDetail(problem, code="invalid", pointer="/path"))
    query = _query(problems, params)
    body = None
    if json is not UNSET:
        body = _body(problems, json)
        if method == "GET":
            problems.append(ErrorDetail("a GET has no body: pass params", pointer="/json"))
    check.refuse(problems)
    if query:
        path += ("&" if "?" in path else "?") + query
    return HttpRequest("rooms.request", cast("Method", method), path, body)


def read_raw(
    request: HttpRequest, redact: Callable[[Mapping[str, str]], Mapping[str, str]]
) -> Callable[[HttpReply], RawResponse]:
    """Make a reader of the reply to a request to any endpoint.

    Args:
        request: The request.
        redact: Returns headers without the key.
    """

    def read(reply: HttpReply) -> RawResponse:
        if reply.status // 100 != 2:
            raise read_failure(reply, writes=request.method != "GET")
        return raw_response(reply, redact)

    return read


def raw_response(
    reply: HttpReply, redact: Callable[[Mapping[str, str]], Mapping[str, str]]
) -> RawResponse:
    """Return a reply as it came.

    Args:
        reply: The reply.
        redact: Returns headers without the key.
    """
    return RawResponse(reply.status, redact(reply.headers), reply.body, read_reply(reply.headers))


def _query(problems: list[ErrorDetail], params: object) -> str:
    if params is None:
        return ""
    if not isinstance(params, Mapping):
        problem = f"must be a mapping of names to values, not {type(params).__name__}"
        problems.append(ErrorDetail(problem, code="wrong_type", pointer="/params"))
        return ""
    pairs: list[str] = []
    for name, value in cast("Mapping[object, object]", params).items():
        several = isinstance(value, list | tuple)
        values: tuple[object, ...] = tuple(cast("Iterable[object]", value)) if several else (value,)
        for one in values:
            if not isinstance(name, str) or not isinstance(one, str | int | float):
                problem = (
                    f"{show(name)}: must be a string, a number or a boolean, or a list of them, "
                    f"not {type(one).__name__}"
                )
                problems.append(ErrorDetail(problem, code="wrong_type", pointer="/params"))
                continue
            text = str(one).lower() if isinstance(one, bool) else str(one)
            check.text(problems, "params", f"{name}={text}")
            pairs.append(f"{quote(name, '[]', errors='replace')}={quote(text, errors='replace')}")
    return "&".join(pairs)


def _body(problems: list[ErrorDetail], json: object) -> bytes | None:
    try:
        body = dumps(json) if is_json(json) else None
    except (TypeError, ValueError, RecursionError):
        body = None  # the encoder's message may quote the value, which may be a secret
    if body is None:
        problem = "must be JSON: objects with string keys, arrays, strings, finite numbers"
        problems.append(ErrorDetail(problem, code="wrong_type", pointer="/json"))
    return body
