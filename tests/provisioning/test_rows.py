"""Rows of files and frames as requests."""

import math

import pytest

from telnyx_video import UNSET, CreateRoomRequest, InvalidRequestError
from telnyx_video.provisioning.rows import from_value, read_csv, read_json_lines

COLUMNS = ("unique_name", "max_participants", "enable_recording")


def test_rows_of_a_part_have_their_lines_in_the_file() -> None:
    """A part of CSV begins after the header; a record may have several lines."""
    rows = list(read_csv(['"a\n', '",5,\n', "b,5,yes\n"], COLUMNS, first=7))
    assert [(row.line, row.name) for row in rows] == [(7, "a\n"), (9, "b")]
    assert rows[1].request == CreateRoomRequest(
        unique_name="b", max_participants=5, enable_recording=True
    )


def test_null_leaves_a_field_out() -> None:
    """JSON lines of a data frame have null where a value is missing."""
    (row,) = read_json_lines(['{"unique_name": "a", "max_participants": null}'], first=3)
    assert row == (3, CreateRoomRequest(unique_name="a"), "a")


@pytest.mark.parametrize("name", ["webhook_event_failover_url", "webhook_timeout_secs"])
def test_null_is_sent_where_the_api_takes_it(name: str) -> None:
    """With it, ``--if-exists update`` removes the failover URL of a room."""
    (row,) = read_json_lines([f'{{"unique_name": "a", "{name}": null}}'])
    assert isinstance(row.request, CreateRoomRequest)
    assert row.request.to_dict() == {"unique_name": "a", name: None}


def test_an_unknown_field_is_refused_even_with_null() -> None:
    """A misspelt field is found in the first row, not in the first that has a value."""
    (row,) = read_json_lines(['{"unique_name": "a", "max_particpants": null}'])
    assert "max_particpants: not a field; did you mean max_participants?" in str(row.request)


class Number:
    """A number of numpy."""

    def item(self) -> int:
        """Return it as Python's."""
        return 7


class NAType:
    """Pandas' missing value."""

    def __ne__(self, _: object) -> bool:
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = None  # type: ignore[assignment] # as pandas' own


@pytest.mark.parametrize("missing", [None, math.nan, NAType()])
def test_missing_values_leave_their_fields_out(missing: object) -> None:
    """Frames have None, NaN or NA for them."""
    request = from_value({"unique_name": "a", "max_participants": missing})
    assert request.max_participants is UNSET


@pytest.mark.parametrize("seven", [7, 7.0, Number()])
def test_integers_may_come_as_floats(seven: object) -> None:
    """A column of integers with a missing one holds floats."""
    assert from_value({"max_participants": seven}) == CreateRoomRequest(max_participants=7)


def test_a_request_is_returned_unchanged() -> None:
    """Bags may hold requests."""
    request = CreateRoomRequest(unique_name="a")
    assert from_value(request) is request


@pytest.mark.parametrize("value", [7, "a", ["a"], {"max_participants": 2.5}, {"color": None}])
def test_invalid_values_are_refused(value: object) -> None:
    """Other types, fractions and unknown fields."""
    with pytest.raises(InvalidRequestError):
        from_value(value)
