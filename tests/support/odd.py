"""Values that callers pass by habit or by mistake, and that behave unlike plain ones."""

from __future__ import annotations

import enum


class Loud(str):
    """A string that Python writes otherwise in every way there is."""

    __slots__ = ()

    def __str__(self) -> str:
        return "LOUD"

    def __repr__(self) -> str:
        return "LOUD"

    def __format__(self, spec: str) -> str:
        return "LOUD"


def member(text: str) -> str:
    """A member of a program's own enumeration, which ``str()`` writes as ``Names.ONE``."""

    class Names(str, enum.Enum):  # noqa: UP042 # a StrEnum writes itself well
        ONE = text

    return Names.ONE
