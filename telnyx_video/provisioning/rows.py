"""Rows of files and frames as requests: CSV, JSON lines, Parquet, bags and data frames.

Pure: lines or values in, a request or an error out for each row. Text is decoded with
``surrogateescape``, so that a byte that is not UTF-8 arrives as a lone surrogate, in its line.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, NoReturn, cast, get_args, get_type_hints

from telnyx_video.errors import ErrorDetail, InvalidRequestError
from telnyx_video.models import CreateRoomRequest, RoomFields

_TYPES: Final = {
    name: get_args(hint)
    for name, hint in get_type_hints(RoomFields).items()
    if name != "extra"  # which no cell can hold
}

FIELDS: Final = tuple(_TYPES)
"""The API's names of a room's settings."""

LONGEST_LINE: Final = 1_000_000
"""Bytes or characters; a row with every URL at its longest has about 4,300."""

NO_COLUMNS: Final = f"the first row must name the columns, from {', '.join(FIELDS)}"

_LONGEST_NAME = 60  # characters of a field's name in a message
_UNDECODED = re.compile("[\udc80-\udcff]")
_INTEGER = re.compile("[+-]?[0-9]{1,18}")  # more digits than any bound has, and quick to read
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Row(NamedTuple):
    """One row of a file."""

    line: int
    """The line that it begins on."""
    request: CreateRoomRequest | InvalidRequestError
    """The requested room, or everything that is wrong with the row."""
    name: str | None = None
    """The room's name, if the row has one that can be read."""


def read_csv(
    lines: Iterable[str], columns: Sequence[str] | None = None, first: int = 1
) -> Iterator[Row]:
    """Yield the rows of CSV; an empty cell is left out, an empty row skipped.

    Args:
        lines: The text.
        columns: The fields of the cells; by default the first row names them.
        first: The number of the first line.
    """
    reader = csv.reader(lines, strict=True)
    while True:
        line = first + reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            yield Row(line, _error(_csv_problem(error)))
            if columns is None:
                return
            continue
        if columns is None and any(cells):
            columns = [cell.strip() for cell in cells]
            if problems := header_problems(columns):
                yield Row(line, _error(*problems))
            if not set(columns) & set(FIELDS):
                return
        elif columns is not None and any(map(str.strip, cells)):
            yield _csv_row(line, columns, cells)
    if columns is None:
        yield Row(1, _error(NO_COLUMNS))


def read_json_lines(lines: Iterable[str], first: int = 1) -> Iterator[Row]:
    """Yield the rows of JSON lines, each an object of the API's fields; blank lines are skipped."""
    for number, line in enumerate(lines, first):
        if line.strip():
            yield _json_row(number, line)


def from_value(value: object) -> CreateRoomRequest:
    """Return the request of a mapping of fields, as files and frames have them, or of a request.

    A missing value, be it None or NaN, leaves its field out; an unknown field is refused all the
    same. Integers may come as floats, since frames store them so in columns where one is missing.

    Raises:
        InvalidRequestError: lists all that is wrong with the row.
    """
    if isinstance(value, CreateRoomRequest):
        return value
    if not isinstance(value, Mapping):
        problem = f"must be a CreateRoomRequest or its fields, not {type(value).__name__}"
        raise InvalidRequestError((ErrorDetail(problem, code="wrong_type"),))
    fields = cast("Mapping[str, object]", value)
    return CreateRoomRequest.from_dict(
        {
            name: _plain(name, given)
            for name, given in fields.items()
            if name not in _TYPES or not _is_missing(given)
        }
    )


def header_problems(columns: Sequence[str]) -> list[str]:
    """Return the problems of the first row of CSV."""
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(columns) == 1 and separator in columns[0]:
            return [f"cells must be separated by commas, not {name}"]
    return column_problems(columns) if set(columns) & set(FIELDS) else [NO_COLUMNS]


def column_problems(columns: Sequence[str]) -> list[str]:
    """Return the problems of columns, which must be different fields."""
    problems: list[str] = []
    for place, column in enumerate(columns, 1):
        if not column:
            problems.append(f"column {place} has no name")
        elif column not in FIELDS:
            problems.append(f"{_shown(column)}: no such field; {_instead(column)}")
    for column, times in Counter(columns).items():
        if times > 1 and column:
            problems.append(f"{_shown(column)}: {times} columns have this name")
    return problems


def _instead(column: str) -> str:
    from difflib import get_close_matches  # loaded when needed: most files are right

    meant = get_close_matches(column.lower().replace(" ", "_"), FIELDS, n=1)
    return f"did you mean {meant[0]}?" if meant else f"the API knows {', '.join(FIELDS)}"


def _error(*problems: str) -> InvalidRequestError:
    return InvalidRequestError(tuple(map(ErrorDetail, problems)))


def _csv_problem(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "a cell begins with a quote that is never closed"
    if "field limit" in str(error):
        return f"a cell has more than {csv.field_size_limit():,} characters; is a quote missing?"
    return f"this is not CSV: {error}"


def _csv_row(line: int, columns: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(columns):
        count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        return Row(line, _error(f"the row has {count}, the header {len(columns)}"))
    given = {
        column: cell
        for column, cell in zip(columns, cells, strict=True)
        if column in FIELDS and (cell if str in _TYPES[column] else cell.strip())
    }
    readable = {name: text for name, text in given.items() if not _not_utf_8(text)}
    problems = [
        ErrorDetail(_not_utf_8(given[name]), pointer=f"/{name}")
        for name in given
        if name not in readable
    ]
    name = readable.get("unique_name")
    try:
        request = CreateRoomRequest.from_dict(
            {name: _cell_value(name, text) for name, text in readable.items()}
        )
    except InvalidRequestError as error:
        return Row(line, InvalidRequestError((*problems, *error.details)), name)
    return Row(line, InvalidRequestError(tuple(problems)) if problems else request, name)


def _cell_value(name: str, text: str) -> object:
    """Return the text as a value of the field's type.

    Text that cannot be read so stays text: the model then refuses it, and names the bound.
    """
    if str in _TYPES[name]:
        return text
    trimmed = text.strip()
    if bool in _TYPES[name]:
        return _BOOLEANS.get(trimmed.lower(), text)
    return int(trimmed) if _INTEGER.fullmatch(trimmed) else text


def _json_row(line: int, text: str) -> Row:
    if problem := _not_utf_8(text):
        return Row(line, _error(problem))
    try:
        fields = _object(text)
    except (ValueError, RecursionError) as error:
        return Row(line, _error(_json_problem(error)))
    found = fields.get("unique_name")
    name = found if isinstance(found, str) else None
    try:
        return Row(line, _from_json(fields), name)
    except InvalidRequestError as error:
        return Row(line, error, name)


def _from_json(fields: Mapping[str, object]) -> CreateRoomRequest:
    """Return the request of a JSON object.

    Null is sent where the API takes it; elsewhere it leaves its field out, as in lines of a frame.
    """
    kept = (name for name, given in fields.items() if given is not None or _takes_null(name))
    return CreateRoomRequest.from_dict({name: _plain(name, fields[name]) for name in kept})


def _takes_null(name: str) -> bool:
    """Whether null is a value of the field; an unknown field is refused, whatever its value."""
    return type(None) in _TYPES.get(name, (type(None),))


def _object(text: str) -> dict[str, object]:
    if text.lstrip().startswith("["):  # of an array over many lines, this is all there is to see
        raise _JsonError("this is an array; its objects belong on lines of their own")
    value: object = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant)
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


def _not_utf_8(text: str) -> str | None:
    """Return the problem of text with an undecoded byte, if it has one."""
    found = _UNDECODED.search(text)
    if found is None:
        return None
    return f"this is not UTF-8 (byte 0x{ord(found[0]) - 0xDC00:02x}); save the file as UTF-8"


def _shown(name: str) -> str:
    text = _UNDECODED.sub("\ufffd", name)
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 3]}..."


def _is_missing(value: object) -> bool:
    """Whether it is None, NaN, or pandas' NA, which does not even compare equal to itself."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def _plain(name: str, value: object) -> object:
    """Return the value without the types of numpy, and a whole float as an integer."""
    item = getattr(value, "item", None)
    if callable(item):
        value = item()
    if int in _TYPES.get(name, ()) and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
