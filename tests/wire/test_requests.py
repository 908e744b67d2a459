"""Requests for rooms: exact paths, queries and bodies; invalid arguments are refused."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import Enum, StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.strategies import text
from support.words import is_one_line, short
from telnyx_video import CreateRoomRequest, InvalidRequestError
from telnyx_video._base.http import HttpRequest
from telnyx_video._wire.requests import (
    MAX_PAGE_SIZE,
    create_room,
    delete_room,
    get_room,
    list_rooms,
    update_room,
)
from telnyx_video.models import DateRange

ROOM_ID = "4f1d2c60-8a5e-4b58-9a0c-6f1f6b7e0a11"
PAGE = {"page[number]": "1", "page[size]": "250"}

requests = st.builds(
    CreateRoomRequest.from_dict,
    st.fixed_dictionaries(
        {},
        optional={
            "unique_name": text.filter(bool),
            "max_participants": st.integers(2, 50),
            "enable_recording": st.booleans(),
            "webhook_event_url": st.just("https://example.com"),
            "webhook_event_failover_url": st.sampled_from([None, "", "https://example.org"]),
            "webhook_timeout_secs": st.none() | st.integers(0, 30),
        },
    ),
)


def query_of(request: HttpRequest) -> dict[str, str]:
    """Return the query that a server would read."""
    return dict(
        parse_qsl(urlsplit(request.path).query, keep_blank_values=True, strict_parsing=True)
    )


def unchecked_list(**arguments: Any) -> HttpRequest:
    """List rooms as an unchecked caller would."""
    return list_rooms(**arguments)


def unchecked_get(room_id: Any, **arguments: Any) -> HttpRequest:
    """Get a room as an unchecked caller would."""
    return get_room(room_id, **arguments)


@given(requests)
def test_a_create_sends_the_fields_that_are_set(request: CreateRoomRequest) -> None:
    """Unset fields are left out, None is null, and other values are sent unchanged."""
    built = create_room(request)
    assert (built.method, built.path) == ("POST", "/rooms")
    assert json.loads(built.body or b"") == request.to_dict()


@given(requests)
def test_an_update_sends_the_same_to_the_room(request: CreateRoomRequest) -> None:
    """An update has the body of a create, and the room's address."""
    assert update_room(ROOM_ID, request) == HttpRequest(
        "rooms.update", "PATCH", f"/rooms/{ROOM_ID}", create_room(request).body
    )


def test_an_empty_create_is_an_empty_object() -> None:
    """A request without fields has the body `{}`."""
    assert create_room(CreateRoomRequest()).body == b"{}"


class Size(int, Enum):
    """Integers with names."""

    SMALL = 5


class Name(StrEnum):
    """Strings with names."""

    STANDUP = "standup"


def test_enumerations_are_sent_as_their_values() -> None:
    """Members of enumerations are sent as their values."""
    request = CreateRoomRequest(unique_name=Name.STANDUP, max_participants=Size.SMALL)
    assert create_room(request).body == b'{"unique_name":"standup","max_participants":5}'
    page = list_rooms(unique_name=Name.STANDUP, page_size=Size.SMALL)
    assert query_of(page) == {"filter[unique_name]": "standup"} | PAGE | {"page[size]": "5"}


def test_a_get_and_a_delete_have_no_body() -> None:
    """A get and a delete have a path and no body."""
    assert get_room(ROOM_ID) == HttpRequest("rooms.get", "GET", f"/rooms/{ROOM_ID}", None)
    assert delete_room(ROOM_ID) == HttpRequest("rooms.delete", "DELETE", f"/rooms/{ROOM_ID}", None)


@pytest.mark.parametrize(("value", "written"), [(True, "true"), (False, "false")])
def test_sessions_can_be_included_or_not(value: bool, written: str) -> None:
    """The boolean is written as in JSON, for one room and for the list."""
    expected = f"/rooms/{ROOM_ID}?include_sessions={written}"
    assert get_room(ROOM_ID, include_sessions=value).path == expected
    assert query_of(list_rooms(include_sessions=value)) == {"include_sessions": written} | PAGE


ON_ONE_ROOM: list[Callable[[Any], HttpRequest]] = [
    get_room,
    delete_room,
    lambda room_id: update_room(room_id, CreateRoomRequest()),
]


@pytest.mark.parametrize("room_id", ["", "..", "a/b", "a?b", "a#b", "a%2F", "é", "\n", None, 7])
@pytest.mark.parametrize("build", ON_ONE_ROOM, ids=["get", "delete", "update"])
def test_an_invalid_id_is_refused_by_every_operation(
    build: Callable[[Any], HttpRequest], room_id: object
) -> None:
    """No room id can change the resource of a request."""
    with pytest.raises(InvalidRequestError) as caught:
        build(room_id)
    assert [problem.field for problem in caught.value.details] == ["room_id"]
    assert is_one_line(str(caught.value))


def test_a_list_asks_for_full_pages_by_default() -> None:
    """The default page size is the API's maximum."""
    assert MAX_PAGE_SIZE == 250
    assert list_rooms().path == "/rooms?page%5Bnumber%5D=1&page%5Bsize%5D=250"


@pytest.mark.parametrize("page_size", [1, 250])
def test_a_page_may_have_from_1_to_250_rooms(page_size: int) -> None:
    """Both bounds of the page size are accepted."""
    query = query_of(list_rooms(page_number=7, page_size=page_size))
    assert query == {"page[number]": "7", "page[size]": str(page_size)}


@given(st.text("a é/会😀", min_size=1, max_size=3), st.integers(100, 1400))
def test_every_accepted_name_can_be_looked_up(piece: str, times: int) -> None:
    """Every accepted name fits into the URL of its look-up."""
    try:
        request = CreateRoomRequest(unique_name=piece * times)
    except InvalidRequestError:
        return
    assert len(list_rooms(unique_name=request.unique_name).path) < 4100


@given(text.filter(bool))
def test_any_name_can_be_looked_up(name: str) -> None:
    """A name of any characters arrives unchanged."""
    request = list_rooms(unique_name=name)
    assert request.path.isascii()
    assert " " not in request.path
    assert query_of(request) == {"filter[unique_name]": name} | PAGE


DAY, LATER = date(2024, 2, 29), date(2024, 3, 1)


@pytest.mark.parametrize(
    ("days", "operators"),
    [
        (DAY, {"eq": "2024-02-29"}),
        (DateRange(DAY), {"gte": "2024-02-29"}),
        (DateRange(lte=DAY), {"lte": "2024-02-29"}),
        (DateRange(DAY, LATER), {"gte": "2024-02-29", "lte": "2024-03-01"}),
        (DateRange(), {}),
    ],
    ids=short,
)
def test_a_list_can_be_narrowed_to_days(days: date | DateRange, operators: dict[str, str]) -> None:
    """One day or a span open at either end, for both times of a room, under the API's names."""
    for field in ("created_at", "updated_at"):
        expected = {f"filter[date_{field}][{name}]": day for name, day in operators.items()}
        assert query_of(unchecked_list(**{field: days})) == expected | PAGE


@pytest.mark.parametrize(
    "days",
    [
        datetime(2024, 2, 29, tzinfo=UTC),
        "2024-02-29",
        20240229,
        None,
    ],
    ids=short,
)
def test_only_a_day_is_accepted(days: object) -> None:
    """The API filters by days in UTC, so a time of day is refused instead of cut."""
    with pytest.raises(InvalidRequestError, match=r"created_at: must be a datetime\.date"):
        unchecked_list(created_at=days)


def test_all_problems_of_a_list_are_in_one_error() -> None:
    """One error lists every invalid argument."""
    with pytest.raises(InvalidRequestError) as caught:
        unchecked_list(
            unique_name="",
            created_at=7,
            updated_at="today",
            include_sessions="yes",
            page_size=251,
        )
    assert [problem.field for problem in caught.value.details] == [
        "unique_name",
        "created_at",
        "updated_at",
        "include_sessions",
        "page_size",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        {"unique_name": "\ud800"},
        {"unique_name": None},
        {"unique_name": "x" * 4001},
        {"include_sessions": None},
        {"include_sessions": 1},
        {"page_size": 0},
        {"page_size": 20.0},
        {"page_size": True},
    ],
    ids=short,
)
def test_an_argument_that_cannot_be_sent_is_refused(arguments: dict[str, object]) -> None:
    """The error names the invalid argument."""
    with pytest.raises(InvalidRequestError) as caught:
        unchecked_list(**arguments)
    assert [problem.field for problem in caught.value.details] == [*arguments]


@pytest.mark.parametrize("value", [None, 1, "true"])
def test_sessions_are_included_by_true_or_false_only(value: object) -> None:
    """One error lists both arguments of a get."""
    with pytest.raises(InvalidRequestError) as caught:
        unchecked_get("a/b", include_sessions=value)
    assert [problem.field for problem in caught.value.details] == ["room_id", "include_sessions"]
