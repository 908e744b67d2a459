"""The standard streams of a command: prepared before it starts, and written without Rich.

Imports nothing that takes long, since it shows that other modules load.

Text from a server or a file is escaped, so that it cannot control the terminal.
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
    """Show on a terminal that modules are loading, if it takes long."""
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
    """A stream that ignores failed writes."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write text, if possible."""
        with suppress(OSError):
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if possible."""
        with suppress(OSError):
            self.stream.flush()


def _lenient(stream: TextIO) -> TextIO:
    return cast("TextIO", _Lenient(stream))


@contextmanager
def prepared_streams() -> Generator[None]:
    """Prepare the standard streams for a command.

    A missing stream is replaced by the null device, stdout replaces what its encoding cannot
    express, and a stderr that cannot be written changes no result.

    A stream that has failed stays lenient: Python flushes it again when the process exits, and
    would replace the exit code.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            null = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 # open until the exit
            setattr(sys, name, null)
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
    """Log to stderr if ``TELNYX_LOG`` is set, with control characters escaped."""
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
    """Write one line of JSON to stdout and flush it; ASCII, so that it works in any locale."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def visible(value: object) -> str:
    """Return a value as one line of text, with unprintable characters escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in str(value)
    )
