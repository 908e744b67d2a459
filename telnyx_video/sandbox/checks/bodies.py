"""The fields of each request body, with their bounds and defaults.

Rooms: https://developers.telnyx.com/api-reference/rooms/create-a-room
Tokens: https://developers.telnyx.com/api-reference/rooms-client-tokens/create-client-token-to-join-a-room
Actions: https://developers.telnyx.com/api-reference/room-sessions/kick-participants-from-a-room-session
Compositions: https://developers.telnyx.com/api-reference/room-compositions/create-a-room-composition
"""

from collections.abc import Mapping
from typing import cast

import attrs

from telnyx_video.sandbox.checks.values import (
    Check,
    boolean,
    integer,
    is_uuid,
    text,
    url,
    url_or_empty,
    uuid,
)
from telnyx_video.sandbox.replies import Code, Problem, pointer_to


@attrs.frozen
class Field:
    """The values that a field accepts."""

    check: Check
    default: str | int | bool | None = None
    """Used when the field is left out."""
    nullable: bool = False
    """Whether null asks for the default."""
    required: bool = False


Fields = Mapping[str, Field]

WEBHOOKS: Fields = {
    "webhook_event_url": Field(url),
    "webhook_event_failover_url": Field(url_or_empty, "", nullable=True),
    "webhook_timeout_secs": Field(integer(0, 30), nullable=True),
}

ROOM: Fields = {
    "unique_name": Field(text),
    "max_participants": Field(integer(2, 50), 10),
    "enable_recording": Field(boolean, False),
    **WEBHOOKS,
}

REFRESH: Fields = {
    "refresh_token": Field(text, required=True),
    "token_ttl_secs": Field(integer(10, 3600), 600),
}

CLIENT_TOKEN: Fields = {
    "token_ttl_secs": REFRESH["token_ttl_secs"],
    "refresh_token_ttl_secs": Field(integer(60, 86400), 3600),
}

JOIN: Fields = {"context": Field(text), "token": Field(text)}

LEAVE: Fields = {"participant_id": Field(uuid, required=True)}

MUTE: Fields = {**LEAVE, "muted": Field(boolean, True)}

REDELIVER: Fields = {"to": Field(url)}


def defaults(fields: Fields) -> dict[str, object]:
    """Return the default of every field."""
    return {name: field.default for name, field in fields.items()}


def check_fields(
    body: Mapping[str, object], fields: Fields, *, at: tuple[str, ...] = ()
) -> tuple[dict[str, object], list[Problem]]:
    """Return the settings in a body, and a problem for each field that is out of bounds.

    A null, where the field allows it, means the default. Unknown fields are ignored: what the
    real server does with them is undocumented.

    Args:
        body: The object that holds the fields.
        fields: The fields it may hold.
        at: Keys that lead from the request body to the object.
    """
    settings: dict[str, object] = {}
    problems: list[Problem] = []
    for name, field in fields.items():
        if name not in body:
            if field.required:
                problems.append(problem_at("is required", *at, name))
            continue
        value = body[name]
        if value is None and field.nullable:
            settings[name] = field.default
        elif complaint := field.check(value):
            problems.append(problem_at(complaint, *at, name))
        else:
            settings[name] = value
    return settings, problems


def problem_at(complaint: str, *path: str | int) -> Problem:
    """Return the problem of the value that keys and indices lead to."""
    name = ".".join(map(str, path))
    return Problem(Code.BAD_REQUEST, f"{name} {complaint}.", pointer=pointer_to(*path))


@attrs.frozen
class Selection:
    """The participants that an action applies to, by their ids in lower case."""

    participants: tuple[str, ...] | None
    """None is everyone present."""
    exclude: tuple[str, ...] = ()
    """Participants to leave out."""


def check_selection(body: Mapping[str, object]) -> tuple[Selection, list[Problem]]:
    """Return the participants that an action applies to, and what is wrong with the body.

    The published schema requires neither field. What an action without `participants` does is not
    published: here it applies to no one.
    """
    problems: list[Problem] = []
    wanted, exclude = body.get("participants", []), body.get("exclude", [])
    if wanted != "all" and not _are_ids(wanted):
        problems.append(problem_at('must be "all" or a list of UUIDs', "participants"))
    if not _are_ids(exclude):
        problems.append(problem_at("must be a list of UUIDs", "exclude"))
    return Selection(None if wanted == "all" else _ids(wanted), _ids(exclude)), problems


def _are_ids(value: object) -> bool:
    return isinstance(value, list) and all(map(is_uuid, cast("list[object]", value)))


def _ids(value: object) -> tuple[str, ...]:
    if not _are_ids(value):
        return ()
    return tuple(item.lower() for item in cast("list[str]", value))
