"""The file beside the one that is wanted, until it is whole. It blocks: for use in threads."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

KEPT = 60
"""Characters of a name: of 4 bytes at the most, with 14 more that makes 254; systems take 255."""


class Part:
    """``NAME.….part``, in the folder where ``NAME`` is to be.

    Its name is drawn at random, so that two downloads to one path do not write into one file, and
    keeps so much of ``NAME`` that it is not too long where that is not. What cannot be done with
    it is told of ``NAME``, the only name that the caller knows.

    Raises:
        OSError: it cannot be made; nor, from the methods, written, named or removed.
    """

    def __init__(self, path: Path) -> None:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        self._path = path
        self._beside = path.with_name(f"{path.name[:KEPT]}.{token_hex(4)}.part")
        with _told_of(path):
            self._file: BinaryIO = self._beside.open("xb")

    def write(self, position: int, content: bytes | bytearray) -> None:
        """Write at a position, and forget what was behind it."""
        with _told_of(self._path):
            self._file.seek(position)
            self._file.truncate()
            self._file.write(content)

    def finish(self, size: int) -> None:
        """Give the file its name, once it is safe on the disk; what had the name is replaced."""
        with _told_of(self._path):
            self._file.truncate(size)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._beside.replace(self._path)

    def discard(self) -> None:
        """Remove it; after :meth:`finish` there is nothing to remove."""
        with suppress(OSError):  # the disk is full: what is not yet written cannot be
            self._file.close()
        with _told_of(self._path):
            self._beside.unlink(missing_ok=True)


@contextmanager
def _told_of(path: Path) -> Generator[None]:
    """Have the system's errors name this path, whichever they are about."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
