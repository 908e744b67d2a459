"""Time-outs of one attempt: the default, what a caller gives, and keeping the one for all of it.

All times are in seconds.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import Final

import aiohttp

from telnyx_video import _checks as check
from telnyx_video.errors import ConfigurationError, ErrorDetail

DEFAULT_TIMEOUT: Final = aiohttp.ClientTimeout(total=20, connect=10, sock_connect=5)
"""For one attempt; waiting for one of the client's connections is not part of it.

A limit between bytes (``sock_read``) would cost each request a tenth of its CPU for two more
timers, and tell little more: a reply here is a few hundred bytes, and comes at once or not."""


def as_timeout(timeout: float | aiohttp.ClientTimeout) -> aiohttp.ClientTimeout:
    """Seconds for a whole attempt, or finer limits as aiohttp has them.

    Raises:
        ConfigurationError: it is not a number of seconds above 0.
    """
    if isinstance(timeout, aiohttp.ClientTimeout):
        return timeout
    problems: list[ErrorDetail] = []
    check.positive(problems, "timeout", timeout)
    if problems:
        raise ConfigurationError(f"{problems[0]}")
    limits = DEFAULT_TIMEOUT
    return aiohttp.ClientTimeout(
        total=timeout, connect=limits.connect, sock_connect=limits.sock_connect
    )


class Watch:
    """Cancels tasks that take too long: one timer for all of them, instead of one for each.

    Nearly all are done long before, and a timer of its own would cost a request a twentieth of its
    CPU. The timer is set for the earliest end there is; when it fires, it is set for the next.
    """

    def __init__(self) -> None:
        self._ends: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = inf

    def begin(self, task: asyncio.Task[object]) -> None:
        """Take a task in; without an end so far."""
        self._ends[task] = inf

    def end_by(self, task: asyncio.Task[object], time: float) -> None:
        """Give it an end, in the time of its loop."""
        self._ends[task] = time
        if time < self._fires_at:
            self._set_timer(time)

    def is_late(self, task: asyncio.Task[object]) -> bool:
        """Whether it was cancelled here. Tells it once, and takes the cancellation back."""
        if task not in self._late:
            return False
        self._late.remove(task)
        task.uncancel()
        return True

    def leave(self, task: asyncio.Task[object]) -> None:
        """Let it go on in its own time."""
        del self._ends[task]

    def cancel_all(self) -> None:
        """Cancel all tasks, and watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._ends:
            task.cancel()

    def _set_timer(self, time: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(time, self._end_late)
        self._fires_at = time

    def _end_late(self) -> None:
        now = asyncio.get_running_loop().time()
        for task, end in self._ends.items():
            if end <= now:
                self._late.add(task)
                self._ends[task] = inf
                task.cancel()
        self._timer, self._fires_at = None, inf
        earliest = min(self._ends.values(), default=inf)
        if earliest < inf:
            self._set_timer(earliest)
