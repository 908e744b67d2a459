"""Files of rooms, cut into parts, and the rows of a part.

Cutting reads each file once and keeps only the borders. A part knows the digest of its bytes, so
that a file that changes between cutting and reading is noticed.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from importlib import import_module
from typing import Any, BinaryIO, Literal, Protocol, TypeAlias

import attrs

from telnyx_video.errors import ConfigurationError, InvalidRequestError
from telnyx_video.models import CreateRoomRequest
from telnyx_video.provisioning.rows import (
    LONGEST_LINE,
    NO_COLUMNS,
    column_problems,
    from_value,
    header_problems,
    read_csv,
    read_json_lines,
)
from telnyx_video.provisioning.storage import expand, open_input

Format: TypeAlias = Literal["csv", "jsonl", "parquet"]

PART_ROWS = 5_000
"""Rooms of a part: half a minute's work or less, and an outcome file of a few megabytes."""

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_BLANK = b' \t\r\n,"'

Row: TypeAlias = tuple[int, CreateRoomRequest | InvalidRequestError]
"""A row's line (or number) in its file, and its request or its problems."""


class Part(Protocol):
    """Rows that are provisioned together."""

    @property
    def name(self) -> str:
        """The name of its outcome file, without the suffix; unlike all others of the job."""
        ...

    @property
    def first(self) -> int:
        """The place of its first row in the job's input, from 0."""
        ...

    @property
    def rows(self) -> int:
        """How many rows it has."""
        ...

    @property
    def digest(self) -> str:
        """The SHA-256 of its rows."""
        ...

    def read(self) -> Iterator[Row]:
        """Its rows, in order.

        Raises:
            ConfigurationError: they are not those that it was made from.
        """
        ...


@attrs.frozen
class RowsPart:
    """Rows in memory: requests, or mappings of their fields."""

    name: str
    values: Sequence[object] = attrs.field(repr=False)
    first: int = 0

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.values)

    @property
    def digest(self) -> str:
        """The SHA-256 of the fields of each."""
        hashed = sha256()
        for _, row in self.read():
            fields = row.to_dict() if isinstance(row, CreateRoomRequest) else str(row)
            hashed.update(json.dumps(fields, default=str).encode() + b"\n")
        return hashed.hexdigest()

    def read(self) -> Iterator[Row]:
        """The rows, numbered from 1."""
        for number, value in enumerate(self.values, 1):
            yield number, _from_value(value)


@attrs.frozen
class FilePart:
    """Part of a file: a range of bytes of CSV or JSON lines, or of rows of Parquet."""

    name: str
    first: int
    rows: int
    digest: str
    path: str
    format: Format
    line: int
    """The first line of the range; for Parquet its first row, from 1."""
    start: int = 0
    """The first byte."""
    size: int = 0
    """Bytes; of the whole file for Parquet."""
    columns: tuple[str, ...] = ()

    def read(self) -> Iterator[Row]:
        """The rows, with their lines.

        Raises:
            ConfigurationError: the file has changed since it was cut.
        """
        if self.format == "parquet":
            return self._read_parquet()
        with open_input(self.path) as file:
            file.seek(self.start)
            data = file.read(self.size)
        if sha256(data).hexdigest() != self.digest:
            raise self._changed()
        text = io.StringIO(
            data.decode("utf-8", "surrogateescape").removeprefix("\ufeff"), newline=""
        )
        if self.format == "csv":
            rows = read_csv(text, self.columns, self.line)
        else:
            rows = read_json_lines(text, self.line)
        return ((row.line, row.request) for row in rows)

    def _read_parquet(self) -> Iterator[Row]:
        with open_input(self.path) as file:
            if file.seek(0, os.SEEK_END) != self.size:
                raise self._changed()
            for number, value in _parquet_rows(file, self.line - 1, self.rows):
                yield number, _from_value(value)

    def _changed(self) -> ConfigurationError:
        return ConfigurationError(
            f"{self.path} has changed since it was cut into parts - restore it, or begin another "
            "job with another output"
        )


def cut(
    source: str | os.PathLike[str] | Iterable[str], part_rows: int = PART_ROWS
) -> list[FilePart]:
    """The parts of the files that paths, URLs or globs name, in order.

    Raises:
        ConfigurationError: there is no such file, or it cannot be read as rooms.
        OSError: a file cannot be read.
    """
    patterns = [os.fspath(source)] if isinstance(source, str | os.PathLike) else list(source)
    parts: list[FilePart] = []
    first = 0
    for pattern in patterns:
        paths = expand(pattern)
        if not paths:
            raise ConfigurationError(f"{pattern}: there is no such file; nothing was sent")
        for path in paths:
            for part in _parts_of(path, part_rows):
                parts.append(attrs.evolve(part, name=part_name(len(parts)), first=first))
                first += part.rows
    return parts


def whole(path: str | os.PathLike[str]) -> FilePart:
    """A file as one part, named after the file and its content."""
    parts = cut(path, part_rows=2**62)
    if len(parts) != 1:
        raise ConfigurationError(f"{os.fspath(path)}: {len(parts)} files with rooms; name one")
    stem = parts[0].path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return attrs.evolve(parts[0], name=f"{stem}-{parts[0].digest[:12]}")


def part_name(number: int) -> str:
    """The name of a part by its place in the job, from 0."""
    return f"part-{number:06}"


def _parts_of(path: str, part_rows: int) -> Iterator[FilePart]:
    """Yield the parts of one file, without names."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in _SUFFIXES:
        raise ConfigurationError(
            f"{path}: the name must end in {', '.join(_SUFFIXES)}; nothing was sent"
        )
    form = _SUFFIXES[suffix]
    with open_input(path) as file:
        if form == "parquet":
            yield from _parquet_parts(file, path, part_rows)
        else:
            yield from _text_parts(file, path, form, part_rows)


def _text_parts(file: BinaryIO, path: str, form: Format, part_rows: int) -> Iterator[FilePart]:
    """Yield parts of whole records; in CSV a record may hold line breaks between quotes."""
    quoted = form == "csv"
    columns: tuple[str, ...] = ()
    start, line = 0, 1
    records = _records(file, path, quoted=quoted)
    if quoted:
        columns, start, line = _header(records, path)
    hashed, size, rows, lines = sha256(), 0, 0, 0
    for record, count in records:
        hashed.update(record)
        size += len(record)
        lines += count
        rows += bool(record.strip(_BLANK if quoted else None))
        if rows == part_rows:
            digest = hashed.hexdigest()
            yield FilePart("", 0, rows, digest, path, form, line, start, size, columns)
            start, line = start + size, line + lines
            hashed, size, rows, lines = sha256(), 0, 0, 0
    if rows:
        digest = hashed.hexdigest()
        yield FilePart("", 0, rows, digest, path, form, line, start, size, columns)


def _records(file: BinaryIO, path: str, *, quoted: bool) -> Iterator[tuple[bytes, int]]:
    """Each record with its line break, and the number of its lines."""
    held: list[bytes] = []
    size = quotes = 0
    while line := file.readline(LONGEST_LINE + 1):
        held.append(line)
        size += len(line)
        if size > LONGEST_LINE:
            raise ConfigurationError(
                f"{path}: a row has more than {LONGEST_LINE:,} bytes; is a quote missing? - "
                "nothing was sent"
            )
        quotes += line.count(b'"') if quoted else 0
        if quotes % 2 == 0:
            yield b"".join(held), len(held)
            held.clear()
            size = 0
    if held:
        yield b"".join(held), len(held)


def _header(records: Iterator[tuple[bytes, int]], path: str) -> tuple[tuple[str, ...], int, int]:
    """The columns of a CSV, the byte behind them, and its line."""
    start, line = 0, 1
    for record, count in records:
        start, line = start + len(record), line + count
        if record.strip(_BLANK):
            text = record.decode("utf-8-sig", "surrogateescape")
            columns = tuple(cell.strip() for cell in next(csv.reader([text])))
            _check_columns(header_problems(columns), path)
            return columns, start, line
    raise ConfigurationError(f"{path}: {NO_COLUMNS} - nothing was sent")


def _parquet_parts(file: BinaryIO, path: str, part_rows: int) -> Iterator[FilePart]:
    hashed, size = sha256(), 0
    while block := file.read(1 << 20):
        hashed.update(block)
        size += len(block)
    file.seek(0)
    parquet = _parquet_file(file)
    _check_columns(column_problems(parquet.schema_arrow.names), path)
    for start in range(0, parquet.metadata.num_rows, part_rows):
        rows = min(part_rows, parquet.metadata.num_rows - start)
        digest = hashed.hexdigest()
        yield FilePart("", 0, rows, digest, path, "parquet", start + 1, size=size)


def _parquet_rows(file: BinaryIO, start: int, rows: int) -> Iterator[tuple[int, object]]:
    """The values of a range of rows, each with its number from 1; reads only their row groups."""
    parquet = _parquet_file(file)
    begin = 0
    for group in range(parquet.num_row_groups):
        end = begin + parquet.metadata.row_group(group).num_rows
        if begin < start + rows and end > start:
            table = parquet.read_row_group(group)
            low, high = max(start - begin, 0), min(start + rows, end) - begin
            for place, value in enumerate(table.slice(low, high - low).to_pylist()):
                yield begin + low + place + 1, value
        begin = end


def _parquet_file(file: BinaryIO) -> Any:
    try:
        return import_module("pyarrow.parquet").ParquetFile(file)
    except ModuleNotFoundError:
        raise ConfigurationError("Parquet files need pyarrow: pip install pyarrow") from None


def _from_value(value: object) -> CreateRoomRequest | InvalidRequestError:
    try:
        return from_value(value)
    except InvalidRequestError as error:
        return error


def _check_columns(problems: list[str], path: str) -> None:
    if problems:
        raise ConfigurationError(f"{path}: {'; '.join(problems)} - nothing was sent")
