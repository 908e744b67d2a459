"""Tracks the requests in flight, so that each can be ended: past its deadline, or on close.

One timer serves all requests. Nearly all end long before their deadline, and a timer for each, as
aiohttp would set it, costs a request a twentieth of its CPU time.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import Final

import attrs

READ_PASSES: Final = 10
"""Passes of the event loop between a deadline and the cancellation.

Where the caller's code has blocked the loop, the reply may already lie in the socket: the loop
reads it in these passes. A reply takes a few: its bytes, its head, the rest of its body.
"""


@attrs.define(eq=False)
class Deadline:
    """The end of one request, in the task that makes it; keeps apart whose cancellation it is."""

    task: asyncio.Task[object]
    cancelling_before: int
    """How many cancellations the task had when the request began: it may be cleaning up."""
    at: float = inf
    """When the request has to have ended, on the loop's clock."""
    passed: bool = False
    """Whether the request was cancelled because of its deadline."""
    cancels: int = 0
    """How many cancellations came from here."""

    def cancel(self) -> None:
        """Cancel the request."""
        self.cancels += 1
        self.task.cancel()

    def uncancel(self) -> bool:
        """Take back the cancellations from here; return whether there are no others.

        aiohttp also raises ``CancelledError`` without a cancellation, when its pool is closed.
        """
        while self.cancels:
            self.cancels -= 1
            self.task.uncancel()
        return self.task.cancelling() <= self.cancelling_before


class InFlight:
    """The deadlines of all requests in flight, and the one timer, set for the earliest."""

    def __init__(self) -> None:
        self.deadlines: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = inf

    def enter(self, at: float = inf) -> Deadline:
        """Add a request of the current task that has to end at a time on the loop's clock."""
        task: asyncio.Task[object] = asyncio.current_task()  # type: ignore[assignment] # not None
        deadline = Deadline(task, task.cancelling(), at)
        self.deadlines.add(deadline)
        if at < self._fires_at:
            self._set_timer(at)
        return deadline

    def leave(self, deadline: Deadline) -> None:
        """Remove a request that has ended."""
        self.deadlines.remove(deadline)
        if deadline.cancels:
            deadline.uncancel()

    def cancel_all(self) -> None:
        """Cancel all requests, and the timer."""
        if self._timer is not None:
            self._timer.cancel()
        for deadline in self.deadlines:
            deadline.cancel()

    def _set_timer(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(at, self._on_timer)
        self._fires_at = at

    def _on_timer(self) -> None:
        now = asyncio.get_running_loop().time()
        late = [deadline for deadline in self.deadlines if deadline.at <= now]
        for deadline in late:
            deadline.at = inf
        self._cancel_after(READ_PASSES, late)
        self._timer, self._fires_at = None, inf
        earliest = min((deadline.at for deadline in self.deadlines), default=inf)
        if earliest < inf:
            self._set_timer(earliest)

    def _cancel_after(self, passes: int, late: list[Deadline]) -> None:
        """Cancel those that are still in flight after so many passes of the loop."""
        still = [deadline for deadline in late if deadline in self.deadlines]
        if passes and still:
            asyncio.get_running_loop().call_soon(self._cancel_after, passes - 1, still)
            return
        for deadline in still:
            deadline.passed = True
            deadline.cancel()
