"""The lines of a journal file: writing them, reading them back, mending the last of them.

Of each request only the place of its outcome in the file is kept in memory (8 bytes), so that the
journal of a million rooms costs little to resume.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from array import array
from contextlib import suppress
from math import inf
from typing import BinaryIO, cast

import attrs

from telnyx_video import _wire
from telnyx_video._base.json import dumps_objects, loads
from telnyx_video.batch.outcome import CreateOutcome
from telnyx_video.errors import ConfigurationError, Outcome

HEADER = b'{"journal":"telnyx-video","version":1}\n'
"""The first line, where it is not known which server the rooms are on."""

_START = HEADER.removesuffix(b"}\n")

PIECE = 4096
"""Bytes that are read at a time to find a line's end; nearly all lines are shorter."""

GAP = 2**20
"""How far a request's place may be ahead of the number of its line. Those in between were drawn and
not noted before, of which there are a few for each create under way. So a damaged number, however
large, takes at most 8 MiB of memory."""

Line = dict[str, object]


@attrs.frozen
class Begun:
    """A request that was about to be sent, and whose end is unknown."""

    at: float
    """When, in seconds since the epoch."""
    request: Line


@attrs.frozen
class Records:
    """What earlier runs have noted."""

    offsets: array[int] = attrs.field(factory=lambda: array("q"))
    """Where in the file each request's latest outcome is; -1 if it has none."""
    begun: dict[int, Begun] = attrs.field(factory=dict[int, Begun])

    def note(self, text: bytes, offset: int, number: int) -> bool:
        """Take in the line at this place, of this number; False if it is not a journal's."""
        try:
            line = cast("Line", loads(text))
        except ValueError:
            return False
        match line:
            case {"intent": int(index), "at": int() | float() as at, "request": dict()} if (
                _is_index(index, number) and type(at) is not bool and 0 <= at < inf
            ):
                self._reach(index)
                self.begun[index] = Begun(at, cast("Line", line["request"]))
            case {"index": int(index), "request": dict() | None} if _is_index(
                index, number
            ) and _is_outcome(line):
                self._reach(index)
                self.offsets[index] = offset
                if not _is_open(line):
                    self.begun.pop(index, None)
            case _:
                return False
        return True

    def outcome(self, file: int, index: int) -> Line | None:
        """The latest outcome of a request."""
        offset = self.offsets[index]
        return None if offset < 0 else cast("Line", loads(_line_at(file, offset)))

    def _reach(self, index: int) -> None:
        missing = index + 1 - len(self.offsets)
        if missing > 0:
            self.offsets.extend([-1] * missing)


def _is_index(index: int, number: int) -> bool:
    """Whether a line of this number may be of this request; ``True`` is no index, though an int."""
    return type(index) is int and 0 <= index < number + GAP


def _is_outcome(line: Line) -> bool:
    """Whether it tells of either a room or an error, in fields of the right types.

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


def _line_at(file: int, offset: int) -> bytes:
    # `pread` leaves the file's position alone: another thread may be appending.
    text = piece = os.pread(file, PIECE, offset)
    while piece and b"\n" not in piece:
        piece = os.pread(file, PIECE, offset + len(text))
        text += piece
    return text[: text.index(b"\n")]


def intent_line(index: int, at: float, settings: bytes) -> bytes:
    """What is noted of a request before it is sent.

    Args:
        settings: What it asks for, as JSON.
    """
    return b'{"intent":%d,"at":%.3f,"request":%b}\n' % (index, at, settings)


def outcome_line(outcome: CreateOutcome, settings: bytes | None) -> bytes:
    """What is noted of a request at last.

    Args:
        settings: What it asks for, as it was noted before the request was sent, if it was.
    """
    at_once = outcome.attempts == 1 and not outcome.recovered and not outcome.existed
    if at_once and outcome.room is not None and settings is not None:
        with suppress(TypeError, ValueError):
            return _MADE % (outcome.index, settings, dumps_objects(outcome.room, _wire.plain))
    return to_line(outcome.line())


_MADE = (
    b'{"index":%d,"request":%b,"room":%b,"error":null,"attempts":1,"recovered":false,'
    b'"existed":false,"differences":[]}\n'
)
"""Nearly all outcomes are like this, and half of such a line is at hand: it is not made anew."""


def to_line(content: Line) -> bytes:
    """Write one line."""
    try:
        return dumps_objects(content, _wire.plain) + b"\n"
    except (TypeError, ValueError):
        # Stray bytes in a header of the reply, and so in an error's message, are no UTF-8; and
        # orjson does not know all time zones.
        text = json.dumps(content, ensure_ascii=False, default=_wire.plain)
        return text.encode(errors="replace") + b"\n"


def lock(file: int, name: str) -> None:
    """Hold the file for this process; the system lets go of it when the process ends, however.

    Raises:
        ConfigurationError: another run holds it, or this platform has no such locks.
    """
    try:
        import fcntl
    except ImportError:
        raise ConfigurationError("a journal needs file locks, which this platform lacks") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigurationError(f"{name} is the journal of a batch that is running") from None


def header(server: str | None) -> bytes:
    """The first line of the journal of rooms on this server."""
    if server is None:
        return HEADER
    return b'%b,"server":%b}\n' % (_START, json.dumps(server).encode())


def load(file: int, name: str, server: str | None = None) -> Records:
    """Read a journal; begin one in an empty file; mend a last line that a crash has torn.

    Args:
        file: The open file.
        name: Its path.
        server: The base URL of where the rooms are to be; None if that is not known.

    Raises:
        ConfigurationError: the file is something else, of another server, or damaged, and was not
            touched.
        OSError: it cannot be read or written, or is no file at all: a device may have no end.
    """
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise OSError(errno.EINVAL, "a journal must be a regular file", name)
    records = Records()
    with os.fdopen(os.dup(file), "rb") as lines:
        text = first = _first_line(lines)
        begun = first.endswith(b"\n")
        if not _START.startswith(first[: len(_START)]):
            raise ConfigurationError(f"{name} is not a journal: it has other content")
        if begun:
            _check_header(first, name, server)
        whole, end = True, len(first)
        for number, text in enumerate(lines, 2):
            whole = records.note(text, end, number)
            if not whole and text.endswith(b"\n"):
                raise ConfigurationError(f"{name}, line {number}: not a line of a journal")
            end += len(text)
    if not begun:
        os.ftruncate(file, 0)
        write(file, header(server))
        _sync_folder(name)
    elif not whole:
        os.ftruncate(file, end - len(text))
    elif not text.endswith(b"\n"):
        write(file, b"\n")
    return records


def _first_line(lines: BinaryIO) -> bytes:
    """The first line of a journal, or the beginning of what is something else, however long."""
    start = lines.readline(len(_START))
    return start + lines.readline() if start == _START else start


def _check_header(text: bytes, name: str, server: str | None) -> None:
    try:
        line = cast("Line", loads(text))
    except ValueError:
        line = {}
    if line.get("version") != 1:
        raise ConfigurationError(f"{name} is not a journal: it has other content")
    noted = line.get("server")
    if noted is not None and server is not None and noted != server:
        raise ConfigurationError(
            f"{name} is the journal of another server: its rooms are at {noted!r}, and not at "
            f"{server!r}; use that base URL, or another file"
        )


def write(file: int, lines: bytes) -> None:
    """Append whole lines and have them on disk; if that fails, none of them is left there.

    Raises:
        OSError: they cannot be written.
    """
    end = os.fstat(file).st_size
    try:
        while lines:
            lines = lines[os.write(file, lines) :]
        os.fsync(file)
    except OSError:
        os.ftruncate(file, end)
        raise


def _sync_folder(name: str) -> None:
    """Have a new file's name on disk, too, without which a power cut may take the whole file."""
    folder = os.open(os.path.dirname(name) or os.curdir, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
