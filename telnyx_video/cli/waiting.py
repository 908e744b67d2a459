"""Shows that a command is waiting for the server, and for how long."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from time import monotonic
from urllib.parse import urlsplit

from rich.console import Console
from rich.text import Text

from telnyx_video.cli.output import stderr
from telnyx_video.observing import Event, RequestFinished, RequestStarted

EVERY = 0.25
"""Seconds between updates; faster changes cannot be read."""

PATIENCE = 1.0
"""Seconds of waiting after which it is shown."""


class ServerStatus:
    """Whether the server answers, from a client's events: a hook.

    Args:
        give_up_after: Seconds without an answer after which the client gives up.
        clock: Seconds.
    """

    def __init__(self, give_up_after: float, clock: Callable[[], float] = monotonic) -> None:
        self._give_up_after = give_up_after
        self._clock = clock
        self._in_flight = 0
        self._since: float | None = None
        self._reason = ""
        self.answered: bool = False
        """Whether the server has answered any request."""

    def __call__(self, event: Event) -> None:
        """Record the start or the end of a request."""
        match event:
            case RequestStarted():
                self._in_flight += 1
                if self._since is None:
                    self._since = self._clock()
                    self._reason = _host(event.url)
            case RequestFinished():
                self._in_flight -= 1
                if event.status is not None and event.status < 500:
                    self.answered = True
                    self._since = self._clock() if self._in_flight else None
                    self._reason = _host(event.request.url)
                elif event.status is not None or isinstance(event.error, Exception):
                    self._reason = _reason(event)
            case _:
                pass

    @property
    def silence(self) -> float:
        """Seconds since the last answer while requests are in flight, else 0."""
        return 0.0 if self._since is None else self._clock() - self._since

    def __str__(self) -> str:
        return f"no answer for {duration(self.silence)} ({self._reason})"

    @property
    def outlook(self) -> str:
        """The silence, and when the client gives up."""
        left = max(0.0, self._give_up_after - self.silence)
        return f"{self}; gives up in {duration(left)}"


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _reason(event: RequestFinished) -> str:
    host = _host(event.request.url)
    if event.status is not None:
        return f"{event.status}, {host}"
    return f"{_cause(event.error)}, {host}"


def _cause(error: BaseException | None) -> str:
    """Return why there is no reply, from the client's message."""
    if isinstance(error, TimeoutError):
        return "timed out"
    found = _CAUSE.search(str(error))
    return found[1].lower() if found else "connection failed"


_CAUSE = re.compile(r" failed: (?:.*\[)?([^\[\]]+)\]? \(\w+\) - ")


def can_draw(console: Console, *, json: bool) -> bool:
    """Whether a moving display would not mix with a log or results on the terminal."""
    disturbed = os.environ.get("TELNYX_LOG") or (json and sys.stdout.isatty())
    return console.is_interactive and sys.stderr.isatty() and not disturbed


@contextmanager
def spinner(status: ServerStatus, *, json: bool) -> Generator[None]:
    """Show a spinner on a terminal if the block takes longer than a second."""
    console = stderr()
    if not can_draw(console, json=json):
        yield
        return
    display = console.status("")

    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def show() -> None:
        nonlocal timer
        text = status.outlook if status.silence >= PATIENCE else "Waiting for the server"
        display.update(Text(text, overflow="ellipsis", no_wrap=True))
        display.start()
        timer = loop.call_later(EVERY, show)

    timer = loop.call_later(PATIENCE, show)
    try:
        yield
    finally:
        timer.cancel()
        display.stop()


def amount(number: float) -> str:
    """Format a count, or a rate with one decimal if it is small."""
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"


def duration(seconds: float) -> str:
    """Format seconds in at most two units: ``8 s``, ``2 min 5 s``, ``1 h 20 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
