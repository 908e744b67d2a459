"""Help texts: plain, quick to load, commands first and an example at the end.

Typer's own help is drawn by Rich, which takes longer to load than everything else together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Protocol

import typer
from typer.core import TyperCommand, TyperGroup

GLOBAL = "Global options"
"""The section of the options that every command takes."""

CONTEXT = {"help_option_names": ["-h", "--help"]}


class _Formatter(Protocol):
    def section(self, name: str) -> Any: ...
    def write_dl(self, rows: list[tuple[str, str]]) -> None: ...


class Command(TyperCommand):
    """A command with its options in sections."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then each section of options."""
        _write_options(self.get_params(ctx), ctx, formatter)


class Group(TyperGroup):
    """A group of commands, which come before the options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, then each section of options."""
        self.format_commands(ctx, formatter)
        _write_options(self.get_params(ctx), ctx, formatter)


_TYPE = re.compile(r" <[^>]*>$")  # of a flag or an argument; its help says more


def _write_options(params: Iterable[Any], ctx: Any, formatter: _Formatter) -> None:
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": []}
    for param in params:
        argument = param.param_type_name == "argument"
        section = "Arguments" if argument else param.rich_help_panel or "Options"
        name, text = param.get_help_record(ctx)
        sections.setdefault(section, []).append((_TYPE.sub("", name), text))
    sections[GLOBAL] = sections.pop(GLOBAL, [])
    for section, rows in sections.items():
        if rows:
            with formatter.section(section):
                formatter.write_dl(rows)


def command_group(about: str) -> typer.Typer:
    """An empty group of commands."""
    return typer.Typer(
        cls=Group,
        help=about,
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
        context_settings=CONTEXT,
    )
