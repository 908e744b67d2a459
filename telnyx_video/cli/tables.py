"""Objects as people read them: one as a list of its fields, many as a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeAlias, TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from telnyx_video.cli.terminal import plain_table, visible
from telnyx_video.models import Record

NOTHING = Text("–", style="dim")
ID_WIDTH = 36
"""Characters of a UUID, which is never folded: it is there to be copied."""

GAP = 2
"""Characters between columns."""

NARROWEST = 8
"""Characters that the column of names has at the least."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Column(Generic[R]):
    """What a table shows of each object."""

    title: str
    width: int | None
    """Characters; None takes what the others leave, for the only column that may be long."""
    value: Callable[[R], object]
    is_number: bool = False


Columns: TypeAlias = Sequence[Column[R]]


def show_record(console: Console, record: Record) -> None:
    """All that the API told of an object, field by field."""
    table = Table.grid(padding=(0, GAP))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in record.to_dict().items():
        table.add_row(visible(name), _field(value))
    console.print(table)


def _field(value: object) -> Text:
    if value is None or value == "":
        return NOTHING
    return Text(visible(value if isinstance(value, str) else json.dumps(value)))


class RecordTable(Generic[R]):
    """A table that is written page by page, so that a list of any length needs little memory."""

    def __init__(self, console: Console, columns: Columns[R]) -> None:
        self._console = console
        self._columns = columns
        self._widths: list[int] = []

    def add(self, records: Sequence[R]) -> None:
        """Write some more; the first of them decide how wide a name may be."""
        rows = [[shown(column.value(record)) for column in self._columns] for record in records]
        first = not self._widths
        if first:
            self._widths = list(self._choose_widths(rows))
        table = plain_table(show_header=first)
        for column, width in zip(self._columns, self._widths, strict=True):
            table.add_column(
                column.title,
                width=width,
                justify="right" if column.is_number else "left",
                overflow="fold",
            )
        for row in rows:
            table.add_row(*row)
        self._console.print(table)

    def _choose_widths(self, rows: Sequence[Sequence[Text]]) -> Iterable[int]:
        taken = sum(column.width or 0 for column in self._columns)
        left = self._console.width - taken - GAP * (len(self._columns) - 1)
        for place, column in enumerate(self._columns):
            longest = max(row[place].cell_len for row in rows)
            yield column.width or max(NARROWEST, min(left, longest))


def shown(value: object) -> Text:
    """A value as a cell of a table."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text(visible(value))


def shown_name(name: object) -> Text:
    """A name, or a dash for a room without one."""
    return shown(name if isinstance(name, str) else None)


def day(time: datetime | None) -> str | None:
    """The day of a time, in UTC."""
    return None if time is None else time.astimezone(UTC).date().isoformat()


def minute(time: datetime | None) -> str | None:
    """Day and minute of a time, in UTC."""
    return None if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"
