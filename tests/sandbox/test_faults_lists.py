"""Lists with wrong content: stale, empty, doubled, inexact, or always the same page."""

from typing import Any

import pytest

from sandbox.blocking_driver import FOREVER, asked, drain
from telnyx_video.sandbox import Sandbox


def on_list(*faults: object, **rule: object) -> list[dict[str, object]]:
    """Return a plan for lists."""
    return [{"on": "GET /rooms", "faults": list(faults), **rule}]


def create(sandbox: Sandbox, *names: str) -> None:
    """Create rooms with these names."""
    for name in names:
        assert asked(sandbox, content={"unique_name": name}).status == 201


def listed(sandbox: Sandbox, query: str = "") -> Any:
    """Return the reply to a list."""
    answer = asked(sandbox, "GET", f"/rooms?{query}")
    assert answer.status == 200
    return answer.json


def names(reply: Any) -> list[str]:
    """Return the names that a list shows."""
    return [room["unique_name"] for room in reply["data"]]


def test_a_list_can_be_stale() -> None:
    """Rooms younger than some seconds are missing from the list and its count."""
    young = [{"list": {"without_younger_than": FOREVER}}, {"list": {"without_younger_than": 0}}]
    with Sandbox(faults=on_list(*young)) as sandbox:
        create(sandbox, "a")
        reply = listed(sandbox)
        assert (reply["data"], reply["meta"]["total_results"]) == ([], 0)
        assert names(listed(sandbox)) == ["a"]


def test_a_list_can_be_empty() -> None:
    """An existing room is not found by its name until the fault is used up."""
    with Sandbox(faults=on_list("list_empty", "list_empty")) as sandbox:
        create(sandbox, "a")
        assert listed(sandbox, "filter[unique_name]=a")["data"] == []
        assert listed(sandbox)["meta"]["total_results"] == 0
        assert names(listed(sandbox, "filter[unique_name]=a")) == ["a"]


def test_a_list_can_show_rooms_twice() -> None:
    """The same name has two ids, which are the same each time."""
    with Sandbox(faults=on_list("list_doubled", "list_doubled")) as sandbox:
        create(sandbox, "a")
        first = listed(sandbox, "filter[unique_name]=a")
        assert names(first) == ["a", "a"]
        assert first["meta"]["total_results"] == 2
        assert len({room["id"] for room in first["data"]}) == 2
        assert listed(sandbox, "filter[unique_name]=a") == first


def test_only_lists_are_doubled() -> None:
    """A refused list, and other requests, get their true answer."""
    plan = [{"on": "*", "faults": ["list_doubled"], "repeat": True}]
    with Sandbox(faults=plan) as sandbox:
        create(sandbox, "a")
        assert asked(sandbox, "GET", "/rooms?page[size]=0").status == 400
        room = sandbox.rooms[0]
        assert asked(sandbox, "GET", f"/rooms/{room['id']}").json["data"] == room
        assert asked(sandbox, "DELETE", f"/rooms/{room['id']}").status == 204


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("room-1", ["Room-1", "room-12", "room", "ROOM-1-B", "room-1"]),
        ("roo", ["Room-1", "room-12", "room", "ROOM-1-B", "room-1"]),
        ("ROOM-12", ["Room-1", "room-12", "room", "room-1"]),
        ("hall-2", ["hall"]),
        ("all", []),
    ],
)
def test_a_filter_can_be_inexact(wanted: str, found: list[str]) -> None:
    """Names with the same start match too, shorter or longer, in any case."""
    with Sandbox(faults=on_list("list_inexact")) as sandbox:
        create(sandbox, "Room-1", "room-12", "room", "hall", "ROOM-1-B", "room-1")
        reply = listed(sandbox, f"filter[unique_name]={wanted}")
        assert names(reply) == found
        assert reply["meta"]["total_results"] == len(found)


def test_an_inexact_filter_does_not_match_rooms_without_a_name() -> None:
    """Without a filter they are listed."""
    with Sandbox(faults=on_list("list_inexact", "list_inexact")) as sandbox:
        assert asked(sandbox).status == 201
        assert listed(sandbox, "filter[unique_name]=a")["data"] == []
        assert len(listed(sandbox)["data"]) == 1


def test_a_list_can_ignore_the_page_number() -> None:
    """Page 2 shows page 1 again, and its number."""
    with Sandbox(faults=on_list("list_first_page")) as sandbox:
        create(sandbox, "a", "b")
        reply = listed(sandbox, "page[size]=1&page[number]=2")
        assert (names(reply), reply["meta"]["page_number"]) == (["a"], 1)
        assert names(listed(sandbox, "page[size]=1&page[number]=2")) == ["b"]


def test_a_fault_can_be_on_one_page() -> None:
    """Page 1 succeeds; page 2 fails once, then succeeds."""
    with Sandbox(faults=on_list(503, page=2)) as sandbox:
        create(sandbox, "a", "b")
        assert names(listed(sandbox, "page[size]=1")) == ["a"]
        assert asked(sandbox, "GET", "/rooms?page[size]=1&page[number]=2").status == 503
        assert names(listed(sandbox, "page[size]=1&page[number]=2")) == ["b"]


def test_a_fault_can_be_on_the_look_up_of_one_name() -> None:
    """The filter names the room, as the body does in a create."""
    plan = [{"on": "*", "name": "a", "faults": [None, "truncated"]}]
    with Sandbox(faults=plan) as sandbox:
        create(sandbox, "b", "a")
        assert names(listed(sandbox, "filter[unique_name]=b")) == ["b"]
        data, end = drain(sandbox, "GET", "/rooms?filter[unique_name]=a")
        assert data.startswith(b"HTTP/1.1 200 OK\r\n")
        assert end == "FIN"
        assert names(listed(sandbox, "filter[unique_name]=a")) == ["a"]
