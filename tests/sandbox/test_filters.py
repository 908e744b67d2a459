"""Filters and pages of every list but that of rooms."""

from typing import Any

import pytest

from sandbox.api_driver import UNKNOWN_ID, ApiDriver, Clock

DAY = 86_400.0  # seconds


@pytest.fixture
def days(driver: ApiDriver, clock: Clock) -> dict[str, str]:
    """Ids by short names: Alice on the 25th and 26th; Bob, in another room, from the 27th."""
    ids = dict[str, str]()

    def meet(room: Any, context: str, number: int) -> Any:
        member = driver.join(room, context=context)
        sound, picture = driver.ids("/room_recordings", participant_id=member["id"])
        ids.update(
            {
                f"r{number}": room["id"],
                f"s{number}": member["session_id"],
                f"p{number}": member["id"],
                f"a{number}": sound,
                f"v{number}": picture,
            }
        )
        return member

    def compose(number: int) -> None:
        wanted = {"session_id": ids[f"s{number}"]}
        ids[f"c{number}"] = driver.data("POST", "/room_compositions", wanted)["id"]

    first, second = driver.room(enable_recording=True), driver.room(enable_recording=True)
    alice = meet(first, "Alice", 1)
    clock.advance(DAY)
    driver.leave(first, alice)
    compose(1)
    clock.advance(DAY)
    meet(second, "Bob", 2)
    clock.advance(DAY)
    path = f"/room_sessions/{ids['s2']}/actions/mute"
    driver.data("POST", path, {"participants": "all"})
    compose(2)
    clock.advance(5)
    return ids


CASES: list[tuple[str, dict[str, str], str]] = [
    ("/room_sessions", {}, "s1 s2"),
    ("/room_sessions", {"active": "true"}, "s2"),
    ("/room_sessions", {"active": "false"}, "s1"),
    ("/room_sessions", {"room_id": "{r2}"}, "s2"),
    ("/room_sessions", {"room_id": "x"}, ""),
    ("/room_sessions", {"date_created_at__eq": "2026-04-25"}, "s1"),
    ("/room_sessions", {"date_created_at__gte": "2026-04-26"}, "s2"),
    ("/room_sessions", {"date_updated_at__eq": "2026-04-26"}, "s1"),
    ("/room_sessions", {"date_ended_at__eq": "2026-04-26"}, "s1"),
    ("/room_sessions", {"date_ended_at__lte": "2026-04-25"}, ""),
    ("/room_sessions", {"date_ended_at__gte": "2026-04-20"}, "s1"),
    ("/rooms/{r1}/sessions", {}, "s1"),
    ("/rooms/{r1}/sessions", {"active": "true"}, ""),
    ("/rooms/{r2}/sessions", {"active": "true", "date_created_at__eq": "2026-04-27"}, "s2"),
    ("/rooms/{r2}/sessions", {"room_id": "{r1}"}, "s2"),
    ("/room_participants", {}, "p1 p2"),
    ("/room_participants", {"context": "Alice"}, "p1"),
    ("/room_participants", {"context": "alice"}, ""),
    ("/room_participants", {"session_id": "{s2}"}, "p2"),
    ("/room_participants", {"date_joined_at__lte": "2026-04-26"}, "p1"),
    ("/room_participants", {"date_updated_at__eq": "2026-04-28"}, "p2"),
    ("/room_participants", {"date_left_at__eq": "2026-04-26"}, "p1"),
    ("/room_participants", {"date_left_at__gte": "2026-04-27"}, ""),
    ("/room_sessions/{s1}/participants", {}, "p1"),
    ("/room_sessions/{s1}/participants", {"context": "Bob"}, ""),
    ("/room_sessions/{s2}/participants", {"date_joined_at__eq": "2026-04-27"}, "p2"),
    ("/room_recordings", {}, "a1 v1 a2 v2"),
    ("/room_recordings", {"room_id": "{r1}"}, "a1 v1"),
    ("/room_recordings", {"participant_id": "{p2}", "type": "video"}, "v2"),
    ("/room_recordings", {"session_id": "{s1}", "status": "completed"}, "a1 v1"),
    ("/room_recordings", {"status": "processing"}, "a2 v2"),
    ("/room_recordings", {"status": "lost"}, ""),
    ("/room_recordings", {"type": "audio"}, "a1 a2"),
    ("/room_recordings", {"duration_secs": "86400"}, "a1 v1"),
    ("/room_recordings", {"duration_secs": "86401"}, ""),
    ("/room_recordings", {"duration_secs": "0"}, "a1 v1"),
    ("/room_recordings", {"date_started_at__eq": "2026-04-27"}, "a2 v2"),
    ("/room_recordings", {"date_ended_at__eq": "2026-04-26"}, "a1 v1"),
    ("/room_compositions", {}, "c1 c2"),
    ("/room_compositions", {"session_id": "{s1}"}, "c1"),
    ("/room_compositions", {"status": "completed"}, "c1"),
    ("/room_compositions", {"status": "processing"}, "c2"),
    ("/room_compositions", {"status": "enqueued"}, ""),
    ("/room_compositions", {"date_created_at__gte": "2026-04-27"}, "c2"),
]


@pytest.mark.parametrize(("path", "filters", "names"), CASES, ids=str)
def test_a_filter_selects_its_rows(
    driver: ApiDriver, days: dict[str, str], path: str, filters: dict[str, str], names: str
) -> None:
    """Each documented filter keeps the rows it describes, oldest first; all filters must match."""
    wanted = {name: value.format(**days) for name, value in filters.items()}
    found = driver.ids(path.format(**days), **wanted)
    assert found == [days[name] for name in names.split()]


def test_an_id_may_be_in_upper_case(driver: ApiDriver, days: dict[str, str]) -> None:
    """In filters that take a UUID, and in paths."""
    assert driver.ids("/room_recordings", session_id=days["s1"].upper(), type="audio") == [
        days["a1"]
    ]
    assert driver.data("GET", f"/room_sessions/{days['s1'].upper()}")["id"] == days["s1"]


@pytest.mark.parametrize(
    "path",
    [
        "/room_sessions",
        "/rooms/{r1}/sessions",
        "/room_participants",
        "/room_sessions/{s2}/participants",
        "/room_recordings",
        "/room_compositions",
    ],
)
def test_every_list_has_pages(driver: ApiDriver, days: dict[str, str], path: str) -> None:
    """The pages together have each row once, with the counts."""
    path = path.format(**days)
    everything = driver.ids(path)
    for number in range(1, len(everything) + 2):
        params = {"page[number]": str(number), "page[size]": "1"}
        answer = driver.call("GET", path, params=params)
        assert [row["id"] for row in answer.data] == everything[number - 1 : number]
        assert answer.body["meta"] == {
            "page_number": number,
            "page_size": 1,
            "total_pages": len(everything),
            "total_results": len(everything),
        }


@pytest.mark.parametrize(
    ("path", "parameter", "value"),
    [
        ("/room_sessions", "filter[active]", "yes"),
        ("/room_sessions", "filter[room_id]", "\udcff"),
        ("/room_sessions", "include_participants", "1"),
        ("/rooms/{r1}/sessions", "filter[date_ended_at][eq]", "26 April"),
        ("/room_participants", "filter[context]", "\udcff"),
        ("/room_sessions/{s1}/participants", "page[size]", "251"),
        ("/room_recordings", "filter[session_id]", "x"),
        ("/room_recordings", "filter[duration_secs]", "1.5"),
        ("/room_compositions", "filter[status]", "done"),
        ("/room_compositions", "filter[session_id]", ""),
    ],
)
def test_an_invalid_filter_is_refused(
    driver: ApiDriver, days: dict[str, str], path: str, parameter: str, value: str
) -> None:
    """The refusal is in the format published for lists, and names the parameter."""
    answer = driver.call("GET", path.format(**days), params={parameter: value})
    assert (answer.status, answer.body["success"]) == (400, False)
    assert answer.body["message"].startswith(f"{parameter} must be ")


@pytest.mark.parametrize(
    "path", ["/rooms/{id}/sessions", "/room_sessions/{id}/participants", "/rooms/x/sessions"]
)
def test_a_list_of_a_missing_object_is_not_found(driver: ApiDriver, path: str) -> None:
    """The refusal is in the format published for lists."""
    answer = driver.call("GET", path.format(id=UNKNOWN_ID))
    assert (answer.status, answer.body.keys()) == (404, {"success", "message"})
