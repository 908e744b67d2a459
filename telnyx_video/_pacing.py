"""When the next request may be sent: before the server refuses it, not after.

Pure: told the time, they answer how long to wait. All times are in seconds on the caller's clock.

- :class:`MaxRate`, a rate that the caller sets: the generic cell rate algorithm (GCRA),
  https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
- :class:`ServerLimit`, the account's limit as replies tell it: what is left of the window is spread
  over the time that is left of it. Several clients that do so share a limit without knowing of each
  other, for each slows down as the common rest shrinks.
"""

from __future__ import annotations

import attrs

from telnyx_video import _checks as check
from telnyx_video.errors import ErrorDetail, InvalidRequestError, RateLimit

CATCH_UP = 0.02
"""Seconds by which a request may be late without the next ones being late too: timers are."""

FREE_SHARE = 0.9
"""While more than this share of a window is left, nobody waits: small batches are not slowed."""

MAX_RESET = 60.0
"""A window is not believed to be longer, so that a mistaken header cannot stop a client."""


@attrs.define
class MaxRate:
    """At most ``rate`` requests a second."""

    rate: float
    _due: float = 0.0
    """GCRA's theoretical arrival time of the next request."""

    def __attrs_post_init__(self) -> None:
        problems: list[ErrorDetail] = []
        check.positive(problems, "max_rate", self.rate)
        if problems:
            raise InvalidRequestError(tuple(problems))

    def wait(self, now: float) -> float:
        """Seconds until the next request may be sent; 0 or less for now."""
        return self._due - now

    def sent(self, now: float) -> None:
        """Note a request."""
        self._due = max(self._due, now - CATCH_UP) + 1 / self.rate


@attrs.define
class ServerLimit:
    """The limit that replies tell of; without such replies, no limit at all."""

    limit: int = 0
    """Requests in a window; 0 while unknown."""
    left: float = 0.0
    """Requests left in this window, less those that are still under way."""
    resets_at: float = 0.0
    """When the window ends, at the latest: replies may round up to whole seconds."""
    window: float = 0.0
    """The window's length: the longest time to its end that was ever told."""
    under_way: int = 0
    _due: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next request may be sent; 0 or less for now."""
        if not self.limit:
            return 0.0
        if now >= self.resets_at:
            self._open_window(self.limit, now + self.window)
        if self._is_free:
            return 0.0
        if self.left < 1:
            return self.resets_at - now
        return self._due - now

    def sent(self, now: float) -> None:
        """Note a request."""
        self.under_way += 1
        self.left -= 1
        if self.limit and not self._is_free:
            interval = (self.resets_at - now) / max(self.left, 1.0)
            self._due = max(self._due, now - CATCH_UP) + interval

    def answered(self, rate_limit: RateLimit | None, now: float) -> None:
        """Note the end of a request, and what its reply says of the limit, if anything."""
        self.under_way -= 1
        if rate_limit is None or not rate_limit.limit or rate_limit.remaining is None:
            return
        self.limit = rate_limit.limit
        reset = min(rate_limit.reset or 0.0, MAX_RESET)
        self.window = max(self.window, reset)
        left = rate_limit.remaining - self.under_way
        if now >= self.resets_at or left > self.left + self.limit * (1 - FREE_SHARE):
            self._open_window(left, now + reset)
        else:
            self.left = left
            self.resets_at = min(self.resets_at, now + reset)

    @property
    def _is_free(self) -> bool:
        return self.left >= self.limit * FREE_SHARE

    def _open_window(self, left: float, end: float) -> None:
        self.left = left
        self.resets_at = end
        self._due = 0.0
