"""Argument values with surprising behaviour, passed by mistake or by habit."""

from __future__ import annotations

import enum
from typing import NoReturn


class Loud(str):
    """A string whose str, repr and format all differ from its value."""

    __slots__ = ()

    def __str__(self) -> str:
        return "LOUD"

    def __repr__(self) -> str:
        return "LOUD"

    def __format__(self, spec: str) -> str:
        return "LOUD"


class Faulty:
    """A value whose repr raises."""

    def __repr__(self) -> NoReturn:
        raise ZeroDivisionError


class _Undecided:
    """The result of comparing arrays, which has no truth value."""

    def __bool__(self) -> NoReturn:
        raise ValueError("more than one element")


class Array(_Undecided):
    """A value that compares as arrays do, without a truth value."""

    __hash__ = None  # type: ignore[assignment] # pyright: ignore[reportAssignmentType] # like arrays

    def __eq__(self, other: object) -> _Undecided:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride] # as above
        return _Undecided()

    def __ne__(self, other: object) -> _Undecided:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride] # as above
        return _Undecided()


HUGE = 10**5000
"""More digits than Python converts to text."""


def member(text: str) -> str:
    """Return a member of a string enumeration, for which ``str()`` returns ``Names.ONE``."""

    class Names(str, enum.Enum):  # noqa: UP042 # a StrEnum would return its value
        ONE = text

    return Names.ONE
