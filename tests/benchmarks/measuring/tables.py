"""Rows of figures as tables on the terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table


def show(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows that all have the same columns, numbers to the right."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for column, value in rows[0].items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        table.add_column(column.replace("_", " "), justify="right" if number else "left")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    Console(width=None if Console().is_terminal else 140).print(table)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
