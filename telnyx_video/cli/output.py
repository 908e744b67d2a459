"""Where output goes and how it looks: results to stdout, everything else to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn, TextIO

from rich.console import Console
from rich.text import Text

from telnyx_video.cli.streams import visible

UNFOLDED = 10_000
"""Columns of a console that is a file or a pipe: each row stays on one line."""


class _Console(Console):
    """A console that leaves a broken pipe to the command, which may have work to finish."""

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
        width=None if is_laid_out(sys.stderr if stderr else sys.stdout) else UNFOLDED,
        markup=False,
        emoji=False,
        highlight=False,
    )


def is_laid_out(stream: TextIO) -> bool:
    """Whether a person reads this, in columns: a terminal, or what ``COLUMNS`` describes."""
    return stream.isatty() or "COLUMNS" in os.environ


def quoted(path: str) -> str:
    """A path as part of a sentence: in quotes if it would not read as one word."""
    return path if path and not any(map(str.isspace, path)) else repr(path)


def counted(count: int, noun: str) -> str:
    """A number with its noun: ``1 room``, ``20 rooms``, ``no rooms``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}s" if count else f"no {noun}s"


def print_errors(sentences: Sequence[str]) -> None:
    """Print problems to stderr, a line for each sentence."""
    for sentence in sentences:
        lines = "\n".join(map(visible, sentence.split("\n")))
        stderr().print(Text.assemble(("Error: ", "bold red"), lines))
