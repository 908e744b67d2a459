"""API objects as results: one field by field, many as a table, or as JSON or CSV for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Generic, Literal, Self, TypeVar

from rich import box
from rich.table import Table
from rich.text import Text

from telnyx_video.cli.output import is_laid_out, stdout
from telnyx_video.cli.streams import visible, write_json
from telnyx_video.models import Record

NOTHING = "–"

ID_WIDTH = 36
"""Characters of a UUID, which is never folded, so that it can be copied."""

GAP = 2
"""Characters between columns."""

NARROWEST = 8
"""Characters of the narrowest column without a fixed width."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Column(Generic[R]):
    """What a table shows of each object."""

    title: str
    width: int | None
    """Characters; None takes what the others leave, for the one column that may be long."""
    value: Callable[[R], object]
    is_number: bool = False


@dataclass(frozen=True)
class View(Generic[R]):
    """How a list of objects is shown."""

    noun: str
    kind: type[R]
    columns: Sequence[Column[R]]

    def including(self, column: Column[R], *, wanted: bool) -> Self:
        """The same with one more column, if it is wanted."""
        return replace(self, columns=(*self.columns, column)) if wanted else self


class Results(Generic[R]):
    """Prints a list page by page, so that a list of any length needs little memory."""

    def __init__(self, view: View[R], form: Literal["table", "json", "csv"]) -> None:
        self._view = view
        self._form = form
        self._widths: list[int] = []
        if form == "csv":
            names = [a.name for a in vars(view.kind)["__attrs_attrs__"]]
            self._csv = CsvWriter([name for name in names if name not in _NOT_SENT])

    def add(self, records: Sequence[R]) -> None:
        """Print a page; the first one decides how wide the columns are."""
        if self._form == "table":
            self._add_rows([[shown(c.value(r)) for c in self._view.columns] for r in records])
            return
        for record in records:
            fields = record.to_dict()
            if self._form == "json":
                write_json(fields)
            else:
                self._csv.write(fields)

    def _add_rows(self, rows: Sequence[Sequence[str]]) -> None:
        first = not self._widths
        columns = self._view.columns
        if not is_laid_out(sys.stdout):
            self._widths = [0]
            print_lines([[column.title for column in columns], *rows] if first else rows)
            return
        if first:
            self._widths = list(self._choose_widths(rows))
        table = plain_table(show_header=first)
        for column, width in zip(columns, self._widths, strict=True):
            justify: Literal["right", "left"] = "right" if column.is_number else "left"
            table.add_column(column.title, width=width, justify=justify, overflow="fold")
        for row in rows:
            table.add_row(*map(cell, row))
        stdout().print(table)

    def _choose_widths(self, rows: Sequence[Sequence[str]]) -> Iterable[int]:
        columns = self._view.columns
        taken = sum(column.width or 0 for column in columns)
        left = stdout().width - taken - GAP * (len(columns) - 1)
        for place, column in enumerate(columns):
            longest = max(cell(row[place]).cell_len for row in rows)
            yield column.width or max(NARROWEST, min(left, longest))


_NOT_SENT = ("extra", "null_fields", "reply")


class CsvWriter:
    """Writes objects as lines of CSV to stdout, after a header."""

    def __init__(self, names: Sequence[str]) -> None:
        self._writer = csv.DictWriter(sys.stdout, names, extrasaction="ignore", lineterminator="\n")
        self._writer.writeheader()

    def write(self, fields: Mapping[str, object]) -> None:
        """Write one object; lists and objects within it as JSON."""
        self._writer.writerow({name: _csv_cell(value) for name, value in fields.items()})
        sys.stdout.flush()


def _csv_cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return visible(text) if sys.stdout.isatty() else text


def show_fields(
    fields: Mapping[str, object], form: Literal["table", "json", "csv"], *, fold: bool = True
) -> None:
    """Print one object, field by field; without `fold`, each on one line however long."""
    if form == "json":
        write_json(fields)
    elif form == "csv":
        CsvWriter(list(fields)).write(fields)
    else:
        rows = [[visible(name), _field(value)] for name, value in fields.items()]
        if not is_laid_out(sys.stdout):
            print_lines(rows)
            return
        if not fold:
            width = max(len(name) for name, _ in rows) + GAP
            for name, value in rows:
                line = Text.assemble((name.ljust(width), "dim"), value)
                stdout().print(line, soft_wrap=True)
            return
        table = Table.grid(padding=(0, GAP))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(name, cell(value))
        stdout().print(table)


def _field(value: object) -> str:
    if value is None or value == "":
        return NOTHING
    return visible(value if isinstance(value, str) else json.dumps(value))


def print_lines(rows: Iterable[Sequence[str]]) -> None:
    """Print rows to a pipe or a file: cells separated by tabs, without padding."""
    sys.stdout.writelines("\t".join(row) + "\n" for row in rows)
    sys.stdout.flush()


def plain_table(*, show_header: bool = True) -> Table:
    """A table with a single line, below its header."""
    return Table(
        box=box.SIMPLE_HEAD,
        show_header=show_header,
        header_style="bold",
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )


def cell(text: str) -> Text:
    """A text as a cell of a table."""
    return Text(text, style="dim" if text == NOTHING else "")


def shown(value: object) -> str:
    """A value as the text of a cell."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return visible(value)


def day(time: datetime | None) -> str | None:
    """The day of a time, in UTC."""
    return None if time is None else _utc(time).date().isoformat()


def minute(time: datetime | None) -> str | None:
    """Day and minute of a time, in UTC."""
    return None if time is None else _utc(time).isoformat(" ", "minutes")[:16]


def _utc(time: datetime) -> datetime:
    """The time in UTC, as far as the calendar goes: at its ends, the time in its own zone."""
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return time
