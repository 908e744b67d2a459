"""Requests for sessions and for those who take part in them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final, Literal

from telnyx_video._base import validate as check
from telnyx_video._base.http import HttpRequest, Operation
from telnyx_video._base.json import dumps
from telnyx_video._base.text import plain_str, show
from telnyx_video._wire import MAX_PAGE_SIZE
from telnyx_video._wire.build.query import Query, object_path, path_id
from telnyx_video.errors import ErrorDetail
from telnyx_video.models import UNSET, DateRange, Unset


def get_session(session_id: str, *, include_participants: bool | Unset = UNSET) -> HttpRequest:
    """``GET /room_sessions/{room_session_id}``."""
    query = Query()
    path = f"/room_sessions/{path_id(query.problems, 'session_id', session_id)}"
    query.flag("include_participants", include_participants)
    return HttpRequest("sessions.get", "GET", query.after(path))


def list_sessions(
    room_id: str | Unset = UNSET,
    *,
    active: bool | Unset = UNSET,
    created_at: date | DateRange | Unset = UNSET,
    updated_at: date | DateRange | Unset = UNSET,
    ended_at: date | DateRange | Unset = UNSET,
    include_participants: bool | Unset = UNSET,
    page_number: int = 1,
    page_size: int = MAX_PAGE_SIZE,
) -> HttpRequest:
    """``GET /room_sessions``, or ``GET /rooms/{room_id}/sessions``: one page of the list."""
    query = Query()
    path = "/room_sessions"
    if room_id is not UNSET:
        path = f"/rooms/{path_id(query.problems, 'room_id', room_id)}/sessions"
    query.switch("active", active)
    query.days("created_at", created_at)
    query.days("updated_at", updated_at)
    query.days("ended_at", ended_at)
    query.flag("include_participants", include_participants)
    query.page(page_number, page_size)
    return HttpRequest("sessions.list", "GET", query.after(path))


def end_session(session_id: str) -> HttpRequest:
    """``POST /room_sessions/{room_session_id}/actions/end``."""
    path = object_path("room_sessions", "session_id", session_id)
    return HttpRequest("sessions.end", "POST", f"{path}/actions/end")


_ACTIONS: Final[dict[str, Operation]] = {
    "kick": "sessions.kick",
    "mute": "sessions.mute",
    "unmute": "sessions.unmute",
}


def act_on_participants(
    action: Literal["kick", "mute", "unmute"],
    session_id: str,
    participants: Collection[str] | Literal["all"],
    exclude: Collection[str] = (),
) -> HttpRequest:
    """``POST /room_sessions/{room_session_id}/actions/…``."""
    problems: list[ErrorDetail] = []
    body: dict[str, object] = {}
    path = f"/room_sessions/{path_id(problems, 'session_id', session_id)}/actions/{action}"
    if not isinstance(participants, str):
        check.identifiers(problems, "participants", participants)
    elif participants != "all":
        problem = f'must be "all" or a list of ids, not {show(participants)}'
        problems.append(ErrorDetail(problem, code="wrong_value", pointer="/participants"))
    if not isinstance(exclude, tuple) or exclude:
        check.identifiers(problems, "exclude", exclude)
    check.refuse(problems)
    everyone = isinstance(participants, str)
    body["participants"] = "all" if everyone else [*map(plain_str, participants)]
    if exclude:
        body["exclude"] = [*map(plain_str, exclude)]
    return HttpRequest(_ACTIONS[action], "POST", path, dumps(body))


def get_participant(participant_id: str) -> HttpRequest:
    """``GET /room_participants/{room_participant_id}``."""
    return HttpRequest(
        "participants.get",
        "GET",
        object_path("room_participants", "participant_id", participant_id),
    )


def list_participants(
    *,
    of_session: str | Unset = UNSET,
    session_id: str | Unset = UNSET,
    context: str | Unset = UNSET,
    joined_at: date | DateRange | Unset = UNSET,
    updated_at: date | DateRange | Unset = UNSET,
    left_at: date | DateRange | Unset = UNSET,
    page_number: int = 1,
    page_size: int = MAX_PAGE_SIZE,
) -> HttpRequest:
    """``GET /room_participants``, or of one session: one page of the list.

    Args:
        of_session: Ask ``/room_sessions/{room_session_id}/participants`` instead.
    """
    query = Query()
    path = "/room_participants"
    operation: Operation = "participants.list"
    if of_session is not UNSET:
        session = path_id(query.problems, "session_id", of_session)
        path, operation = f"/room_sessions/{session}/participants", "sessions.participants"
    query.identifier("session_id", session_id)
    query.text("context", context)
    query.days("joined_at", joined_at)
    query.days("updated_at", updated_at)
    query.days("left_at", left_at)
    query.page(page_number, page_size)
    return HttpRequest(operation, "GET", query.after(path))
