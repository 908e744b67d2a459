"""Reads replies: the object, page or confirmation that was asked for, or a typed error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeVar, cast

import attrs

from telnyx_video._base.errors import KEPT_BODY
from telnyx_video._base.http import HttpReply, HttpRequest
from telnyx_video._base.json import dumps, loads
from telnyx_video._base.text import SHORT, one_line
from telnyx_video._wire.failures import excerpt, read_failure
from telnyx_video._wire.headers import read_reply
from telnyx_video.errors import Outcome, ResponseDecodeError
from telnyx_video.models import JoinToken, Page, RawResponse, Record, Reply, Room, RoomComposition
from telnyx_video.models._codec import UNREADABLE, explain, structure_data

R = TypeVar("R", bound=Record)

MIN_TOKEN_LENGTH: Final = 16
"""Characters of a refresh token; shorter ones, as in tests, may occur in any reply."""


def read_object(reply: HttpReply, cls: type[R], *, writes: bool) -> R:
    """Read the object in a reply.

    Args:
        writes: Whether the request could change anything. If so, a success that cannot be read
            leaves the outcome unknown, or, where at least the object's id can be read, applied.

    Raises:
        ApiError: the reply is an error.
        ResponseDecodeError: the reply holds no readable object.
    """
    envelope = success(reply, writes=writes)
    data = envelope.get("data")
    try:
        record = structure_data(data, cls, read_reply(reply.headers))
    except UNREADABLE as error:
        problem = explain(error, "$.data")
    else:
        if record.id:
            return record
        problem = "empty @ $.data.id"
    raise unreadable(reply, problem, writes=writes, made=cls.__name__, made_id=_id(data))


def found(cls: type[R]) -> Callable[[HttpReply], R]:
    """Make a reader of the object in a reply to a get."""
    return partial(read_object, cls=cls, writes=False)


def written(cls: type[R]) -> Callable[[HttpReply], R]:
    """Make a reader of the object in a reply to a create or update."""
    return partial(read_object, cls=cls, writes=True)


def listed(cls: type[R]) -> Callable[[HttpReply], Page[R]]:
    """Make a reader of one page of a list."""
    return partial(_read_page, cls=cls)


def _read_page(reply: HttpReply, cls: type[R]) -> Page[R]:
    """Read one page of a list.

    Raises:
        ApiError: the reply is an error.
        ResponseDecodeError: the reply holds no readable page.
    """
    envelope = success(reply, writes=False)
    data = envelope.get("data")
    if not isinstance(data, list):
        raise unreadable(reply, "expected an array @ $.data", writes=False)
    records: list[R] = []
    for index, item in enumerate(cast("list[object]", data)):
        try:
            record = structure_data(item, cls)
        except UNREADABLE as error:
            problem = explain(error, f"$.data[{index}]")
            break
        if not record.id:
            problem = f"empty @ $.data[{index}].id"
            break
        records.append(record)
    else:
        return Page(records, read_reply(reply.headers), **_figures(envelope.get("meta")))
    raise unreadable(reply, problem, writes=False)


read_room_found: Final = found(Room)
read_room_written: Final = written(Room)
read_rooms: Final = listed(Room)
read_composition_made: Final = written(RoomComposition)


def read_deleted(reply: HttpReply) -> None:
    """Read the reply to a delete: any success will do.

    Raises:
        ApiError: the reply is an error.
    """
    if reply.status // 100 != 2:
        raise read_failure(reply, writes=True)


def success(reply: HttpReply, *, writes: bool) -> dict[str, object]:
    """Read the JSON object that every successful reply with a body is.

    Raises:
        ApiError: the reply is an error.
        ResponseDecodeError: it is not a JSON object.
    """
    if reply.status // 100 != 2:
        raise read_failure(reply, writes=writes)
    envelope: dict[str, object]
    try:
        envelope = loads(reply.body)
    except ValueError:
        problem = f"expected JSON @ $, got {excerpt(reply.body)}"
    else:
        if type(envelope) is dict:  # it may be any JSON value
            return envelope
        problem = "expected an object @ $"
    raise unreadable(reply, problem, writes=writes)


def read_join_token(reply: HttpReply) -> JoinToken:
    """Read the token in a reply. An unreadable reply is not kept or quoted: it may hold the secret.

    Raises:
        ApiError: the reply is an error.
        ResponseDecodeError: the reply holds no readable token.
    """
    try:
        data = success(reply, writes=True).get("data")
        token = structure_data(data, JoinToken, read_reply(reply.headers))
    except UNREADABLE as error:
        problem = explain(error, "$.data")
    except ResponseDecodeError:
        problem = "expected an object of JSON @ $"
    else:
        if token.token:
            return token
        problem = "empty @ $.data.token"
    raise unreadable(reply._replace(body=b""), problem, writes=True)


def join_token_for(refresh_token: str) -> Callable[[HttpReply], JoinToken]:
    """Make a reader of the reply to a refresh, whose errors must not repeat the token sent."""

    def without_token(reply: HttpReply) -> HttpReply:
        if reply.status // 100 != 2 and len(refresh_token) >= MIN_TOKEN_LENGTH:
            body = _unescaped(reply.body).replace(refresh_token.encode(), b"[refresh token]")
            return reply._replace(body=body)
        return reply

    # A frame shows the variables that its function closes over: the one that fails has no token.
    return lambda reply: read_join_token(without_token(reply))


def read_action(reply: HttpReply) -> None:
    """Read the reply to an action in a session, which only confirms it.

    Raises:
        ApiError: the reply is an error.
        ResponseDecodeError: it is not such a confirmation.
    """
    if not isinstance(success(reply, writes=True).get("data"), dict):
        raise unreadable(reply, "expected an object @ $.data", writes=True)


@attrs.frozen
class Deleted:
    """The result of a bulk deletion."""

    count: int
    reply: Reply


def read_deleted_count(reply: HttpReply) -> Deleted:
    """Read how many recordings a bulk deletion has deleted.

    Raises:
        ApiError: the reply is an error.
        ResponseDecodeError: the reply does not say.
    """
    data = success(reply, writes=True).get("data")
    counts = cast("dict[str, object]", data) if isinstance(data, dict) else {}
    count = counts.get("room_recordings")
    if type(count) is not int:
        raise unreadable(reply, "expected an integer @ $.data.room_recordings", writes=True)
    return Deleted(count, read_reply(reply.headers))


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


def _figures(meta: object) -> dict[str, int | None]:
    """Read the four figures of a list; a missing or malformed one is None."""
    figures = cast("dict[str, object]", meta) if isinstance(meta, dict) else {}
    names = ("page_number", "page_size", "total_pages", "total_results")
    return {name: n if type(n := figures.get(name)) is int else None for name in names}


def _id(data: object) -> str | None:
    if not isinstance(data, dict):
        return None
    value = cast("dict[str, object]", data).get("id")
    return value if isinstance(value, str) and value else None


def unreadable(
    reply: HttpReply,
    problem: str,
    *,
    writes: bool,
    made: str = "",
    made_id: str | None = None,
) -> ResponseDecodeError:
    """Make the error of a success whose content cannot be read.

    Args:
        made: The name of the class that the request creates.
        made_id: The id of the created object, if it can be read.
    """
    if not writes:
        outcome, hint = Outcome.NOT_APPLIED, "try again, or report it with the body"
    elif made_id:
        what = f"{made.removeprefix('Room').lower() or 'room'} {one_line(made_id, SHORT)}"
        outcome, hint = Outcome.APPLIED, f"{what} exists; only its reply is unreadable"
    else:
        outcome, hint = Outcome.UNKNOWN, "it may have been applied: look before sending it again"
    return ResponseDecodeError(
        one_line(f"unreadable reply (status {reply.status}): {one_line(problem, 1000)} - {hint}"),
        outcome,
        reply.status,
        reply.headers.get("x-request-id"),
        reply.body[:KEPT_BODY],
        room_id=made_id if made == "Room" else None,
        composition_id=made_id if made == "RoomComposition" else None,
    )


def _unescaped(body: bytes) -> bytes:
    """Rewrite JSON without escapes, which could hide a token."""
    try:
        return dumps(loads(body))
    except (ValueError, TypeError, RecursionError):  # not JSON, or too deep to be written
        return body
