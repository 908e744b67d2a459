"""Recordings: who is recorded, when they complete, and how they are deleted."""

from typing import Any

import pytest

from sandbox.api_driver import ORIGIN, UNKNOWN_ID, ApiDriver, Clock


def recordings(driver: ApiDriver, **params: str) -> Any:
    """Return the list of recordings."""
    return driver.data("GET", "/room_recordings", params=params)


def test_each_participant_of_a_recorded_room_is_recorded(driver: ApiDriver) -> None:
    """Audio and video of every participant are processing; there is no file yet."""
    room = driver.room(enable_recording=True)
    alice, bob = driver.join(room), driver.join(room)
    found = recordings(driver)
    assert [(row["participant_id"], row["type"], row["codec"]) for row in found] == [
        (alice["id"], "audio", "opus"),
        (alice["id"], "video", "h264"),
        (bob["id"], "audio", "opus"),
        (bob["id"], "video", "h264"),
    ]
    for row in found:
        assert (row["status"], row["room_id"]) == ("processing", room["id"])
        assert row["session_id"] == alice["session_id"]
        absent = {"ended_at", "completed_at", "download_url", "duration_secs", "size_mb"}
        assert not row.keys() & absent


def test_a_recording_completes_when_its_participant_leaves(driver: ApiDriver, clock: Clock) -> None:
    """It then has a duration, a size and a file; those of others continue."""
    room = driver.room(enable_recording=True)
    alice, _ = driver.join(room), driver.join(room)
    clock.advance(84.9)
    driver.leave(room, alice)
    sound, picture, *others = recordings(driver)
    assert [row["status"] for row in others] == ["processing"] * 2
    for row in (sound, picture):
        assert (row["status"], row["duration_secs"]) == ("completed", 84)
        assert row["ended_at"] == row["completed_at"] == row["updated_at"] > row["started_at"]
        url = row["download_url"]
        assert url.startswith(f"{ORIGIN}/media/{row['id']}.")
        file = driver.reply("GET", "/" + url.removeprefix(ORIGIN), key=None)
        assert (file.status, len(file.body)) == (200, round(row["size_mb"] * 1e6))


def test_the_end_of_a_session_completes_its_recordings(driver: ApiDriver) -> None:
    """However the session ends."""
    room = driver.room(enable_recording=True)
    session = driver.join(room)["session_id"]
    driver.join(room)
    driver.data("POST", f"/room_sessions/{session}/actions/end")
    assert [row["status"] for row in recordings(driver)] == ["completed"] * 4


def test_enable_recording_applies_to_later_participants(driver: ApiDriver) -> None:
    """A room has no recordings until it is enabled."""
    room = driver.room()
    driver.join(room)
    assert recordings(driver) == []
    driver.data("PATCH", f"/rooms/{room['id']}", {"enable_recording": True})
    alice = driver.join(room)
    assert {row["participant_id"] for row in recordings(driver)} == {alice["id"]}


def test_a_deleted_recording_is_gone_with_its_file(driver: ApiDriver) -> None:
    """A second delete is refused; other recordings remain."""
    room = driver.room(enable_recording=True)
    driver.leave(room, driver.join(room))
    first, second = recordings(driver)
    path = f"/room_recordings/{first['id']}"
    assert driver.data("GET", path) == first
    assert driver.reply("DELETE", path).status == 204
    assert driver.reply("DELETE", path).status == 404
    assert driver.call("GET", path).body["code"] == "10005"
    assert driver.reply("GET", "/" + first["download_url"].removeprefix(ORIGIN)).status == 404
    assert recordings(driver) == [second]


def test_a_recording_deleted_in_progress_does_not_come_back(driver: ApiDriver) -> None:
    """The end of the session completes only existing recordings."""
    room = driver.room(enable_recording=True)
    alice = driver.join(room)
    first, second = recordings(driver)
    driver.reply("DELETE", f"/room_recordings/{first['id']}")
    driver.leave(room, alice)
    assert [row["id"] for row in recordings(driver)] == [second["id"]]


@pytest.fixture
def twenty_five(driver: ApiDriver) -> list[Any]:
    """The recordings of thirteen participants, but for one that was deleted."""
    room = driver.room(enable_recording=True, max_participants=13)
    members = [driver.join(room) for _ in range(13)]
    driver.data("POST", f"/room_sessions/{members[0]['session_id']}/actions/end")
    found = recordings(driver, **{"page[size]": "250"})
    driver.reply("DELETE", f"/room_recordings/{found.pop()['id']}")
    return list(found)


@pytest.mark.parametrize(
    ("params", "deleted"),
    [
        ({}, range(25)),
        ({"filter[status]": "completed"}, range(25)),
        ({"filter[type]": "audio"}, range(0, 25, 2)),
        ({"filter[type]": "video", "filter[status]": "completed"}, range(1, 25, 2)),
        ({"filter[status]": "processing"}, []),
        ({"filter[session_id]": UNKNOWN_ID}, []),
        ({"page[sise]": "3"}, range(25)),
        ({"page[size]": "3"}, range(3)),
        ({"page[number]": "2"}, range(20, 25)),
        ({"page[size]": "2", "page[number]": "2", "filter[type]": "audio"}, [4, 6]),
    ],
)
def test_filters_select_the_recordings_to_delete(
    driver: ApiDriver, twenty_five: list[Any], params: dict[str, str], deleted: Any
) -> None:
    """All matching ones are deleted and counted, or only those on the requested page."""
    answer = driver.call("DELETE", "/room_recordings", params=params)
    assert (answer.status, answer.data) == (201, {"room_recordings": len(deleted)})
    left = {row["id"] for row in recordings(driver, **{"page[size]": "250"})}
    kept = [number for number in range(25) if twenty_five[number]["id"] in left]
    assert kept == [number for number in range(25) if number not in deleted]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("filter[sesion_id]", UNKNOWN_ID),
        ("filter[ids]", UNKNOWN_ID),
        ("filter[session_id]", "x"),
        ("filter[duration_secs]", "-1"),
        ("filter[date_ended_at][eq]", "today"),
        ("page[size]", "0"),
    ],
)
def test_a_delete_with_an_invalid_parameter_is_refused(
    driver: ApiDriver, twenty_five: list[Any], parameter: str, value: str
) -> None:
    """An unknown filter deletes nothing, unlike an ignored one; the refusal names it."""
    answer = driver.call("DELETE", "/room_recordings", params={parameter: value})
    assert answer.status == 422
    assert answer.body["errors"][0]["source"] == {"parameter": parameter}
    assert len(recordings(driver, **{"page[size]": "250"})) == len(twenty_five)
