"""The standard streams of a command: prepared before it starts, and written without Rich.

Imports nothing that takes long, since it shows that other modules load.

Text from a server or a file is shown as text, never with characters that a terminal would obey.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import TextIO, cast

LOADING_AFTER = 0.3
"""Seconds of loading after which a terminal shows it."""


@contextmanager
def show_loading() -> Generator[None]:
    """Show on a terminal that modules are being loaded, if that takes long."""
    stream = sys.stderr
    if stream is None or not stream.isatty():
        yield
        return
    shown = False

    def show() -> None:
        nonlocal shown
        shown = True
        stream.write("Loading…")
        stream.flush()

    timer = Timer(LOADING_AFTER, show)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if shown:
            stream.write("\r        \r")
            stream.flush()


class _Lenient:
    """A stream that drops what it cannot write."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write a text, if possible."""
        with suppress(OSError):
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, if possible."""
        with suppress(OSError):
            self.stream.flush()


def _lenient(stream: TextIO) -> TextIO:
    return cast("TextIO", _Lenient(stream))


@contextmanager
def prepared_streams() -> Generator[None]:
    """Prepare the standard streams for a command.

    A missing stream is replaced by the null device, stdout replaces what its encoding cannot
    express, and a stderr that cannot be written changes no result.

    A stream that has failed stays lenient: at the end of the process Python flushes it once more,
    and would turn a failure into an exit code of its own.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    stdout: object = sys.stdout
    if isinstance(stdout, io.TextIOWrapper):
        stdout.reconfigure(errors="backslashreplace")
    if isinstance(stdout, _Lenient):  # from an earlier command: this one's results matter
        sys.stdout = stdout.stream
    before = sys.stderr
    sys.stderr = _lenient(before)
    try:
        yield
    finally:
        if _can_be_written(before):
            sys.stderr = before
        if not _can_be_written(sys.stdout):
            sys.stdout = _lenient(sys.stdout)


def _can_be_written(stream: TextIO) -> bool:
    try:
        stream.flush()
    except OSError:
        return False
    return True


class _VisibleFormatter(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 # logging's name
        return visible(super().formatMessage(record))


@contextmanager
def visible_log() -> Generator[None]:
    """With ``TELNYX_LOG`` set, log to stderr; what a server sent controls no terminal."""
    if not os.environ.get("TELNYX_LOG"):
        yield
        return
    handler = logging.StreamHandler()
    handler.setFormatter(_VisibleFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("telnyx_video")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def write_json(value: object) -> None:
    """Write one line of JSON to stdout and flush it; ASCII, so that it suits any locale."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def visible(value: object) -> str:
    """A value as one line of text, with characters that do not print escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in str(value)
    )
