"""Replies, and the published error formats.

Formats and codes: https://developers.telnyx.com/api-reference/rooms/create-a-room (a list under
`errors`), https://developers.telnyx.com/api-reference/rooms/view-a-room (one bare error) and
https://developers.telnyx.com/api-reference/rooms/view-a-list-of-rooms (`success` and `message`).
"""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum

import attrs

_encode = json.JSONEncoder(separators=(",", ":")).encode


class Code(StrEnum):
    """The published error codes that this server uses."""

    INVALID_URL = "10003"
    NOT_FOUND = "10005"
    INVALID_ID = "10006"
    UNEXPECTED = "10007"
    TIMEOUT = "10008"
    NOT_AUTHENTICATED = "10009"
    NOT_AUTHORIZED = "10010"
    TOO_MANY_REQUESTS = "10011"
    DUPLICATE = "10012"
    MEDIA_TYPE = "10014"
    BAD_REQUEST = "10015"
    INVALID_JSON = "10023"


_TITLES = {
    Code.INVALID_URL: "Invalid URL",
    Code.NOT_FOUND: "Resource not found",
    Code.INVALID_ID: "Invalid resource ID",
    Code.UNEXPECTED: "Unexpected error",
    Code.TIMEOUT: "Timeout",
    Code.NOT_AUTHENTICATED: "Authentication failed",
    Code.NOT_AUTHORIZED: "Authorization failed",
    Code.TOO_MANY_REQUESTS: "Too many requests",
    Code.DUPLICATE: "Duplicate resource",
    Code.MEDIA_TYPE: "Unsupported media type",
    Code.BAD_REQUEST: "Bad request",
    Code.INVALID_JSON: "Invalid JSON",
}


@attrs.frozen
class Problem:
    """One thing that is wrong with a request."""

    code: Code
    """Determines the title, too."""
    detail: str
    """A sentence for a person."""
    pointer: str | None = None
    """JSON pointer (RFC 6901) to the offending part of the body; "" is the body as a whole."""
    parameter: str | None = None
    """The offending query parameter."""

    def as_json(self) -> dict[str, object]:
        """Return the published error object, without keys that do not apply."""
        shown: dict[str, object] = {
            "code": self.code,
            "title": _TITLES[self.code],
            "detail": self.detail,
        }
        if self.pointer is not None:
            shown["source"] = {"pointer": self.pointer}
        elif self.parameter is not None:
            shown["source"] = {"parameter": self.parameter}
        return shown


@attrs.frozen
class Reply:
    """The answer to a request, independent of HTTP."""

    status: int
    """HTTP status."""
    body: bytes = b""
    """JSON, a file, or nothing with status 204."""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """Headers of this reply only; the common headers are added later."""
    media_type: str = "application/json"
    """Of the body."""


def pointer_to(*path: str | int) -> str:
    """Return the JSON pointer (RFC 6901) for a path of keys and indices."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def document(status: int, content: object) -> Reply:
    """Return a reply that carries the content as JSON."""
    return Reply(status, _encode(content).encode())


def refusal(status: int, *problems: Problem, headers: Mapping[str, str] | None = None) -> Reply:
    """Return the problems as a list under `errors`, the most common format."""
    body = {"errors": [problem.as_json() for problem in problems]}
    return Reply(status, _encode(body).encode(), headers or {})


class RefusedError(Exception):
    """An operation refuses a request.

    Attributes:
        status: Of the reply.
        problems: What is wrong.
        reply: The answer, unless the operation has another format for it.
    """

    def __init__(
        self, status: int, *problems: Problem, reply: Callable[..., Reply] = refusal
    ) -> None:
        super().__init__(status, problems)
        self.status = status
        self.problems = problems
        self.reply: Reply = reply(status, *problems)


def bare_refusal(status: int, problem: Problem) -> Reply:
    """Return a single error object, as published for a room that is not found."""
    return document(status, problem.as_json())


def generic_refusal(status: int, message: str) -> Reply:
    """Return the format published for a refused list."""
    return document(status, {"success": False, "message": message})


def unexpected() -> Reply:
    """Return the answer to a request that failed because of an internal error."""
    detail = "Internal error of the sandbox; see its log."
    return refusal(500, Problem(Code.UNEXPECTED, detail))
