"""Bytes and models: builds every request, and reads every reply into a model or a typed error.

No I/O and no clock. Whatever bytes come in, only the package's own errors come out.

- ``json``: bytes and plain values
- ``converter``: plain values and models
- ``build``: what is asked for, as an :class:`~telnyx_video._http.HttpRequest`
- ``read``: an :class:`~telnyx_video._http.HttpReply`, as what was asked for
- ``failures``: an error reply, as the right error
- ``headers``: what a reply says beside its content

The modules load when the first call needs them: compiling the converter would add a tenth to the
time that importing the package takes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telnyx_video._wire.build import (
        create_room,
        delete_room,
        get_room,
        list_rooms,
        update_room,
    )
    from telnyx_video._wire.converter import plain, structure, unstructure
    from telnyx_video._wire.headers import read_rate_limit, read_reply, server_time
    from telnyx_video._wire.read import (
        read_deleted,
        read_room_found,
        read_room_written,
        read_rooms,
    )

__all__ = [
    "MAX_PAGE_SIZE",
    "create_room",
    "delete_room",
    "get_room",
    "list_rooms",
    "plain",
    "read_deleted",
    "read_rate_limit",
    "read_reply",
    "read_room_found",
    "read_room_written",
    "read_rooms",
    "server_time",
    "structure",
    "unstructure",
    "update_room",
]

MAX_PAGE_SIZE = 250
"""Items in a page, by the API's reference."""

_HOMES = {
    "build": ("create_room", "delete_room", "get_room", "list_rooms", "update_room"),
    "converter": ("plain", "structure", "unstructure"),
    "headers": ("read_rate_limit", "read_reply", "server_time"),
    "read": ("read_deleted", "read_room_found", "read_room_written", "read_rooms"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
