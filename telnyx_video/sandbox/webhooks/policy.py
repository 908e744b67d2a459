"""Where a delivery goes next: a function of what was attempted so far.

A test tool must not call strangers: deliveries go to this machine, and to hosts that are named.
"""

from collections.abc import Collection, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import attrs

from telnyx_video.sandbox.state import Attempt, Delivery, DeliveryState

RETRIES = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds before each further attempt at a URL."""

DEFAULT_TIMEOUT = 10.0
"""Seconds for an attempt where the room says nothing, or 0."""


@attrs.frozen
class Send:
    """Attempt it at a URL, after some seconds."""

    url: str
    wait: float


@attrs.frozen
class Skip:
    """Do not attempt it at a URL, for a reason."""

    url: str
    reason: str


@attrs.frozen
class End:
    """Attempt no more."""

    state: DeliveryState


@attrs.frozen
class Policy:
    """How deliveries are made."""

    hosts: Collection[str] = ()
    """Hosts other than this machine that may be delivered to."""
    retries: Sequence[float] = RETRIES
    """Seconds before each further attempt at a URL."""

    def next_step(self, delivery: Delivery) -> Send | Skip | End:
        """Return what to do next with a delivery that nobody accepted so far."""
        attempts = delivery.attempts
        for url in dict.fromkeys(filter(None, (delivery.url, delivery.failover_url))):
            made = [attempt for attempt in attempts if attempt.url == url]
            if not made:
                refusal = self.refusal(url)
                return Send(url, 0) if refusal is None else Skip(url, refusal)
            if made[-1].sent and len(made) <= len(self.retries):
                return Send(url, self.retries[len(made) - 1])
        return End("failed" if any(attempt.sent for attempt in attempts) else "not_sent")

    def refusal(self, url: str) -> str | None:
        """Return why nothing is sent to a URL; None if it is."""
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https"):
            return "not sent: not an HTTP address"
        host = parts.hostname or ""
        if host in self.hosts or _is_loopback(host):
            return None
        return "not sent: not a loopback address"


def timeout_of(delivery: Delivery) -> float:
    """Return the seconds that an attempt may take."""
    return float(delivery.timeout_secs or DEFAULT_TIMEOUT)


def skipped(url: str, at: str, reason: str) -> Attempt:
    """Return the note of an attempt that is not made."""
    return Attempt(url, at, error=reason, sent=False)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
