"""One run at a time holds a journal, with forked children and on other systems, too."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from telnyx_video import ConfigurationError
from telnyx_video.batch import journal_file
from telnyx_video.batch.journal import Journal
from telnyx_video.batch.journal_file import HEADER, LOCKED_BYTE, JournalFile

RUNNING = "is the journal of a batch that is running"


@pytest.fixture
def journal(tmp_path: Path) -> str:
    """The path of a journal that does not exist yet."""
    return str(tmp_path / "rooms.jsonl")


def test_a_new_journal_is_private(journal: str) -> None:
    """Only its owner can read the URLs in it."""
    JournalFile(journal).close()
    assert stat.S_IMODE(os.stat(journal).st_mode) == 0o600


def test_two_batches_of_one_process_are_kept_apart(journal: str) -> None:
    """Even if the process reads the file meanwhile."""
    file = JournalFile(journal)
    with open(journal, "rb"):
        pass
    with pytest.raises(ConfigurationError, match=RUNNING):
        JournalFile(journal)
    file.close()
    JournalFile(journal).close()


FORKING = """
import os, sys
from telnyx_video.batch.journal_file import JournalFile

file = JournalFile(sys.argv[1])
gone, leaving = os.pipe()
if os.fork():
    os.close(leaving)
    os.read(gone, 1)  # the child has started
    os._exit(0)  # killed, say
os.close(gone)
os.write(leaving, b"!")
file.append(b"a line of the child\\n")
file.close()
print("child", flush=True)
sys.stdin.read()
"""


def test_a_forked_child_does_not_hold_the_journal_of_its_parent(journal: str) -> None:
    """It may outlive its parent, whose batch can be resumed; its writes go nowhere."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FORKING, journal],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"child\n"
        assert parent.wait() == 0
        file = JournalFile(journal)  # while the child still runs
        file.load()
        file.close()
    assert Path(journal).read_bytes() == HEADER


FORKING_LATER = """
import fcntl, os, sys
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from telnyx_video.batch.journal_file import JournalFile

JournalFile(sys.argv[1]).close()
next_free = os.open(os.devnull, os.O_RDONLY)
os.close(next_free)
limits = getrlimit(RLIMIT_NOFILE)
setrlimit(RLIMIT_NOFILE, (next_free + 1, limits[1]))  # for one of the journal's two descriptors
try:
    JournalFile(sys.argv[1])
except OSError:
    setrlimit(RLIMIT_NOFILE, limits)
reused = [os.open(sys.argv[2], os.O_CREAT | os.O_RDWR | os.O_APPEND) for _ in range(3)]
if os.fork():
    os.wait()
else:
    for file in reused:
        os.write(file, b"written")
    os._exit(0)
"""


def test_a_closed_journal_takes_nothing_from_a_forked_child(journal: str, tmp_path: Path) -> None:
    """Nor does one that could not be opened: its descriptors may belong to other files by then."""
    other = tmp_path / "other"
    command = [sys.executable, "-W", "ignore", "-c", FORKING_LATER, journal, str(other)]
    subprocess.run(command, check=True)
    assert other.read_bytes() == b"written" * 3


def test_a_journal_leaves_no_descriptor_open(journal: str) -> None:
    """Whether it was begun, read again or refused."""
    before = os.listdir("/dev/fd")
    for _ in range(2):
        file = JournalFile(journal)
        file.load()
        with pytest.raises(ConfigurationError, match=RUNNING):
            JournalFile(journal)
        file.close()
    with pytest.raises(OSError, match="regular file"):
        JournalFile(os.devnull)
    assert os.listdir("/dev/fd") == before


def test_a_refused_journal_leaves_no_thread(journal: str) -> None:
    """The thread that read it ends with the refusal."""
    Path(journal).write_text("a shopping list\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is not a journal"):
        asyncio.run(Journal.open(journal))
    assert not [thread for thread in threading.enumerate() if "journal" in thread.name]


class Windows:
    """The locks of Windows: of a range of bytes from the file's position, by descriptor."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.locked: set[tuple[int, int]] = set()

    def locking(self, file: int, mode: int, count: int) -> None:
        """Lock, or fail as the module does."""
        assert (mode, count) == (self.LK_NBLCK, 1)
        place = (os.fstat(file).st_ino, os.lseek(file, 0, os.SEEK_CUR))
        if place in self.locked:
            raise PermissionError(13, "Permission denied")
        self.locked.add(place)


def test_windows_locks_keep_runs_apart(journal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte far after the end is locked, so the lines can be read and written."""
    windows = Windows()
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", windows)
    file = JournalFile(journal)
    assert list(windows.locked) == [(os.stat(journal).st_ino, LOCKED_BYTE)]
    file.load()
    with pytest.raises(ConfigurationError, match=RUNNING):
        JournalFile(journal)
    assert os.stat(journal).st_size == len(HEADER)
    file.close()


def test_a_folder_that_cannot_be_opened_is_not_synced(
    journal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows refuses to open folders; a journal can be begun nevertheless."""
    file, open_file = JournalFile(journal), os.open

    def refuse_folders(path: str, flags: int) -> int:
        if os.path.isdir(path):
            raise PermissionError(13, "Permission denied")
        return open_file(path, flags)

    monkeypatch.setattr(journal_file, "os", SimpleNamespace(**vars(os) | {"open": refuse_folders}))
    file.load()
    file.close()
    assert Path(journal).read_bytes() == HEADER


def test_a_platform_without_locks_is_named(journal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal is refused if two runs could not be kept apart."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", None)
    with pytest.raises(ConfigurationError, match="file locks"):
        JournalFile(journal)


@pytest.mark.parametrize("behind", [b"", b'{"begun":0,"at":1.500}\n'])
def test_lines_that_could_not_be_synced_are_taken_back(
    journal: str, monkeypatch: pytest.MonkeyPatch, behind: bytes
) -> None:
    """Unless a mark was appended meanwhile, which must stay."""
    file = JournalFile(journal)
    file.load()
    file.append(b"")
    before = Path(journal).read_bytes()

    def fail(_: int) -> None:
        if behind:
            file.append(behind)
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="Input/output error"):
            file.commit([b'{"noted":0,"request":{}}\n'])
    file.close()
    after = Path(journal).read_bytes().removeprefix(before)
    assert after == (b'{"noted":0,"request":{}}\n' + behind if behind else b"")
