"""Where output goes and how it looks: data to stdout, everything said beside it to stderr.

Whatever came from a server or a file is shown as text: never as markup, and with nothing in it
that a terminal would obey.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NoReturn, TextIO, cast

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

UNFOLDED = 10_000
"""Columns where nobody looks: a file or a pipe gets each row on one line."""


class _Console(Console):
    """A console that leaves a broken pipe to the command, which may have work to finish."""

    def on_broken_pipe(self) -> NoReturn:
        raise  # noqa: PLE0704 # Rich calls this while it handles the error


def stdout() -> Console:
    """A console for data."""
    return _console(stderr=False)


def stderr() -> Console:
    """A console for what is said beside the data: progress, summaries, problems."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    folded = stream.isatty() or "COLUMNS" in os.environ
    return _Console(
        stderr=stderr,
        width=None if folded else UNFOLDED,
        markup=False,
        emoji=False,
        highlight=False,
    )


def occupy_streams() -> None:
    """Put nothing in place of standard streams that whoever started this process has closed.

    Else the next connection or file would get the number of such a stream, and what is printed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # Not one of those from above: meanwhile another file may have got its number. It stays
            # open to the end, of which Python would warn if the number were the file's to close.
            number = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115


class _Lenient:
    """A stream that drops what it cannot write."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write a text, if possible."""
        with suppress(OSError):
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is held back, if possible."""
        with suppress(OSError):
            self.stream.flush()


def _lenient(stream: TextIO) -> TextIO:
    return cast("TextIO", _Lenient(stream))


@contextmanager
def lenient_streams() -> Generator[None]:
    """Let a stderr that cannot be written change nothing: what is said there is no result.

    A stream that has failed stays lenient. At the end of the process Python tries once more to
    write what is held back, and would make its own exit code of a failure.
    """
    if isinstance(sys.stdout, _Lenient):  # that of an earlier command: this one's data matters
        sys.stdout = sys.stdout.stream
    said = sys.stderr
    sys.stderr = _lenient(said)
    try:
        yield
    finally:
        if _can_be_written(said):
            sys.stderr = said
        if not _can_be_written(sys.stdout):
            sys.stdout = _lenient(sys.stdout)


def _can_be_written(stream: TextIO) -> bool:
    try:
        stream.flush()
    except OSError:
        return False
    return True


def show_any_character() -> None:
    """Let stdout replace what its encoding cannot express, rather than fail."""
    stream: TextIO = sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def write_json(value: Mapping[str, object]) -> None:
    """One line of JSON to stdout, seen by a reader at once; ASCII, so that any locale will do."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def visible(value: object) -> str:
    """Text on one line in which each character that does not print is spelled out."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in str(value)
    )


def named(path: str) -> str:
    """A path as part of a sentence: in quotes, if it would not be seen as one word of it."""
    return path if path and not any(map(str.isspace, path)) else repr(path)


def complain(console: Console, sentences: Sequence[str]) -> None:
    """Say what is wrong, a line for each sentence."""
    for sentence in sentences:
        lines = "\n".join(map(visible, sentence.split("\n")))
        console.print(Text.assemble(("Error: ", "bold red"), lines))


def plain_table(*, show_header: bool = True) -> Table:
    """A table with as few lines as it can do with; columns are for the caller to add."""
    return Table(
        box=box.SIMPLE_HEAD,
        show_header=show_header,
        header_style="bold",
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
