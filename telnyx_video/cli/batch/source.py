"""The input of a batch: a file or standard input, read once to check it and once to use it."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from telnyx_video.cli.batch.rows import Entry, Format, Problem, Row, read_rows, sniff
from telnyx_video.cli.errors import CommandError
from telnyx_video.cli.output import quoted
from telnyx_video.models import UNSET

_SUFFIXES: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class Source:
    """An input that is open for reading, as often as needed."""

    def __init__(self, name: str, file: BinaryIO, form: Format | None) -> None:
        self.name = name
        """Its name in messages."""
        self._file = file
        self._text = io.TextIOWrapper(
            file, encoding="utf-8-sig", errors="surrogateescape", newline=""
        )
        self._format: Format = form or sniff(self._text)

    def entries(self) -> Iterator[Entry]:
        """All rows from the first, in constant memory; one reader at a time.

        Raises:
            OSError: reading failed; it names the file.
        """
        self._text.seek(0)
        try:
            yield from read_rows(self._text, self._format)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.name) from None

    def is_file(self, path: str) -> bool:
        """Whether a path leads to this very file."""
        try:
            return os.path.samestat(os.stat(path), os.fstat(self._file.fileno()))
        except OSError:
            return False


@contextmanager
def opened(path: str, form: Format | None) -> Generator[Source]:
    """Open an input; ``-`` is standard input.

    Standard input and pipes, which cannot be read twice, are first copied to a temporary file.

    Raises:
        CommandError: it cannot be read.
    """
    name = "standard input" if path == "-" else quoted(path)
    form = form or _SUFFIXES.get(Path(path).suffix.lower())
    with ExitStack() as stack:
        try:
            file: BinaryIO = (
                _standard_input() if path == "-" else stack.enter_context(open(path, "rb"))
            )
            if path == "-" or not file.seekable():
                file = _copy(file, stack.enter_context(tempfile.TemporaryFile()))
            source = Source(name, file, form)
        except OSError as error:
            raise CommandError([f"{name} cannot be read: {error.strerror}"]) from None
        yield source


def _copy(stream: BinaryIO, copy: IO[bytes]) -> BinaryIO:
    shutil.copyfileobj(stream, copy)
    copy.seek(0)
    return cast("BinaryIO", copy)


def _standard_input() -> BinaryIO:
    if sys.stdin is None:  # the process was started without it
        raise OSError(0, "it is closed")
    return sys.stdin.buffer


@dataclass
class Checked:
    """The result of checking an input."""

    rooms: int = 0
    nameless: int = 0
    problems: int = 0


def check(source: Source, say: Callable[[str], None], progress: Callable[[int], None]) -> Checked:
    """Read the whole input, and report each problem.

    Args:
        source: The input.
        say: Called with each problem.
        progress: Called now and then with the number of rows checked.
    """
    checked = Checked()
    lines: dict[str, int] = {}
    for count, entry in enumerate(source.entries(), 1):
        if count % 1000 == 0:
            progress(count)
        checked.rooms += isinstance(entry, Row)
        checked.nameless += isinstance(entry, Row) and entry.request.unique_name is UNSET
        for text in (*_problems(entry), *_same_name(entry, lines)):
            checked.problems += 1
            say(f"{source.name}, line {entry.line}: {text}")
    return checked


def _problems(entry: Entry) -> Iterable[str]:
    return entry.texts if isinstance(entry, Problem) else ()


def _same_name(entry: Entry, lines: dict[str, int]) -> Iterable[str]:
    """Whether another row has this one's name; remembers the first line of each name."""
    name = entry.name if isinstance(entry, Problem) else entry.request.unique_name
    if not name:
        return ()
    first = lines.setdefault(name, entry.line)
    return () if first == entry.line else (f"unique_name: {name!r} is on line {first}, too",)
