"""Values that callers pass by habit or by mistake, and that behave unlike plain ones."""

from __future__ import annotations

import enum
from typing import NoReturn


class Loud(str):
    """A string that Python writes otherwise in every way there is."""

    __slots__ = ()

    def __str__(self) -> str:
        return "LOUD"

    def __repr__(self) -> str:
        return "LOUD"

    def __format__(self, spec: str) -> str:
        return "LOUD"


class Faulty:
    """A value that cannot even be shown."""

    def __repr__(self) -> NoReturn:
        raise ZeroDivisionError


class _Undecided:
    """What a comparison of arrays gives."""

    def __bool__(self) -> NoReturn:
        raise ValueError("more than one element")


class Array(_Undecided):
    """A value that is compared as arrays are, so that it neither equals another nor does not."""

    __hash__ = None  # type: ignore[assignment] # pyright: ignore[reportAssignmentType] # as of arrays

    def __eq__(self, other: object) -> _Undecided:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride] # as above
        return _Undecided()

    def __ne__(self, other: object) -> _Undecided:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride] # as above
        return _Undecided()


HUGE = 10**5000
"""More digits than Python turns into text."""


def member(text: str) -> str:
    """A member of a program's own enumeration, which ``str()`` writes as ``Names.ONE``."""

    class Names(str, enum.Enum):  # noqa: UP042 # a StrEnum writes itself well
        ONE = text

    return Names.ONE
