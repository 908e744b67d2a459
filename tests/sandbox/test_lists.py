"""Lists of rooms: pages, filters and invalid parameters."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest

from sandbox.http_driver import HttpDriver
from telnyx_video.sandbox.api.calls import Call
from telnyx_video.sandbox.app import Api
from telnyx_video.sandbox.checks.bodies import ROOM, defaults
from telnyx_video.sandbox.state.database import SystemSource
from telnyx_video.sandbox.state.store import Store


async def test_pages_hold_every_room_once_oldest_first(http: HttpDriver) -> None:
    """The pages together have each room once in the order of creation, with the counts."""
    created = [(await http.create()).data["id"] for _ in range(7)]
    listed = list[str]()
    for number, length in ((1, 3), (2, 3), (3, 1), (4, 0)):
        params = {"page[number]": str(number), "page[size]": "3"}
        answer = await http.send("GET", "/rooms", params=params)
        assert answer.body["meta"] == {
            "page_number": number,
            "page_size": 3,
            "total_pages": 3,
            "total_results": 7,
        }
        assert len(answer.data) == length
        listed += [room["id"] for room in answer.data]
    assert listed == created


async def test_an_empty_list_has_no_pages(http: HttpDriver) -> None:
    """The total is 0, and the published page size applies."""
    answer = await http.send("GET", "/rooms")
    assert answer.body == {
        "data": [],
        "meta": {"page_number": 1, "page_size": 20, "total_pages": 0, "total_results": 0},
    }


async def test_a_name_filter_compares_exactly(http: HttpDriver) -> None:
    """Only the room with exactly that name is listed: not another case, not a prefix."""
    for name in ("standup", "Standup", "standup-2", "stand"):
        await http.create(unique_name=name)
    answer = await http.send("GET", "/rooms", params={"filter[unique_name]": "standup"})
    assert [room["unique_name"] for room in answer.data] == ["standup"]
    assert answer.body["meta"]["total_results"] == 1


@pytest.mark.parametrize("name", ["a&b=c", "a+b %20", "会議/室", "é", "100%", '"', "a\0b", "[x]"])
async def test_a_name_filter_finds_names_of_any_characters(http: HttpDriver, name: str) -> None:
    """A name that needs escaping in a URL is found."""
    await http.create(unique_name="other")
    await http.create(unique_name=name)
    answer = await http.send("GET", "/rooms", params={"filter[unique_name]": name})
    assert [room["unique_name"] for room in answer.data] == [name]


async def test_unknown_parameters_are_ignored(http: HttpDriver) -> None:
    """A parameter that the API does not know changes nothing."""
    await http.create()
    answer = await http.send("GET", "/rooms", params={"filter[colour]": "blue", "sort": "id"})
    assert len(answer.data) == 1


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        *(("page[number]", value) for value in ("0", "-1", "1.0", "x", "", "+1", "1_0", "\uff11")),
        *(("page[size]", value) for value in ("0", "251", "x", "9" * 5000)),
        ("include_sessions", "True"),
        ("filter[date_created_at][eq]", "20210425"),
        ("filter[date_created_at][gte]", "2021-04-25T00:00:00Z"),
        ("filter[date_updated_at][lte]", "2021-02-30"),
        ("filter[date_updated_at][eq]", ""),
    ],
)
async def test_an_invalid_parameter_is_refused(
    http: HttpDriver, parameter: str, value: str
) -> None:
    """The refusal is in the format published for lists, and names the parameter."""
    answer = await http.send("GET", "/rooms", params={parameter: value})
    assert answer.status == 400
    assert answer.body.keys() == {"success", "message"}
    assert answer.body["success"] is False
    assert answer.body["message"].startswith(f"{parameter} must be ")


class Calendar:
    """A store whose clock a test sets, and the API over it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._api = Api(store, api_key="key")

    def names(self, **filters: str) -> list[str]:
        """Return the names that the API lists under these filters."""
        query = {f"filter[{name.replace('__', '][')}]": value for name, value in filters.items()}
        call = Call("GET", "/v2/rooms", authorization="Bearer key", query=query)
        reply: Any = json.loads(self._api.answer(call).body)
        return [room["unique_name"] for room in reply["data"]]


@pytest.fixture
def calendar() -> Iterator[Calendar]:
    """Rooms of the first and last moment of 25 April and of the 26th; the first was updated."""
    moments = iter(
        [
            datetime(2021, 4, 25, tzinfo=UTC),
            datetime(2021, 4, 25, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(2021, 4, 26, tzinfo=UTC),
            datetime(2021, 4, 27, 12, tzinfo=UTC),
        ]
    )
    source = SystemSource()
    with (
        patch.object(source, "now", moments.__next__),
        closing(Store(source=source)) as store,
    ):
        rooms = [store.rooms.create({**defaults(ROOM), "unique_name": name}) for name in "abc"]
        store.rooms.update(rooms[0].id, {})
        yield Calendar(store)


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"date_created_at__eq": "2021-04-25"}, "ab"),
        ({"date_created_at__gte": "2021-04-26"}, "c"),
        ({"date_created_at__lte": "2021-04-25"}, "ab"),
        ({"date_created_at__gte": "2021-04-25", "date_created_at__lte": "2021-04-26"}, "abc"),
        ({"date_created_at__eq": "2021-04-24"}, ""),
        ({"date_updated_at__eq": "2021-04-27"}, "a"),
        ({"date_updated_at__gte": "2021-04-26"}, "ac"),
        ({"date_updated_at__lte": "2021-04-26"}, "bc"),
        ({"date_updated_at__gte": "2021-04-26", "date_created_at__eq": "2021-04-25"}, "a"),
        ({"unique_name": "c", "date_created_at__eq": "2021-04-25"}, ""),
    ],
)
def test_date_filters_take_whole_days_in_utc(
    calendar: Calendar, filters: dict[str, str], names: str
) -> None:
    """A day runs from midnight to midnight in UTC; bounds are inclusive; all filters must match."""
    assert calendar.names(**filters) == list(names)


def test_a_name_filter_that_is_not_text_is_refused() -> None:
    """Bytes that are not UTF-8 cannot be a room's name."""
    with closing(Store()) as store:
        call = Call(
            "GET",
            "/v2/rooms",
            authorization="Bearer key",
            query={"filter[unique_name]": "\udcff"},
        )
        assert Api(store, api_key="key").answer(call).status == 400
