"""The resources of the blocking client: each operation does what the async one does."""

import gc
import threading
import warnings
from pathlib import Path

import attrs
import pytest

from telnyx_video import (
    ConfigurationError,
    DownloadProgress,
    InvalidRequestError,
    RoomRecording,
    RoomsClient,
    VideoRegion,
)
from telnyx_video.sandbox import Sandbox


@attrs.frozen
class ActiveSession:
    """An active session with one participant."""

    room_id: str
    session_id: str
    alice: str


@pytest.fixture
def active(sandbox: Sandbox, rooms: RoomsClient) -> ActiveSession:
    """An active session that is recorded."""
    room = rooms.create(enable_recording=True)
    alice = sandbox.join(room.id, context="Alice")
    return ActiveSession(room.id, str(rooms.get(room.id).active_session_id), alice)


def video_of(rooms: RoomsClient, active: ActiveSession) -> RoomRecording:
    """End a session, and return its video recording."""
    rooms.sessions.end(active.session_id)
    (recording,) = rooms.recordings.list(session_id=active.session_id, type="video")
    return recording


def test_a_session_from_beginning_to_end(
    sandbox: Sandbox, rooms: RoomsClient, active: ActiveSession
) -> None:
    """Tokens, sessions and participants work without `await`."""
    token = rooms.join_token(active.room_id, token_ttl_secs=60)
    assert rooms.refresh_join_token(active.room_id, str(token.refresh_token)).token
    (session,) = rooms.sessions.list(active.room_id)
    assert rooms.sessions.get(session.id) == session
    (alice,) = rooms.sessions.participants(session.id)
    assert [*rooms.participants.list(context="Alice")] == [alice]
    assert rooms.participants.get(alice.id) == alice
    rooms.sessions.mute(session.id, [alice.id])
    assert [one["muted"] for one in sandbox.participants] == [True]
    rooms.sessions.unmute(session.id, "all")
    assert [one["muted"] for one in sandbox.participants] == [False]
    rooms.sessions.kick(session.id, "all")
    assert rooms.sessions.get(session.id).active is False


def test_recordings_and_compositions_remain_after_a_session(
    rooms: RoomsClient, active: ActiveSession
) -> None:
    """Recordings and compositions work without `await`."""
    recording = video_of(rooms, active)
    assert rooms.recordings.get(recording.id) == recording
    layout = {"first": VideoRegion(width=480, height=360, video_sources="*")}
    made = rooms.compositions.create(session_id=active.session_id, video_layout=layout)
    assert [one.id for one in rooms.compositions.list()] == [made.id]
    assert rooms.compositions.get(made.id).session_id == active.session_id
    rooms.compositions.delete(made.id)
    rooms.recordings.delete(recording.id)
    assert rooms.recordings.delete_many(session_id=active.session_id) == 1


def test_progress_is_reported_in_the_callers_thread(
    sandbox: Sandbox, rooms: RoomsClient, active: ActiveSession, tmp_path: Path
) -> None:
    """It may use objects bound to the thread, and call the client."""
    recording = video_of(rooms, active)
    reported: list[tuple[threading.Thread, DownloadProgress, str]] = []

    def tell(progress: DownloadProgress) -> None:
        again = rooms.recordings.get(recording.id)
        reported.append((threading.current_thread(), progress, again.id))

    path = tmp_path / "video.mp4"
    size = rooms.recordings.download(recording.id, path, on_progress=tell)
    assert path.stat().st_size == size
    assert reported == [
        (threading.current_thread(), DownloadProgress(size, size), recording.id),
    ]
    assert rooms.recordings.download(recording.id, path) == size
    assert sandbox.keyed_downloads == 0


def test_an_error_of_on_progress_ends_the_download(
    rooms: RoomsClient, active: ActiveSession, tmp_path: Path
) -> None:
    """The error reaches the caller, and no file or connection is left."""
    recording = video_of(rooms, active)

    def complain(_: DownloadProgress) -> None:
        raise LookupError("enough")

    # The file is small: it may be complete by then.
    with pytest.raises(LookupError, match="enough"):
        rooms.recordings.download(recording.id, tmp_path / "video.mp4", on_progress=complain)
    assert {path.name for path in tmp_path.iterdir()} <= {"video.mp4"}
    assert rooms.recordings.get(recording.id) == recording


def test_a_resource_keeps_its_client_alive(sandbox: Sandbox) -> None:
    """A resource and its lists keep the client alive; closing the client closes them."""
    rooms = RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key)
    group, lists = rooms.sessions, RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key)
    pager = lists.sessions.list()
    del lists
    gc.collect()
    assert [*group.list()] == [*pager] == []
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        del pager
        gc.collect()
    rooms.close()
    with pytest.raises(ConfigurationError, match="closed"):
        group.end("a")


def test_bad_arguments_are_refused_immediately(sandbox: Sandbox, rooms: RoomsClient) -> None:
    """A list is refused when it is made, not when it is read, and nothing is sent."""
    with pytest.raises(InvalidRequestError):
        rooms.recordings.list(page_size=0)
    with pytest.raises(InvalidRequestError):
        rooms.recordings.delete_many()
    with pytest.raises(InvalidRequestError, match=r"path: .*; on_progress: must be callable"):
        rooms.recordings.download("a", "", on_progress=5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # the point
    with pytest.raises(InvalidRequestError, match=r"journal: .*; on_progress: must be callable"):
        rooms.create_many([], journal=5, on_progress=5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # the point
    assert sandbox.requests == {}
