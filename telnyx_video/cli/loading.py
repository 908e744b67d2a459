"""A sign of life while modules load; imports nothing that takes long itself."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from threading import Timer

LOADING_AFTER = 0.3
"""Seconds of loading after which a terminal shows that."""


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
