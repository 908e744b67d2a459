"""When the next request may be sent: before the server refuses it, not after.

Pure: told the time, they answer how long to wait. All times are in seconds on the caller's clock,
which may leap ahead but never goes back.

- :class:`GcraLimiter`, a rate that the caller sets: the generic cell rate algorithm (GCRA),
  https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm, whose tolerance is for late timers only
- :class:`AdaptiveRateLimiter`, the account's limit as replies report it: what is left of the window
  is spread over the time that is left of it. Several clients that do so share a limit without
  knowing of each other, as each slows down when the common rest shrinks.
"""

from __future__ import annotations

import math

import attrs

from telnyx_video.errors import RateLimit

CATCH_UP = 0.02
"""Seconds by which a request may be late without the next ones being late too: timers are.

A pause is no lateness: after a longer one the rate begins anew, with one request and not a burst.
"""

FREE_SHARE = 0.9
"""While more than this share of a window is left, nobody waits: small batches are not slowed."""

CERTAIN_SHARE = 0.8
"""Of the fastest answer's time: the two ways vary, and to send a little late costs nothing."""

MAX_RESET = 60.0
"""A window is not believed to be longer, so that a mistaken header cannot stop a client."""


@attrs.define
class GcraLimiter:
    """At most ``rate`` requests a second."""

    rate: float
    _due: float = 0.0
    """GCRA's theoretical arrival time of the next request."""

    def wait(self, now: float) -> float:
        """Seconds until the next request may be sent; 0 or less for now."""
        return self._due - now

    def sent(self, now: float) -> None:
        """Note a request."""
        self._due = _in_step(self._due, now) + 1 / self.rate


@attrs.define
class AdaptiveRateLimiter:
    """The limit that replies tell of; without such replies, no limit at all."""

    limit: int = 0
    """Requests in a window; 0 while unknown."""
    left: float = 0.0
    """Requests left in this window, less those that are still under way."""
    resets_at: float = -math.inf
    """When to send for the next window, at the latest: what replies tell may be rounded up."""
    window: float = 0.0
    """The window's length: the longest time to its end that was ever told."""
    under_way: int = 0
    round_trip: float = MAX_RESET
    """The fastest answer's time: so long before a reply, its request was sent."""
    zero_told_at: float = -math.inf
    """When 0 s were last told: such a server rounds down, and up to a second more may be left."""
    _guessed: bool = False
    """Whether this window began by our clock, and no reply has confirmed it yet."""
    _too_early: bool = False
    """Whether the replies since then are still about the window before."""
    _ended_at: float = -math.inf
    """When the window before ended, by our clock."""
    _due: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next request may be sent; 0 or less for now."""
        if not self.limit:
            return 0.0
        if now >= self.resets_at:
            self._roll_over(now)
        if self.left >= self.limit * FREE_SHARE:
            return 0.0
        # A reply since then may have told of an earlier end.
        return (self.resets_at if self.left < 1 else min(self._due, self.resets_at)) - now

    def sent(self, now: float) -> None:
        """Note a request."""
        self.under_way += 1
        self.left -= 1
        if self.limit and self.left < self.limit * FREE_SHARE:
            interval = (self.resets_at - now) / max(self.left, 1.0)
            self._due = _in_step(self._due, now) + interval

    def answered(self, rate_limit: RateLimit | None, sent_at: float, now: float) -> None:
        """Note the end of a request, and what its reply says of the limit, if anything."""
        self.under_way -= 1
        if rate_limit is None or not rate_limit.limit:
            return
        if rate_limit.remaining is None or rate_limit.reset is None:
            return
        self.limit = rate_limit.limit
        # Comparisons rather than `min` and `max`: each reply comes by here.
        if now - sent_at < self.round_trip:
            self.round_trip = now - sent_at
        reset = self._believed(rate_limit.reset, now)
        if reset > self.window:
            self.window = reset
        if now >= self.resets_at:
            self._roll_over(now)
        end = now - CERTAIN_SHARE * self.round_trip + reset
        self._correct(rate_limit.remaining, end, now)

    def _roll_over(self, now: float) -> None:
        """Begin a window when the last one should be over: with a single request if in doubt."""
        if not self._too_early:
            self._ended_at = self.resets_at
        self._open_window(1 if self._too_early else self.limit, now + self.window)
        self._guessed = True

    def _correct(self, remaining: int, end: float, now: float) -> None:
        """Take over what a reply tells of the window, or see from it that another one began."""
        left = remaining - self.under_way
        recently = now - self._ended_at < self.window / 2
        self._too_early = self._guessed and recently and remaining + 1 < self.limit / 2
        if self._too_early:
            end = min(end, now + self.window / 10)  # the rest of a second may be much less than 1
        if left > self.left + self.limit * (1 - FREE_SHARE):
            self._open_window(left, end)
        else:
            self.left = left
            if self._guessed or end < self.resets_at:
                self.resets_at = end
        self._guessed = self._too_early

    def _believed(self, reset: float, now: float) -> float:
        if reset == 0:
            self.zero_told_at = now
        if now - self.zero_told_at <= 2 * self.window and reset.is_integer():
            reset += 1
        return min(MAX_RESET, reset)

    def _open_window(self, left: float, end: float) -> None:
        self.left = left
        self.resets_at = end
        self._due = 0.0


def _in_step(due: float, now: float) -> float:
    """When a request that was sent now should have been sent, for the next one to follow it."""
    return due if now - due <= CATCH_UP else now
