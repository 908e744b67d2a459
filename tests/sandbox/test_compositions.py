"""Compositions: their bounds, and their status over time."""

from typing import Any

import attrs
import pytest

from sandbox.api_driver import ORIGIN, UNKNOWN_ID, ApiDriver, Clock
from telnyx_video.sandbox.replies import Reply


@attrs.frozen
class ComposedSession:
    """A recorded session of two participants that ended after 84 seconds."""

    driver: ApiDriver
    session: str
    videos: list[str]

    def compose(self, **fields: object) -> Any:
        """Request a composition of it."""
        return self.driver.call(
            "POST", "/room_compositions", {"session_id": self.session, **fields}
        )


@pytest.fixture
def composed(driver: ApiDriver, clock: Clock) -> ComposedSession:
    room = driver.room(enable_recording=True)
    session = driver.join(room)["session_id"]
    driver.join(room)
    clock.advance(84)
    driver.data("POST", f"/room_sessions/{session}/actions/end")
    clock.advance(3600)
    return ComposedSession(driver, session, driver.ids("/room_recordings", type="video"))


def test_a_composition_is_enqueued_then_processing_then_completed(
    composed: ComposedSession, clock: Clock
) -> None:
    """It is processing after half of its delay; after all of it, its file exists."""
    created = composed.compose()
    assert (created.status, created.data["status"]) == (202, "enqueued")
    path = f"/room_compositions/{created.data['id']}"
    url = f"//media/{created.data['id']}.mp4"
    states = list[tuple[str, bool, int]]()
    shown, file = created.data, Reply(404)
    for _ in range(4):
        shown = composed.driver.data("GET", path)
        file = composed.driver.reply("GET", url, key=None)
        states.append((shown["status"], "download_url" in shown, file.status))
        clock.advance(4)
    assert states == [
        ("enqueued", False, 404),
        ("enqueued", False, 404),
        ("processing", False, 404),
        ("completed", True, 200),
    ]
    assert shown["download_url"] == f"{ORIGIN}/media/{shown['id']}.mp4"
    assert shown["completed_at"] == shown["updated_at"] > shown["created_at"]
    assert shown["size_mb"] == pytest.approx(len(file.body) / 1e6)


def test_a_composition_shows_its_session(composed: ComposedSession) -> None:
    """Defaults are filled in; times and duration are those of the session."""
    shown = composed.compose().data
    session = composed.driver.data("GET", f"/room_sessions/{composed.session}")
    assert (shown["format"], shown["resolution"]) == ("mp4", "1280x720")
    assert (shown["started_at"], shown["ended_at"]) == (session["created_at"], session["ended_at"])
    assert (shown["duration_secs"], shown["room_id"]) == (84, session["room_id"])
    assert shown["webhook_event_failover_url"] == ""
    assert "video_layout" not in shown


def test_a_composition_has_the_requested_settings(composed: ComposedSession) -> None:
    """Settings and regions are returned, with default positions; "*" selects all sources."""
    first = {"width": 640, "height": 360, "max_columns": 2, "video_sources": ["*"]}
    second = {"x_pos": 640, "z_pos": -99, "video_sources": [composed.videos[1].upper()]}
    settings = {
        "format": "mp4",
        "resolution": "800x600",
        "webhook_event_url": "https://hooks.example.com",
        "webhook_event_failover_url": "https://backup.example.com",
        "webhook_timeout_secs": 25,
    }
    shown = composed.compose(**settings, video_layout={"a": first, "b/~": second}).data
    assert {name: shown[name] for name in settings} == settings
    places = {"x_pos": 0, "y_pos": 0, "z_pos": 0}
    assert shown["video_layout"] == {
        "a": {**places, **first, "video_sources": composed.videos},
        "b/~": {**places, **second, "video_sources": composed.videos[1:]},
    }


def test_an_active_session_can_be_composed(driver: ApiDriver, clock: Clock) -> None:
    """The composition ends at the time of the request."""
    room = driver.room()
    session = driver.join(room)["session_id"]
    clock.advance(5)
    shown = driver.data("POST", "/room_compositions", {"session_id": session})
    assert (shown["duration_secs"], shown["ended_at"]) == (5, shown["created_at"])


FINE = ["16x16", "1280x720", "720x1280", "800x600", "960x960"]


@pytest.mark.parametrize("resolution", FINE)
def test_a_resolution_within_bounds_is_accepted(composed: ComposedSession, resolution: str) -> None:
    """Bounds of sides and area are inclusive."""
    assert composed.compose(resolution=resolution).data["resolution"] == resolution


REGION = "/video_layout/a"
FIELDS: list[tuple[str, Any]] = [
    *(
        ("resolution", value)
        for value in ("15x16", "16x1281", "1280x721", "961x960", "800", "800X600", 800, None)
    ),
    ("format", "webm"),
    ("session_id", UNKNOWN_ID),
    ("session_id", "x"),
    ("webhook_event_url", "nowhere"),
    ("webhook_event_failover_url", 7),
    ("webhook_timeout_secs", 31),
    ("video_layout", []),
    ("video_layout", None),
    ("video_layout", {"a": {}, "b": {}, "c": {}}),
]
REGIONS: list[tuple[str, Any]] = [
    ("width", 15),
    ("height", 15.5),
    ("x_pos", "0"),
    ("y_pos", True),
    ("z_pos", -100),
    ("z_pos", 100),
    ("max_columns", 0),
    ("max_rows", 1001),
    ("video_sources", "all"),
]
WRONG: list[tuple[dict[str, Any], str]] = [
    *(({name: value}, f"/{name}") for name, value in FIELDS),
    *(({"video_layout": {"a": {name: value}}}, f"{REGION}/{name}") for name, value in REGIONS),
    ({"video_layout": {"a": 7}}, REGION),
    ({"video_layout": {"~/": 7}}, "/video_layout/~0~1"),
    ({"video_layout": {"a": {"video_sources": [UNKNOWN_ID]}}}, f"{REGION}/video_sources/0"),
    ({"video_layout": {"a": {"video_sources": [7]}}}, f"{REGION}/video_sources/0"),
]


@pytest.mark.parametrize(("fields", "pointer"), WRONG, ids=repr)
def test_an_invalid_field_is_refused_with_its_pointer(
    composed: ComposedSession, fields: dict[str, object], pointer: str
) -> None:
    """Each error is one problem with its place, and nothing is created."""
    answer = composed.compose(**fields)
    assert (answer.status, answer.pointers) == (422, [pointer])
    assert composed.driver.ids("/room_compositions") == []


def test_one_refusal_reports_every_problem(driver: ApiDriver) -> None:
    """A layout is checked even if the session is unknown."""
    wrong = {
        "session_id": UNKNOWN_ID,
        "format": "avi",
        "video_layout": {"a": {"width": 1, "video_sources": "*"}},
    }
    answer = driver.call("POST", "/room_compositions", wrong)
    assert (answer.status, answer.pointers) == (
        422,
        ["/format", "/session_id", "/video_layout/a/width"],
    )


def test_audio_is_not_a_video_source(composed: ComposedSession) -> None:
    """Audio recordings, and recordings of other sessions, cannot be shown."""
    (sound, *_) = composed.driver.ids("/room_recordings", type="audio")
    layout = {"a": {"video_sources": [composed.videos[0], sound]}}
    assert composed.compose(video_layout=layout).pointers == [f"{REGION}/video_sources/1"]


def test_a_deleted_composition_is_gone(composed: ComposedSession, clock: Clock) -> None:
    """Finished or not, it is removed, and no event reports it as completed."""
    finished = composed.compose().data
    clock.advance(10)
    unfinished = composed.compose().data
    for composition in (finished, unfinished):
        path = f"/room_compositions/{composition['id']}"
        assert composed.driver.reply("DELETE", path).status == 204
        assert composed.driver.reply("DELETE", path).status == 404
        assert composed.driver.reply("GET", path).status == 404
    clock.advance(10)
    listed = [event.composition_id for event in composed.driver.store.events.all()]
    assert listed.count(finished["id"]) == 1
    assert unfinished["id"] not in listed
