"""Locks that are handed on in the order of asking."""

from __future__ import annotations

import asyncio
from collections import deque

from telnyx_video._base.errors import ConfigurationError


class Semaphore:
    """A FIFO semaphore: a free place is taken without a coroutine.

    A place that is released goes to the one that has waited longest: while anyone waits no place is
    free, so that nobody overtakes.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = count
        self._waiters: deque[asyncio.Future[None]] = deque()

    def try_acquire(self) -> bool:
        """Take a place if one is free."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def acquire(self) -> None:
        """Take a place that is released; only to be called when none is free.

        Raises:
            ConfigurationError: it was closed meanwhile.
        """
        turn = asyncio.get_running_loop().create_future()
        self._waiters.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.release()  # its turn came at the same time
            raise

    def release(self) -> None:
        """Hand a place on to the next, or make it free."""
        while self._waiters:
            turn = self._waiters.popleft()
            if not turn.done():  # else it was cancelled
                turn.set_result(None)
                return
        self._free += 1

    def close(self) -> None:
        """Let all that wait fail."""
        while self._waiters:
            turn = self._waiters.popleft()
            if not turn.done():
                turn.set_exception(ConfigurationError("this client is closed: make a new one"))


class FifoLock:
    """A lock that is handed on in the order of asking, and knows how many wait for it."""

    def __init__(self) -> None:
        self.waiting: int = 0
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        self.waiting += 1
        try:
            await self._lock.acquire()
        except BaseException:
            self.waiting -= 1
            raise

    async def __aexit__(self, *_: object) -> None:
        self.waiting -= 1
        self._lock.release()
