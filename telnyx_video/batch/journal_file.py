"""The journal file: its lines, its lock, and reading it back.

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
from typing import BinaryIO, Final, Protocol, cast

import attrs

from telnyx_video._base.json import dumps_objects, loads
from telnyx_video.batch.outcome import CreateOutcome
from telnyx_video.errors import ConfigurationError, Outcome
from telnyx_video.models import Room
from telnyx_video.models._codec import plain

log: Final = logging.getLogger("telnyx_video.journal")

HEADER: Final = b'{"journal":"telnyx-video","version":1}\n'
"""The first line, where it is not known which server the rooms are on."""

_START: Final = HEADER.removesuffix(b"}\n")

PIECE: Final = 4096
"""Bytes that are read at a time to find a line's end; nearly all lines are shorter."""

GAP: Final = 2**20
"""How far a request's index may be ahead of the number of its line. Those in between were drawn and
not noted before, of which there are a few for each create in flight. So a damaged number, however
large, takes at most 8 MiB of memory."""

SHORTEST_LINE: Final = 32
"""Bytes; all lines about a request are longer."""

LOCKED_BYTE: Final = 2**40
"""Position of the byte that is locked on Windows, where nobody can read a locked one."""

Line = dict[str, object]


@attrs.frozen
class Pending:
    """A request that was noted, and has no final outcome."""

    request: Line | None = attrs.field(repr=False)
    """None if the line that had it was lost."""
    at: float | None
    """When a create of it was begun, in seconds since the epoch; None if it was only noted."""


_UNKNOWN: Final = Pending(None, None)


@attrs.define
class Records:
    """What earlier runs have written."""

    offsets: array[int] = attrs.field(factory=lambda: array("q"))
    """Position of each request's latest outcome in the file; -1 if it has none."""
    pending: dict[int, Pending] = attrs.field(factory=dict[int, Pending])
    boots: set[str | None] = attrs.field(factory=set[str | None])
    """The boots of the system in which the runs were made; None where the system names none."""
    ahead: int = GAP
    """How many requests the latest run may have drawn beyond those that it had noted."""
    readable: bool = False
    """Whether any line could be read."""
    unreadable: int = 0
    """How many lines could not be read."""
    first_unreadable: int = 0
    """The number of the first of them, from 1."""
    lost_before: int = 0
    """Position behind the last of them: requests with a later outcome are not affected."""
    lost_below: int = 0
    """Lines that could not be read may have been of requests with a lower index than this."""

    def read(self, text: bytes, offset: int, number: int) -> bool:
        """Take in the line at this position, of this number; False if it is not a journal's."""
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
                if known or self.offsets[index] < 0:  # else it repeats a line of long before
                    at = known.at if known else None  # a mark stays, whatever follows it
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
        """Whether a line that cannot be read may have said that this request was sent."""
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
    """Whether a line of this number may be of this request; ``True`` is no index, though an int."""
    return type(index) is int and 0 <= index < number + GAP


def _is_time(at: object) -> bool:
    return type(at) in (int, float) and 0 <= cast("float", at) < inf


def _is_outcome(line: Line) -> bool:
    """Whether it has either a room or an error, in fields of the right types.

    Of the room no more than its id is looked at here, and nothing of the request: that takes as
    long as all the rest, and is done when they are wanted.
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
    """Whether looking the name up may still tell if the room exists; a room without one never."""
    error, request = cast("Line | None", line.get("error")), cast("Line | None", line["request"])
    if error is None or not request or "unique_name" not in request:
        return False
    return error.get("outcome") != Outcome.NOT_APPLIED.value


class JournalFile:
    """An open journal that no other run can open.

    Its lines are appended by the loop and by a thread, which take turns.

    Raises:
        ConfigurationError: another run holds it, or this platform has no file locks.
        OSError: it cannot be opened.
    """

    def __init__(self, name: str, ahead: int = 0) -> None:
        self.name = name
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        # It has the addresses of webhooks, which may hold a secret.
        self._file = os.open(name, flags, 0o600)
        try:
            _lock(self._file, name)
        except BaseException:
            os.close(self._file)
            raise
        self._turn = threading.Lock()
        self._first = run_line(boot_id(), min(ahead, GAP))

    def load(self, server: str | None = None) -> Records:
        """Read a journal; begin one in an empty file; repair a last line that a crash has torn.

        Args:
            server: The base URL of where the rooms are to be; None if that is not known.

        Raises:
            ConfigurationError: the file is something else, or of another server, and was not
                touched.
            OSError: it cannot be read or written, or is a device, which may have no end.
        """
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            raise OSError(errno.EINVAL, "a journal must be a regular file", self.name)
        records = Records()
        with os.fdopen(self._file, "rb", closefd=False) as lines:
            first = _first_line(lines)
            if not first.startswith(b"\0"):
                _check_header(first, self.name, server)
            else:
                records.skip(first, 0, 1)
            last = _read_lines(lines, records, len(first)) or first
        if records.unreadable:
            self._warn(records)
        if not first.endswith(b"\n"):
            os.ftruncate(self._file, 0)
            self._append(header(server))
            os.fsync(self._file)
            _sync_folder(self.name)
        elif _is_torn(last):
            os.ftruncate(self._file, os.fstat(self._file).st_size - len(last))
        elif not last.endswith(b"\n"):
            self._append(b"\n")
        return records

    def _warn(self, records: Records) -> None:
        if not records.readable:
            raise _other_content(self.name)
        log.warning(
            "%s: %d lines cannot be read, the first is line %d; the batch goes on, and requests "
            "without a name that were in them are reported as unknown",
            self.name,
            records.unreadable,
            records.first_unreadable,
        )

    def line_at(self, offset: int) -> Line:
        """Return the line at this position."""
        text = piece = self._read(offset)
        while piece and b"\n" not in piece:
            piece = self._read(offset + len(text))
            text += piece
        return cast("Line", loads(text[: text.index(b"\n")]))

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
            OSError: they cannot be written, or not be synced.
        """
        joined = b"".join(lines)
        self.append(joined)
        end = os.fstat(self._file).st_size
        try:
            os.fsync(self._file)
        except OSError:
            with self._turn:
                if os.fstat(self._file).st_size == end:  # nothing was appended behind them
                    os.ftruncate(self._file, end - len(joined))
            raise

    def close(self) -> None:
        """Release the file."""
        _held.discard(self._file)
        os.close(self._file)

    def _append(self, lines: bytes) -> None:
        written = 0
        try:
            while written < len(lines):
                written += os.write(self._file, lines[written:])
        except OSError:
            os.ftruncate(self._file, os.fstat(self._file).st_size - written)
            raise

    def _read(self, offset: int) -> bytes:
        with self._turn:  # not `pread`, which Windows lacks; appending ignores the position
            os.lseek(self._file, offset, os.SEEK_SET)
            return os.read(self._file, PIECE)


def run_line(boot: str | None, ahead: int) -> bytes:
    """Return the first line of a run.

    Args:
        boot: What the system calls the time since it was started; None if it does not.
        ahead: How many requests may be drawn beyond those that are noted.
    """
    return b'{"run":%b,"ahead":%d}\n' % (json.dumps(boot).encode(), ahead)


def noted_line(index: int, encoded_request: bytes) -> bytes:
    """Return what is written of a request before it is its turn."""
    return b'{"noted":%d,"request":%b}\n' % (index, encoded_request)


def begun_line(index: int, at: float) -> bytes:
    """Return the mark of a request that was noted, and is about to be sent."""
    return b'{"begun":%d,"at":%.3f}\n' % (index, at)


def intent_line(index: int, at: float, encoded_request: bytes) -> bytes:
    """Return what is written of a request that is about to be sent: note and mark in one."""
    return b'{"intent":%d,"at":%.3f,"request":%b}\n' % (index, at, encoded_request)


def outcome_line(outcome: CreateOutcome, encoded_request: bytes | None) -> bytes:
    """Return what is written of a request at last.

    Args:
        outcome: How it ended.
        encoded_request: The request as it was written before, if it was.
    """
    plainly = outcome.attempts == 1 and not outcome.recovered and not outcome.existed
    if plainly and outcome.room is not None and encoded_request is not None:
        with suppress(*_UNWRITABLE):
            return _MADE % (
                outcome.index,
                encoded_request,
                dumps_objects(outcome.room, plain),
            )
    content = outcome.to_line()
    try:
        return to_line(content)
    except _UNWRITABLE:
        # Nested too deeply. The room is worth more than what this version does not know of it.
        room = attrs.evolve(cast("Room", outcome.room), extra={}, sessions=None)
        return to_line(content | {"room": room})


_UNWRITABLE: Final = (TypeError, ValueError, RecursionError)

_MADE: Final = (
    b'{"index":%d,"request":%b,"room":%b,"error":null,"attempts":1,"recovered":false,'
    b'"existed":false,"differences":[]}\n'
)
"""Nearly all outcomes are like this, and half of such a line is encoded already."""


def to_line(content: Line) -> bytes:
    """Encode one line."""
    try:
        return dumps_objects(content, plain) + b"\n"
    except (TypeError, ValueError):
        # Stray bytes in a header of the reply, and so in an error's message, are no UTF-8; and
        # orjson does not know all time zones, nor values that are nested by the hundred.
        text = json.dumps(content, ensure_ascii=False, default=plain)
        return text.encode(errors="replace") + b"\n"


def header(server: str | None) -> bytes:
    """Return the first line of the journal of rooms on this server."""
    if server is None:
        return HEADER
    return b'%b,"server":%b}\n' % (_START, json.dumps(server).encode())


def _read_lines(lines: BinaryIO, records: Records, offset: int) -> bytes:
    """Take in all lines from the second; return the last of them."""
    text = b""
    for number, text in enumerate(lines, 2):
        if not records.read(text, offset, number) and not _is_torn(text):
            records.skip(text, offset, number)
        offset += len(text)
    return text


def _is_torn(text: bytes) -> bool:
    """Whether a crash has torn this line, which is the last one; zeros are not a part of a line."""
    if text.endswith(b"\n") or b"\0" in text:
        return False
    try:
        loads(text)
    except ValueError:
        return True
    return False


def _first_line(lines: BinaryIO) -> bytes:
    """Return the first line of a journal, or the beginning of any other file, however long."""
    start = lines.readline(len(_START))
    whole = start == _START or start.startswith(b"\0")
    return start + lines.readline() if whole else start


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


def _sync_folder(name: str) -> None:
    """Sync a new file's name, without which a power cut may take the whole file."""
    with suppress(PermissionError):  # Windows does not open folders, and keeps names by itself
        folder = os.open(os.path.dirname(name) or os.curdir, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@cache
def boot_id() -> str | None:
    """Return what the system calls the time since it was started; None if it does not."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


class _Msvcrt(Protocol):
    """The part of the module :mod:`msvcrt` that locks a file."""

    LK_NBLCK: int

    def locking(self, file: int, mode: int, count: int, /) -> None: ...


def _lock(file: int, name: str) -> None:
    """Lock the file; the system unlocks it when the process ends, however."""
    try:
        try:
            _lock_with_fcntl(file)
        except ImportError:
            _lock_with_msvcrt(file, cast("_Msvcrt", import_module("msvcrt")))
    except ImportError:
        raise ConfigurationError("a journal needs file locks, which this platform lacks") from None
    except (BlockingIOError, PermissionError):
        raise ConfigurationError(f"{name} is the journal of a batch that is running") from None


def _lock_with_fcntl(file: int) -> None:
    """Lock by ``flock``, which belongs to the open file, and let forked children let go of it.

    ``lockf`` belongs to the process and is not inherited, but it is lost as soon as the process
    closes any other descriptor of the file, as when it reads its own results, and it does not keep
    apart two batches of one process.
    """
    import fcntl

    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    _held.add(file)
    _let_go_after_fork()


def _lock_with_msvcrt(file: int, msvcrt: _Msvcrt) -> None:
    os.lseek(file, LOCKED_BYTE, os.SEEK_SET)
    msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    os.lseek(file, 0, os.SEEK_SET)


_held: set[int] = set()
"""Descriptors that hold a lock."""


@cache
def _let_go_after_fork() -> None:
    os.register_at_fork(after_in_child=_let_go)


def _let_go() -> None:
    """Have a forked child's descriptors be of something else: closing them then harms nobody."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in _held:
        os.dup2(nothing, file, inheritable=False)
    _held.clear()
    os.close(nothing)
