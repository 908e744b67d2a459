"""Builds every request of the API, with all of its arguments checked.

Each builder refuses what the API would refuse, and lists all problems in one
:class:`~telnyx_video.errors.InvalidRequestError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Final, Literal, cast, get_args
from urllib.parse import quote, urlencode

from telnyx_video._base import validate as check
from telnyx_video._base.errors import ErrorDetail
from telnyx_video._base.http import HttpRequest, Operation
from telnyx_video._base.json import dumps
from telnyx_video._base.text import did_you_mean, plain_str, show
from telnyx_video.models._codec import UNSET, Unset, unstructure
from telnyx_video.models.base import DateRange
from telnyx_video.models.compositions import CreateCompositionRequest
from telnyx_video.models.recordings import RecordingFilters
from telnyx_video.models.rooms import CreateRoomRequest

MAX_PAGE_SIZE: Final = 250
"""Items in a page, by the API's reference."""

TOKEN_TTL: Final = (10, 3600)
"""Bounds of a join token's lifetime in seconds, by the API's reference."""

REFRESH_TTL: Final = (60, 86_400)
"""Bounds of a refresh token's lifetime in seconds, by the API's reference."""


Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

_METHODS: Final[tuple[str, ...]] = get_args(Method)

_PATH = re.compile(r"/[!$-~]*")
"""Visible ASCII without ``#``, whose fragment would not be sent, and without ``"``."""

Check = Callable[[list[ErrorDetail], str, object], None]
"""A check of :mod:`telnyx_video._base.validate`."""

_PAGE_NUMBER: Final[Check] = partial(check.integer, least=1)
_PAGE_SIZE: Final[Check] = partial(check.integer, least=1, most=MAX_PAGE_SIZE)
_DURATION: Final[Check] = partial(check.integer, least=0)

Param = str | int | float | bool
Params = Mapping[str, Param | Iterable[Param]]


def encode_room_request(request: CreateRoomRequest) -> bytes:
    """Write the fields that are set, as ``CreateRoomRequest.from_dict`` reads them."""
    return dumps(unstructure(request))


def _body(request: CreateRoomRequest | CreateCompositionRequest) -> bytes:
    """Write the body of a create or an update: the fields that are set, ``extra`` among them."""
    fields = unstructure(request)
    if request.extra is not UNSET:
        del fields["extra"]
        fields |= request.extra
    return dumps(fields)


def create_room(request: CreateRoomRequest, encoded: bytes | None = None) -> HttpRequest:
    """``POST /rooms``.

    Args:
        encoded: The result of :func:`encode_room_request`, if it is at hand.
    """
    if request.extra is not UNSET:
        encoded = _body(request)
    return HttpRequest("rooms.create", "POST", "/rooms", encoded or dumps(unstructure(request)))


def get_room(room_id: str, *, include_sessions: bool | Unset = UNSET) -> HttpRequest:
    """``GET /rooms/{room_id}``."""
    query = Query()
    path = f"/rooms/{path_id(query.problems, 'room_id', room_id)}"
    query.add(check.boolean, "include_sessions", include_sessions)
    return HttpRequest("rooms.get", "GET", query.after(path))


def update_room(room_id: str, request: CreateRoomRequest) -> HttpRequest:
    """``PATCH /rooms/{room_id}`` with the fields that are set."""
    path = object_path("rooms", "room_id", room_id)
    return HttpRequest("rooms.update", "PATCH", path, _body(request))


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
    query.filter(check.name, "unique_name", unique_name)
    query.days("created_at", created_at)
    query.days("updated_at", updated_at)
    query.add(check.boolean, "include_sessions", include_sessions)
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
    body: dict[str, object] = {"refresh_token": refresh_token}
    path = f"/rooms/{path_id(problems, 'room_id', room_id)}/actions/refresh_client_token"
    check.secret(problems, "refresh_token", refresh_token)
    _add_seconds(problems, body, "token_ttl_secs", token_ttl_secs, TOKEN_TTL)
    try:
        check.refuse(problems)
        return HttpRequest("rooms.refresh_join_token", "POST", path, dumps(body))
    finally:  # a traceback may show locals
        del refresh_token, body


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


def get_session(session_id: str, *, include_participants: bool | Unset = UNSET) -> HttpRequest:
    """``GET /room_sessions/{room_session_id}``."""
    query = Query()
    path = f"/room_sessions/{path_id(query.problems, 'session_id', session_id)}"
    query.add(check.boolean, "include_participants", include_participants)
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
    query.filter(check.boolean, "active", active)
    query.days("created_at", created_at)
    query.days("updated_at", updated_at)
    query.days("ended_at", ended_at)
    query.add(check.boolean, "include_participants", include_participants)
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
    body["participants"] = "all" if isinstance(participants, str) else [*participants]
    if exclude:
        body["exclude"] = [*exclude]
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
        of_session: List ``/room_sessions/{room_session_id}/participants`` instead.
    """
    query = Query()
    path = "/room_participants"
    operation: Operation = "participants.list"
    if of_session is not UNSET:
        session = path_id(query.problems, "session_id", of_session)
        path, operation = f"/room_sessions/{session}/participants", "sessions.participants"
    query.filter(check.identifier, "session_id", session_id)
    query.filter(check.text, "context", context)
    query.days("joined_at", joined_at)
    query.days("updated_at", updated_at)
    query.days("left_at", left_at)
    query.page(page_number, page_size)
    return HttpRequest(operation, "GET", query.after(path))


def get_recording(recording_id: str) -> HttpRequest:
    """``GET /room_recordings/{room_recording_id}``."""
    return HttpRequest(
        "recordings.get", "GET", object_path("room_recordings", "recording_id", recording_id)
    )


def delete_recording(recording_id: str) -> HttpRequest:
    """``DELETE /room_recordings/{room_recording_id}``."""
    return HttpRequest(
        "recordings.delete", "DELETE", object_path("room_recordings", "recording_id", recording_id)
    )


def list_recordings(
    filters: RecordingFilters, *, page_number: int = 1, page_size: int = MAX_PAGE_SIZE
) -> HttpRequest:
    """``GET /room_recordings``: one page of the list."""
    query = _recordings(filters)
    query.page(page_number, page_size)
    return HttpRequest("recordings.list", "GET", query.after("/room_recordings"))


def delete_recordings(
    filters: RecordingFilters,
    *,
    page_number: int | Unset = UNSET,
    page_size: int | Unset = UNSET,
) -> HttpRequest:
    """``DELETE /room_recordings``: those that match the filters; at least one is required."""
    query = _recordings(filters)
    if not query.parameters:
        problem = "at least one is required: without a filter every recording would be deleted"
        query.problems.append(ErrorDetail(problem, code="empty", parameter="filter"))
    query.page(page_number, page_size)
    return HttpRequest("recordings.delete_many", "DELETE", query.after("/room_recordings"))


def _recordings(filters: RecordingFilters) -> Query:
    # A misspelt filter must not be ignored: without it more would be listed, or deleted.
    known = RecordingFilters.__annotations__
    for name in sorted(filters.keys() - known.keys()):
        raise TypeError(
            f"recordings have no filter {name!r}{did_you_mean(name, known)} "
            f"(filters: {', '.join(known)})"
        )
    query, given = Query(), filters.get
    for name in ("room_id", "session_id", "participant_id"):
        query.filter(check.identifier, name, given(name, UNSET))
    query.filter(check.text, "status", given("status", UNSET))
    query.filter(check.text, "type", given("type", UNSET))
    duration = given("min_duration_secs", UNSET)
    query.add(_DURATION, "min_duration_secs", duration, "filter[duration_secs]")
    query.days("started_at", given("started_at", UNSET))
    query.days("ended_at", given("ended_at", UNSET))
    return query


def create_composition(request: CreateCompositionRequest) -> HttpRequest:
    """``POST /room_compositions``."""
    return HttpRequest("compositions.create", "POST", "/room_compositions", _body(request))


def get_composition(composition_id: str) -> HttpRequest:
    """``GET /room_compositions/{room_composition_id}``."""
    return HttpRequest(
        "compositions.get",
        "GET",
        object_path("room_compositions", "composition_id", composition_id),
    )


def delete_composition(composition_id: str) -> HttpRequest:
    """``DELETE /room_compositions/{room_composition_id}``."""
    return HttpRequest(
        "compositions.delete",
        "DELETE",
        object_path("room_compositions", "composition_id", composition_id),
    )


def list_compositions(
    *,
    session_id: str | Unset = UNSET,
    status: str | Unset = UNSET,
    created_at: date | DateRange | Unset = UNSET,
    page_number: int = 1,
    page_size: int = MAX_PAGE_SIZE,
) -> HttpRequest:
    """``GET /room_compositions``: one page of the list."""
    query = Query()
    query.filter(check.identifier, "session_id", session_id)
    query.filter(check.text, "status", status)
    query.days("created_at", created_at)
    query.page(page_number, page_size)
    return HttpRequest("compositions.list", "GET", query.after("/room_compositions"))


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
        body = check.json_body(problems, "json", json)
        if method == "GET":
            problems.append(ErrorDetail("a GET has no body: pass params", pointer="/json"))
    try:
        check.refuse(problems)
        if query:
            path += ("&" if "?" in path else "?") + query
        return HttpRequest("rooms.request", cast("Method", method), path, body)
    finally:  # a traceback may show locals, and these may hold secrets
        del json, params, query, body


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


class Query:
    """Collects the query of a request, and every problem of its arguments."""

    def __init__(self) -> None:
        self.problems: list[ErrorDetail] = []
        self.parameters: dict[str, object] = {}

    def add(self, check_value: Check, field: str, value: object, parameter: str = "") -> None:
        """Check an argument, and add it under its own name or another; ``UNSET`` adds nothing."""
        if value is not UNSET:
            check_value(self.problems, field, value)
            self.parameters[parameter or field] = value

    def filter(self, check_value: Check, field: str, value: object) -> None:
        """Add a filter by a field."""
        self.add(check_value, field, value, f"filter[{field}]")

    def days(self, field: str, value: object) -> None:
        """Add a filter by days of a timestamp, such as ``filter[date_created_at][gte]``."""
        if isinstance(value, DateRange):
            bounds: dict[str, object] = {"gte": value.gte or UNSET, "lte": value.lte or UNSET}
        else:
            bounds = {"eq": value}
        for operator, day in bounds.items():
            self.add(check.day, field, day, f"filter[date_{field}][{operator}]")

    def page(self, number: int | Unset, size: int | Unset) -> None:
        """Add the number and size of a page."""
        self.add(_PAGE_NUMBER, "page_number", number, "page[number]")
        self.add(_PAGE_SIZE, "page_size", size, "page[size]")

    def after(self, path: str) -> str:
        """Return the path with the query.

        Raises:
            InvalidRequestError: an argument is invalid; all such are listed.
        """
        check.refuse(self.problems)
        written = {name: _written(value) for name, value in self.parameters.items()}
        return f"{path}?{urlencode(written)}" if written else path


def object_path(collection: str, field: str, value: str) -> str:
    """The path of one object.

    Raises:
        InvalidRequestError: it is not an id.
    """
    problems: list[ErrorDetail] = []
    path = f"/{collection}/{path_id(problems, field, value)}"
    check.refuse(problems)
    return path


def path_id(problems: list[ErrorDetail], field: str, value: str) -> str:
    """Check an id for a path; return an empty string for an invalid one."""
    found = len(problems)
    check.identifier(problems, field, value)
    # A member of an enumeration may format itself as its name.
    return plain_str(value) if len(problems) == found else ""


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))  # a member of an enumeration may format itself as its name
    return value.isoformat() if isinstance(value, date) else str(plain_str(value))
