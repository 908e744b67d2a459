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
from typing import IO, BinaryIO, Literal, TextIO, TypeAlias, cast

from telnyx_video.cli.errors import CommandError, describe
from telnyx_video.cli.output import quoted
from telnyx_video.errors import ErrorDetail, InvalidRequestError
from telnyx_video.provisioning.rows import LONGEST_LINE, Row, read_csv, read_json_lines

Format: TypeAlias = Literal["csv", "jsonl"]

_PIECE = 4096  # characters: usually the first piece is enough to detect the format
_UTF_16 = ("\udcff\udcfe", "\udcfe\udcff")
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

    def rows(self) -> Iterator[Row]:
        """Iterate over all rows in constant memory; one reader at a time.

        Raises:
            OSError: reading failed; it names the file.
        """
        self._text.seek(0)
        read = read_csv if self._format == "csv" else read_json_lines
        try:
            yield from read(_lines(self._text))
        except _NotTextError as error:
            problem = ErrorDetail(f"{error}; nothing after it was read")
            yield Row(error.line, InvalidRequestError((problem,)))
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.name) from None

    def problems(self, row: Row) -> list[str]:
        """Describe the problems of a row, for CSV without types: cells are text."""
        if not isinstance(row.request, InvalidRequestError):
            return []
        return [*map(describe if self._format == "csv" else str, row.request.details)]

    def is_file(self, path: str) -> bool:
        """Whether a path names this file."""
        try:
            return os.path.samestat(os.stat(path), os.fstat(self._file.fileno()))
        except OSError:
            return False


def sniff(file: TextIO) -> Format:
    """Detect the format by the first character that is not blank.

    No name of a column begins with a bracket, so that must be JSON.
    """
    while chunk := file.read(_PIECE):
        if start := chunk.lstrip():
            return "jsonl" if start[0] in "{[" else "csv"
    return "csv"


class _NotTextError(Exception):
    """A line is not text; reading stops."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


def _lines(file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if line.startswith(_UTF_16):
            raise _NotTextError(number, "the file is UTF-16; save it as UTF-8")
        if "\0" in line:
            raise _NotTextError(number, "there is a NUL byte; this is not a text file")
        if len(line) > LONGEST_LINE:
            raise _NotTextError(number, f"the line has more than {LONGEST_LINE:,} characters")
        yield line


@contextmanager
def opened(path: str, form: Format | None) -> Generator[Source]:
    """Open an input; ``-`` is standard input.

    Standard input and pipes cannot be read twice, so they are copied to a temporary file.

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
            raise CommandError(f"{name} cannot be read: {error.strerror}") from None
        yield source


def _copy(stream: BinaryIO, copy: IO[bytes]) -> BinaryIO:
    shutil.copyfileobj(stream, copy)
    copy.seek(0)
    return cast("BinaryIO", copy)


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
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
    for count, row in enumerate(source.rows(), 1):
        if count % 1000 == 0:
            progress(count)
        if not isinstance(row.request, InvalidRequestError):
            checked.rooms += 1
            checked.nameless += row.name is None
        for text in (*source.problems(row), *_same_name(row, lines)):
            checked.problems += 1
            say(f"{source.name}, line {row.line}: {text}")
    return checked


def _same_name(row: Row, lines: dict[str, int]) -> Iterable[str]:
    """Report a name that an earlier row has; record the first line of each name."""
    if not row.name:
        return ()
    first = lines.setdefault(row.name, row.line)
    return () if first == row.line else (f"unique_name: {row.name!r} is on line {first}, too",)
