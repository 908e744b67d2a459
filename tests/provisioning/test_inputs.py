"""Files cut into parts, and the parts read again."""

import json
import sys
from csv import QUOTE_ALL
from csv import writer as csv_writer
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_video import ConfigurationError, CreateRoomRequest, InvalidRequestError
from telnyx_video.provisioning import FilePart, RowsPart
from telnyx_video.provisioning.inputs import cut, whole
from telnyx_video.provisioning.rows import LONGEST_LINE

# None of these has types.
pa: Any = import_module("pyarrow")
pq: Any = import_module("pyarrow.parquet")
memory: Any = import_module("fsspec.implementations.memory").MemoryFileSystem()


def names(parts: list[FilePart]) -> list[object]:
    """Return the names in the rows of the parts."""
    return [
        row.unique_name if isinstance(row, CreateRoomRequest) else None
        for part in parts
        for _, row in part.read()
    ]


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """A file of which one name has a line break, with blank lines and a byte order mark."""
    path = tmp_path / "rooms.csv"
    path.write_text(
        '\ufeffunique_name,max_participants\na,5\n\n"b\nb",5\n,\n"c ""c""",5\nd,5',
        encoding="utf-8",
    )
    return path


def test_csv_is_cut_between_records(csv: Path) -> None:
    """Quoted line breaks do not end a row; rows have their lines; blank rows are skipped."""
    parts = cut(csv, 2)
    assert [(part.name, part.first, part.rows) for part in parts] == [
        ("part-000000", 0, 2),
        ("part-000001", 2, 2),
    ]
    assert names(parts) == ["a", "b\nb", 'c "c"', "d"]
    assert [line for part in parts for line, _ in part.read()] == [2, 4, 7, 8]


characters = st.characters(codec="utf-8", exclude_characters="\0\r")


@given(st.lists(st.text(characters, min_size=1, max_size=9), max_size=20), st.integers(1, 7))
def test_cutting_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], rows: int
) -> None:
    """The parts have the rows of the file, in order."""
    path = tmp_path_factory.mktemp("inputs") / "rooms.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv_writer(file, quoting=QUOTE_ALL, lineterminator="\n")
        writer.writerow(["unique_name", "max_participants"])
        writer.writerows([text, "5"] for text in texts)
    parts = cut(path, rows)
    assert sum(part.rows for part in parts) == len(texts)
    assert sum(1 for part in parts for _ in part.read()) == len(texts)
    assert all(part.rows <= rows for part in parts)


def test_json_lines_are_cut_and_read(tmp_path: Path) -> None:
    """Blank lines are skipped, and invalid rows have an error."""
    path = tmp_path / "rooms.jsonl"
    path.write_text('\ufeff{"unique_name": "a"}\n\n{"unique_name": 5}\n{\n' + "[" * 99_999 + "\n")
    parts = cut(path, 2)
    assert [part.rows for part in parts] == [2, 2]
    rows = [row for part in parts for row in part.read()]
    assert [line for line, _ in rows] == [1, 3, 4, 5]
    assert [isinstance(row, InvalidRequestError) for _, row in rows] == [False, True, True, True]
    assert "this is not JSON" in str(rows[2][1])


@pytest.mark.parametrize("group", [2, 3, 100])
def test_parquet_is_cut_by_rows(tmp_path: Path, group: int) -> None:
    """Parts may span row groups, and row groups parts; whole floats are read as integers."""
    path = tmp_path / "rooms.parquet"
    table = pa.table({"unique_name": list("abcdefg"), "max_participants": [5.0, None] * 3 + [7.0]})
    pq.write_table(table, path, row_group_size=group)
    parts = cut(path, 3)
    assert [part.rows for part in parts] == [3, 3, 1]
    assert names(parts) == list("abcdefg")
    assert [line for part in parts for line, _ in part.read()] == [1, 2, 3, 4, 5, 6, 7]


def test_columns_of_parquet_must_be_fields(tmp_path: Path) -> None:
    """The error names the column and the fields."""
    pq.write_table(pa.table({"color": ["red"]}), tmp_path / "rooms.parquet")
    with pytest.raises(ConfigurationError, match="color: no such field"):
        cut(tmp_path / "rooms.parquet")


def test_globs_lists_and_urls_name_files(tmp_path: Path) -> None:
    """Files come in the order of the list, those of a glob in the order of their names."""
    for name in "ba":
        (tmp_path / f"{name}.csv").write_text(f"unique_name\n{name}\n")
    memory.pipe_file("/inputs/c.csv", b"unique_name\nc\n")
    parts = cut(["memory://inputs/*.csv", str(tmp_path / "*.csv")])
    assert names(parts) == ["c", "a", "b"]
    assert [part.first for part in parts] == [0, 1, 2]


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("rooms.txt", "", "must end in .csv"),
        ("rooms.csv", "", "first row must name the columns"),
        ("rooms.csv", "color\nred\n", "first row must name the columns"),
        ("rooms.csv", "unique_name,color\na,red\n", "color: no such field"),
        ("rooms.csv", 'unique_name\n"' + "a" * LONGEST_LINE + "\n\n", "more than 1,000,000 bytes"),
        ("rooms.csv", 'unique_name\n"' + "a\n" * LONGEST_LINE, "more than 1,000,000 bytes"),
        ("other.csv", "", "no such file"),
    ],
)
def test_invalid_inputs_are_refused(tmp_path: Path, file: str, content: str, problem: str) -> None:
    """The error says why, before anything is sent."""
    (tmp_path / file.replace("other", "rooms")).write_text(content)
    with pytest.raises(ConfigurationError, match=problem):
        cut(tmp_path / file)


def test_blank_lines_before_the_columns_are_skipped(tmp_path: Path) -> None:
    """They count as lines."""
    path = tmp_path / "rooms.csv"
    path.write_text("\n\nunique_name\na\n")
    assert [line for part in cut(path) for line, _ in part.read()] == [4]


def test_a_quote_that_is_never_closed_is_an_error_of_its_row(tmp_path: Path) -> None:
    """The rows before it are read."""
    path = tmp_path / "rooms.csv"
    path.write_text('unique_name\na\n"b\n')
    (a, b) = [row for part in cut(path) for _, row in part.read()]
    assert a == CreateRoomRequest(unique_name="a")
    assert "a quote that is never closed" in str(b)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_that_has_changed_is_refused(tmp_path: Path, kind: str) -> None:
    """Rows of another file must not be taken for those of the job."""
    path = tmp_path / f"rooms.{kind}"

    def write(name: str) -> None:
        if kind == "csv":
            path.write_text(f"unique_name\n{name}\n")
        else:
            pq.write_table(pa.table({"unique_name": [name]}), path)

    write("a")
    (part,) = cut(path)
    write("b" * 20)
    with pytest.raises(ConfigurationError, match="has changed"):
        list(part.read())


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is needed only for such files."""
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (tmp_path / "rooms.parquet").write_text("")
    with pytest.raises(ConfigurationError, match="pip install pyarrow"):
        cut(tmp_path / "rooms.parquet")


def test_a_whole_file_is_named_after_its_content(tmp_path: Path, csv: Path) -> None:
    """So that two files never share an outcome file."""
    part = whole(csv)
    assert part.rows == 4
    assert part.name == f"rooms-{part.digest[:12]}"
    (tmp_path / "more.csv").write_text("unique_name\na\n")
    with pytest.raises(ConfigurationError, match="2 files with rooms"):
        whole(f"{tmp_path}/*.csv")


def test_rows_in_memory_have_a_digest_of_their_fields() -> None:
    """A request and the mapping of its fields are the same; invalid rows count, too."""
    values: list[Any] = [CreateRoomRequest(unique_name="a"), {"color": 1}]
    part = RowsPart("p", values)
    same = RowsPart("q", [{"unique_name": "a"}, json.loads('{"color": 1}')])
    assert part.rows == 2
    assert part.digest == same.digest != RowsPart("p", values[:1]).digest
