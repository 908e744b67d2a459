"""Rooms: every bound of a request, at and beyond its edge, and the behaviour of the models.

Reading and writing is tested with the converter, in `test_codec.py`.
"""

import copy
import pickle
from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.hostile_values import Array, Faulty
from support.strategies import json_values, text
from support.words import is_one_line, short
from telnyx_video import (
    UNSET,
    CreateRoomRequest,
    InvalidRequestError,
    ResponseDecodeError,
    Room,
)
from telnyx_video.models import DateRange, Page, Reply

LEAP_DAY = date(2024, 2, 29)
LONGEST_URL = "https://example.com/".ljust(2000, "x")

ALLOWED: dict[str, list[object]] = {
    "unique_name": ["x", " ", "stand-up", "a\nb", "会議", "x" * 4000, " " * 4000, "😀" * 333],
    "max_participants": [2, 3, 49, 50],
    "enable_recording": [True, False],
    "webhook_event_url": [
        "https://example.com",
        "http://[::1]:8080/a?b=c#d",
        "https://user:secret@example.com:65535",
        "https://例え.jp/道",
        "wss://example.com",
        LONGEST_URL,
    ],
    "webhook_event_failover_url": ["https://example.com", LONGEST_URL, "", None],
    "webhook_timeout_secs": [0, 1, 29, 30, None],
}

NO_URLS: list[tuple[object, str]] = [
    ("example.com", "not_a_url"),
    ("//example.com", "not_a_url"),
    ("https:example.com", "not_a_url"),
    ("mailto:a@example.com", "not_a_url"),
    ("https://", "not_a_url"),
    ("https:///path", "not_a_url"),
    ("https://:443", "not_a_url"),
    ("https://user@/path", "not_a_url"),
    ("://example.com", "not_a_url"),
    ("1https://example.com", "not_a_url"),
    ("https://exa mple.com", "not_a_url"),
    ("https://example.com/a b", "not_a_url"),
    (" https://example.com", "not_a_url"),
    ("https://example.com\n", "not_a_url"),
    ("https://exam\tple.com", "not_a_url"),
    ("https://example.com/\0", "not_a_url"),
    ("https://example.com/\x7f", "not_a_url"),
    ("https://example.com/\xa0", "not_a_url"),
    ("https://example.com/\ud800", "not_a_url"),
    ("https://[::1", "not_a_url"),
    ("https://[example]/", "not_a_url"),
    ("https://example.com:port", "not_a_url"),
    ("https://example.com:65536", "not_a_url"),
    ("https://example.com:0", "not_a_url"),
    (LONGEST_URL + "x", "too_long"),
    (b"https://example.com", "wrong_type"),
    (["https://example.com"], "wrong_type"),
    (True, "wrong_type"),
    (7, "wrong_type"),
]

REFUSED: dict[str, list[tuple[object, str]]] = {
    "unique_name": [
        ("", "empty"),
        ("\ud800", "not_text"),
        ("a\udfffb", "not_text"),
        ("x" * 4001, "too_long"),
        ("😀" * 334, "too_long"),
        ("é" * 667, "too_long"),
        ("/" * 1334, "too_long"),
        (None, "wrong_type"),
        (7, "wrong_type"),
        (True, "wrong_type"),
        (b"x", "wrong_type"),
        (["x"], "wrong_type"),
        (Faulty(), "wrong_type"),
    ],
    "max_participants": [
        (1, "out_of_range"),
        (51, "out_of_range"),
        (0, "out_of_range"),
        (-2, "out_of_range"),
        (2**64, "out_of_range"),
        (10.0, "wrong_type"),
        (float("nan"), "wrong_type"),
        ("10", "wrong_type"),
        (True, "wrong_type"),
        (None, "wrong_type"),
        ([], "wrong_type"),
        (Faulty(), "wrong_type"),
    ],
    "enable_recording": [
        (0, "wrong_type"),
        (1, "wrong_type"),
        ("true", "wrong_type"),
        ("", "wrong_type"),
        (None, "wrong_type"),
    ],
    "webhook_event_url": [*NO_URLS, ("", "not_a_url"), (None, "wrong_type")],
    "webhook_event_failover_url": [*NO_URLS, (False, "wrong_type"), (0, "wrong_type")],
    "webhook_timeout_secs": [
        (-1, "out_of_range"),
        (31, "out_of_range"),
        (5.0, "wrong_type"),
        (0.0, "wrong_type"),
        ("5", "wrong_type"),
        ("", "wrong_type"),
        (False, "wrong_type"),
    ],
}


class Talkative:
    """An object whose repr has two lines, as those of tables and arrays."""

    def __repr__(self) -> str:
        return "first line\nsecond line"


def make(**fields: Any) -> CreateRoomRequest:
    """Make a request as an unchecked caller would."""
    return CreateRoomRequest(**fields)


@pytest.mark.parametrize(
    ("field", "value"), [(f, v) for f, values in ALLOWED.items() for v in values], ids=short
)
def test_a_value_within_its_bounds_is_kept_as_it_is(field: str, value: object) -> None:
    """Allowed values are kept, given as keywords or in a mapping."""
    request = make(**{field: value})
    assert request == CreateRoomRequest.from_dict({field: value})
    assert request.to_dict() == {field: value}
    assert type(request.to_dict()[field]) is type(value)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [(f, v, code) for f, values in REFUSED.items() for v, code in values],
    ids=short,
)
def test_a_value_beyond_its_bounds_is_refused(field: str, value: object, code: str) -> None:
    """A value that the API would refuse is refused before it is sent, with its field."""
    with pytest.raises(InvalidRequestError) as caught:
        make(**{field: value})
    (problem,) = caught.value.details
    assert (problem.field, problem.pointer, problem.code) == (field, f"/{field}", code)
    assert str(caught.value).startswith(f"nothing was sent: {field}: ")
    assert is_one_line(str(caught.value))
    assert len(str(caught.value)) < 250


def test_bounds_are_named_in_the_message() -> None:
    """A message names the bound, and the value given."""
    with pytest.raises(InvalidRequestError) as caught:
        make(max_participants=51, webhook_timeout_secs="5", webhook_event_url=LONGEST_URL + "x")
    assert [problem.detail for problem in caught.value.details] == [
        "must be from 2 to 50, not 51",
        "must have at most 2000 characters, not 2001",
        "must be an integer from 0 to 30, not '5' (str)",
    ]


def test_a_name_that_no_look_up_could_ask_for_is_refused() -> None:
    """The bound counts bytes in a URL, and the message says so, with any other problem."""
    with pytest.raises(InvalidRequestError) as caught:
        make(unique_name="😀" * 700 + "\ud800")
    assert [problem.detail for problem in caught.value.details] == [
        "has a lone surrogate, which UTF-8 cannot express",
        "must take at most 4000 bytes in a URL, not 8403",
    ]


def test_all_problems_are_listed_in_the_order_of_the_fields() -> None:
    """One error lists every problem, in the order of the API reference, not of the call."""
    wrong = {field: values[0][0] for field, values in REFUSED.items()}
    with pytest.raises(InvalidRequestError) as caught:
        make(**dict(reversed(wrong.items())))
    assert [problem.field for problem in caught.value.details] == list(wrong)
    assert all(f"{field}: " in str(caught.value) for field in wrong)


def test_unknown_fields_are_listed_with_the_other_problems() -> None:
    """A misspelt column of a file is reported with the bad values, and the nearest field."""
    with pytest.raises(InvalidRequestError) as caught:
        CreateRoomRequest.from_dict({"max_participants": 1, "uniqueName": "x", "region": None})
    assert [(problem.field, problem.code) for problem in caught.value.details] == [
        ("uniqueName", "unknown_field"),
        ("region", "unknown_field"),
        ("max_participants", "out_of_range"),
    ]
    assert "did you mean unique_name?" in str(caught.value.details[0].detail)


@pytest.mark.parametrize("name", ["a/b", "a~b", "~1", "/", ""])
def test_an_unknown_field_is_named_as_it_was_written(name: str) -> None:
    """A slash or tilde in a field's name does not change which field a problem is about."""
    with pytest.raises(InvalidRequestError) as caught:
        CreateRoomRequest.from_dict({name: 1})
    (problem,) = caught.value.details
    assert problem.field == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (None, "None"),
        (b"unique_name", "b'unique_name'"),
        (date(2024, 2, 29), "datetime.date(2024, 2, 29)"),
        (7, "7"),
        (("a", "b"), "('a', 'b')"),
    ],
    ids=short,
)
def test_a_key_that_is_not_a_string_is_an_unknown_field(name: Any, shown: str) -> None:
    """The surplus cells of a row, which csv gives the key None, are refused by that key."""
    with pytest.raises(InvalidRequestError) as caught:
        CreateRoomRequest.from_dict({name: ["oops"], "unique_name": ""})
    assert [(problem.field, problem.code) for problem in caught.value.details] == [
        (shown, "unknown_field"),
        ("unique_name", "empty"),
    ]
    assert str(caught.value).startswith(f"nothing was sent: {shown}: not a field")


@pytest.mark.parametrize("data", [None, 5, "abc", ["unique_name"], Talkative()], ids=short)
def test_only_a_mapping_can_be_a_request(data: Any) -> None:
    """Anything else is refused, with a message that says so."""
    with pytest.raises(
        InvalidRequestError, match="fields: must be a mapping of names to values, not"
    ):
        CreateRoomRequest.from_dict(data)


@pytest.mark.parametrize(
    ("data", "what"),
    [(None, "null"), (5, "an integer"), ("abc", "a string"), ([("id", "a")], "an array")],
    ids=short,
)
def test_only_a_mapping_can_be_a_room(data: Any, what: str) -> None:
    """Anything else is a decode error."""
    with pytest.raises(ResponseDecodeError) as caught:
        Room.from_dict(data)
    assert str(caught.value) == f"not a Room: expected an object, got {what} @ $"


@given(st.dictionaries(text, json_values, max_size=3))
@example({"a\nb\x1b[2J": 1})
@example({"\ud800": 1})
@example({"x" * 5000: 1})
def test_any_mapping_becomes_a_request_or_a_one_line_error(fields: dict[str, object]) -> None:
    """Any mapping is either a request of the same fields, or refused in one printable line."""
    try:
        request = CreateRoomRequest.from_dict(fields)
    except InvalidRequestError as error:
        refusal = str(error)
    else:
        assert request.to_dict() == fields
        return
    assert is_one_line(refusal)


def test_a_repr_of_several_lines_does_not_break_the_message() -> None:
    """The message stays one line for any object."""
    with pytest.raises(InvalidRequestError) as caught:
        make(max_participants=Talkative())
    assert is_one_line(str(caught.value))


@pytest.mark.parametrize("field", ALLOWED)
def test_a_deeply_nested_value_is_refused_like_any_other(field: str) -> None:
    """A value too deep to print is reported as a problem of its field."""
    value: object = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(InvalidRequestError) as caught:
        make(**{field: value})
    assert [problem.field for problem in caught.value.details] == [field]


def test_a_request_may_be_empty() -> None:
    """An empty request is allowed; the API's defaults apply."""
    assert CreateRoomRequest().to_dict() == {}
    assert make(**dict.fromkeys(ALLOWED, UNSET)) == CreateRoomRequest()


def test_a_request_is_frozen_and_hashable() -> None:
    """Equal requests are interchangeable, and a checked one cannot be changed."""
    request = CreateRoomRequest(unique_name="x", max_participants=5)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        request.unique_name = ""  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue] # the point
    assert {request: 1}[CreateRoomRequest(unique_name="x", max_participants=5)] == 1
    with pytest.raises(InvalidRequestError):
        attrs.evolve(request, max_participants=51)


def test_a_request_survives_pickle_and_copies() -> None:
    """Unset fields stay unset through pickle and copies."""
    request = CreateRoomRequest(unique_name="x", webhook_timeout_secs=None)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(request, protocol))
        assert again == request
        assert again.max_participants is UNSET
    assert copy.copy(request) == copy.deepcopy(request) == request
    assert copy.deepcopy(request).max_participants is UNSET


def test_unset_is_one_falsy_value_that_says_its_name() -> None:
    """UNSET is falsy, prints as UNSET, and keeps its identity through pickle and copies."""
    assert not UNSET
    assert repr(UNSET) == "UNSET"
    assert copy.copy(UNSET) is copy.deepcopy(UNSET) is UNSET
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(UNSET, protocol)) is UNSET


def test_a_room_is_compared_without_its_reply() -> None:
    """`reply` is neither compared nor shown."""
    one = Room(id="a", reply=Reply("req-1"))
    assert one == Room(id="a", reply=Reply("req-2")) != Room(id="b")
    assert "req-1" not in repr(one)


@pytest.mark.parametrize(
    ("items", "number", "total", "is_last"),
    [
        ([], 1, 9, True),
        ([], None, None, True),
        (["x"], None, None, False),
        (["x"], 1, None, False),
        (["x"], None, 1, False),
        (["x"], 1, 2, False),
        (["x"], 2, 2, True),
        (["x"], 3, 2, True),
    ],
)
def test_a_page_knows_whether_another_can_follow(
    items: list[str], number: int | None, total: int | None, is_last: bool
) -> None:
    """A list ends at an empty page, or at its last page if the figures say which."""
    page = Page(items, Reply(), page_number=number, total_pages=total)
    assert page.is_last is is_last


@pytest.mark.parametrize(
    ("days", "message"),
    [
        (("2024-01-01",), "gte: must be a datetime.date (a day in UTC), not str"),
        ((None, 7), "lte: must be a datetime.date (a day in UTC), not int"),
        (
            ("2024", datetime(2024, 2, 29, tzinfo=UTC)),
            "gte: must be a datetime.date (a day in UTC), not str; "
            "lte: must be a datetime.date (a day in UTC), not datetime",
        ),
        ((Array(), LEAP_DAY), "gte: must be a datetime.date (a day in UTC), not Array"),
        (
            (LEAP_DAY, date(2024, 2, 28)),
            "gte: must not be after lte (2024-02-28), as 2024-02-29 is",
        ),
    ],
    ids=["text", "integer", "time", "array", "backwards"],
)
def test_a_date_range_of_no_days_cannot_be_made(days: tuple[Any, ...], message: str) -> None:
    """A bound that is not a day, or an empty range, is refused when it is constructed."""
    with pytest.raises(InvalidRequestError) as caught:
        DateRange(*days)
    assert str(caught.value) == f"nothing was sent: {message}"


def test_a_date_range_may_be_one_day() -> None:
    """Both bounds are included."""
    assert DateRange(LEAP_DAY, LEAP_DAY).gte == LEAP_DAY


def test_a_date_range_is_open_where_no_day_is_given() -> None:
    """Either end of a range may be left open."""
    assert DateRange(lte=date(2024, 2, 29)) == DateRange(None, date(2024, 2, 29))


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("uniqueName", "; did you mean unique_name?"), ("region", ""), ("name", "")],
)
def test_an_unknown_keyword_is_a_type_error_that_names_the_nearest(
    name: str, suggestion: str
) -> None:
    """A misspelt keyword is a mistake in the code; the message lists the fields."""
    with pytest.raises(TypeError) as caught:
        make(**{name: 1})
    expected = f"CreateRoomRequest has no field {name!r}{suggestion} (fields: unique_name, "
    assert str(caught.value).startswith(expected)


def test_a_request_takes_keywords_only() -> None:
    """A name without its keyword gets a message that shows how to pass it."""
    with pytest.raises(TypeError, match=r"such as CreateRoomRequest\(unique_name=\.\.\.\)"):
        CreateRoomRequest("standup")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue] # the point


def test_a_room_is_a_snapshot() -> None:
    """Assigning to a room, which would not change it on the server, is refused."""
    room = Room(id="a", unique_name="x")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        room.unique_name = "y"  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue] # the point
    assert attrs.evolve(room, unique_name="y").unique_name == "y"


def test_reprs_show_only_what_is_set() -> None:
    """Rooms and requests are short in logs, and show no password of a URL."""
    url = "https://user:secret@example.com/hook"
    room = Room(id="a", unique_name="x", webhook_event_url=url, extra={"token": "secret"})
    hidden = "https://***@example.com/hook"
    assert repr(room) == f"Room(id='a', unique_name='x', webhook_event_url='{hidden}')"
    request = make(webhook_event_url=url, webhook_timeout_secs=None, max_participants=2)
    assert repr(request) == f"CreateRoomRequest(max_participants=2, webhook_event_url='{hidden}')"


def test_a_refused_url_does_not_show_its_password() -> None:
    """The message about an invalid URL hides the user name and the password."""
    with pytest.raises(InvalidRequestError) as caught:
        make(webhook_event_url="https://user:secret@exa mple.com")
    assert "secret" not in str(caught.value)
    assert "https://***@exa mple.com" in str(caught.value)
