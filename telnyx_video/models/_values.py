"""JSON values, each taken for what it is or refused: nothing is converted but times.

A reader takes a value and its type, as cattrs calls it, and returns it or says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import NoneType
from typing import Any, cast

Hook = Callable[[Any, Any], Any]
"""Reads a value as a type."""

_NAMES: dict[type, str] = {
    NoneType: "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}


def plain_reader(kind: type, *, nullable: bool) -> Hook:
    """Reads a value of just this type: ``True`` is no integer, and nothing is converted."""
    # JSON does not tell 6 from 6.0: a number without a fraction is read, and kept, as it came.
    kinds = (float, int) if kind is float else (kind,)
    allowed = (*kinds, NoneType) if nullable else kinds

    def read(value: object, _: object) -> object:
        if type(value) in allowed:
            return value
        raise mistyped(kind, value)

    return read


def read_object(value: object, _: object) -> dict[str, object]:
    """An object that is kept as it came."""
    if type(value) is not dict:
        raise mistyped(dict, value)
    return cast("dict[str, object]", value)


def read_array(value: object, _: object) -> list[object]:
    """An array that is kept as it came."""
    if type(value) is not list:
        raise mistyped(list, value)
    return cast("list[object]", value)


def read_time(value: object, _: object) -> datetime:
    """A time always has a zone; one written without it is UTC, as all of the API's times are."""
    if type(value) is not str:
        raise TypeError(f"expected an ISO 8601 time, got {_name_of(value)}")
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"not an ISO 8601 time: {value[:_QUOTED]!r}") from None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


_QUOTED = 40
"""Characters of a text that an error quotes: more than any time has."""


def write_time(value: datetime) -> str:
    """ISO 8601, as the API writes it."""
    text = value.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def mistyped(expected: type, value: object) -> TypeError:
    """The error of a value of another type than expected."""
    return TypeError(f"expected {_NAMES[expected]}, got {_name_of(value)}")


def _name_of(value: object) -> str:
    return _NAMES.get(type(value), type(value).__name__)
