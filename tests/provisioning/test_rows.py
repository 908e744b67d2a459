"""Rows of files and frames as requests."""

import math

import pytest

from telnyx_video import UNSET, ConfigurationError, CreateRoomRequest, InvalidRequestError
from telnyx_video.provisioning.rows import check_columns, from_cells, from_value

COLUMNS = ("unique_name", "max_participants", "enable_recording")


@pytest.mark.parametrize(
    ("cells", "fields"),
    [
        (["a", "5", "yes"], {"unique_name": "a", "max_participants": 5, "enable_recording": True}),
        (["", " 5", "FALSE"], {"max_participants": 5, "enable_recording": False}),
        (["", "", " "], {}),
        ([" ", "", ""], {"unique_name": " "}),
    ],
)  # fmt: skip
def test_cells_become_the_values_of_their_fields(
    cells: list[str], fields: dict[str, object]
) -> None:
    """Numbers and booleans are read; an empty cell leaves its field out; a name may be a space."""
    assert from_cells(COLUMNS, cells).to_dict() == fields


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (["a"], "the row has 1 cells, the header 3"),
        (["a", "many", ""], "max_participants"),
        (["a", "", "perhaps"], "enable_recording"),
    ],
)
def test_a_row_that_makes_no_request_says_why(cells: list[str], problem: str) -> None:
    """The error names the field."""
    with pytest.raises(InvalidRequestError, match=problem):
        from_cells(COLUMNS, cells)


class Number:
    """A number as numpy has them."""

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
    """None, NaN and NA are how frames say that there is no value."""
    request = from_value({"unique_name": "a", "max_participants": missing})
    assert request.max_participants is UNSET


@pytest.mark.parametrize("seven", [7, 7.0, Number()])
def test_integers_may_come_as_floats(seven: object) -> None:
    """A column of integers of which one is missing holds floats."""
    assert from_value({"max_participants": seven}) == CreateRoomRequest(max_participants=7)


def test_a_request_is_taken_as_it_is() -> None:
    """Bags may hold requests."""
    request = CreateRoomRequest(unique_name="a")
    assert from_value(request) is request


@pytest.mark.parametrize("value", [7, "a", ["a"], {"max_participants": 2.5}, {"color": "red"}])
def test_what_is_not_a_room_is_refused(value: object) -> None:
    """Neither other types, nor fractions, nor unknown fields."""
    with pytest.raises(InvalidRequestError):
        from_value(value)


@pytest.mark.parametrize(
    ("columns", "named"),
    [(["unique_name", "color"], "'color'"), (["unique_name"] * 2, "'unique_name'"), ([], "")],
)
def test_columns_must_be_different_fields(columns: list[str], named: str) -> None:
    """The error names what is wrong."""
    with pytest.raises(ConfigurationError, match=f"rooms.csv: columns .*{named}"):
        check_columns(columns, "rooms.csv")
