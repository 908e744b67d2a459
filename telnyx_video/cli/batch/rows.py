"""Reads the rows of a file as requests or problems: CSV and JSON lines.

Pure: lines of text in, one entry for each room or problem out, each with its line. Text is decoded
with ``surrogateescape``, so that a byte that is not UTF-8 arrives as a lone surrogate, in its line.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NoReturn, TextIO, TypeAlias, cast, get_args, get_type_hints

from telnyx_video.cli.errors import describe
from telnyx_video.errors import InvalidRequestError
from telnyx_video.models import CreateRoomRequest, RoomFields

Format: TypeAlias = Literal["csv", "jsonl"]

_TYPES = {
    name: get_args(hint)
    for name, hint in get_type_hints(RoomFields).items()
    if name != "extra"  # which no cell can hold
}

FIELDS: Final = tuple(_TYPES)
"""The API's names of a room's settings."""

LONGEST_LINE = 1_000_000
"""Characters; a row with every URL at its longest has about 4,300."""

_PIECE = 4096  # characters: mostly, the first piece tells the format
_LONGEST_NAME = 60  # characters of a field's name in a message

_NO_COLUMNS = f"the first row must name the columns, from {', '.join(FIELDS)}"
_UNDECODED = re.compile("[\udc80-\udcff]")
_UTF_16 = ("\udcff\udcfe", "\udcfe\udcff")
_INTEGER = re.compile("[+-]?[0-9]{1,18}")  # more digits than any bound has, and quick to read
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Row:
    """A requested room, and the line that it begins on."""

    line: int
    request: CreateRoomRequest


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that is not a request, with everything that is wrong with it."""

    line: int
    texts: tuple[str, ...]
    name: str | None = None
    """The room's name, if that can be read."""


Entry: TypeAlias = Row | Problem


def read_rows(file: TextIO, form: Format) -> Iterator[Entry]:
    """The entries of a file, one by one, in constant memory."""
    reader = read_csv if form == "csv" else read_json_lines
    lines = _Lines(file)
    try:
        yield from reader(lines)
    except _NotTextError as error:
        yield Problem(lines.number, (f"{error}; nothing after it was read",))


def sniff(file: TextIO) -> Format:
    """Detect the format by the first character that is not blank.

    No column's name begins with a bracket: that is JSON of some kind, judged by its reader.
    """
    while chunk := file.read(_PIECE):
        if start := chunk.lstrip():
            return "jsonl" if start[0] in "{[" else "csv"
    return "csv"


class _NotTextError(Exception):
    """The file is not text: reading on would only repeat the problem."""


class _Lines:
    """The lines of a file, counted.

    Raises:
        _NotTextError: at a line that no text file has.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if line.startswith(_UTF_16):
            raise _NotTextError("the file is UTF-16; save it as UTF-8")
        if "\0" in line:
            raise _NotTextError("there is a NUL byte; this is not a text file")
        if len(line) > LONGEST_LINE:
            raise _NotTextError(f"the line has more than {LONGEST_LINE:,} characters")
        return line


def read_csv(lines: Iterable[str]) -> Iterator[Entry]:
    """CSV whose first row names the fields; an empty cell is left out, an empty row skipped."""
    reader = csv.reader(lines, strict=True)
    columns: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            yield Problem(line, (_csv_problem(error),))
            if columns is None:
                return
            continue
        if columns is None and any(cells):
            columns = [cell.strip() for cell in cells]
            if problems := tuple(_header_problems(columns)):
                yield Problem(line, problems)
            if not set(columns) & set(FIELDS):
                return
        elif columns is not None and any(map(str.strip, cells)):
            yield _row(line, columns, cells)
    if columns is None:
        yield Problem(1, (_NO_COLUMNS,))


def _csv_problem(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "a cell begins with a quote that is never closed"
    if "field limit" in str(error):
        return f"a cell has more than {csv.field_size_limit():,} characters; is a quote missing?"
    return f"this is not CSV: {error}"


def _header_problems(columns: Sequence[str]) -> Iterator[str]:
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(columns) == 1 and separator in columns[0]:
            yield f"cells must be separated by commas, not {name}"
            return
    if not set(columns) & set(FIELDS):
        yield _NO_COLUMNS
        return
    for place, column in enumerate(columns, 1):
        if not column:
            yield f"column {place} has no name"
        elif column not in FIELDS:
            yield f"{_shown(column)}: no such field; {_instead(column)}"
    for column, times in Counter(columns).items():
        if times > 1 and column:
            yield f"{_shown(column)}: {times} columns have this name"


def _instead(column: str) -> str:
    from difflib import get_close_matches  # loaded when needed: most files are right

    meant = get_close_matches(column.lower().replace(" ", "_"), FIELDS, n=1)
    return f"did you mean {meant[0]}?" if meant else f"the API knows {', '.join(FIELDS)}"


def _row(line: int, columns: Sequence[str], cells: Sequence[str]) -> Entry:
    if len(cells) != len(columns):
        count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        return Problem(line, (f"the row has {count}, the header {len(columns)}",))
    given = {
        column: cell
        for column, cell in zip(columns, cells, strict=True)
        if column in FIELDS and not _is_blank(column, cell)
    }
    readable = {name: text for name, text in given.items() if not _is_undecoded(text)}
    problems = [f"{name}: {_not_utf_8(given[name])}" for name in given if name not in readable]
    try:
        request = CreateRoomRequest.from_dict(
            {name: _value(name, readable[name]) for name in readable}
        )
    except InvalidRequestError as error:
        problems += map(describe, error.details)
    else:
        if not problems:
            return Row(line, request)
    return Problem(line, tuple(problems), readable.get("unique_name"))


def _is_blank(name: str, text: str) -> bool:
    """Whether a cell gives no value; in a name, even a space counts."""
    return not (text if _is_text(name) else text.strip())


def _is_text(name: str) -> bool:
    return str in _TYPES.get(name, (str,))


def _value(name: str, text: str) -> object:
    """The text as a value of the field's type.

    Text that cannot be read so stays text: the model then refuses it, and names the bound.
    """
    if _is_text(name):
        return text
    trimmed = text.strip()
    if bool in _TYPES[name]:
        return _BOOLEANS.get(trimmed.lower(), text)
    return int(trimmed) if _INTEGER.fullmatch(trimmed) else text


def read_json_lines(lines: Iterable[str]) -> Iterator[Entry]:
    """A JSON object of the API's fields on each line; blank lines are skipped."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _json_row(number, line)


def _json_row(number: int, line: str) -> Entry:
    if _is_undecoded(line):
        return Problem(number, (_not_utf_8(line),))
    try:
        fields = _object(line)
    except (ValueError, RecursionError) as error:
        return Problem(number, (_json_problem(error),))
    try:
        return Row(number, CreateRoomRequest.from_dict(fields))
    except InvalidRequestError as error:
        name = fields.get("unique_name")
        texts = tuple(map(str, error.details))
        return Problem(number, texts, name if isinstance(name, str) else None)


def _object(line: str) -> dict[str, object]:
    if line.lstrip().startswith("["):  # of an array over many lines, this is all there is to see
        raise _JsonError("this is an array; its objects belong on lines of their own")
    value: object = json.loads(line, object_pairs_hook=_once_each, parse_constant=_no_constant)
    if not isinstance(value, dict):
        raise _JsonError('the line must be a JSON object, such as {"unique_name": "standup"}')
    return cast("dict[str, object]", value)


class _JsonError(ValueError):
    """JSON that is well formed, but not an object of fields."""


def _once_each(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise _JsonError(f"{_shown(name)}: given {times} times")
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    raise _JsonError(f"{name} is not a JSON value")


def _json_problem(error: ValueError | RecursionError) -> str:
    match error:
        case _JsonError():
            return str(error)
        case json.JSONDecodeError():
            return f"this is not JSON: {error.msg} at column {error.colno}"
        case RecursionError():
            return "the values are nested too deeply"
        case _:
            return "a number has too many digits"


def _is_undecoded(text: str) -> bool:
    return _UNDECODED.search(text) is not None


def _not_utf_8(text: str) -> str:
    found = _UNDECODED.search(text)
    byte = f" (byte 0x{ord(found[0]) - 0xDC00:02x})" if found else ""
    return f"this is not UTF-8{byte}; save the file as UTF-8"


def _shown(name: str) -> str:
    text = _UNDECODED.sub("\ufffd", name)
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 3]}..."
