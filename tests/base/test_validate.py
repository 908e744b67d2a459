"""Validation of ids, durations, rates, paths and texts, and of their sizes first."""

import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.hostile_values import member
from support.strategies import wild_text
from support.words import is_one_line, short
from telnyx_video import ErrorDetail
from telnyx_video._base import validate as check
from telnyx_video._base.text import did_you_mean, show, without_userinfo


@pytest.mark.parametrize(
    "value", ["0ccc7b54-4df3-4bca-a65a-3da1ecc777f0", "A", "0", "a_b", "-a", "x" * 4000]
)
def test_an_id_as_the_api_writes_it_is_accepted(value: str) -> None:
    """Ids of letters, digits, dashes and underscores are accepted."""
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
        ("x" * 4001, "not_an_id"),
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
    """Anything that is not an id cannot become part of a path."""
    problems: list[ErrorDetail] = []
    check.identifier(problems, "room_id", value)
    assert [(problem.field, problem.code) for problem in problems] == [("room_id", code)]
    assert is_one_line(str(problems[0]))


@given(wild_text)
def test_an_accepted_id_needs_no_escaping(value: str) -> None:
    """Any text that is accepted as an id can be part of a URL as it is."""
    problems: list[ErrorDetail] = []
    check.identifier(problems, "room_id", value)
    if not problems:
        assert value.isascii()
        assert not set(value) & set("/?#%.\\ :@")


@pytest.mark.parametrize("value", [1, 0.001, 1e300, 10**300, 5e-324, math.pi], ids=short)
def test_a_number_above_zero_is_accepted(value: float) -> None:
    """Integers and floats of any finite size are accepted."""
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
        (True, "wrong_type"),
        ("1", "wrong_type"),
        (None, "wrong_type"),
        (1j, "wrong_type"),
    ],
    ids=short,
)
def test_a_number_that_is_not_above_zero_or_not_finite_is_refused(value: object, code: str) -> None:
    """Zero, negative, infinite and NaN values and other types are refused."""
    problems: list[ErrorDetail] = []
    check.positive(problems, "deadline", value)
    assert [(problem.field, problem.code) for problem in problems] == [("deadline", code)]
    assert is_one_line(str(problems[0]))


def test_a_number_too_large_for_a_float_is_refused() -> None:
    """An integer that no arithmetic with times can hold is refused rather than failing later."""
    problems: list[ErrorDetail] = []
    check.positive(problems, "deadline", 10**309)
    assert [problem.code for problem in problems] == ["out_of_range"]


@pytest.mark.parametrize("value", ["a", "é/会", Path("a"), os.fsdecode(b"a\xff")], ids=short)
def test_a_path_may_be_any_that_the_system_can_write(value: object) -> None:
    """File names in another encoding, as the OS lists them, are accepted."""
    problems: list[ErrorDetail] = []
    check.path(problems, "journal", value)
    assert problems == []


@pytest.mark.parametrize("value", ["", "a\0b", "\ud800", Path("a\udfff")], ids=short)
def test_a_path_that_the_system_cannot_write_is_refused(value: object) -> None:
    """A string that cannot name a file is reported before it is opened."""
    problems: list[ErrorDetail] = []
    check.path(problems, "journal", value)
    assert [(problem.field, problem.code) for problem in problems] == [("journal", "not_a_path")]
    assert is_one_line(str(problems[0]))


@given(st.integers(), st.integers(1, 100), st.integers(0, 100))
def test_an_integer_is_accepted_within_its_bounds(value: int, least: int, span: int) -> None:
    """The range includes both bounds."""
    problems: list[ErrorDetail] = []
    check.integer(problems, "page_size", value, least, least + span)
    assert (problems == []) is (least <= value <= least + span)


def test_an_integer_may_be_bounded_below_only() -> None:
    """The message of a one-sided bound names that bound only."""
    problems: list[ErrorDetail] = []
    check.integer(problems, "attempts", 2**62, 1)
    check.integer(problems, "attempts", 0, 1)
    assert list(map(str, problems)) == ["attempts: must be 1 or more, not 0"]


class Counted(str):
    """A string that counts how often its characters are read."""

    looks = 0

    def isascii(self) -> bool:
        Counted.looks += 1
        return super().isascii()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        Counted.looks += 1
        return super().encode(encoding, errors)


@pytest.mark.parametrize(
    ("check_one", "code"),
    [(check.name, "too_long"), (check.text, "too_long"), (check.identifier, "not_an_id")],
)
def test_size_is_checked_before_contents(
    check_one: Callable[[list[ErrorDetail], str, object], None], code: str
) -> None:
    """A text of 10 MB is refused by its length alone, so that it does not block the event loop."""
    Counted.looks = 0
    problems: list[ErrorDetail] = []
    check_one(problems, "field", Counted("é" * 10_000_000))
    assert [problem.code for problem in problems] == [code]
    assert Counted.looks == 0


def test_a_misspelt_keyword_gets_a_suggestion() -> None:
    """The nearest known name is suggested, if any is near."""
    known = ["unique_name", "max_participants"]
    assert did_you_mean("uniqueName", known) == "; did you mean unique_name?"
    assert did_you_mean("x" * 10_000_000, known) == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a" * 10_000_000, f"'{'a' * 58}…"),
        (b"a" * 10_000_000, "b'aaa"),
        ([1] * 10_000_000, "[1, 1, 1, 1, 1, 1, ...]"),
        (member("standup"), "'standup'"),
        (10**5000, "an object without a repr (int)"),
    ],
    ids=short,
)
def test_a_value_is_shown_in_bounded_length(value: object, shown: str) -> None:
    """A value of any size is quoted in at most 60 characters."""
    assert shown in show(value)
    assert len(show(value)) <= 60


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@example.com/@a", "https://***@example.com/@a"),
        ("https://example.com/user@host", "https://example.com/user@host"),
        ("user@example.com", "user@example.com"),
        ("https://example.com", "https://example.com"),
    ],
)
def test_the_password_of_a_url_is_hidden(url: str, shown: str) -> None:
    """User name and password are replaced, and nothing else."""
    assert without_userinfo(url) == shown
