"""Event loops with virtual time: when idle, the clock advances to the next timer.

Time-outs, backoff and deadlines of minutes pass instantly, though the sockets are real. While code
runs and bytes travel the clock stands still, so that a test measures the same times on a busy
machine. Only for tests without threads: the loop does not see their work.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

P = ParamSpec("P")

STILL = 0.03
"""Real seconds without an event after which the loop counts as idle.

Loopback takes microseconds, and the kernel checks for events once more at the end."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that does not wait for timers."""

    def __init__(self) -> None:
        self._selector_of_time = _VirtualTimeSelector()
        super().__init__(self._selector_of_time)

    def time(self) -> float:
        """The virtual time, in seconds."""
        return self._selector_of_time.now


class _VirtualTimeSelector(selectors.DefaultSelector):
    now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        events = super().select(min(timeout, STILL))
        if not events:
            self.now += timeout
        return events


def virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test in virtual time, and check that it leaves no task."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def leave_nothing() -> None:
            await test(*args, **kwargs)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(leave_nothing())

    return run
