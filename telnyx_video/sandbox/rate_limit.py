"""The rate limit: fixed windows of one second, and the headers about them."""

import math
import time
from collections.abc import Callable


class RateLimiter:
    """Counts the requests of the current second.

    The headers are Telnyx's (https://developers.telnyx.com/api-reference/); its limits and the
    length of its windows are not published.

    Args:
        limit: Requests a second, at least 1.
        clock: A monotonic clock in seconds.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Forget the requests of this second."""
        self._window = math.floor(self._clock())
        self._taken = 0

    def take(self) -> bool:
        """Count one request; False if the limit of this second is reached."""
        self._roll()
        if self._taken == self._limit:
            return False
        self._taken += 1
        return True

    def headers(self) -> dict[str, str]:
        """Return the headers about the limit."""
        now = self._roll()
        return {
            "x-ratelimit-limit": str(self._limit),
            "x-ratelimit-remaining": str(self._limit - self._taken),
            "x-ratelimit-reset": str(math.ceil(self._window + 1 - now)),
        }

    def _roll(self) -> float:
        now = self._clock()
        if now >= self._window + 1:
            self._window, self._taken = math.floor(now), 0
        return now
