"""Text for messages: one printable line of bounded length."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from reprlib import Repr
from typing import Final, TypeVar, cast

T = TypeVar("T")

SHORT: Final = 200
"""Characters of a quoted text in a message."""

LONG: Final = 2000
"""Characters of a whole message."""

FEW: Final = 10
"""Items of a list that a message names."""

_SHOWN: Final = 60
"""Characters of a quoted value in a message."""

_REPR: Final = Repr()
_REPR.maxstring = _REPR.maxother = 4 * _SHOWN

_USERINFO: Final = re.compile(r"(?<=//)[^/?#]*@")


def one_line(text: str, limit: int = LONG) -> str:
    """Replace line breaks and control characters, which could rewrite a terminal, by spaces."""
    printable = "".join(c if c.isprintable() else " " for c in text[: 4 * limit])
    line = " ".join(printable.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def plain_str(value: T) -> T:
    """Convert a string of a subclass to a plain one; return any other value as it is.

    A member of ``class Names(str, Enum)`` equals its value, and JSON writes that value, but
    ``str()`` and f-strings write ``Names.LOBBY``.
    """
    if isinstance(value, str) and type(value) is not str:
        return cast("T", str.__str__(value))
    return value


def show(value: object) -> str:
    """Return the repr of a value of any size and depth, in at most 60 characters."""
    try:
        text = repr(value[:_SHOWN]) if type(value) is str else _REPR.repr(plain_str(value))
        return one_line(text, _SHOWN)
    except Exception:  # a repr may fail in any way; the message must not
        return f"an object without a repr ({type(value).__name__})"


def few(items: Iterable[object], count: int) -> str:
    """Join the first items, and say how many more there are."""
    named = "; ".join(str(item) for item in islice(items, FEW))
    return named if count <= FEW else f"{named}; and {count - FEW} more"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Suggest the known name nearest to a misspelt one: ``"; did you mean x?"``, or nothing."""
    from difflib import get_close_matches  # loads late: only a mistake needs it

    nearest = get_close_matches(name[:_SHOWN].lower(), known, n=1)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def without_userinfo(url: str) -> str:
    """Hide the user name and password of a URL."""
    return _USERINFO.sub("***@", url) if "@" in url else url
