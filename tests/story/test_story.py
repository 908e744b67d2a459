"""The whole Video API in one story: async, blocking and from a shell.

A room is created, two participants join, one is muted, one is kicked, and the session ends. Its
recording is downloaded, a composition is created and downloaded, and the room is deleted.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from story.people import MP4, join, muted
from telnyx_video import AsyncRoomsClient, RoomsClient
from telnyx_video.cli import main
from telnyx_video.sandbox import Sandbox

# Compositions are ready immediately.
pytestmark = pytest.mark.telnyx_sandbox(composition_delay=0)


async def test_awaited(sandbox: Sandbox, tmp_path: Path) -> None:
    """An async service uses one client."""
    async with AsyncRoomsClient() as rooms:
        room = await rooms.create(unique_name="standup", enable_recording=True)

        token = await rooms.join_token(room.id, token_ttl_secs=60)
        alice = join(sandbox, room.id, "Alice", token.token)
        bob = join(sandbox, room.id, "Bob", token.token)

        [session] = [session async for session in rooms.sessions.list(room.id, active=True)]
        await rooms.sessions.mute(session.id, [alice])
        assert muted(sandbox) == ["Alice"]
        await rooms.sessions.kick(session.id, [bob])
        here = [one async for one in rooms.sessions.participants(session.id) if not one.left_at]
        assert [one.context for one in here] == ["Alice"]
        await rooms.sessions.end(session.id)
        assert (await rooms.sessions.get(session.id)).active is False

        found = rooms.recordings.list(session_id=session.id, participant_id=alice, type="audio")
        [recording] = [recording async for recording in found]
        size = await rooms.recordings.download(recording.id, tmp_path / "alice.ogg")
        assert (tmp_path / "alice.ogg").stat().st_size == size > 0

        video = await rooms.compositions.create(session_id=session.id, resolution="800x600")
        await rooms.compositions.download(video.id, tmp_path / "video.mp4")
        assert (tmp_path / "video.mp4").read_bytes()[4:8] == MP4

        await rooms.delete(room.id)
    assert sandbox.rooms == []


def test_blocking(sandbox: Sandbox, tmp_path: Path) -> None:
    """A blocking script does the same."""
    with RoomsClient() as rooms:
        room = rooms.create(unique_name="standup", enable_recording=True)

        token = rooms.join_token(room.id, token_ttl_secs=60)
        alice = join(sandbox, room.id, "Alice", token.token)
        bob = join(sandbox, room.id, "Bob", token.token)

        [session] = rooms.sessions.list(room.id, active=True)
        rooms.sessions.mute(session.id, [alice])
        assert muted(sandbox) == ["Alice"]
        rooms.sessions.kick(session.id, [bob])
        here = [one for one in rooms.sessions.participants(session.id) if not one.left_at]
        assert [one.context for one in here] == ["Alice"]
        rooms.sessions.end(session.id)
        assert rooms.sessions.get(session.id).active is False

        found = rooms.recordings.list(session_id=session.id, participant_id=alice, type="audio")
        [recording] = found
        size = rooms.recordings.download(recording.id, tmp_path / "alice.ogg")
        assert (tmp_path / "alice.ogg").stat().st_size == size > 0

        video = rooms.compositions.create(session_id=session.id, resolution="800x600")
        rooms.compositions.download(video.id, tmp_path / "video.mp4")
        assert (tmp_path / "video.mp4").read_bytes()[4:8] == MP4

        rooms.delete(room.id)
    assert sandbox.rooms == []


def test_from_a_shell(sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands do the same, connected by JSON."""

    def telnyx_video(command: str) -> Any:
        """Run a command successfully, and return its output."""
        assert main(["--json", *command.split()]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    [room] = telnyx_video("create --unique-name standup --enable-recording")

    [token] = telnyx_video(f"rooms join-token {room['id']} --token-ttl-secs 60")
    alice = join(sandbox, room["id"], "Alice", token["token"])
    bob = join(sandbox, room["id"], "Bob", token["token"])

    [session] = telnyx_video(f"sessions list --room-id {room['id']} --active")
    telnyx_video(f"sessions mute {session['id']} {alice}")
    assert muted(sandbox) == ["Alice"]
    telnyx_video(f"sessions kick {session['id']} {bob}")
    everybody = telnyx_video(f"sessions participants {session['id']}")
    assert [one["context"] for one in everybody if not one.get("left_at")] == ["Alice"]
    telnyx_video(f"sessions end {session['id']} --yes")
    assert telnyx_video(f"sessions get {session['id']}")[0]["active"] is False

    [recording] = telnyx_video(f"recordings list --participant-id {alice} --type audio")
    [got] = telnyx_video(f"recordings download {recording['id']} {tmp_path}/alice.ogg")
    assert (tmp_path / "alice.ogg").stat().st_size == got["bytes"] > 0

    [video] = telnyx_video(f"compositions create --session-id {session['id']} --resolution 800x600")
    telnyx_video(f"compositions download {video['id']} {tmp_path}/video.mp4")
    assert (tmp_path / "video.mp4").read_bytes()[4:8] == MP4

    telnyx_video(f"delete {room['id']} --yes")
    assert sandbox.rooms == []
