"""Event loops whose time leaps: where nothing happens until some time, it is that time at once.

Time-outs, backoff and deadlines of minutes are met in no time, though the sockets are real. While
code runs and bytes travel, no time passes at all: however busy the machine is, a test measures the
same times. Only for tests that do without threads: what these do is not seen, and time leaps over
it.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

P = ParamSpec("P")

STILL = 0.03
"""Real seconds without any event after which none is to be expected; loopback takes microseconds,
and the kernel looks for events once more when they are over."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop that does not wait for timers."""

    def __init__(self) -> None:
        self._selector_of_time = _VirtualTimeSelector()
        super().__init__(self._selector_of_time)

    def time(self) -> float:
        """The seconds that were leapt over so far."""
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
    """Run a test in a virtual_time loop, in which no task of it may be left."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def leave_nothing() -> None:
            await test(*args, **kwargs)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(leave_nothing())

    return run
