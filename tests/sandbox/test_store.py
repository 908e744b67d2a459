"""What outlives the server: rooms in a file, even when the process is killed."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from sandbox.caller import Caller, create_blocking
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.checks import DEFAULTS
from telnyx_video.sandbox.state import NameTakenError, RoomStore

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


async def test_rooms_in_a_file_are_there_again(session: aiohttp.ClientSession, db: Path) -> None:
    """A sandbox on the same file shows the same rooms, and keeps their names taken."""
    async with Sandbox(db=db) as sandbox:
        room = (await Caller(session, sandbox).create(unique_name="standup")).data
    async with Sandbox(db=str(db)) as sandbox:
        assert sandbox.rooms == [room]
        assert (await Caller(session, sandbox).create(unique_name="standup")).status == 422


async def test_a_sandbox_in_memory_starts_empty(session: aiohttp.ClientSession) -> None:
    """A sandbox that is entered again has the rooms of its file only, so here none."""
    sandbox = Sandbox()
    for _ in range(2):
        async with sandbox:
            assert sandbox.rooms == []
            await Caller(session, sandbox).create(unique_name="standup")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_a_committed_room_survives_a_kill(db: Path) -> None:
    """Every room whose creation was answered is there after the process was killed."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, db],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        created = [create_blocking(url, unique_name=f"room-{number}") for number in range(50)]
        process.kill()
    assert process.returncode == -signal.SIGKILL
    with Sandbox(db=db) as sandbox:
        assert sandbox.rooms == created


async def test_servers_of_one_file_agree_on_names(session: aiohttp.ClientSession, db: Path) -> None:
    """A name taken at one server is taken at another one of the same file."""
    async with Sandbox(db=db) as one, Sandbox(db=db) as other:
        assert (await Caller(session, one).create(unique_name="standup")).status == 201
        assert (await Caller(session, other).create(unique_name="standup")).status == 422
        assert one.rooms == other.rooms


def test_threads_cannot_make_two_rooms_of_one_name(db: Path) -> None:
    """Of threads that race for a name, through two connections, one gets it."""
    with closing(RoomStore(db)) as one, closing(RoomStore(db)) as other:
        start = threading.Barrier(10)
        results = list[str]()

        def race(store: RoomStore) -> None:
            start.wait()
            try:
                store.create({**DEFAULTS, "unique_name": "standup"})
            except NameTakenError:
                results.append("taken")
            else:
                results.append("created")

        threads = [threading.Thread(target=race, args=(store,)) for store in (one, other) * 5]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == ["created"] + ["taken"] * 9
        assert len(one) == len(other.all()) == 1


def test_an_update_of_a_room_that_is_gone_finds_nothing() -> None:
    """Another server of the same file may have deleted the room in between."""
    with closing(RoomStore()) as store:
        assert store.update("gone", {}) is None


async def test_a_file_that_is_no_database_is_an_error_in_words(tmp_path: Path) -> None:
    """The sandbox does not start on such a file, says which one, and leaves it alone."""
    notes = tmp_path / "notes.txt"
    notes.write_text("not a database " * 100)
    for path in (notes, tmp_path / "missing" / "rooms.db"):
        with pytest.raises(OSError, match="cannot keep its rooms in .*" + path.name) as caught:
            await Sandbox(db=path).__aenter__()
        assert isinstance(caught.value.__cause__, sqlite3.Error)
        with pytest.raises(OSError, match="cannot keep its rooms"), Sandbox(db=path):
            pass
    assert os.listdir(tmp_path) == ["notes.txt"]
