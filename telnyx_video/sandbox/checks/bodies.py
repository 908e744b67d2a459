"""The fields of each body with their bounds and defaults.

Rooms: https://developers.telnyx.com/api-reference/rooms/create-a-room
Tokens: https://developers.telnyx.com/api-reference/rooms-client-tokens/create-client-token-to-join-a-room
Compositions: https://developers.telnyx.com/api-reference/room-compositions/create-a-room-composition
"""

from collections.abc import Mapping

import attrs

from telnyx_video.sandbox.checks.values import (
    Check,
    boolean,
    integer,
    text,
    url,
    url_or_empty,
    uuid,
)
from telnyx_video.sandbox.replies import Code, Problem, pointer_to


@attrs.frozen
class Field:
    """What a field may hold."""

    check: Check
    default: str | int | bool | None = None
    """What stands for a field that is left out."""
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


def defaults(fields: Fields) -> dict[str, object]:
    """Return what stands for the fields that are left out."""
    return {name: field.default for name, field in fields.items()}


def check_fields(
    body: Mapping[str, object], fields: Fields, *, at: tuple[str, ...] = ()
) -> tuple[dict[str, object], list[Problem]]:
    """Return the settings that a body asks for, and a problem for each one out of its bounds.

    A null, where the field allows it, asks for the default. Fields that the API does not know are
    ignored: what the real server does with them is undocumented.

    Args:
        body: The object that holds the fields.
        fields: What it may hold.
        at: Keys that lead to the object.
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
    """Return the problem of the value to which keys and indices lead."""
    name = ".".join(map(str, path))
    return Problem(Code.BAD_REQUEST, f"{name} {complaint}.", pointer=pointer_to(*path))
