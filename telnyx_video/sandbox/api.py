"""What the server does with a request: find its operation, let it in or not, apply it, answer.

A `Call` in, a `Reply` out, no I/O but the store's: how either travels is the business of `app`.
"""

import hmac
import json
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import cast

import attrs

from telnyx_video.sandbox.checks import (
    DEFAULTS,
    ParameterError,
    check_fields,
    check_include_sessions,
    check_list,
)
from telnyx_video.sandbox.limits import RateWindow
from telnyx_video.sandbox.replies import (
    Code,
    Problem,
    Reply,
    bare_refusal,
    document,
    generic_refusal,
    refusal,
)
from telnyx_video.sandbox.state import ListQuery, NameTakenError, Room, RoomStore
from telnyx_video.sandbox.tally import Tally

STEERING = "/_sandbox/"
"""Paths under this steer the server: they are outside the API, need no key and are not counted."""

_ROOM = re.compile(r"/v2/rooms/([^/]+)")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@attrs.frozen
class Call:
    """A request, as far as the API is concerned."""

    method: str
    """GET, POST, …"""
    path: str
    """Decoded, without the query."""
    authorization: str = ""
    """The header of that name, or ""."""
    content_type: str = ""
    """The media type alone, in lower case."""
    query: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """Parameters by their decoded names."""
    body: bytes = b""
    """The whole body."""
    view: Callable[[ListQuery], ListQuery] | None = None
    """Falsifies what a list is asked for, unless it is None."""


Operation = Callable[[Call, str], Reply]
"""Answers a call, given the id in its path or ""."""


class _RefusedError(Exception):
    """Carries the reply of an operation that cannot go on."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply


class Api:
    """The operations on rooms, behind the key and the rate limit.

    Args:
        store: Where the rooms are.
        api_key: The one key that is let in.
        window: The rate limit; None is unlimited.
    """

    def __init__(self, store: RoomStore, *, api_key: str, window: RateWindow | None = None) -> None:
        self.tally: Tally = Tally()
        self._store = store
        self._credentials = f"Bearer {api_key}".encode()
        self._window = window
        self._routes: dict[str, Mapping[str, Operation]] = {
            "/v2/rooms": {"GET": self._list_rooms, "POST": self._create_room},
            "/v2/rooms/{id}": {
                "GET": self._view_room,
                "PATCH": self._update_room,
                "DELETE": self._delete_room,
            },
            "/_sandbox/stats": {"GET": self._stats},
        }

    def count(self, method: str, path: str) -> AbstractContextManager[None]:
        """Count a request for as long as the context lasts, unless it only steers the server."""
        if path.startswith(STEERING):
            return nullcontext()
        route, _ = _locate(path)
        return self.tally.count(method, route if route in self._routes else "(unknown)")

    def add(self, route: str, operations: Mapping[str, Operation]) -> None:
        """Add operations that steer the server, by method."""
        self._routes[route] = operations

    def answer(self, call: Call) -> Reply:
        """Let the call in or not, apply it, and return what to say about it."""
        try:
            if not call.path.startswith(STEERING):
                self._let_in(call)
        except _RefusedError as error:
            return error.reply
        return self.apply(call)

    def rehearse(self, call: Call) -> Reply:
        """Answer the call as if it were applied, but leave the rooms as they are."""
        with self._store.undone():
            return self.answer(call)

    def apply(self, call: Call) -> Reply:
        """Apply a call that was let in and return what to say about it."""
        route, room_id = _locate(call.path)
        operations = self._routes.get(route, {})
        try:
            if not operations:
                detail = f"There is nothing at {call.path}."
                return refusal(404, Problem(Code.INVALID_URL, detail))
            if call.method not in operations:
                detail = f"{call.method} is not an operation of {route}."
                allowed = {"Allow": ", ".join(operations)}
                return refusal(405, Problem(Code.BAD_REQUEST, detail), headers=allowed)
            return operations[call.method](call, room_id)
        except _RefusedError as error:
            return error.reply

    def rate_headers(self) -> Mapping[str, str]:
        """Return the headers about the rate limit; without a limit there are none."""
        return {} if self._window is None else self._window.headers()

    def reset(self) -> None:
        """Remove every room and forget what was counted."""
        self._store.clear()
        self.tally.reset()
        if self._window is not None:
            self._window.reset()

    def _let_in(self, call: Call) -> None:
        # Headers may hold bytes that are no text, which arrive as lone surrogates.
        sent = call.authorization.encode(errors="surrogateescape")
        if not hmac.compare_digest(sent, self._credentials):
            detail = "The request has no Authorization header with a valid key."
            raise _RefusedError(refusal(401, Problem(Code.NOT_AUTHENTICATED, detail)))
        if self._window is not None and not self._window.take():
            detail = "This second has no room for another request."
            raise _RefusedError(refusal(429, Problem(Code.TOO_MANY_REQUESTS, detail)))

    def _create_room(self, call: Call, _: str) -> Reply:
        settings = {**DEFAULTS, **_settings(call)}
        try:
            room = self._store.create(settings)
        except NameTakenError:
            return _name_taken()
        return document(201, {"data": room.as_json()})

    def _list_rooms(self, call: Call, _: str) -> Reply:
        try:
            query = check_list(call.query)
        except ParameterError as error:
            return generic_refusal(400, str(error))
        if call.view is not None:
            query = call.view(query)
        rooms, total = self._store.page(query)
        meta = {
            "page_number": query.page_number,
            "page_size": query.page_size,
            "total_pages": -(-total // query.page_size),
            "total_results": total,
        }
        data = [room.as_json(include_sessions=query.include_sessions) for room in rooms]
        return document(200, {"data": data, "meta": meta})

    def _view_room(self, call: Call, room_id: str) -> Reply:
        try:
            include_sessions = check_include_sessions(call.query)
        except ParameterError as error:
            problem = Problem(Code.BAD_REQUEST, str(error), parameter=error.parameter)
            return refusal(400, problem)
        room = _found(self._store.get(_canonical(room_id)), room_id)
        return document(200, {"data": room.as_json(include_sessions=include_sessions)})

    def _update_room(self, call: Call, room_id: str) -> Reply:
        canonical = _canonical(room_id)
        _found(self._store.get(canonical), room_id)
        try:
            room = self._store.update(canonical, _settings(call))
        except NameTakenError:
            return _name_taken()
        return document(200, {"data": _found(room, room_id).as_json()})

    def _delete_room(self, _: Call, room_id: str) -> Reply:
        if not self._store.delete(_canonical(room_id)):
            raise _RefusedError(_not_found(room_id))
        return Reply(204)

    def _stats(self, _: Call, __: str) -> Reply:
        stats = {
            "requests": self.tally.requests,
            "rooms": len(self._store),
            "max_in_flight": self.tally.max_in_flight,
        }
        return document(200, stats)


def operation_of(method: str, path: str) -> str:
    """Return a request's method and route under the version, such as "GET /rooms/{id}"."""
    route, _ = _locate(path)
    return f"{method} {route.removeprefix('/v2')}"


def _locate(path: str) -> tuple[str, str]:
    """Return the route of a path, and the id in it."""
    room = _ROOM.fullmatch(path)
    return ("/v2/rooms/{id}", room[1]) if room else (path, "")


def _canonical(room_id: str) -> str:
    canonical = room_id.lower()
    if not _UUID.fullmatch(canonical):
        problem = Problem(Code.INVALID_ID, f"{room_id} is not the id of a room: it is no UUID.")
        raise _RefusedError(bare_refusal(404, problem))
    return canonical


def _found(room: Room | None, room_id: str) -> Room:
    if room is None:
        raise _RefusedError(_not_found(room_id))
    return room


def _not_found(room_id: str) -> Reply:
    return bare_refusal(404, Problem(Code.NOT_FOUND, f"There is no room {room_id}."))


def _name_taken() -> Reply:
    detail = "Another room has this unique_name."
    return refusal(422, Problem(Code.DUPLICATE, detail, pointer="/unique_name"))


def _settings(call: Call) -> dict[str, object]:
    """Return the settings in a body, or refuse it for the first reason that makes it useless."""
    if call.content_type != "application/json":
        detail = "The body must be sent as application/json."
        raise _RefusedError(refusal(415, Problem(Code.MEDIA_TYPE, detail)))
    try:
        body: object = _decode(call.body.decode())
    except (ValueError, RecursionError) as error:
        detail = f"The body is not JSON: {error}."
        raise _RefusedError(refusal(400, Problem(Code.INVALID_JSON, detail))) from error
    if not isinstance(body, dict):
        problem = Problem(Code.BAD_REQUEST, "The body must be an object.", pointer="")
        raise _RefusedError(refusal(422, problem))
    settings, problems = check_fields(cast("dict[str, object]", body))
    if problems:
        raise _RefusedError(refusal(422, *problems))
    return settings


def _no_such_number(name: str) -> object:
    raise ValueError(f"{name} is not a number of JSON")


# Python's reader takes NaN and infinities for numbers unless told otherwise.
_decode = json.JSONDecoder(parse_constant=_no_such_number).decode
