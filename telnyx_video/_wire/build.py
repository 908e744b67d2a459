"""What is asked for, as HTTP requests. Every argument is checked here, before anything is sent."""

from __future__ import annotations

from datetime import date, datetime
from urllib.parse import urlencode

from telnyx_video import _checks as check
from telnyx_video._http import HttpRequest
from telnyx_video._wire import MAX_PAGE_SIZE
from telnyx_video._wire.converter import unstructure_request
from telnyx_video._wire.json import dumps
from telnyx_video.errors import ErrorDetail, InvalidRequestError
from telnyx_video.models import UNSET, CreateRoomRequest, DateRange, Unset


def create_room(request: CreateRoomRequest) -> HttpRequest:
    """``POST /rooms``."""
    return HttpRequest("POST", "/rooms", dumps(unstructure_request(request)))


def get_room(room_id: str, *, include_sessions: bool | Unset = UNSET) -> HttpRequest:
    """``GET /rooms/{room_id}``."""
    problems: list[ErrorDetail] = []
    check.identifier(problems, "room_id", room_id)
    query = _include_sessions(problems, include_sessions)
    _refuse(problems)
    return HttpRequest("GET", _path(f"/rooms/{room_id}", query))


def update_room(room_id: str, request: CreateRoomRequest) -> HttpRequest:
    """``PATCH /rooms/{room_id}`` with the fields that are set."""
    problems: list[ErrorDetail] = []
    check.identifier(problems, "room_id", room_id)
    _refuse(problems)
    return HttpRequest("PATCH", f"/rooms/{room_id}", dumps(unstructure_request(request)))


def delete_room(room_id: str) -> HttpRequest:
    """``DELETE /rooms/{room_id}``."""
    problems: list[ErrorDetail] = []
    check.identifier(problems, "room_id", room_id)
    _refuse(problems)
    return HttpRequest("DELETE", f"/rooms/{room_id}")


def list_rooms(
    *,
    unique_name: str | Unset = UNSET,
    created_at: date | DateRange | Unset = UNSET,
    updated_at: date | DateRange | Unset = UNSET,
    include_sessions: bool | Unset = UNSET,
    page_number: int = 1,
    page_size: int = MAX_PAGE_SIZE,
) -> HttpRequest:
    """``GET /rooms``: one page of the list."""
    problems: list[ErrorDetail] = []
    query: dict[str, str] = {}
    if unique_name is not UNSET:
        check.name(problems, "unique_name", unique_name)
        query["filter[unique_name]"] = unique_name
    query |= _days(problems, "created_at", created_at)
    query |= _days(problems, "updated_at", updated_at)
    query |= _include_sessions(problems, include_sessions)
    check.integer(problems, "page_size", page_size, 1, MAX_PAGE_SIZE)
    _refuse(problems)
    query |= {"page[number]": str(page_number), "page[size]": str(page_size)}
    return HttpRequest("GET", _path("/rooms", query))


def _include_sessions(problems: list[ErrorDetail], value: bool | Unset) -> dict[str, str]:
    if value is UNSET:
        return {}
    check.boolean(problems, "include_sessions", value)
    return {"include_sessions": "true" if value else "false"}


def _days(
    problems: list[ErrorDetail], field: str, value: date | DateRange | Unset
) -> dict[str, str]:
    """The filter for one time of an object, such as ``filter[date_created_at][gte]``."""
    if value is UNSET:
        return {}
    bounds: dict[str, object] = (
        {"gte": value.gte, "lte": value.lte} if isinstance(value, DateRange) else {"eq": value}
    )
    query: dict[str, str] = {}
    for operator, day in bounds.items():
        if day is None and operator != "eq":
            continue
        if not isinstance(day, date) or isinstance(day, datetime):
            problem = f"must be a datetime.date (a day in UTC), not {type(day).__name__}"
            problems.append(ErrorDetail(problem, code="wrong_type", parameter=field))
            continue
        query[f"filter[date_{field}][{operator}]"] = day.isoformat()
    return query


def _path(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _refuse(problems: list[ErrorDetail]) -> None:
    if problems:
        raise InvalidRequestError(tuple(problems))
