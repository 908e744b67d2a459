"""The lines of a journal file: reading them back, mending the last, keeping others out.

Of each request only the place of its outcome in the file is kept in memory (8 bytes), so that the
journal of a million rooms costs little to resume.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from array import array
from typing import cast

import attrs

from telnyx_video.errors import ConfigurationError, Outcome

HEADER = b'{"journal":"telnyx-video","version":1}\n'

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

    def note(self, line: Line, offset: int) -> bool:
        """Take a line in; False if it is not a line of a journal."""
        request = line.get("request")
        index = line.get("intent", line.get("index"))
        if not isinstance(index, int) or index < 0:
            return False
        match line:
            case {"intent": _, "at": int() | float() as at} if isinstance(request, dict):
                self._reach(index)
                self.begun[index] = Begun(at, cast("Line", request))
            case {"index": _, "request": dict() | None}:
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
        if offset < 0:
            return None
        with os.fdopen(os.dup(file), "rb", closefd=True) as lines:
            lines.seek(offset)
            return cast("Line", json.loads(lines.readline()))

    def _reach(self, index: int) -> None:
        missing = index + 1 - len(self.offsets)
        if missing > 0:
            self.offsets.extend([-1] * missing)


def _is_open(line: Line) -> bool:
    """Whether looking the name up may still tell if the room exists; a room without one never."""
    error, request = line.get("error"), cast("Line | None", line["request"])
    if not isinstance(error, dict) or not request or "unique_name" not in request:
        return False
    return cast("Line", error).get("outcome") != Outcome.NOT_APPLIED.value


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


def load(file: int, name: str) -> Records:
    """Read a journal; begin one in an empty file; cut off a last line that a crash has torn.

    Raises:
        ConfigurationError: the file is something else, and was not touched.
        OSError: it cannot be read or written, or is no file at all: a device may have no end.
    """
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise OSError(errno.EINVAL, "a journal must be a regular file", name)
    records = Records()
    torn: int | None = None
    with os.fdopen(os.dup(file), "rb") as lines:
        header = lines.readline(len(HEADER))
        if not HEADER.startswith(header):
            raise ConfigurationError(f"{name} is not a journal: it has other content")
        offset = len(header)
        for number, text in enumerate(lines, 2):
            if torn is not None:
                raise ConfigurationError(f"{name}, line {number - 1}: not a line of a journal")
            if not _note(records, text, offset):
                torn = offset
            offset += len(text)
    if header != HEADER:
        os.ftruncate(file, 0)
        write(file, HEADER)
    elif torn is not None:
        os.ftruncate(file, torn)
    return records


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


def _note(records: Records, text: bytes, offset: int) -> bool:
    if not text.endswith(b"\n"):
        return False
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(line, dict) and records.note(cast("Line", line), offset)
