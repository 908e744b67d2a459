"""Objects and lists in replies; anything else is raised as the error that it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from telnyx_video._base.http import HttpReply
from telnyx_video._base.json import loads
from telnyx_video._base.text import SHORT, one_line
from telnyx_video._wire.failures import KEPT_BODY, excerpt, read_failure
from telnyx_video._wire.headers import read_reply
from telnyx_video.errors import Outcome, ResponseDecodeError
from telnyx_video.models import Page, Record, Room
from telnyx_video.models._codec import UNREADABLE, explain, structure_data

R = TypeVar("R", bound=Record)


def read_object(reply: HttpReply, cls: type[R], *, writes: bool) -> R:
    """The object in a reply.

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
        record = structure_data(data, cls)
    except UNREADABLE as error:
        problem = explain(error, "$.data")
    else:
        if record.id:
            record.reply = read_reply(reply.headers)
            return record
        problem = "empty @ $.data.id"
    raise unreadable(reply, problem, writes=writes, made=cls.__name__, made_id=_id(data))


def read_room_found(reply: HttpReply) -> Room:
    """The room in a reply to a get."""
    return read_object(reply, Room, writes=False)


def read_room_written(reply: HttpReply) -> Room:
    """The room in a reply to a create or update."""
    return read_object(reply, Room, writes=True)


def found(cls: type[R]) -> Callable[[HttpReply], R]:
    """What reads the object in a reply to a get."""

    def read_found(reply: HttpReply) -> R:
        return read_object(reply, cls, writes=False)

    return read_found


def listed(cls: type[R]) -> Callable[[HttpReply], Page[R]]:
    """What reads one page of a list of such objects."""

    def read_listed(reply: HttpReply) -> Page[R]:
        return _read_page(reply, cls)

    return read_listed


def read_rooms(reply: HttpReply) -> Page[Room]:
    """One page of a list of rooms."""
    return _read_page(reply, Room)


def _read_page(reply: HttpReply, cls: type[R]) -> Page[R]:
    """One page of a list.

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


def read_deleted(reply: HttpReply) -> None:
    """The reply to a delete: any success will do.

    Raises:
        ApiError: the reply is an error.
    """
    if reply.status // 100 != 2:
        raise read_failure(reply, writes=True)


def success(reply: HttpReply, *, writes: bool) -> dict[str, object]:
    """The JSON object that every successful reply with a body is.

    Raises:
        ApiError: the reply is an error.
        ResponseDecodeError: it is no JSON object.
    """
    if reply.status // 100 != 2:
        raise read_failure(reply, writes=writes)
    envelope: dict[str, object]
    try:
        envelope = loads(reply.body)
    except ValueError:
        problem = f"expected JSON @ $, got {excerpt(reply.body)}"
    else:
        if type(envelope) is dict:  # any value of JSON may come
            return envelope
        problem = "expected an object @ $"
    raise unreadable(reply, problem, writes=writes)


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


def unreadable(
    reply: HttpReply,
    problem: str,
    *,
    writes: bool,
    made: str = "",
    made_id: str | None = None,
) -> ResponseDecodeError:
    """The error that a success is whose content cannot be read.

    Args:
        made: What the request makes, by the name of its class.
        made_id: The id of what was made, if that can be read.
    """
    if not writes:
        outcome, advice = Outcome.NOT_APPLIED, "try again, or report it with the body"
    elif made_id:
        what = f"{made.removeprefix('Room').lower() or 'room'} {one_line(made_id, SHORT)}"
        outcome, advice = Outcome.APPLIED, f"{what} exists; only its reply is unreadable"
    else:
        outcome, advice = Outcome.UNKNOWN, "it may have been applied: look before sending it again"
    return ResponseDecodeError(
        one_line(f"unreadable reply (status {reply.status}): {one_line(problem, 1000)} - {advice}"),
        outcome,
        reply.status,
        reply.headers.get("x-request-id"),
        reply.body[:KEPT_BODY],
        room_id=made_id if made == "Room" else None,
        composition_id=made_id if made == "RoomComposition" else None,
    )
