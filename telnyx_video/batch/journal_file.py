"""The journal file: its lines, its lock, and reading the lines of earlier runs.

Of each request only the position of its outcome is kept in memory (8 bytes), so that the journal of
a million rooms costs little to resume. Lines that cannot be read (a power cut may leave a page of
zeros) are counted and skipped; what they may have said of a request decides whether it can be sent.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import stat
import threading
from array import array
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib import import_module
from math import inf
from typing import Any, Final, cast

import attrs

from telnyx_video._base.json import loads
from telnyx_video.errors import ConfigurationError, Outcome

log: Final = logging.getLogger("telnyx_video.journal")

HEADER: Final = b'{"journal":"telnyx-video","version":1}\n'
"""The first line, if the server is not known."""

_START: Final = HEADER.removesuffix(b"}\n")

RUN: Final = b'{"run":%b,"ahead":%d}\n'
"""A run begins: the system's boot id or null, and how many requests may be drawn and not noted."""

NOTED: Final = b'{"noted":%d,"request":%b}\n'
"""A request has a name and will be sent."""

BEGUN: Final = b'{"begun":%d,"at":%.3f}\n'
"""A noted request is about to be sent: its mark."""

INTENT: Final = b'{"intent":%d,"at":%.3f,"request":%b}\n'
"""A request is about to be sent: note and mark in one line."""

GAP: Final = 2**20
"""How far a request's index may be ahead of its line number. The requests between were drawn but
not noted: a few for each create in flight. So a damaged number takes at most 8 MiB of memory."""

SHORTEST_LINE: Final = 32
"""Bytes; all lines about a request are longer."""

LOCKED_BYTE: Final = 2**40
"""Position of the byte that is locked on Windows, where a locked byte cannot be read."""

Line = dict[str, object]


@attrs.frozen
class Pending:
    """A request that was noted and has no final outcome."""

    request: Line | None = attrs.field(repr=False)
    """None if its line was lost."""
    at: float | None
    """When a create of it was begun, in seconds since the epoch; None if it was only noted."""


_UNKNOWN: Final = Pending(None, None)


@attrs.define
class Records:
    """The lines of earlier runs."""

    offsets: array[int] = attrs.field(factory=lambda: array("q"))
    """Position of each request's latest outcome in the file; -1 if it has none."""
    pending: dict[int, Pending] = attrs.field(factory=dict[int, Pending])
    boots: set[str | None] = attrs.field(factory=set[str | None])
    """The boot ids of the runs; None where the system has none."""
    ahead: int = GAP
    """How many requests the latest run may have drawn beyond those that it had noted."""
    readable: bool = False
    """Whether any line could be read."""
    unreadable: int = 0
    """How many lines could not be read."""
    first_unreadable: int = 0
    """The number of the first of them, from 1."""
    lost_before: int = 0
    """Position after the last of them: requests with a later outcome are not affected."""
    lost_below: int = 0
    """Unreadable lines may have been about requests with a lower index than this."""

    def read(self, text: bytes, offset: int, number: int) -> bool:
        """Read the line at this position, of this number; False if it is not a journal's."""
        try:
            line = cast("Line", loads(text))
        except ValueError:
            return False
        match line:
            case {"intent": int(index), "at": at, "request": dict()} if _is_index(
                index, number
            ) and _is_time(at):
                self._reach(index)
                request = cast("Line", line["request"])
                self.pending[index] = Pending(request, cast("float", at))
            case {"noted": int(index), "request": dict()} if _is_index(index, number):
                self._reach(index)
                known = self.pending.get(index)
                if known or self.offsets[index] < 0:  # else it repeats an earlier line
                    at = known.at if known else None  # a mark stays
                    self.pending[index] = Pending(cast("Line", line["request"]), at)
            case {"begun": int(index), "at": at} if _is_index(index, number) and _is_time(at):
                self._reach(index)
                noted = self.pending.get(index, _UNKNOWN)
                self.pending[index] = attrs.evolve(noted, at=cast("float", at))
            case {"index": int(index), "request": dict() | None} if _is_index(
                index, number
            ) and _is_outcome(line):
                self._reach(index)
                self.offsets[index] = offset
                if not _is_open(line):
                    self.pending.pop(index, None)
                elif index not in self.pending:  # that line was lost
                    self.pending[index] = _UNKNOWN
            case {"run": str() | None as boot, "ahead": int(ahead)} if 0 <= ahead <= GAP:
                self.boots.add(boot)
                self.ahead = ahead
            case _:
                return False
        self.readable = True
        return True

    def skip(self, text: bytes, offset: int, number: int) -> None:
        """Note that the line at this position cannot be read; it may have been many lines."""
        self.unreadable += 1
        self.first_unreadable = self.first_unreadable or number
        self.lost_before = offset + len(text)
        most = len(self.offsets) + len(text) // SHORTEST_LINE + 1 + self.ahead
        self.lost_below = max(self.lost_below, most)

    def may_have_lost(self, index: int) -> bool:
        """Whether an unreadable line may have said that this request was sent."""
        if index < self.lost_below:
            offset = self.offsets[index] if index < len(self.offsets) else -1
            return offset < self.lost_before
        pending = self.pending.get(index)
        return pending is not None and pending.request is None

    @property
    def has_all_marks(self) -> bool:
        """Whether a request without a mark was certainly not begun.

        A mark is not synced: it survives the process, but not the system.
        """
        return not self.unreadable and self.boots == {boot_id()} and None not in self.boots

    def _reach(self, index: int) -> None:
        missing = index + 1 - len(self.offsets)
        if missing > 0:
            self.offsets.extend([-1] * missing)


def _is_index(index: int, number: int) -> bool:
    """Whether a line of this number may be of this request; ``True`` is an int, but no index."""
    return type(index) is int and 0 <= index < number + GAP


def _is_time(at: object) -> bool:
    return type(at) in (int, float) and 0 <= cast("float", at) < inf


def _is_outcome(line: Line) -> bool:
    """Whether it has either a room or an error, in fields of the right types.

    Room and request are checked only when they are needed: that takes as long as all the rest.
    """
    get = line.get
    room, error, attempts = cast("Line | None", get("room")), get("error"), get("attempts", 1)
    differences = cast("list[object]", get("differences", []))
    made = isinstance(room, dict) and bool(room.get("id")) and error is None
    return (
        ((made and line["request"] is not None) or (isinstance(error, dict) and room is None))
        and type(attempts) is int
        and attempts >= 0
        and type(get("recovered", False)) is bool
        and type(get("existed", False)) is bool
        and type(differences) is list
        and (not differences or all(type(field) is str for field in differences))
    )


def _is_open(line: Line) -> bool:
    """Whether looking the name up may find the room."""
    error, request = cast("Line | None", line.get("error")), cast("Line | None", line["request"])
    if error is None or not request or "unique_name" not in request:
        return False
    return error.get("outcome") != Outcome.NOT_APPLIED.value


class JournalFile:
    """An open journal that no other run can open.

    Both the event loop and a thread append lines; a lock keeps them apart.

    Raises:
        ConfigurationError: another run holds it, or this platform has no file locks.
        OSError: it cannot be opened, or is a device, which may have no end.
    """

    def __init__(self, name: str, ahead: int = 0) -> None:
        self.name = name
        self.records: Records = Records()
        """The lines of earlier runs, once they are loaded."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        # It has the addresses of webhooks, which may hold a secret.
        self._file = os.open(name, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(self._file).st_mode):
                raise OSError(errno.EINVAL, "a journal must be a regular file", name)
            _lock(self._file, name)
            self._reader = open(name, "rb")  # noqa: SIM115 # closed by `close`
        except BaseException:
            _held.discard(self._file)
            os.close(self._file)
            raise
        self._turn = threading.Lock()
        self._first = RUN % (json.dumps(boot_id()).encode(), min(ahead, GAP))

    def load(self, server: str | None = None) -> None:
        """Read a journal; begin one in an empty file; remove a last line that a crash has torn.

        Args:
            server: The base URL of where the rooms are to be; None if that is not known.

        Raises:
            ConfigurationError: the file is something else, or of another server, and was not
                touched.
            OSError: it cannot be read or written.
        """
        first = self._read_first_line()
        if first.startswith(b"\0"):
            self.records.skip(first, 0, 1)
        else:
            _check_header(first, self.name, server)
        last = self._read_lines(len(first)) or first
        if self.records.unreadable:
            self._warn()
        if not first.endswith(b"\n"):
            os.ftruncate(self._file, 0)
            self._append(header(server))
            os.fsync(self._file)
            _sync_folder(self.name)
        elif _is_torn(last):
            os.ftruncate(self._file, os.fstat(self._file).st_size - len(last))
        elif not last.endswith(b"\n"):
            self._append(b"\n")

    def _read_first_line(self) -> bytes:
        """Return the first line of a journal, or the beginning of any other file."""
        start = self._reader.readline(len(_START))
        whole = start == _START or start.startswith(b"\0")
        return start + self._reader.readline() if whole else start

    def _read_lines(self, offset: int) -> bytes:
        """Read all lines from the second; return the last of them."""
        text = b""
        for number, text in enumerate(self._reader, 2):
            if not self.records.read(text, offset, number) and not _is_torn(text):
                self.records.skip(text, offset, number)
            offset += len(text)
        return text

    def _warn(self) -> None:
        if not self.records.readable:
            raise _other_content(self.name)
        log.warning(
            "%s: %d lines cannot be read, the first is line %d; the batch continues, and "
            "requests without a name that were in them are reported as unknown",
            self.name,
            self.records.unreadable,
            self.records.first_unreadable,
        )

    def outcome(self, index: int) -> Line | None:
        """Return the latest outcome of a request in earlier runs, if there is one."""
        offset = self.records.offsets[index]
        if offset < 0:
            return None
        self._reader.seek(offset)
        return cast("Line", loads(self._reader.readline()))

    def append(self, lines: bytes) -> None:
        """Append whole lines, which survive this process; if that fails, none of them is left.

        Raises:
            OSError: they cannot be written.
        """
        with self._turn:
            if self._first:
                self._append(self._first)
                self._first = b""
            self._append(lines)

    def commit(self, lines: Iterable[bytes]) -> None:
        """Append whole lines and sync them, so that they survive the system, too.

        Raises:
            OSError: they cannot be written or synced.
        """
        joined = b"".join(lines)
        self.append(joined)
        end = os.fstat(self._file).st_size
        try:
            os.fsync(self._file)
        except OSError:
            with self._turn:
                if os.fstat(self._file).st_size == end:  # nothing was appended after them
                    os.ftruncate(self._file, end - len(joined))
            raise

    def close(self) -> None:
        """Release the file."""
        _held.discard(self._file)
        self._reader.close()
        os.close(self._file)

    def _append(self, lines: bytes) -> None:
        written = 0
        try:
            while written < len(lines):
                written += os.write(self._file, lines[written:])
        except OSError:
            os.ftruncate(self._file, os.fstat(self._file).st_size - written)
            raise


def header(server: str | None) -> bytes:
    """Return the first line of the journal of rooms on this server."""
    if server is None:
        return HEADER
    return b'%b,"server":%b}\n' % (_START, json.dumps(server).encode())


def _check_header(text: bytes, name: str, server: str | None) -> None:
    """Check the first line, or what a crash has left of it."""
    if not _START.startswith(text[: len(_START)]):
        raise _other_content(name)
    if not text.endswith(b"\n"):
        return
    try:
        line = cast("Line", loads(text))
    except ValueError:
        line = {}
    if line.get("version") != 1:
        raise _other_content(name)
    noted = line.get("server")
    if noted is not None and server is not None and noted != server:
        raise ConfigurationError(
            f"{name} is the journal of another server: its rooms are at {noted!r}, and not at "
            f"{server!r}; use that base URL, or another file"
        )


def _other_content(name: str) -> ConfigurationError:
    return ConfigurationError(f"{name} is not a journal: it has other content")


def _is_torn(text: bytes) -> bool:
    """Whether a crash has torn this line, which is the last one; zeros are not a part of a line."""
    if text.endswith(b"\n") or b"\0" in text:
        return False
    try:
        loads(text)
    except ValueError:
        return True
    return False


def _sync_folder(name: str) -> None:
    """Sync a new file's name, without which a power cut may take the whole file."""
    with suppress(PermissionError):  # Windows cannot open folders, and needs no sync of names
        folder = os.open(os.path.dirname(name) or os.curdir, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@cache
def boot_id() -> str | None:
    """Return the id of the system's boot; None where it has none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def _lock(file: int, name: str) -> None:
    """Lock the file; the system unlocks it when the process ends, even if it is killed.

    ``flock`` belongs to the open file. ``lockf`` belongs to the process: it would be lost when the
    process closes any other descriptor of the file, and would not keep apart two of its batches.
    """
    try:
        try:
            import fcntl
        except ImportError:
            _lock_on_windows(file)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _held.add(file)
            _release_after_fork()
    except ImportError:
        raise ConfigurationError("a journal needs file locks, which this platform lacks") from None
    except (BlockingIOError, PermissionError):
        raise ConfigurationError(f"{name} is the journal of a batch that is running") from None


def _lock_on_windows(file: int) -> None:
    msvcrt: Any = import_module("msvcrt")
    os.lseek(file, LOCKED_BYTE, os.SEEK_SET)
    msvcrt.locking(file, msvcrt.LK_NBLCK, 1)


_held: set[int] = set()
"""Descriptors that hold a lock by `flock`, which a forked child would share."""


@cache
def _release_after_fork() -> None:
    os.register_at_fork(after_in_child=_release)


def _release() -> None:
    """Replace the descriptors in a forked child: closing them does not affect the parent."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in _held:
        os.dup2(nothing, file, inheritable=False)
    _held.clear()
    os.close(nothing)
