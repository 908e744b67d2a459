"""The checks that no request makes: of ids in paths, of spans of time, and of rates."""

import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.strategies import wild_text
from support.words import is_one_line, short
from telnyx_video import ErrorDetail
from telnyx_video._base import validate as check


@pytest.mark.parametrize(
    "value", ["0ccc7b54-4df3-4bca-a65a-3da1ecc777f0", "A", "0", "a_b", "-a", "x" * 5000]
)
def test_an_id_as_the_api_writes_it_is_taken(value: str) -> None:
    """Ids of letters, digits, dashes and underscores are taken, of any length."""
    problems: list[ErrorDetail] = []
    check.identifier(problems, "room_id", value)
    assert problems == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "not_an_id"),
        ("-", "not_an_id"),
        (".", "not_an_id"),
        ("..", "not_an_id"),
        ("../rooms", "not_an_id"),
        ("a/b", "not_an_id"),
        ("a\\b", "not_an_id"),
        ("a?b", "not_an_id"),
        ("a#b", "not_an_id"),
        ("a%2Fb", "not_an_id"),
        ("a b", "not_an_id"),
        ("a\n", "not_an_id"),
        ("é", "not_an_id"),
        ("\uff11", "not_an_id"),
        ("\ud800", "not_an_id"),
        (None, "wrong_type"),
        (7, "wrong_type"),
        (b"a", "wrong_type"),
    ],
    ids=short,
)
def test_an_id_that_could_reach_another_resource_is_refused(value: object, code: str) -> None:
    """What is not an id cannot become a piece of a path."""
    problems: list[ErrorDetail] = []
    check.identifier(problems, "room_id", value)
    assert [(problem.field, problem.code) for problem in problems] == [("room_id", code)]
    assert is_one_line(str(problems[0]))


@given(wild_text)
def test_an_id_that_is_taken_needs_no_escaping(value: str) -> None:
    """Whatever text passes for an id stands in a URL as it is."""
    problems: list[ErrorDetail] = []
    check.identifier(problems, "room_id", value)
    if not problems:
        assert value.isascii()
        assert not set(value) & set("/?#%.\\ :@")


@pytest.mark.parametrize("value", [1, 0.001, 1e300, 10**300, 5e-324, math.pi], ids=short)
def test_a_number_above_zero_is_taken(value: float) -> None:
    """A number may be whole or a fraction, as small and as large as a float can be."""
    problems: list[ErrorDetail] = []
    check.positive(problems, "deadline", value)
    assert problems == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (0, "out_of_range"),
        (0.0, "out_of_range"),
        (-1, "out_of_range"),
        (math.inf, "out_of_range"),
        (-math.inf, "out_of_range"),
        (math.nan, "out_of_range"),
        (-(10**5000), "out_of_range"),
        (True, "wrong_type"),
        ("1", "wrong_type"),
        (None, "wrong_type"),
        (1j, "wrong_type"),
    ],
    ids=short,
)
def test_a_number_that_is_not_above_zero_or_not_finite_is_refused(value: object, code: str) -> None:
    """Zero, negative, endless and undefined figures are refused, as is what is no number."""
    problems: list[ErrorDetail] = []
    check.positive(problems, "deadline", value)
    assert [(problem.field, problem.code) for problem in problems] == [("deadline", code)]
    assert is_one_line(str(problems[0]))


@pytest.mark.parametrize("value", [10**309, 10**5000], ids=["309 digits", "5000 digits"])
def test_a_number_too_large_for_a_float_is_refused(value: int) -> None:
    """An integer that no clock's arithmetic can hold is refused rather than failing later."""
    problems: list[ErrorDetail] = []
    check.positive(problems, "deadline", value)
    assert [problem.code for problem in problems] == ["out_of_range"]


@pytest.mark.parametrize("value", ["a", "é/会", Path("a"), os.fsdecode(b"a\xff")], ids=short)
def test_a_path_may_be_any_that_the_system_can_write(value: object) -> None:
    """Names in another encoding, as the system lists them, are paths too."""
    problems: list[ErrorDetail] = []
    check.path(problems, "journal", value)
    assert problems == []


@pytest.mark.parametrize("value", ["", "a\0b", "\ud800", Path("a\udfff")], ids=short)
def test_a_path_that_the_system_cannot_write_is_refused(value: object) -> None:
    """What could be no name of a file is told before it is opened."""
    problems: list[ErrorDetail] = []
    check.path(problems, "journal", value)
    assert [(problem.field, problem.code) for problem in problems] == [("journal", "not_a_path")]
    assert is_one_line(str(problems[0]))


@given(st.integers(), st.integers(1, 100), st.integers(0, 100))
def test_an_integer_is_taken_just_between_its_bounds(value: int, least: int, span: int) -> None:
    """Both bounds belong to the range, and nothing beyond them does."""
    problems: list[ErrorDetail] = []
    check.integer(problems, "page_size", value, least, least + span)
    assert (problems == []) is (least <= value <= least + span)


def test_an_integer_may_be_bounded_below_only() -> None:
    """A bound without an upper end says so."""
    problems: list[ErrorDetail] = []
    check.integer(problems, "attempts", 10**5000, 1)
    check.integer(problems, "attempts", 0, 1)
    assert list(map(str, problems)) == ["attempts: must be 1 or more, not 0"]
