"""Runs a command's coroutine, and handles Ctrl-C and SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import Any, TypeVar

import typer

from telnyx_video.cli.errors import SIGNALLED
from telnyx_video.cli.output import stderr

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a command to its end, on uvloop if it is installed.

    Raises:
        typer.Exit: it was interrupted; this was printed.
    """
    try:
        from uvloop import new_event_loop
    except ImportError:
        factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    else:
        factory = new_event_loop
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(main)
    except KeyboardInterrupt as interrupt:
        # The client notes on the cancelled call whether it was sent.
        notes = getattr(interrupt.__context__, "__notes__", [])
        raise interrupted(*notes) from None


@contextmanager
def before_sending() -> Generator[None]:
    """Handle Ctrl-C before the first request is sent.

    Raises:
        typer.Exit: it was interrupted; this was printed.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise interrupted("nothing was sent") from None


def interrupted(*notes: str) -> typer.Exit:
    """Print that the command was interrupted, and return its exit code."""
    stderr().print("; ".join(["Interrupted", *notes]) + ".")
    return typer.Exit(SIGNALLED + signal.SIGINT)


@contextmanager
def on_signals(react: Callable[[int], None]) -> Generator[None]:
    """Call a function in the running event loop at each Ctrl-C and SIGTERM."""
    loop = asyncio.get_running_loop()
    with handling_signals(lambda number, _: loop.call_soon_threadsafe(react, number)):
        yield


@contextmanager
def handling_signals(handle: Callable[[int, FrameType | None], object]) -> Generator[None]:
    """Handle Ctrl-C and SIGTERM, if this is the main thread."""
    numbers = (signal.SIGINT, signal.SIGTERM) if current_thread() is main_thread() else ()
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
