"""Bytes and models: builds every request, and reads every reply into a model or a typed error.

No I/O and no clock. Whatever bytes come in, only the package's own errors come out.

- ``json``: bytes and plain values
- ``converter``: plain values and models
- ``build``: what is asked for, as an :class:`~telnyx_video._http.HttpRequest`
- ``read``: an :class:`~telnyx_video._http.HttpReply`, as what was asked for
- ``failures``: an error reply, as the right error
"""

from __future__ import annotations

from telnyx_video._http import HttpReply, HttpRequest
from telnyx_video._wire.build import (
    MAX_PAGE_SIZE,
    create_room,
    delete_room,
    get_room,
    list_rooms,
    update_room,
)
from telnyx_video._wire.converter import structure, unstructure
from telnyx_video._wire.headers import read_reply, server_time
from telnyx_video._wire.read import read_deleted, read_room_found, read_room_written, read_rooms

__all__ = [
    "MAX_PAGE_SIZE",
    "HttpReply",
    "HttpRequest",
    "create_room",
    "delete_room",
    "get_room",
    "list_rooms",
    "read_deleted",
    "read_reply",
    "read_room_found",
    "read_room_written",
    "read_rooms",
    "server_time",
    "structure",
    "unstructure",
    "update_room",
]
