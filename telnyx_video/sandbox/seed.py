"""Seeds: objects with given ids, added at the start, for test suites that expect fixed ids.

A seed is a JSON object of lists: `rooms`, `sessions`, `participants`, `recordings` and
`compositions`. Every object has an `id`, a UUID, and may have the fields below; others get their
defaults. An object whose id exists is replaced. Seeding causes no events and no webhooks.

The list `refresh_tokens` has objects with a `token` and a `room_id`: that token then refreshes
client tokens of the room, and never expires.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from telnyx_video.sandbox.api.tokens import Tokens
from telnyx_video.sandbox.checks.bodies import (
    COMPOSITION,
    ROOM,
    Field,
    Fields,
    check_fields,
    defaults,
)
from telnyx_video.sandbox.checks.values import boolean, integer, number, one_of, text, uuid
from telnyx_video.sandbox.state.database import timestamp
from telnyx_video.sandbox.state.records import Composition, Participant, Recording, Room, Session
from telnyx_video.sandbox.state.store import Store

Seed = Mapping[str, object]
"""Lists of objects by kind, as plain data."""


class SeedError(ValueError):
    """The seed is invalid; the message says where and why.

    Attributes:
        pointer: JSON pointer (RFC 6901) to the error.
    """

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(pointer, detail)
        self.pointer = pointer
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.pointer or 'seed'}: {self.detail}"


def _parsed(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if time is None or time.tzinfo is None else time.astimezone(UTC)


def _time(value: object) -> str | None:
    expected = "must be a time with a time zone, such as 2021-04-25T10:00:00Z"
    return expected if _parsed(value) is None else None


TOKENS = "refresh_tokens"
"""The kind that has no table."""

_MAX_TOKENS = 1000

_ID = Field(uuid, required=True)
_OWNER = Field(uuid)
_TIME = Field(_time)
_SECONDS = Field(integer(0, 10**9))
_SIZE = Field(number(0, 10**9))

_DATES: Fields = {"created_at": _TIME, "updated_at": _TIME}
_SPAN: Fields = {"started_at": _TIME, "ended_at": _TIME, "duration_secs": _SECONDS}

_FIELDS: Mapping[str, Fields] = {
    "rooms": {"id": _ID, **ROOM, **_DATES},
    "sessions": {"id": _ID, "room_id": _ID, **_DATES, "ended_at": _TIME},
    "participants": {
        "id": _ID,
        "session_id": _ID,
        "context": Field(text),
        "muted": Field(boolean, False),
        "joined_at": _TIME,
        "updated_at": _TIME,
        "left_at": _TIME,
    },
    "recordings": {
        "id": _ID,
        "room_id": _ID,
        "session_id": _ID,
        "participant_id": _ID,
        "type": Field(one_of("audio", "video"), "audio"),
        "created_at": _TIME,
        "ended_at": _TIME,
        "duration_secs": _SECONDS,
        "size_mb": _SIZE,
    },
    TOKENS: {"token": Field(text, required=True), "room_id": _ID},
    "compositions": {
        "id": _ID,
        "room_id": _OWNER,
        **{name: field for name, field in COMPOSITION.items() if name != "format"},
        "created_at": _TIME,
        **_SPAN,
        "size_mb": _SIZE,
    },
}


def _composition(fields: dict[str, Any], now: str) -> Composition:
    created = fields["created_at"] or now
    began: dict[str, Any] = {
        name: fields[name] or created for name in ("started_at", "ended_at", "created_at")
    }
    sizes: dict[str, Any] = {name: fields[name] or 0 for name in ("duration_secs", "size_mb")}
    times = {"processing_at": created, "completed_at": created}
    values: dict[str, Any] = {**fields, **began, **sizes, **times, "video_layout": None}
    return Composition(**values)


def _with_times(record: type[Any], *names: str) -> Callable[[dict[str, Any], str], Any]:
    def build(fields: dict[str, Any], now: str) -> Any:
        times = {name: fields[name] or now for name in names}
        return record(**{**fields, **times})

    return build


_BUILD: Mapping[str, Callable[[dict[str, Any], str], Any]] = {
    TOKENS: lambda fields, _: (fields["token"], fields["room_id"]),
    "rooms": _with_times(Room, "created_at", "updated_at"),
    "sessions": _with_times(Session, "created_at", "updated_at"),
    "participants": _with_times(Participant, "joined_at", "updated_at"),
    "recordings": _with_times(Recording, "created_at"),
    "compositions": _composition,
}


def load_seed(source: Seed | str | os.PathLike[str]) -> Seed:
    """Return a seed, given as data or as the path of a JSON file.

    Raises:
        SeedError: if the file is not JSON.
        OSError: if the file cannot be read.
    """
    if isinstance(source, Mapping):
        return source
    try:
        return cast("Seed", json.loads(Path(source).read_bytes()))
    except (ValueError, RecursionError) as error:
        raise SeedError("", f"{os.fspath(source)} is not JSON: {error}") from error


def read_seed(seed: object, now: str) -> list[tuple[str, Any]]:
    """Return the objects of a seed as records, each with its table.

    Args:
        seed: Lists of objects by kind.
        now: The time for objects without one, as it is stored.

    Raises:
        SeedError: for the first error.
    """
    if not isinstance(seed, Mapping):
        raise SeedError("", "must be an object of lists")
    records = list[tuple[str, Any]]()
    for kind, objects in cast("Mapping[str, object]", seed).items():
        if kind not in _FIELDS:
            raise SeedError(f"/{kind}", f"is not one of {', '.join(_FIELDS)}")
        if not isinstance(objects, list):
            raise SeedError(f"/{kind}", "must be a list")
        for index, item in enumerate(cast("list[object]", objects)):
            records.append((kind, _record(kind, item, now, f"/{kind}/{index}")))
    return records


def _record(kind: str, item: object, now: str, pointer: str) -> Any:
    if not isinstance(item, dict):
        raise SeedError(pointer, "must be an object")
    given, known = cast("dict[str, object]", item), _FIELDS[kind]
    for name in given.keys() - known.keys():
        raise SeedError(f"{pointer}/{name}", f"is not a field of {kind}")
    settings, problems = check_fields(given, known)
    if problems:
        raise SeedError(f"{pointer}{problems[0].pointer}", problems[0].detail)
    fields: dict[str, Any] = {**defaults(known), **settings}
    for name, field in known.items():
        if fields[name] is None:
            continue
        if field is _TIME:
            fields[name] = timestamp(cast("datetime", _parsed(fields[name])))
        elif field.check is uuid:
            fields[name] = str(fields[name]).lower()
    return _BUILD[kind](fields, now)


def put_seed(store: Store, tokens: Tokens, seed: object) -> None:
    """Add the objects of a seed to a store, and its tokens, all or none.

    Raises:
        SeedError: if the seed is invalid, or contradicts itself or the state.
    """
    found = read_seed(seed, store.database.now())
    records = [(kind, record) for kind, record in found if kind != TOKENS]
    accepted = tokens.seeded | {record for kind, record in found if kind == TOKENS}
    if len(accepted) > _MAX_TOKENS:
        raise SeedError(f"/{TOKENS}", f"must have at most {_MAX_TOKENS} tokens in all")
    try:
        store.put(records)
    except sqlite3.IntegrityError as error:
        detail = f"contradicts itself or existing objects: {error}"
        raise SeedError("", detail) from error
    tokens.seeded = accepted
