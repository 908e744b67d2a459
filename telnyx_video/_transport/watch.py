"""What is under way, so that it can be ended: when it takes too long, or when the client is closed.

One timer serves all requests. Nearly all are done long before their time is up, and a timer of its
own, which is what aiohttp would set, costs a request a twentieth of its CPU.
"""

from __future__ import annotations

import asyncio
from math import inf

import attrs


@attrs.define(eq=False)
class UnderWay:
    """One request, in the task that makes it. It takes back the cancellations that come from here.

    The task may be one that somebody has cancelled before, and that now cleans up.
    """

    task: asyncio.Task[object]
    before: int
    """How many times its task had been cancelled already."""
    end: float = inf
    """When it has to have ended, in the time of its loop."""
    late: bool = False
    """Whether it was cancelled because that time came."""
    cancels: int = 0
    """How many times it was cancelled here."""

    def cancel(self) -> None:
        """End it."""
        self.cancels += 1
        self.task.cancel()

    def take_back(self) -> bool:
        """Take the cancellations back; whether there was none by anybody else.

        aiohttp, too, raises ``CancelledError`` without one, when its pool is closed.
        """
        while self.cancels:
            self.cancels -= 1
            self.task.uncancel()
        return self.task.cancelling() <= self.before


class Watch:
    """All that is under way, and the timer, which is set for the earliest end there is."""

    def __init__(self) -> None:
        self._under_way: set[UnderWay] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = inf

    @property
    def alone(self) -> bool:
        """Whether whatever is under way has no company."""
        return len(self._under_way) == 1

    def begin(self) -> UnderWay:
        """Take in what the current task begins; without an end so far."""
        task: asyncio.Task[object] = asyncio.current_task()  # type: ignore[assignment] # not None
        under_way = UnderWay(task, before=task.cancelling())
        self._under_way.add(under_way)
        return under_way

    def end_by(self, under_way: UnderWay, time: float) -> None:
        """Give it an end, in the time of its loop."""
        under_way.end = time
        if time < self._fires_at:
            self._set_timer(time)

    def leave(self, under_way: UnderWay) -> None:
        """It has ended."""
        self._under_way.remove(under_way)
        if under_way.cancels:
            under_way.take_back()

    def cancel_all(self) -> None:
        """End all, and watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
        for under_way in self._under_way:
            under_way.cancel()

    def _set_timer(self, time: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(time, self._end_late)
        self._fires_at = time

    def _end_late(self) -> None:
        now = asyncio.get_running_loop().time()
        for under_way in self._under_way:
            if under_way.end <= now:
                under_way.end, under_way.late = inf, True
                under_way.cancel()
        self._timer, self._fires_at = None, inf
        earliest = min((under_way.end for under_way in self._under_way), default=inf)
        if earliest < inf:
            self._set_timer(earliest)
