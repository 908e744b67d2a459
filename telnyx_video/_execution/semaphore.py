"""Places of which there are only so many at a time, given out in the order of asking."""

from __future__ import annotations

import asyncio
from collections import deque


class Semaphore:
    """A semaphore whose free places are taken without a coroutine.

    A place that is given back goes to whoever has waited longest: while anybody waits none is free,
    so that nobody who comes later overtakes.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Take a place if there is a free one."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def wait(self) -> None:
        """Wait, as there is no free place, for one that is given back, and take it."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came at the same time
                self.give_back()
            raise

    def give_back(self) -> None:
        """Leave a place to the next."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # else its waiter was cancelled
                turn.set_result(None)
                return
        self._free += 1
