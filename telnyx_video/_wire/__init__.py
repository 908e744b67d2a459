"""Bytes and models: builds every request, and reads every reply into a model or a typed error.

No I/O and no clock. Whatever bytes come in, only the package's own errors come out.

- ``json``: bytes and plain values
- ``converter``: plain values and models
- ``kinds``, ``values``: how their fields are declared, and how one value is read
- ``shapes``: objects like those read before, in a fraction of the time
- ``dump``: models and JSON, without plain values between
- ``build``: what is asked for, as an :class:`~telnyx_video._base.http.HttpRequest`
- ``read``, ``answers``: an :class:`~telnyx_video._base.http.HttpReply`, as what was asked for
- ``failures``: an error reply, as the right error
- ``headers``: what a reply says beside its content

The modules load when the first call needs them: compiling the converter would add a tenth to the
time that importing the package takes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telnyx_video._wire.answers import (
        join_token_for,
        read_action,
        read_composition_made,
        read_deleted_count,
        read_join_token,
    )
    from telnyx_video._wire.build.media import (
        create_composition,
        delete_composition,
        delete_recording,
        delete_recordings,
        get_composition,
        get_recording,
        list_compositions,
        list_recordings,
    )
    from telnyx_video._wire.build.rooms import (
        create_join_token,
        create_room,
        delete_room,
        get_room,
        list_rooms,
        refresh_join_token,
        room_settings,
        update_room,
    )
    from telnyx_video._wire.build.sessions import (
        act_on_participants,
        end_session,
        get_participant,
        get_session,
        list_participants,
        list_sessions,
    )
    from telnyx_video._wire.headers import read_rate_limit, read_reply, server_time
    from telnyx_video._wire.read import (
        found,
        listed,
        read_deleted,
        read_room_found,
        read_room_written,
        read_rooms,
    )
    from telnyx_video.models._codec import structure, unstructure
    from telnyx_video.models._dump import plain

__all__ = [
    "MAX_PAGE_SIZE",
    "act_on_participants",
    "create_composition",
    "create_join_token",
    "create_room",
    "delete_composition",
    "delete_recording",
    "delete_recordings",
    "delete_room",
    "end_session",
    "found",
    "get_composition",
    "get_participant",
    "get_recording",
    "get_room",
    "get_session",
    "join_token_for",
    "list_compositions",
    "list_participants",
    "list_recordings",
    "list_rooms",
    "list_sessions",
    "listed",
    "plain",
    "read_action",
    "read_composition_made",
    "read_deleted",
    "read_deleted_count",
    "read_join_token",
    "read_rate_limit",
    "read_reply",
    "read_room_found",
    "read_room_written",
    "read_rooms",
    "refresh_join_token",
    "room_settings",
    "server_time",
    "structure",
    "unstructure",
    "update_room",
]

MAX_PAGE_SIZE = 250
"""Items in a page, by the API's reference."""

_HOMES = {
    "answers": (
        "join_token_for read_action read_composition_made read_deleted_count read_join_token"
    ),
    "build.media": (
        "create_composition delete_composition delete_recording delete_recordings "
        "get_composition get_recording list_compositions list_recordings"
    ),
    "build.rooms": (
        "create_join_token create_room delete_room get_room list_rooms refresh_join_token "
        "room_settings update_room"
    ),
    "build.sessions": (
        "act_on_participants end_session get_participant get_session list_participants "
        "list_sessions"
    ),
    "telnyx_video.models._codec": "structure unstructure",
    "headers": "read_rate_limit read_reply server_time",
    "telnyx_video.models._dump": "plain",
    "read": "found listed read_deleted read_room_found read_room_written read_rooms",
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names.split():
            where = home if home.startswith("telnyx_video") else f"{__name__}.{home}"
            value = globals()[name] = getattr(import_module(where), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
