"""Requests for rooms, and for the tokens with which to join them."""

from __future__ import annotations

from datetime import date

from telnyx_video._base import validate as check
from telnyx_video._base.http import HttpRequest
from telnyx_video._base.json import dumps
from telnyx_video._base.text import plain_str
from telnyx_video._wire import MAX_PAGE_SIZE
from telnyx_video._wire.build.query import Query, object_path, path_id
from telnyx_video.errors import ErrorDetail
from telnyx_video.models import UNSET, CreateRoomRequest, DateRange, Unset
from telnyx_video.models._codec import unstructure_request

TOKEN_TTL = (10, 3600)
"""Seconds for which a join token may let someone in, by the API's reference."""

REFRESH_TTL = (60, 86_400)
"""Seconds for which one may be refreshed, by the API's reference."""


def room_settings(request: CreateRoomRequest) -> bytes:
    """The settings of a room, as the body of a create has them."""
    return dumps(unstructure_request(request))


def create_room(request: CreateRoomRequest, settings: bytes | None = None) -> HttpRequest:
    """``POST /rooms``.

    Args:
        settings: What :func:`room_settings` wrote, if it did.
    """
    return HttpRequest("rooms.create", "POST", "/rooms", settings or room_settings(request))


def get_room(room_id: str, *, include_sessions: bool | Unset = UNSET) -> HttpRequest:
    """``GET /rooms/{room_id}``."""
    query = Query()
    path = f"/rooms/{path_id(query.problems, 'room_id', room_id)}"
    query.flag("include_sessions", include_sessions)
    return HttpRequest("rooms.get", "GET", query.after(path))


def update_room(room_id: str, request: CreateRoomRequest) -> HttpRequest:
    """``PATCH /rooms/{room_id}`` with the fields that are set."""
    path = object_path("rooms", "room_id", room_id)
    return HttpRequest("rooms.update", "PATCH", path, room_settings(request))


def delete_room(room_id: str) -> HttpRequest:
    """``DELETE /rooms/{room_id}``."""
    return HttpRequest("rooms.delete", "DELETE", object_path("rooms", "room_id", room_id))


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
    query = Query()
    query.name("unique_name", unique_name)
    query.days("created_at", created_at)
    query.days("updated_at", updated_at)
    query.flag("include_sessions", include_sessions)
    query.page(page_number, page_size)
    return HttpRequest("rooms.list", "GET", query.after("/rooms"))


def create_join_token(
    room_id: str,
    *,
    token_ttl_secs: int | Unset = UNSET,
    refresh_token_ttl_secs: int | Unset = UNSET,
) -> HttpRequest:
    """``POST /rooms/{room_id}/actions/generate_join_client_token``."""
    problems: list[ErrorDetail] = []
    body: dict[str, object] = {}
    path = f"/rooms/{path_id(problems, 'room_id', room_id)}/actions/generate_join_client_token"
    _add_seconds(problems, body, "token_ttl_secs", token_ttl_secs, TOKEN_TTL)
    _add_seconds(problems, body, "refresh_token_ttl_secs", refresh_token_ttl_secs, REFRESH_TTL)
    check.refuse(problems)
    return HttpRequest("rooms.join_token", "POST", path, dumps(body))


def refresh_join_token(
    room_id: str, refresh_token: str, *, token_ttl_secs: int | Unset = UNSET
) -> HttpRequest:
    """``POST /rooms/{room_id}/actions/refresh_client_token``."""
    problems: list[ErrorDetail] = []
    body: dict[str, object] = {"refresh_token": plain_str(refresh_token)}
    path = f"/rooms/{path_id(problems, 'room_id', room_id)}/actions/refresh_client_token"
    check.secret(problems, "refresh_token", refresh_token)
    _add_seconds(problems, body, "token_ttl_secs", token_ttl_secs, TOKEN_TTL)
    check.refuse(problems)
    return HttpRequest("rooms.refresh_join_token", "POST", path, dumps(body))


def _add_seconds(
    problems: list[ErrorDetail],
    body: dict[str, object],
    field: str,
    value: int | Unset,
    bounds: tuple[int, int],
) -> None:
    if value is not UNSET:
        check.integer(problems, field, value, *bounds)
        body[field] = value
