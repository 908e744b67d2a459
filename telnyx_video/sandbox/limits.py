"""How many requests a second the server takes: fixed windows of one second, and their headers."""

import math
import time
from collections.abc import Callable


class RateWindow:
    """Counts the requests of the current second.

    The headers are named as Telnyx names them (https://developers.telnyx.com/api-reference/); how
    many requests it takes, and for how long a window lasts there, is not published.

    Args:
        limit: Requests that one second takes, at least 1.
        clock: Tells the time in seconds, never going back.
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
        """Take a place for one request; False means that this second has none left."""
        self._roll()
        if self._taken == self._limit:
            return False
        self._taken += 1
        return True

    def headers(self) -> dict[str, str]:
        """Return the headers that tell a caller where it stands."""
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
