"""Replies, as what was asked for; anything else is raised as the error that it is."""

from __future__ import annotations

from typing import cast

from telnyx_video._http import HttpReply
from telnyx_video._text import SHORT, one_line
from telnyx_video._wire.converter import UNREADABLE, explain, structure_data
from telnyx_video._wire.failures import KEPT_BODY, excerpt, read_failure
from telnyx_video._wire.headers import read_reply
from telnyx_video._wire.json import loads
from telnyx_video.errors import Outcome, ResponseDecodeError
from telnyx_video.models import Page, Room


def _read_room(reply: HttpReply, *, writes: bool) -> Room:
    """The room in a reply.

    Args:
        writes: Whether the request could change anything. If so, a success that cannot be read
            leaves the outcome unknown, or, where at least the room's id can be read, applied.

    Raises:
        ApiError: the reply is an error.
        ResponseDecodeError: the reply holds no readable room.
    """
    envelope = _success(reply, writes=writes)
    data = envelope.get("data")
    try:
        room = structure_data(data, Room)
    except UNREADABLE as error:
        problem = explain(error, "$.data")
    else:
        if room.id:
            room.reply = read_reply(reply.headers)
            return room
        problem = "empty @ $.data.id"
    raise _unreadable(reply, problem, writes=writes, room_id=_id(data))


def read_room_found(reply: HttpReply) -> Room:
    """The room in a reply to a get."""
    return _read_room(reply, writes=False)


def read_room_written(reply: HttpReply) -> Room:
    """The room in a reply to a create or update."""
    return _read_room(reply, writes=True)


def read_rooms(reply: HttpReply) -> Page[Room]:
    """One page of a list of rooms.

    Raises:
        ApiError: the reply is an error.
        ResponseDecodeError: the reply holds no readable page.
    """
    envelope = _success(reply, writes=False)
    data = envelope.get("data")
    if not isinstance(data, list):
        raise _unreadable(reply, "expected an array @ $.data", writes=False)
    rooms: list[Room] = []
    for index, item in enumerate(cast("list[object]", data)):
        try:
            room = structure_data(item, Room)
        except UNREADABLE as error:
            problem = explain(error, f"$.data[{index}]")
            break
        if not room.id:
            problem = f"empty @ $.data[{index}].id"
            break
        rooms.append(room)
    else:
        return Page(rooms, read_reply(reply.headers), **_figures(envelope.get("meta")))
    raise _unreadable(reply, problem, writes=False)


def read_deleted(reply: HttpReply) -> None:
    """The reply to a delete: any success will do.

    Raises:
        ApiError: the reply is an error.
    """
    if reply.status // 100 != 2:
        raise read_failure(reply, writes=True)


def _success(reply: HttpReply, *, writes: bool) -> dict[str, object]:
    """The JSON object that every successful reply with a body is."""
    if reply.status // 100 != 2:
        raise read_failure(reply, writes=writes)
    try:
        envelope = loads(reply.body)
    except ValueError:
        problem = f"expected JSON @ $, got {excerpt(reply.body)}"
    else:
        if isinstance(envelope, dict):
            return cast("dict[str, object]", envelope)
        problem = "expected an object @ $"
    raise _unreadable(reply, problem, writes=writes)


def _figures(meta: object) -> dict[str, int | None]:
    """The four figures of a list; what is missing or malformed is None, as nothing rests on it."""
    figures = cast("dict[str, object]", meta) if isinstance(meta, dict) else {}
    names = ("page_number", "page_size", "total_pages", "total_results")
    return {name: n if type(n := figures.get(name)) is int else None for name in names}


def _id(data: object) -> str | None:
    if not isinstance(data, dict):
        return None
    value = cast("dict[str, object]", data).get("id")
    return value if isinstance(value, str) and value else None


def _unreadable(
    reply: HttpReply, problem: str, *, writes: bool, room_id: str | None = None
) -> ResponseDecodeError:
    if not writes:
        outcome, advice = Outcome.NOT_APPLIED, "try again, or report it with the body"
    elif room_id:
        shown = one_line(room_id, SHORT)
        outcome, advice = Outcome.APPLIED, f"room {shown} exists; only its reply is unreadable"
    else:
        outcome, advice = Outcome.UNKNOWN, "it may have been applied: look before sending it again"
    return ResponseDecodeError(
        one_line(f"unreadable reply (status {reply.status}): {one_line(problem, 1000)} - {advice}"),
        outcome,
        reply.status,
        reply.headers.get("x-request-id"),
        reply.body[:KEPT_BODY],
        room_id,
    )
