"""What the API answers with, for tests: as Telnyx writes it, unless the test says otherwise."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import UnionType
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import uuid4

from telnyx_video._base.text import show
from telnyx_video.models import Model
from telnyx_video.models._codec import api_fields
from telnyx_video.testing.checking import checked, is_class_of
from telnyx_video.testing.samples import SAMPLES

__all__ = ["make_model"]

M = TypeVar("M", bound=Model)

_IDLE: dict[str, object] = {
    "active": True,
    "active_session_id": None,
    "ended_at": None,
    "left_at": None,
}
"""What goes on has not ended. Of what has a status all times are told: that is complete."""

_SAMPLES: dict[str, object] = {
    **SAMPLES,
    "enable_recording": False,
    "height": 720,
    "max_participants": 10,
    "webhook_event_failover_url": "",
    "webhook_event_url": "https://example.com/hooks",
    "webhook_timeout_secs": 5,
    "width": 1280,
}

_VALID_FOR = {
    "token_expires_at": timedelta(minutes=10),
    "refresh_token_expires_at": timedelta(hours=1),
}
"""A token can be handed out still."""


def make_model(cls: type[M], **fields: object) -> M:
    """An object of this class, for a test: a room, a session, whatever the client returns.

    Args:
        cls: The class, such as :class:`~telnyx_video.Room`.
        fields: The fields that matter to the test. The others get a plausible value, ids a new
            one, and times the present; what only some replies include is None.

    Raises:
        TypeError: it is no class of what the client returns, it has no such field, or one of its
            fields has another type.
    """
    if not is_class_of(cls, Model):
        raise TypeError(
            "make_model makes what the client returns, by its class, such as Room or RoomSession, "
            f"not {show(cls)}"
        )
    make = cast("Callable[..., M]", cls)
    now = datetime.now(UTC)
    hints = get_type_hints(cls)
    names = api_fields(cls)
    plausible = {name: _value(name, hints[name], cls, now) for name in names if name not in fields}
    if "status" not in names:
        plausible |= {name: _IDLE[name] for name in _IDLE.keys() & plausible.keys()}
    return checked(make(**(plausible | fields)))


def _value(name: str, hint: object, cls: type[Model], now: datetime) -> object:
    """A plausible value for a field of this name and type."""
    if name == "id" or name.endswith("_id"):
        return str(uuid4())
    if name == "unique_name":
        return f"room-{uuid4().hex[:8]}"
    if name == "record_type":
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()
    if name in _SAMPLES:
        return _SAMPLES[name]
    if name in _VALID_FOR:
        return now + _VALID_FOR[name]
    kind = _kinds(hint)[0]
    if isinstance(kind, enum.EnumMeta):
        members: Mapping[str, object] = kind.__members__
        return members.get("COMPLETED") or next(iter(members.values()))
    plain: dict[object, object] = {datetime: now, str: "example", bool: True, int: 1, float: 1.0}
    return plain.get(kind)


def _kinds(hint: object) -> tuple[object, ...]:
    """The types that a field may have."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
