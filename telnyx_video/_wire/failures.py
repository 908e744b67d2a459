"""Error replies: each of the API's body shapes as one list of ``ErrorDetail``.

The shapes, of which the reference describes the first three:

1. ``{"errors": [{"code", "title", "detail", "source": {"pointer", "parameter"}, "meta"}]}``
2. one such error, bare
3. ``{"success": false, "message": "…"}``
4. ``{"errors": {"some_key": ["message", …]}}``
5. an empty body, or the HTML or plain text of a gateway
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import attrs

from telnyx_video._base.errors import KEPT_BODY
from telnyx_video._base.http import HttpReply
from telnyx_video._base.json import is_deep, loads
from telnyx_video._base.text import SHORT, one_line, show
from telnyx_video._wire.headers import read_rate_limit
from telnyx_video.errors import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ErrorDetail,
    NameTakenError,
    NotFoundError,
    Outcome,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnprocessableEntityError,
    outcome_of_status,
)
from telnyx_video.models import CreateRoomRequest

_CLASSES: dict[int, type[ApiError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}

_OTHER_FIELDS = {field.name for field in attrs.fields(CreateRoomRequest)} - {"unique_name"}

_DUPLICATE_RESOURCE = "10012"
_TAKEN = re.compile(r"taken|already|in use|(not|be)[ _]unique|duplicate|exists", re.IGNORECASE)


def read_failure(reply: HttpReply, *, writes: bool) -> ApiError:
    """Read an error reply and all of its details.

    Args:
        writes: Whether the request could change anything; one that only reads is never applied.
    """
    details = read_details(reply.body)
    error_class = _CLASSES.get(reply.status, ServerError if reply.status >= 500 else ApiError)
    outcome = outcome_of_status(reply.status) if writes else Outcome.NOT_APPLIED
    if reply.status in (400, 409, 422) and any(_means_taken(d, reply.status) for d in details):
        error_class, outcome = NameTakenError, Outcome.NOT_APPLIED
    return error_class(
        reply.status,
        details,
        reply.headers.get("x-request-id"),
        read_rate_limit(reply.headers),
        reply.body[:KEPT_BODY],
        outcome,
    )


def read_details(body: bytes) -> tuple[ErrorDetail, ...]:
    """Read the problems that the body of an error reply names."""
    if not body.strip():
        return ()
    try:
        value = loads(body)
    except ValueError:
        return (ErrorDetail(excerpt(body)),)
    if isinstance(value, dict):
        value = cast("dict[str, object]", value)
        errors = value.get("errors")
        if isinstance(errors, list) and errors:
            return tuple(map(_listed, cast("list[object]", errors)))
        if isinstance(errors, dict) and errors:
            return tuple(_keyed(cast("dict[str, object]", errors)))
        if errors and isinstance(errors, str):
            return (ErrorDetail(_text(errors)),)
    detail = _listed(value)
    return () if detail == ErrorDetail() else (detail,)


def blames_only_other_fields(details: Sequence[ErrorDetail]) -> bool:
    """Test whether a refusal of a named create can only be about something other than the name.

    True only if every detail names another field of a create. Otherwise the caller has to look the
    name up: neither code, wording nor pointer for a taken name is documented.
    """
    return bool(details) and all(detail.field in _OTHER_FIELDS for detail in details)


def excerpt(body: bytes) -> str:
    """Quote the beginning of a body as one line of printable text."""
    text = body[: 16 * SHORT].decode(errors="replace")
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    content = title[1] if title else re.sub(r"<[^>]*>", " ", text)
    return one_line(content, SHORT) or "an empty body"


def _listed(value: object) -> ErrorDetail:
    if not isinstance(value, dict):
        return ErrorDetail(_text(value))
    error = cast("dict[str, object]", value)
    source = error.get("source")
    source = cast("dict[str, object]", source) if isinstance(source, dict) else {}
    meta: object = error.get("meta")
    usable = type(meta) is dict and not is_deep(cast("object", meta))
    return ErrorDetail(
        detail=_text(error.get("detail") or error.get("message")),
        code=_text(error.get("code")),
        title=_text(error.get("title")),
        pointer=_text(source.get("pointer")),
        parameter=_text(source.get("parameter")),
        meta=cast("dict[str, object]", meta) if usable else None,
    )


def _keyed(errors: dict[str, object]) -> list[ErrorDetail]:
    """Read shape 4, whose keys are undocumented; the known one is for a taken name."""
    return [
        ErrorDetail(
            _text(message),
            code=one_line(key, SHORT),
            pointer="/unique_name" if key.startswith("unique_name") else None,
        )
        for key, messages in errors.items()
        for message in (
            cast("list[object]", messages) if isinstance(messages, list) else [messages]
        )
    ]


def _means_taken(detail: ErrorDetail, status: int) -> bool:
    """Test whether a problem is that another room has the name.

    Neither status, code nor wording is documented for rooms, so several forms are recognized.
    """
    if detail.field == "unique_name":
        return _mentions_duplicate(detail)
    return status == 422 and detail.field is None and detail.code == _DUPLICATE_RESOURCE


def _mentions_duplicate(detail: ErrorDetail) -> bool:
    words = " ".join(filter(None, (detail.code, detail.title, detail.detail)))
    return detail.code == _DUPLICATE_RESOURCE or _TAKEN.search(words) is not None


def _text(value: object) -> str | None:
    if value is None:
        return None
    return one_line(value, SHORT) if isinstance(value, str) else show(value)
