"""What a list is asked for, whichever list it is."""

from typing import Literal

import attrs

Comparison = Literal["eq", "gte", "lte"]


@attrs.frozen
class Filter:
    """Keeps the rows of which a field equals a value, or lies from it or up to it."""

    field: str
    """The field that is compared; a null keeps no row."""
    value: str | int
    """What it is compared with."""
    comparison: Comparison = "eq"
    """Equal to the value, from it or up to it."""
    whole_day: bool = False
    """Whether the value is a day, and the day in UTC is compared of a field that is a time."""


@attrs.frozen
class Query:
    """Which rows are wanted, oldest first, and which page of them."""

    filters: tuple[Filter, ...] = ()
    """Each of them must hold."""
    page_number: int = 1
    """From 1."""
    page_size: int = 20
    """Rows on a page, 1 to 250."""
    include: bool = False
    """Whether each room shows its sessions, or each session its participants."""
    exact: bool = True
    """False also finds unique names of which the one filtered for is a beginning, or the reverse,
    in any case."""
    created_before: str | None = None
    """A time as it is stored; None is any."""
