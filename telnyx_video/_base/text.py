"""Text from anywhere, made fit for a message: one printable line of bounded length."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TypeVar, cast

T = TypeVar("T")

SHORT = 200
"""Characters of a text that a message quotes."""

LONG = 2000
"""Characters of a whole message."""

FEW = 10
"""Items of a list that a message names."""


def one_line(text: str, limit: int = LONG) -> str:
    """The text without line breaks and control characters, which could rewrite a terminal."""
    printable = "".join(c if c.isprintable() else " " for c in text[: 4 * limit])
    line = " ".join(printable.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def plain_str(value: T) -> T:
    """The characters of a string, which one of another class may write otherwise; else the value.

    A member of ``class Names(str, Enum)`` equals its value, and JSON writes that, but ``str()`` and
    f-strings write ``Names.LOBBY``.
    """
    if isinstance(value, str) and type(value) is not str:
        return cast("T", str.__str__(value))
    return value


def show(value: object) -> str:
    """A value as Python writes it, short whatever it is."""
    try:
        return one_line(repr(plain_str(value)), 60)
    except Exception:  # an integer of too many digits, a list too deep, a class with a fault
        return f"something that cannot be shown ({type(value).__name__})"


def few(items: Iterable[object], count: int) -> str:
    """The first of some items, and how many more there are."""
    named = "; ".join(str(item) for item in islice(items, FEW))
    return named if count <= FEW else f"{named}; and {count - FEW} more"
