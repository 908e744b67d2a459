"""The names of what can be asked of the server: which operation a request is for, and which exist.

An operation is written as its method and its route under the version of the API, in which {id}
stands for any id: "GET /rooms/{id}". Operations: https://developers.telnyx.com/api-reference/
"""

import re

VERSION = "/v2"
"""What the paths of the API begin with, and its base URL ends in."""

CONTROL = "/_sandbox/"
"""Paths under this control the server: outside the API, without a key, and not counted."""

FILES = "/media/"
"""Paths under this are files to download: they are outside the API and need no key."""

DOWNLOAD = "GET /media/{id}"
"""The operation that serves the file of a recording or of a composition."""

LIST_OPERATIONS: tuple[str, ...] = (
    "GET /rooms",
    "GET /rooms/{id}/sessions",
    "GET /room_sessions",
    "GET /room_sessions/{id}/participants",
    "GET /room_participants",
    "GET /room_recordings",
    "GET /room_compositions",
)
"""Those that answer with a page of a list."""

NAMING_OPERATIONS: tuple[str, ...] = ("POST /rooms", "PATCH /rooms/{id}")
"""Those whose body can have a unique name."""

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
"""All of the API, and the download."""

KEYLESS_OPERATIONS: frozenset[str] = frozenset(
    (
        "POST /rooms/{id}/actions/refresh_client_token",
        "POST /room_sessions/{id}/actions/end",
        "POST /room_sessions/{id}/actions/kick",
        "POST /room_sessions/{id}/actions/mute",
        "POST /room_sessions/{id}/actions/unmute",
    )
)
"""Those published with `security: []`: a request may come without a key, but not with another."""

_WITH_ID = re.compile(
    r"(/v2/rooms|/v2/room_(?:sessions|participants|recordings|compositions)|/_sandbox/rooms|/media)"
    r"/([^/]+)(/.+)?"
)


def locate(path: str) -> tuple[str, str]:
    """Return the route of a path, and the id in it or ""."""
    found = _WITH_ID.fullmatch(path)
    return (f"{found[1]}/{{id}}{found[3] or ''}", found[2]) if found else (path, "")


def operation_of(method: str, path: str) -> str:
    """Return the operation of a request, whether there is such a one or not."""
    return named(method, locate(path)[0])


def named(method: str, route: str) -> str:
    """Return the operation of a method and a route."""
    return f"{method} {route.removeprefix(VERSION)}"


def address_of(operation: str) -> tuple[str, str]:
    """Return the method and the route of an operation."""
    method, route = operation.split()
    return method, route if operation == DOWNLOAD else VERSION + route
