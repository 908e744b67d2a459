"""When the next request may be sent: before the server refuses it, not after.

Both limiters are pure: given the time, they return how long to wait. All times are in seconds on
the caller's clock, which may jump ahead but never goes back.

- :class:`GcraLimiter`: a rate that the caller sets. The generic cell rate algorithm (GCRA),
  https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm, with a tolerance for event loops that
  stall, and a cap on each second.
- :class:`AdaptiveRateLimiter`: the account's limit as replies report it. The requests left
  are spread over the rest of the window. Several clients that do so share a limit without
  knowing of each other, because each slows down as the common rest shrinks.
"""

from __future__ import annotations

import math
from collections import deque

import attrs

from telnyx_video.errors import RateLimit

CATCH_UP = 0.1
"""Seconds of missed slots that are made up for, after a stall of the event loop or a pause."""

PEAK = 1.1
"""No second has more than this multiple of the rate, catching up included."""

SECOND = 1.0 + 1e-6
"""A second, and the rounding of floating-point clocks."""

LATENESS = 0.02
"""Seconds by which a request may be late without the next ones being late too: timers are."""

FREE_SHARE = 0.9
"""While more than this share of a window is left, requests do not wait: small batches stay fast."""

CERTAIN_SHARE = 0.8
"""Of the fastest round trip: travel times vary, and sending a little late costs nothing."""

MAX_RESET = 60.0
"""Seconds: a window is assumed to be no longer, so that a wrong header cannot stop a client."""

PROBE_AFTER = 2.0
"""Seconds until a used-up window is tested that a refusal reports; then twice that."""

GROWTH = 0.1
"""Requests more for each that was accepted without a report of the limit."""

REFUSED = 429

DISPROVED = 2
"""A limit is wrong when more than this multiple of it is accepted that it does not explain.

Our windows may overlap two of the server's, so up to twice the limit is consistent with it.
"""


@attrs.define
class GcraLimiter:
    """At most ``rate`` requests a second; None for any number."""

    rate: float | None
    _due: float = -math.inf
    """GCRA's theoretical arrival time of the next request."""
    _sent: deque[float] = attrs.field(factory=deque[float])
    """When the last requests were sent, as many as one second may have."""

    def set_rate(self, rate: float | None) -> None:
        """Change the rate; it holds from the next request on."""
        if self.rate is not None:
            self._due -= 1 / self.rate
        if rate is not None:
            self._due += 1 / rate
        self.rate = rate
        self._sent.clear()

    def wait(self, now: float) -> float:
        """Seconds until the next request may be sent; 0 or less for now."""
        if self.rate is None:
            return 0.0
        due = self._due
        if self._sent and len(self._sent) >= self._peak(self.rate):
            due = max(due, self._sent[0] + SECOND)
        return due - now

    def sent(self, now: float) -> None:
        """Note a request."""
        if self.rate is None:
            return
        due = self._due if self._sent else now  # the first request has no slots to make up for
        self._due = max(due, now - CATCH_UP) + 1 / self.rate
        self._sent.append(now)
        if len(self._sent) > self._peak(self.rate):
            self._sent.popleft()

    @staticmethod
    def _peak(rate: float) -> int:
        return max(math.floor(PEAK * rate), math.ceil(rate))


@attrs.define
class AdaptiveRateLimiter:
    """The limit that replies report; without such replies, no limit at all.

    A reported limit may be wrong: a proxy that refuses a request need not count requests. So
    after a refusal single requests test whether the window is used up, and each accepted request
    that the limit does not explain allows for more. When more than twice the limit has been
    accepted like this since the last refusal, the limit is dropped.
    """

    limit: int = 0
    """Requests in a window; 0 while unknown."""
    left: float = 0.0
    """Requests left in this window, less those in flight."""
    resets_at: float = -math.inf
    """When to send for the next window, at the latest: reported times may be rounded up."""
    window: float = 0.0
    """The window's length: the longest time to its end that was reported."""
    in_flight: int = 0
    round_trip: float = MAX_RESET
    """The fastest one: this long before a reply, its request was sent."""
    _zero_at: float = -math.inf
    """When a reset in 0 s was last reported: that server rounds down by up to a second."""
    _guessed: bool = False
    """Whether this window began by our clock, and no reply has confirmed it yet."""
    _too_early: bool = False
    """Whether the replies since then are still about the window before."""
    _ended_at: float = -math.inf
    """When the window before ended, by our clock."""
    _due: float = 0.0
    _disproved: int = 0
    """A limit that is ignored until a refusal reports it again."""
    _confirmed_at: float = -math.inf
    """When a reply to an accepted request last reported a limit."""
    _last_at: float = -math.inf
    """When an accepted request was last reported to be the last one of its window."""
    _refused_at: float = -math.inf
    """When a refusal was last received."""
    _claimed_at: float = -math.inf
    """When the last request was sent whose refusal reported a limit."""
    _probe_at: float = math.inf
    """When to test whether a window is used up that a refusal reports to be so."""
    _probe_after: float = PROBE_AFTER
    _accepted: int = 0
    """Requests accepted since the last refusal that the limit does not explain."""

    def wait(self, now: float) -> float:
        """Seconds until the next request may be sent; 0 or less for now."""
        if not self.limit:
            return 0.0
        if now >= self.resets_at:
            self._roll_over(now)
        if self.left >= self.limit * FREE_SHARE:
            return 0.0
        if self.left < 1:
            return min(self.resets_at, self._probe_at) - now
        # A reply since then may have reported an earlier end.
        return min(self._due, self.resets_at) - now

    def sent(self, now: float) -> None:
        """Note a request."""
        self.in_flight += 1
        if self.left < 1 and now >= self._probe_at:
            self._probe_after *= 2
            self._probe_at = now + self._probe_after
        self.left -= 1
        if self.limit and self.left < self.limit * FREE_SHARE:
            interval = (self.resets_at - now) / max(self.left, 1.0)
            self._due = (self._due if now - self._due <= LATENESS else now) + interval

    def answered(
        self, rate_limit: RateLimit | None, status: int | None, sent_at: float, now: float
    ) -> None:
        """Note the end of a request.

        Args:
            rate_limit: The limit that its reply reports, if any.
            status: The reply's status; None without a reply.
            sent_at: When the request was sent.
            now: The time.
        """
        self.in_flight -= 1
        accepted = status is not None and status < 500 and status != REFUSED
        if (
            rate_limit is None
            or not rate_limit.limit
            or rate_limit.remaining is None
            or rate_limit.reset is None
        ):
            if accepted and self.limit:
                self._unreported(sent_at, now)
        elif accepted and rate_limit.remaining == 0 and self._was_used_up(sent_at, now):
            self._exceed(sent_at, now, at_once=True)
        elif status == REFUSED or rate_limit.limit != self._disproved:
            reset = self._believed(rate_limit.reset, now)
            self._reported(rate_limit.limit, rate_limit.remaining, reset, sent_at, now)
            if accepted:
                self._confirmed_at = now
                self._probe_after = PROBE_AFTER
            elif status == REFUSED:
                self._refused(sent_at, now)

    def _reported(
        self, limit: int, remaining: int, reset: float, sent_at: float, now: float
    ) -> None:
        """Adopt the limit that a reply reports."""
        # Comparisons rather than `min` and `max`: each reply comes by here.
        if now - sent_at < self.round_trip:
            self.round_trip = now - sent_at
        if reset > self.window or limit != self.limit:
            self.window = reset
        self.limit = limit
        if now >= self.resets_at:
            self._roll_over(now)
        self._correct(remaining, now - CERTAIN_SHARE * self.round_trip + reset, now)

    def _refused(self, sent_at: float, now: float) -> None:
        """Test the report of this refusal later, with requests that were sent after it."""
        self._claimed_at = max(self._claimed_at, sent_at)
        self._refused_at = now
        self._accepted = self._disproved = 0
        self._probe_at = now + self._probe_after

    def _unreported(self, sent_at: float, now: float) -> None:
        """Take an accepted request for a sign of more room where replies report no limit."""
        if now - self._confirmed_at <= self.window:
            return
        if self._too_early:  # no longer: a new window has begun
            self._too_early = False
            self._open_window(self.limit - self.in_flight, now + self.window)
        self._exceed(sent_at, now, at_once=self._probe_at < math.inf)

    def _was_used_up(self, sent_at: float, now: float) -> bool:
        """Whether this window was used up before this request, though that one was accepted."""
        earlier = max(self._last_at, self._refused_at if sent_at > self._refused_at else -math.inf)
        self._last_at = now
        return now - earlier < self.window / 2

    def _exceed(self, sent_at: float, now: float, *, at_once: bool) -> None:
        """Allow for another request, since one was accepted that the limit does not explain."""
        if sent_at < self._claimed_at:
            return
        self._accepted += 1
        if self._accepted > DISPROVED * self.limit:
            self._drop()
        elif at_once:
            self.left = max(self.left, 0.0) + 2
            self._due = now
        else:
            self.left += GROWTH

    def _drop(self) -> None:
        """Continue as if no limit had been reported."""
        self._disproved = self.limit
        self.limit = self._accepted = 0
        self.window = 0.0
        self.resets_at = -math.inf
        self._guessed = self._too_early = False
        self._probe_at, self._probe_after = math.inf, PROBE_AFTER

    def _roll_over(self, now: float) -> None:
        """Begin a window when the last one should be over: with a single request if uncertain."""
        if not self._too_early:
            self._ended_at = self.resets_at
        self._open_window(1 if self._too_early else self.limit, now + self.window)
        self._guessed = True

    def _correct(self, remaining: int, end: float, now: float) -> None:
        """Adopt the window that a reply reports, or notice that another one began."""
        left = remaining - self.in_flight
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
            self._zero_at = now
        if now - self._zero_at <= 2 * self.window and reset.is_integer():
            reset += 1
        return min(MAX_RESET, reset)

    def _open_window(self, left: float, end: float) -> None:
        self.left = left
        self.resets_at = end
        self._due = 0.0
        self._probe_at = math.inf
