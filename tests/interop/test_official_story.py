"""The official SDK uses every operation on the sandbox, from a room to its composition."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import Request, urlopen

import pytest
import telnyx

from telnyx_video.sandbox import Sandbox

T = TypeVar("T")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(composition_delay=0) as sandbox:
        yield sandbox


@pytest.fixture
def official(sandbox: Sandbox) -> Iterator[telnyx.Telnyx]:
    """Return the official client, pointed at the sandbox."""
    with telnyx.Telnyx(api_key=sandbox.api_key, base_url=sandbox.url, max_retries=0) as client:
        yield client


def some(value: T | None) -> T:
    """Return a value that the SDK's types declare optional."""
    assert value is not None
    return value


def join(sandbox: Sandbox, room_id: str, name: str, token: str) -> str:
    """Join a room with a token."""
    address = f"{sandbox.url.removesuffix('/v2')}/_sandbox/rooms/{room_id}/join"
    body = json.dumps({"context": name, "token": token}).encode()
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(address, body, headers, method="POST")) as reply:
        participant_id: str = json.load(reply)["participant"]["id"]
    return participant_id


def fetch(url: Any, file: Path) -> bytes:
    """Download a file, which the SDK does not do."""
    with urlopen(some(url)) as reply:
        file.write_bytes(reply.read())
    return file.read_bytes()


def test_the_whole_story(official: telnyx.Telnyx, sandbox: Sandbox, tmp_path: Path) -> None:
    """Room, tokens, session, recordings and composition all work."""
    rooms, sessions = official.rooms, official.rooms.sessions
    room_id = some(some(rooms.create(unique_name="standup", enable_recording=True).data).id)

    token = some(rooms.actions.generate_join_client_token(room_id, token_ttl_secs=60).data)
    refresh_token = some(token.refresh_token)
    again = some(rooms.actions.refresh_client_token(room_id, refresh_token=refresh_token).data)
    alice = join(sandbox, room_id, "Alice", some(token.token))
    bob = join(sandbox, room_id, "Bob", some(again.token))

    [session] = sessions.list_1(room_id, filter={"active": True})
    assert [other.id for other in sessions.list_0()] == [session.id]
    session_id = some(session.id)
    sessions.actions.mute(session_id, participants=[alice, bob])
    sessions.actions.unmute(session_id, participants="all", exclude=[alice])
    assert [one["context"] for one in sandbox.participants if one["muted"]] == ["Alice"]
    sessions.actions.kick(session_id, participants=[bob])
    here = [one for one in sessions.retrieve_participants(session_id) if one.left_at is None]
    assert [one.context for one in here] == ["Alice"]
    assert some(official.room_participants.retrieve(bob).data).left_at is not None
    assert len(list(official.room_participants.list())) == 2
    sessions.actions.end(session_id)
    assert some(sessions.retrieve(session_id).data).active is False

    [recording] = official.room_recordings.list(filter={"participant_id": alice, "type": "audio"})
    found = some(official.room_recordings.retrieve(some(recording.id)).data)
    assert fetch(found.download_url, tmp_path / "alice.ogg")[:4] == b"OggS"
    official.room_recordings.delete(some(recording.id))
    deleted = official.room_recordings.delete_bulk(filter={"session_id": session_id})
    assert some(deleted.data).room_recordings == 3

    composition = some(official.room_compositions.create(session_id=session_id).data)
    composition_id = some(composition.id)
    assert [other.id for other in official.room_compositions.list()] == [composition_id]
    ready = some(official.room_compositions.retrieve(composition_id).data)
    assert fetch(ready.download_url, tmp_path / "film.mp4")[4:8] == b"ftyp"
    official.room_compositions.delete(composition_id)

    rooms.delete(room_id)
    assert sandbox.rooms == []
