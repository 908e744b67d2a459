"""The fields of each request body, with their bounds and defaults.

Rooms: https://developers.telnyx.com/api-reference/rooms/create-a-room
Tokens: https://developers.telnyx.com/api-reference/rooms-client-tokens/create-client-token-to-join-a-room
Actions: https://developers.telnyx.com/api-reference/room-sessions/kick-participants-from-a-room-session
Compositions: https://developers.telnyx.com/api-reference/room-compositions/create-a-room-composition
"""

import re
from collections.abc import Mapping, Sequence
from typing import cast

import attrs

from telnyx_video.sandbox.checks.values import (
    Check,
    Complaint,
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
    """Used when the field is missing."""
    nullable: bool = False
    """Whether null means the default."""
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
    """Return the settings in a body, and a problem for each invalid field.

    A null, where the field allows it, means the default. Unknown fields are ignored: what the
    real server does with them is undocumented.

    Args:
        body: The object that holds the fields.
        fields: The fields it may hold.
        at: The keys from the request body to the object.
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
    """Return the problem of the value at these keys and indices."""
    name = ".".join(map(str, path))
    return Problem(Code.BAD_REQUEST, f"{name} {complaint}.", pointer=pointer_to(*path))


@attrs.frozen
class Selection:
    """The participants that an action applies to, by their ids in lower case."""

    participants: tuple[str, ...] | None
    """None means everyone present."""
    exclude: tuple[str, ...] = ()
    """Participants to leave out."""


def check_selection(body: Mapping[str, object]) -> tuple[Selection, list[Problem]]:
    """Return the participants that an action applies to, and the problems of the body.

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


_SIDES = (16, 1280)  # pixels
_MAX_AREA = 1280 * 720  # pixels
_MAX_REGIONS = 2
_RESOLUTION = re.compile(r"([0-9]{1,4})x([0-9]{1,4})", re.ASCII)
_EVERY_SOURCE = ("*", ["*"])


def _resolution(value: object) -> Complaint:
    found = _RESOLUTION.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        width, height = int(found[1]), int(found[2])
        within = all(_SIDES[0] <= side <= _SIDES[1] for side in (width, height))
        if within and width * height <= _MAX_AREA:
            return None
    return "must be like 800x600: sides from 16 to 1280 pixels, at most 1280 × 720 in all"


def _format(value: object) -> Complaint:
    return None if value == "mp4" else "must be mp4"


COMPOSITION: Fields = {
    "session_id": Field(uuid),
    "format": Field(_format, "mp4"),
    "resolution": Field(_resolution, "1280x720"),
    **WEBHOOKS,
}
"""All fields but the layout."""

_REGION: Fields = {
    "width": Field(integer(16)),
    "height": Field(integer(16)),
    "x_pos": Field(integer()),
    "y_pos": Field(integer()),
    "z_pos": Field(integer(-99, 99)),
    "max_columns": Field(integer(1, 1000)),
    "max_rows": Field(integer(1, 1000)),
}

_POSITION = {"x_pos": 0, "y_pos": 0, "z_pos": 0}

Layout = dict[str, dict[str, object]]
"""Regions by name."""


def check_layout(value: object, videos: Sequence[str]) -> tuple[Layout, list[Problem]]:
    """Return the layout with its defaults, and its problems.

    Sources may also be "*", by itself or as the only item of the list, for all videos: the
    description allows it, although the schema allows only ids.

    Args:
        value: Regions by name, at most two.
        videos: The ids of the session's video recordings.
    """
    if not isinstance(value, dict) or len(cast("dict[str, object]", value)) > _MAX_REGIONS:
        complaint = f"must be an object of at most {_MAX_REGIONS} regions"
        return {}, [problem_at(complaint, "video_layout")]
    layout: Layout = {}
    problems: list[Problem] = []
    for name, region in cast("dict[str, object]", value).items():
        place = ("video_layout", name)
        if not isinstance(region, dict):
            problems.append(problem_at("must be an object", *place))
            continue
        wanted = cast("dict[str, object]", region)
        settings, flaws = check_fields(wanted, _REGION, at=place)
        sources, misses = _check_sources(wanted.get("video_sources", []), videos, place)
        layout[name] = {**_POSITION, **settings, "video_sources": sources}
        problems += flaws + misses
    return layout, problems


def _check_sources(
    value: object, videos: Sequence[str], place: tuple[str, ...]
) -> tuple[list[str], list[Problem]]:
    if value in _EVERY_SOURCE:
        return list(videos), []
    if not isinstance(value, list):
        complaint = 'must be "*" or a list of ids of video recordings'
        return [], [problem_at(complaint, *place, "video_sources")]
    sources = cast("list[object]", value)
    problems = [
        problem_at("must be the id of a video recording of the session", *place, "video_sources", i)
        for i, source in enumerate(sources)
        if not isinstance(source, str) or source.lower() not in videos
    ]
    return [str(source).lower() for source in sources], problems
