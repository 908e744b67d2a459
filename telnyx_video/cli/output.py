"""Results on stdout, as a table, JSON or CSV; progress, summaries and errors on stderr."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Literal, NoReturn, Self, TextIO, TypeAlias, TypeVar

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from telnyx_video.cli.streams import visible, write_json
from telnyx_video.models import Record

Format: TypeAlias = Literal["table", "json", "csv"]

NOTHING = "–"

ID_WIDTH = 36
"""Characters of a UUID, which is never folded, so that it can be copied."""

GAP = 2
"""Characters between columns."""

NARROWEST = 8
"""Characters of the narrowest column without a fixed width."""

UNFOLDED = 10_000
"""Columns of a console that is a file or a pipe: each row stays on one line."""

R = TypeVar("R", bound=Record)


class _Console(Console):
    """A console that lets the command handle a broken pipe, since it may have work to finish."""

    def on_broken_pipe(self) -> NoReturn:
        raise  # noqa: PLE0704 # Rich calls this while it handles the error


def stdout() -> Console:
    """A console for results."""
    return _console(stderr=False)


def stderr() -> Console:
    """A console for progress, summaries and problems."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    return _Console(
        stderr=stderr,
        width=None if _is_laid_out(sys.stderr if stderr else sys.stdout) else UNFOLDED,
        markup=False,
        emoji=False,
        highlight=False,
    )


def _is_laid_out(stream: TextIO) -> bool:
    """Whether to print in columns: on a terminal, or if ``COLUMNS`` is set."""
    return stream.isatty() or "COLUMNS" in os.environ


def print_errors(sentences: Sequence[str]) -> None:
    """Print problems to stderr, a line for each sentence."""
    for sentence in sentences:
        lines = "\n".join(map(visible, sentence.split("\n")))
        stderr().print(Text.assemble(("Error: ", "bold red"), lines))


def quoted(path: str) -> str:
    """Return a path for use in a sentence, in quotes if it is empty or has spaces."""
    return path if path and not any(map(str.isspace, path)) else repr(path)


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: ``1 room``, ``20 rooms``, ``no rooms``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}s" if count else f"no {noun}s"


@dataclass(frozen=True)
class Column(Generic[R]):
    """A column of a table."""

    title: str
    width: int | None
    """Characters; None takes the remaining width, for the one column that may be long."""
    value: Callable[[R], object]
    is_number: bool = False


@dataclass(frozen=True)
class View(Generic[R]):
    """A table of objects of one kind."""

    noun: str
    kind: type[R]
    columns: Sequence[Column[R]]

    def including(self, column: Column[R], *, wanted: bool) -> Self:
        """Return the view with one more column, if it is wanted."""
        return replace(self, columns=(*self.columns, column)) if wanted else self


class Results(Generic[R]):
    """Prints a list page by page, so that a list of any length needs little memory."""

    def __init__(self, view: View[R], form: Format) -> None:
        self._columns = view.columns
        self._form = form
        self._table = TableWriter([(c.title, c.width, c.is_number) for c in view.columns])
        if form == "csv":
            names = [a.name for a in vars(view.kind)["__attrs_attrs__"]]
            self._csv = CsvWriter([name for name in names if name not in _NOT_SENT])

    def add(self, records: Sequence[R]) -> None:
        """Print a page."""
        if self._form == "table":
            self._table.add([[cell(c.value(record)) for c in self._columns] for record in records])
            return
        for record in records:
            fields = record.to_dict()
            if self._form == "json":
                write_json(fields)
            else:
                self._csv.write(fields)


_NOT_SENT = ("extra", "null_fields", "reply")


class TableWriter:
    """Writes rows to stdout in columns, or in a pipe or a file separated by tabs.

    Args:
        columns: The title, the width and whether it is a number; see `Column`.
    """

    def __init__(self, columns: Sequence[tuple[str, int | None, bool]]) -> None:
        self._columns = columns
        self._widths: list[int] = []

    def add(self, rows: Sequence[Sequence[Text]]) -> None:
        """Write rows; the first call decides the widths of the columns."""
        first = not self._widths
        titles = [title for title, _, _ in self._columns]
        if not _is_laid_out(sys.stdout):
            self._widths = [0]
            lines = [[cell.plain for cell in row] for row in rows]
            _write_lines([titles, *lines] if first else lines)
            return
        if first:
            self._widths = list(self._choose_widths(rows))
        table = Table(
            box=box.SIMPLE_HEAD,
            show_header=first,
            header_style="bold",
            show_edge=False,
            pad_edge=False,
            padding=(0, 1, 0, 0),
        )
        for (title, _, is_number), width in zip(self._columns, self._widths, strict=True):
            justify: Literal["right", "left"] = "right" if is_number else "left"
            table.add_column(title, width=width, justify=justify, overflow="fold")
        for row in rows:
            table.add_row(*row)
        stdout().print(table)

    def _choose_widths(self, rows: Sequence[Sequence[Text]]) -> Iterable[int]:
        taken = sum(width or 0 for _, width, _ in self._columns)
        left = stdout().width - taken - GAP * (len(self._columns) - 1)
        for place, (_, width, _) in enumerate(self._columns):
            longest = max(row[place].cell_len for row in rows)
            yield width or max(NARROWEST, min(left, longest))


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


def show_fields(fields: Mapping[str, object], form: Format, *, fold: bool = True) -> None:
    """Print one object, field by field; without `fold`, do not wrap long values."""
    if form == "json":
        write_json(fields)
    elif form == "csv":
        CsvWriter(list(fields)).write(fields)
    else:
        rows = [(visible(name), _field(value)) for name, value in fields.items()]
        if not _is_laid_out(sys.stdout):
            _write_lines(rows)
            return
        width = max(len(name) for name, _ in rows) + GAP
        if not fold:
            for name, value in rows:
                line = Text.assemble((name.ljust(width), "dim"), value)
                stdout().print(line, soft_wrap=True)
            return
        table = Table.grid()
        table.add_column(style="dim", width=width)
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(name, cell(value))
        stdout().print(table)


def _field(value: object) -> str:
    if value is None or value == "":
        return NOTHING
    return visible(value if isinstance(value, str) else json.dumps(value))


def _write_lines(rows: Iterable[Sequence[str]]) -> None:
    sys.stdout.writelines("\t".join(row) + "\n" for row in rows)
    sys.stdout.flush()


def cell(value: object) -> Text:
    """Return a value as a cell of a table."""
    if value is None or value == NOTHING:
        return Text(NOTHING, "dim")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text(visible(value))
