"""Tells an outage from single failures, and when to ask whether it is over.

Pure: no clock, and randomness is handed in. All times are in seconds. Known as a circuit breaker:
https://martinfowler.com/bliki/CircuitBreaker.html
"""

from __future__ import annotations

import attrs

from telnyx_video.errors import (
    Outcome,
    ResponseDecodeError,
    ServerError,
    TelnyxVideoError,
    TransportError,
)

TRIPPED_BY = 5
"""Failures without a success between them that count as an outage."""

FIRST_PROBE = 0.1
LAST_PROBE = 5.0
"""Seconds between probes: doubling from the first to the last, each shortened by up to half."""


@attrs.define
class CircuitBreaker:
    """Whether the server is down; while it is, one request at a time may probe it."""

    give_up_after: float
    failures: int = 0
    """How many requests have failed since the last success."""
    failing_since: float = 0.0
    open: bool = False
    expired: bool = False
    half_open: bool = False
    probes: int = 0
    _probe_at: float = 0.0
    _up_at: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until a request may be sent; 0 or less for now.

        Raises:
            TransportError: nothing has succeeded for ``give_up_after`` seconds.
        """
        if not self.open:
            return 0.0
        if now - self.failing_since >= self.give_up_after:
            self.expired = True
            raise TransportError(
                f"gave up: nothing has succeeded for {self.give_up_after:g} s - nothing more was "
                "sent; run the batch again when the server answers",
                Outcome.NOT_APPLIED,
                retryable=False,
            )
        return self._probe_at - now if not self.half_open else LAST_PROBE

    def sent(self, now: float) -> None:
        """Note a request; during an outage it is the probe."""
        self.half_open = self.open

    def succeeded(self, now: float) -> None:
        """Note a valid answer, even a refusal: the server is up."""
        self._up_at = now
        if self.failures:
            self.failures = self.probes = 0
            self.open = self.half_open = False

    def failed(self, error: BaseException, sent_at: float, now: float, random: float) -> None:
        """Note a request that ended badly.

        Args:
            error: Why. A foreign exception, such as a cancellation, shows nothing.
            sent_at: When it was sent: one in flight when the outage began is not a probe.
        """
        was_probe = self.half_open and sent_at >= self._probe_at
        if isinstance(error, TransportError | ServerError | ResponseDecodeError):
            self._count(sent_at)
            if was_probe or (not self.open and self.failures >= TRIPPED_BY):
                self.open = True
                self.half_open = False
                self._schedule(now, random)
        elif isinstance(error, TelnyxVideoError):
            self.succeeded(now)
        elif was_probe:
            self.half_open = False

    def _count(self, sent_at: float) -> None:
        if not self.failures:
            # A request sent before the last answer may time out after it.
            self.failing_since = max(sent_at, self._up_at)
        self.failures += 1

    def _schedule(self, now: float, random: float) -> None:
        pause = min(LAST_PROBE, FIRST_PROBE * 2.0 ** min(self.probes, 10))
        self._probe_at = now + pause * (1 - random / 2)
        self.probes += 1
