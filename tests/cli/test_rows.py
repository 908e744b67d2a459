"""CSV and JSON lines: each row becomes a request or a problem with its line."""

import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as running
from hypothesis import strategies as st

from support.strategies import json_values, wild_text
from telnyx_video import CreateRoomRequest
from telnyx_video.cli.batch.source import Format, Source, sniff
from telnyx_video.provisioning.rows import FIELDS, LONGEST_LINE, Row, from_value


def rows(data: bytes | str, form: Format) -> list[Row]:
    raw = data.encode() if isinstance(data, str) else data
    return list(Source("rooms", io.BytesIO(raw), form).rows())


def problems(data: bytes | str, form: Format) -> list[str]:
    """Return the problems as "line: text"."""
    raw = data.encode() if isinstance(data, str) else data
    source = Source("rooms", io.BytesIO(raw), form)
    return [f"{row.line}: {text}" for row in source.rows() for text in source.problems(row)]


def requests(data: bytes | str, form: Format) -> list[dict[str, object]]:
    """Return the requested rooms; none of the rows has a problem."""
    assert problems(data, form) == []
    return [
        row.request.to_dict()
        for row in rows(data, form)
        if isinstance(row.request, CreateRoomRequest)
    ]


def test_cells_become_values_of_their_fields() -> None:
    """Numbers and booleans are converted, and text is unchanged."""
    header = "unique_name,max_participants,enable_recording,webhook_timeout_secs\n"
    assert requests(f"{header} stand up , 12 ,YES,0\n", "csv") == [
        {
            "unique_name": " stand up ",
            "max_participants": 12,
            "enable_recording": True,
            "webhook_timeout_secs": 0,
        }
    ]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("true", True), ("1", True), ("Yes", True), ("FALSE", False), ("0", False), ("no", False)],
)
def test_common_spellings_of_booleans_are_read(cell: str, value: bool) -> None:
    """The spellings of spreadsheets are understood."""
    assert requests(f"unique_name,enable_recording\na,{cell}\n", "csv") == [
        {"unique_name": "a", "enable_recording": value}
    ]


def test_an_empty_cell_is_left_out() -> None:
    """An empty cell, or a blank one that is not text, is not sent."""
    assert requests("unique_name,max_participants,webhook_event_url\na,  ,\n", "csv") == [
        {"unique_name": "a"}
    ]


def test_empty_rows_are_skipped() -> None:
    """Blank lines and rows of empty cells, as spreadsheets write them, are skipped."""
    text = "\n,\nunique_name,max_participants\n\n,\n , \na,5\n\n"
    assert requests(text, "csv") == [{"unique_name": "a", "max_participants": 5}]


def test_a_byte_order_mark_and_crlf_are_accepted() -> None:
    """A file that a spreadsheet on Windows wrote is read like any other."""
    assert requests(b"\xef\xbb\xbfunique_name , max_participants\r\n\xc3\xa9,5\r\n", "csv") == [
        {"unique_name": "é", "max_participants": 5}
    ]
    assert requests(b'\xef\xbb\xbf{"unique_name": "\xc3\xa9"}\r\n', "jsonl") == [
        {"unique_name": "é"}
    ]


def test_a_quoted_cell_may_have_several_lines() -> None:
    """Rows are numbered by their first line."""
    found = rows('unique_name,max_participants\n"a\n\nb",5\n"c, d",6\n', "csv")
    assert [(row.line, row.name) for row in found] == [(2, "a\n\nb"), (5, "c, d")]


WRONG_CSV = {
    "unknown column": (
        "unique_name,places\na,5\n",
        "1: places: no such field; the API knows unique_name, max_participants",
    ),
    "column in another spelling": (
        "unique_name,Max Participants\na,5\n",
        "1: Max Participants: no such field; did you mean max_participants?",
    ),
    "column twice": ("unique_name,unique_name\n", "1: unique_name: 2 columns have this name"),
    "column without a name": ("unique_name,\n", "1: column 2 has no name"),
    "no header": ("standup,5\n", "1: the first row must name the columns, from unique_name, max"),
    "empty file": ("", "1: the first row must name the columns"),
    "semicolons": ("unique_name;x\na;1\n", "1: cells must be separated by commas, not semicolons"),
    "tabs": ("unique_name\tx\n", "1: cells must be separated by commas, not tabs"),
    "short row": ("unique_name,max_participants\na\n", "2: the row has 1 cell, the header 2"),
    "long row": ("unique_name\na,b\n", "2: the row has 2 cells, the header 1"),
    "no integer": (
        "unique_name,max_participants\na,ten\n",
        "2: max_participants: must be an integer from 2 to 50, not 'ten'",
    ),
    "no whole number": (
        "max_participants\n10.0\n",
        "2: max_participants: must be an integer from 2 to 50, not '10.0'",
    ),
    "far too large": (
        f"max_participants\n{'9' * 5000}\n",
        "2: max_participants: must be an integer from 2 to 50, not '999",
    ),
    "out of range": ("max_participants\n51\n", "2: max_participants: must be from 2 to 50, not 51"),
    "no boolean": (
        "enable_recording\nmaybe\n",
        "2: enable_recording: must be true or false, not 'maybe'",
    ),
    "no URL": ("webhook_event_url\nhere\n", "2: webhook_event_url: must be a URL with a scheme"),
    "open quote": ('unique_name\n"a\nb\n', "2: a cell begins with a quote that is never closed"),
    "open quote in the header": ('"unique_name', "1: a cell begins with a quote that is never"),
    "text after a quote": ('unique_name\n"a"b\n', "2: this is not CSV: "),
    "huge cell": (f"unique_name\n{'a' * 200_000}\n", "2: a cell has more than 131,072 characters"),
}


@pytest.mark.parametrize(("text", "problem"), WRONG_CSV.values(), ids=WRONG_CSV)
def test_problems_of_csv_are_reported_with_their_line(text: str, problem: str) -> None:
    """Each problem has its line, field and bound, without Python's terms."""
    (found,) = problems(text, "csv")
    assert found.startswith(problem)
    assert "(str)" not in found


WRONG_JSON = {
    "no JSON": ("{", "1: this is not JSON: "),
    "no object": ("5", "1: the line must be a JSON object, such as "),
    "an array": ('[{"unique_name": "a"}]', "1: this is an array; its objects belong on lines"),
    "a key twice": ('{"unique_name": "a", "unique_name": "b"}', "1: unique_name: given 2 times"),
    "no JSON value": ('{"max_participants": NaN}', "1: NaN is not a JSON value"),
    "too many digits": ('{"max_participants": ' + "9" * 5000 + "}", "1: a number has too many"),
    "too deep": ('{"unique_name": ' + "[" * 100_000, "1: the values are nested too deeply"),
    "a string for a number": (
        '{"max_participants": "5"}',
        "1: max_participants: must be an integer from 2 to 50, not '5' (str)",
    ),
    "unknown field": ('{"places": 5}', "1: places: not a field (fields: unique_name, "),
    "a long unknown key twice": (
        '{"' + "x" * 99 + '": 1, "' + "x" * 99 + '": 1}',
        f"1: {'x' * 57}...: given 2 times",
    ),
    "not text": (b'{"unique_name": "\xe9"}', "1: this is not UTF-8 (byte 0xe9)"),
}


@pytest.mark.parametrize(("text", "problem"), WRONG_JSON.values(), ids=WRONG_JSON)
def test_problems_of_json_are_reported_with_their_line(text: bytes | str, problem: str) -> None:
    """Each problem has its line; values are checked with their JSON types."""
    (found,) = problems(text, "jsonl")
    assert found.startswith(problem)


def test_all_problems_are_reported_in_one_run() -> None:
    """Reading continues after a problem."""
    text = b'unique_name,places,max_participants,webhook_event_url\na,,1,\xff\n"b"c,,,\nd,,x,x\n'
    assert [line.partition("; ")[0] for line in problems(text, "csv")] == [
        "1: places: no such field",
        "2: webhook_event_url: this is not UTF-8 (byte 0xff)",
        "2: max_participants: must be from 2 to 50, not 1",
        "3: this is not CSV: ',' expected after '\"'",
        "4: max_participants: must be an integer from 2 to 50, not 'x'",
        "4: webhook_event_url: must be a URL with a scheme and a host, such as "
        "https://example.com/hook, not 'x'",
    ]


def test_an_undecodable_cell_refuses_its_row() -> None:
    """A row with one undecodable cell is a problem."""
    assert problems(b"unique_name\ncaf\xe9\n", "csv") == [
        "2: unique_name: this is not UTF-8 (byte 0xe9); save the file as UTF-8"
    ]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("unique_name\n".encode("utf-16"), "1: the file is UTF-16; save it as UTF-8"),
        (b"\xfe\xff\0u", "1: the file is UTF-16; save it as UTF-8"),
        (b"unique_name\na\0b\nc\n", "2: there is a NUL byte; this is not a text file"),
        (b"unique_name\n" + b"a" * (LONGEST_LINE + 1), "2: the line has more than 1,000,000"),
    ],
)
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_binary_file_is_reported_once(form: Format, data: bytes, problem: str) -> None:
    """Binary input is one problem, not one for each line."""
    last = problems(data, form)[-1]
    assert last.startswith(problem)
    assert last.endswith("nothing after it was read")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ('{"a": 1}', "jsonl"),
        ("\n \n  [", "jsonl"),
        (" " * 9000 + "{", "jsonl"),
        ("unique_name", "csv"),
        ("", "csv"),
    ],
)
def test_the_first_character_decides_the_format(text: str, form: Format) -> None:
    """Text that begins with a bracket, after blanks, is JSON; everything else is CSV."""
    assert sniff(io.StringIO(text)) == form


unhurried = running(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Generating examples is slow on a busy machine."""

settings = st.fixed_dictionaries(
    {},
    optional={
        "unique_name": st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1
        ),
        "max_participants": st.integers(2, 50),
        "enable_recording": st.booleans(),
        "webhook_event_url": st.just("https://hooks.example.com/a,b"),
        "webhook_timeout_secs": st.integers(0, 30),
    },
)


@unhurried
@given(st.lists(settings.filter(lambda room: any(str(v).strip() for v in room.values()))))
def test_csv_round_trips(rooms: list[dict[str, object]]) -> None:
    """Rooms written by a CSV library are read back unchanged."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, FIELDS)
    writer.writeheader()
    writer.writerows(rooms)
    assert requests(file.getvalue(), "csv") == [
        {name: room[name] for name in FIELDS if name in room} for room in rooms
    ]


@unhurried
@given(st.lists(settings))
def test_json_lines_round_trip(
    rooms: list[dict[str, object]],
) -> None:
    """Rooms written by a JSON library are read back unchanged."""
    text = "".join(json.dumps(room) + "\n" for room in rooms)
    assert requests(text, "jsonl") == [
        {name: room[name] for name in FIELDS if name in room} for room in rooms
    ]


@given(st.binary(max_size=200) | wild_text.map(lambda text: text.encode(errors="replace")))
def test_any_bytes_are_read_or_refused_with_a_line(data: bytes) -> None:
    """No content of a file makes reading raise."""
    lines = data.count(b"\n") + data.count(b"\r") + 1
    forms: tuple[Format, ...] = ("csv", "jsonl")
    for form in forms:
        for row in rows(b"unique_name,max_participants\n" * (form == "csv") + data, form):
            assert 1 <= row.line <= lines + 1
            assert isinstance(row.request, CreateRoomRequest) or all(map(str, row.request.details))


@given(json_values)
def test_any_json_is_a_request_or_refused(value: object) -> None:
    """A line is a request exactly if the library accepts its fields."""
    (row,) = rows(json.dumps(value), "jsonl")
    if isinstance(row.request, CreateRoomRequest):
        assert row.request == from_value(value)
