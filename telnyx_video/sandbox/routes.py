"""The routes and operations, and how a request is matched to one.

An operation is named by its method and its route under the version of the API, with {id} for any
id: "GET /rooms/{id}". Operations: https://developers.telnyx.com/api-reference/
"""

import re

VERSION = "/v2"
"""Prefix of the paths of the API, and end of its base URL."""

CONTROL = "/_sandbox/"
"""Prefix of control requests: outside the API, without a key, neither counted nor logged."""

PAGE = "/"
"""The page that shows what the server does."""

FILES = "/media/"
"""Prefix of files to download: outside the API, without a key."""

DOWNLOAD = "GET /media/{id}"
"""Serves the file of a recording or of a composition."""

LIST_OPERATIONS: tuple[str, ...] = (
    "GET /rooms",
    "GET /rooms/{id}/sessions",
    "GET /room_sessions",
    "GET /room_sessions/{id}/participants",
    "GET /room_participants",
    "GET /room_recordings",
    "GET /room_compositions",
)
"""Operations that return a page of a list."""

NAMING_OPERATIONS: tuple[str, ...] = ("POST /rooms", "PATCH /rooms/{id}")
"""Operations whose body can have a unique name."""

OPERATIONS: tuple[str, ...] = (
    *NAMING_OPERATIONS,
    "GET /rooms/{id}",
    "DELETE /rooms/{id}",
    *LIST_OPERATIONS,
    "POST /rooms/{id}/actions/generate_join_client_token",
    "POST /rooms/{id}/actions/refresh_client_token",
    "GET /room_sessions/{id}",
    "POST /room_sessions/{id}/actions/end",
    "POST /room_sessions/{id}/actions/kick",
    "POST /room_sessions/{id}/actions/mute",
    "POST /room_sessions/{id}/actions/unmute",
    "GET /room_participants/{id}",
    "GET /room_recordings/{id}",
    "DELETE /room_recordings",
    "DELETE /room_recordings/{id}",
    "POST /room_compositions",
    "GET /room_compositions/{id}",
    "DELETE /room_compositions/{id}",
    DOWNLOAD,
)
"""All operations of the API, and the download."""

KEYLESS_OPERATIONS: frozenset[str] = frozenset(
    (
        "POST /rooms/{id}/actions/refresh_client_token",
        "POST /room_sessions/{id}/actions/end",
        "POST /room_sessions/{id}/actions/kick",
        "POST /room_sessions/{id}/actions/mute",
        "POST /room_sessions/{id}/actions/unmute",
    )
)
"""Published with `security: []`: a request may come without a key, but not with a wrong one."""

_WITH_ID = re.compile(
    r"(/v2/rooms|/v2/room_(?:sessions|participants|recordings|compositions)|/_sandbox/(?:rooms|requests)|/media)"
    r"/([^/]+)(/.+)?"
)


_REDELIVERY = re.compile(r"(/_sandbox/deliveries)/([^/]+)(/redeliver)")


def is_control(path: str) -> bool:
    """Return whether a path belongs to the control plane."""
    return path.startswith(CONTROL) or path == PAGE


def locate(path: str) -> tuple[str, str]:
    """Return the route of a path, and the id in it or ""."""
    found = _WITH_ID.fullmatch(path) or _REDELIVERY.fullmatch(path)
    return (f"{found[1]}/{{id}}{found[3] or ''}", found[2]) if found else (path, "")


def operation_of(method: str, path: str) -> str:
    """Return the operation of a request, even if it does not exist."""
    return named(method, locate(path)[0])


def named(method: str, route: str) -> str:
    """Return the operation of a method and a route."""
    return f"{method} {route.removeprefix(VERSION)}"


def address_of(operation: str) -> tuple[str, str]:
    """Return the method and the route of an operation."""
    method, route = operation.split()
    return method, route if operation == DOWNLOAD else VERSION + route
