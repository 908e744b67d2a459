"""Rooms in a file outlive the server, even if the process is killed."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
import pytest

from sandbox.api_driver import ApiDriver
from sandbox.http_driver import HttpDriver, create_blocking
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.checks.bodies import ROOM, defaults
from telnyx_video.sandbox.state.database import ConflictError, NameTakenError
from telnyx_video.sandbox.state.store import Store

DEFAULTS = defaults(ROOM)
SERVE = """
import sys
from telnyx_video.sandbox import Sandbox
with Sandbox(db=sys.argv[1]) as sandbox:
    print(sandbox.url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "rooms.db"


async def test_rooms_in_a_file_are_kept(session: aiohttp.ClientSession, db: Path) -> None:
    """A sandbox on the same file shows the same rooms, and their names are taken."""
    async with Sandbox(db=db) as sandbox:
        room = (await HttpDriver(session, sandbox).create(unique_name="standup")).data
    async with Sandbox(db=str(db)) as sandbox:
        assert sandbox.rooms == [room]
        assert (await HttpDriver(session, sandbox).create(unique_name="standup")).status == 422


async def test_a_sandbox_in_memory_starts_empty(session: aiohttp.ClientSession) -> None:
    """A sandbox that is entered again has only the rooms of its file."""
    sandbox = Sandbox()
    for _ in range(2):
        async with sandbox:
            assert sandbox.rooms == []
            await HttpDriver(session, sandbox).create(unique_name="standup")


@contextmanager
def doomed(program: str, db: Path) -> Generator[tuple["subprocess.Popen[str]", str]]:
    """Run a program that serves these rooms and prints its URL, until it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", program, db],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_a_committed_room_survives_a_kill(db: Path) -> None:
    """Every room whose creation was answered exists after the process was killed."""
    with doomed(SERVE, db) as (process, url):
        created = [create_blocking(url, unique_name=f"room-{number}") for number in range(50)]
    assert process.returncode == -signal.SIGKILL
    with Sandbox(db=db) as sandbox:
        assert sandbox.rooms == created


SESSION = """
import sys
from telnyx_video.sandbox import Sandbox
with Sandbox(db=sys.argv[1]) as sandbox:
    print(sandbox.url, flush=True)
    room = sys.stdin.readline().strip()
    sandbox.leave(sandbox.join(room, context="Alice"))
    sandbox.join(room, context="Bob")
    print("joined", flush=True)
    sys.stdin.read()
"""


def killed_in_a_session(db: Path) -> str:
    """Kill a server after one of two participants has left; return the room."""
    with doomed(SESSION, db) as (process, url):
        room_id: str = create_blocking(url, enable_recording=True)["id"]
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{room_id}\n")
        process.stdin.flush()
        assert process.stdout.readline() == "joined\n"
    return room_id


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
async def test_a_session_survives_a_kill(session: aiohttp.ClientSession, db: Path) -> None:
    """So do participants, recordings, compositions, files and tokens."""
    room_id = killed_in_a_session(db)
    async with Sandbox(db=db, composition_delay=0) as sandbox:
        http = HttpDriver(session, sandbox)
        before = await everything(http)
        alice, bob = before["participants"]
        assert "left_at" in alice
        assert "left_at" not in bob
        assert [row["status"] for row in before["recordings"]] == ["completed"] * 2 + [
            "processing"
        ] * 2
        wanted = {"session_id": alice["session_id"]}
        composed = (await http.send("POST", "/room_compositions", wanted)).data
        path = f"/rooms/{room_id}/actions/generate_join_client_token"
        token = (await http.send("POST", path, {})).data["token"]
        before, events = await everything(http), sandbox.events
    async with Sandbox(db=db) as sandbox:
        http = HttpDriver(session, sandbox)
        after = await everything(http)
        assert {**after, "compositions": []} == {**before, "compositions": []}
        assert sandbox.events == events
        (found,) = after["compositions"]
        assert found["id"] == composed["id"]
        async with session.get(found["download_url"]) as reply:
            assert reply.content_length == round(found["size_mb"] * 1e6)
        join = await http.send("POST", f"//_sandbox/rooms/{room_id}/join", {"token": token})
        assert join.body["session"]["id"] == bob["session_id"]


async def everything(http: HttpDriver) -> dict[str, Any]:
    """Return the content of each list, without the URLs of files, whose port changes."""
    found: dict[str, Any] = {}
    for kind in ("sessions", "participants", "recordings", "compositions"):
        found[kind] = (await http.send("GET", f"/room_{kind}")).data
    for row in found["recordings"]:
        row.pop("download_url", None)
    return found


def test_a_failed_change_is_rolled_back() -> None:
    """If ending a session fails halfway, the session stays active."""
    with closing(Store()) as store:
        room = store.rooms.create(DEFAULTS)
        participant, session = store.sessions.join(room.id, None)
        with (
            patch.object(store.events, "add", side_effect=ZeroDivisionError),
            pytest.raises(ZeroDivisionError),
        ):
            store.sessions.leave(participant.id)
        assert store.sessions.table.get(session.id) == session
        assert store.sessions.participants.get(participant.id) == participant


async def test_servers_of_one_file_agree_on_names(session: aiohttp.ClientSession, db: Path) -> None:
    """A name taken at one server is taken at another server of the file."""
    async with Sandbox(db=db) as one, Sandbox(db=db) as other:
        assert (await HttpDriver(session, one).create(unique_name="standup")).status == 201
        assert (await HttpDriver(session, other).create(unique_name="standup")).status == 422
        assert one.rooms == other.rooms


def raced(attempt: Callable[[Store], str], *stores: Store) -> list[str]:
    """Return the results of ten threads that start together, each with one of the stores."""
    start = threading.Barrier(10)

    def run(store: Store) -> str:
        start.wait()
        return attempt(store)

    with ThreadPoolExecutor(start.parties) as threads:
        return list(threads.map(run, islice(cycle(stores), start.parties)))


def test_threads_cannot_create_two_rooms_with_one_name(db: Path) -> None:
    """Of threads that race for a name, through two connections, one gets it."""

    def create(store: Store) -> str:
        try:
            store.rooms.create({**DEFAULTS, "unique_name": "standup"})
        except NameTakenError:
            return "taken"
        return "created"

    with closing(Store(db)) as one, closing(Store(db)) as other:
        assert sorted(raced(create, one, other)) == ["created"] + ["taken"] * 9
        assert len(one.rooms.table) == len(other.rooms.table) == 1


def test_threads_cannot_open_two_sessions_or_overfill_a_room(db: Path) -> None:
    """Threads that race into an empty room through two connections do not exceed its size."""
    with closing(Store(db)) as one, closing(Store(db)) as other:
        room = one.rooms.create({**DEFAULTS, "max_participants": 6})

        def join(store: Store) -> str:
            try:
                _, session = store.sessions.join(room.id, None)
            except ConflictError:
                return "full"
            return session.id

        results = raced(join, one, other)
        (session,) = one.sessions.table.where()
        assert sorted(results) == sorted(["full"] * 4 + [session.id] * 6)
        assert len(other.sessions.present(session)) == 6


def test_an_object_deleted_by_another_server_is_not_found(driver: ApiDriver) -> None:
    """Another server of the same file may delete it at any time."""
    room = driver.room()
    assert driver.store.rooms.update("gone", {}) is None
    assert driver.store.rooms.delete("gone") is False
    with patch.object(driver.store.rooms, "update", return_value=None):
        assert driver.call("PATCH", f"/rooms/{room['id']}", {}).status == 404
    with pytest.raises(LookupError, match="gone"):
        driver.store.sessions.kick("gone", None)


async def test_a_file_that_is_not_a_database_is_an_error(tmp_path: Path) -> None:
    """The sandbox does not start, names the file, and does not change it."""
    notes = tmp_path / "notes.txt"
    notes.write_text("not a database " * 100)
    for path in (notes, tmp_path / "missing" / "rooms.db"):
        with pytest.raises(OSError, match="cannot keep its rooms in .*" + path.name) as caught:
            await Sandbox(db=path).__aenter__()
        assert isinstance(caught.value.__cause__, sqlite3.Error)
        with pytest.raises(OSError, match="cannot keep its rooms"), Sandbox(db=path):
            pass
    assert os.listdir(tmp_path) == ["notes.txt"]
