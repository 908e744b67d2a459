"""Builds events and models for tests: every field has a plausible value unless the test sets it.

What they build is checked by the reader of the API's own replies, so that a test cannot use an
object that the client would never return.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import UnionType
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import uuid4

import attrs

from telnyx_video._base.errors import ResponseDecodeError
from telnyx_video._base.json import loads
from telnyx_video._base.text import show
from telnyx_video.models._codec import api_fields
from telnyx_video.models.base import Model
from telnyx_video.webhooks.events import EVENT_CLASSES, Event, UnknownEvent

__all__ = ["make_event", "make_model"]

E = TypeVar("E", bound=Event)
M = TypeVar("M", bound=Model)

_EVENT_TYPES: dict[type[Event], str] = {cls: name for name, cls in EVENT_CLASSES.items()}

_SAMPLES: dict[str, object] = {
    "codec": "opus",
    "context": '{"username": "Ada"}',
    "download_url": "https://example.com/file",
    "duration_secs": 84,
    "enable_recording": False,
    "format": "mp4",
    "height": 720,
    "max_participants": 10,
    "resolution": "1280x720",
    "size_mb": 5.6,
    "type": "audio",
    "webhook_event_failover_url": "",
    "webhook_event_url": "https://example.com/hooks",
    "webhook_timeout_secs": 5,
    "width": 1280,
}

_IN_PROGRESS: dict[str, object] = {
    "active": True,
    "active_session_id": None,
    "ended_at": None,
    "left_at": None,
}
"""Sessions and participants have not ended; objects with a status are complete, with all times."""

_LIFETIMES = {
    "token_expires_at": timedelta(minutes=10),
    "refresh_token_expires_at": timedelta(hours=1),
}
"""Tokens are valid."""


def make_event(
    cls: type[E],
    *,
    id: str | None = None,
    event_type: str | None = None,
    occurred_at: datetime | None = None,
    **payload: object,
) -> E:
    """Make an event for a test.

    Args:
        cls: The class, such as :class:`~telnyx_video.webhooks.ParticipantLeft`.
        id: The event's id; by default a new one.
        event_type: The name of the type; by default that of the class.
        occurred_at: When it happened; by default now.
        payload: The fields of the payload that matter to the test. The others get a plausible
            value, ids a new one. An ``UnknownEvent`` has these fields only.

    Raises:
        TypeError: it is not a class of events, its payload has no such field, or a field has
            another type.
    """
    if cls is Event or not _is_subclass(cls, Event):
        raise TypeError(
            "make_event makes events of webhooks, by their class, such as SessionStarted or "
            f"ParticipantLeft, not {show(cls)}"
        )
    make = cast("Callable[..., E]", cls)
    event = make(
        id=id or str(uuid4()),
        event_type=event_type or _EVENT_TYPES.get(cls, "video.room.example"),
        occurred_at=occurred_at or datetime.now(UTC),
        record_type="event",
        payload=payload if issubclass(cls, UnknownEvent) else _complete(_payload_of(cls), payload),
    )
    return _checked(event)


def make_model(cls: type[M], **fields: object) -> M:
    """Make an object that the client returns, such as a room or a session, for a test.

    Args:
        cls: The class, such as :class:`~telnyx_video.Room`.
        fields: The fields that matter to the test. The others get a plausible value, ids a new
            one, and times the present; fields that only some replies include are None.

    Raises:
        TypeError: the client returns no such class, it has no such field, or a field has another
            type.
    """
    if not _is_subclass(cls, Model):
        raise TypeError(
            "make_model makes what the client returns, by its class, such as Room or RoomSession, "
            f"not {show(cls)}"
        )
    return _checked(_complete(cls, fields))


def _payload_of(cls: type[Event]) -> type[Model]:
    kind: type[Model] = get_type_hints(cls)["payload"]
    return kind


def _complete(cls: type[M], fields: dict[str, object]) -> M:
    """Make an object of these fields; the others get plausible values."""
    make = cast("Callable[..., M]", cls)
    now = datetime.now(UTC)
    hints = get_type_hints(cls)
    names = api_fields(cls)
    plausible = {name: _value(name, hints[name], cls, now) for name in names if name not in fields}
    if "status" not in names:
        plausible |= {name: _IN_PROGRESS[name] for name in _IN_PROGRESS.keys() & plausible.keys()}
    return make(**(plausible | fields))


def _is_subclass(cls: object, base: type[Model]) -> bool:
    return isinstance(cls, type) and issubclass(cls, base)


def _value(name: str, hint: object, cls: type[Model], now: datetime) -> object:
    """Return a plausible value for a field of this name and type."""
    if name == "id" or name.endswith("_id"):
        return str(uuid4())
    if name == "unique_name":
        return f"room-{uuid4().hex[:8]}"
    if name == "record_type":
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()
    if name in _LIFETIMES:
        return now + _LIFETIMES[name]
    kind = _types(hint)[0]
    if isinstance(kind, enum.EnumMeta):
        members: Mapping[str, object] = kind.__members__
        return members.get("COMPLETED") or next(iter(members.values()))
    if name in _SAMPLES:
        return _SAMPLES[name]
    by_type: dict[object, object] = {datetime: now, str: "example", bool: True, int: 1, float: 1.0}
    return by_type.get(kind)


def _types(hint: object) -> tuple[object, ...]:
    """Return the members of a union, or the type itself."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _checked(made: M) -> M:
    """Return the object if it would come back the same after it was sent.

    Raises:
        TypeError: a field has another type than in the API; the message says which.
    """
    cls = type(made)
    try:
        read = cls.from_dict(loads(json.dumps(made, default=_plain).encode()))
    except ResponseDecodeError as error:
        raise TypeError(str(error)) from None
    except (TypeError, ValueError) as error:  # a value that JSON cannot hold
        raise TypeError(f"not a {cls.__name__}: {error}") from None
    for name in (field.name for field in attrs.fields(cls) if field.eq):
        given, expected = getattr(made, name), getattr(read, name)
        if given != expected:
            problem = f"{name} would be read as {show(expected)}, not as {show(given)}"
            raise TypeError(f"not a {cls.__name__}: {problem}")
    return made


def _plain(value: object) -> object:
    """Convert one level of an object to JSON, with fields of any type."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Model):
        fields = attrs.fields_dict(type(value))
        given = {name: getattr(value, name) for name in api_fields(type(value))}
        set_ones = {name: item for name, item in given.items() if item is not fields[name].default}
        return set_ones | value.extra
    raise TypeError(f"{type(value).__name__} is not JSON")
