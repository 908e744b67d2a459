"""Where a delivery goes next: a function of the attempts so far.

A test tool must not call strangers, nor let a web page make it knock at private addresses:
deliveries go to loopback addresses and to named hosts only, unless configured otherwise.
"""

from collections.abc import Collection, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import attrs

from telnyx_video.sandbox.state import Attempt, Delivery, DeliveryState

RETRIES = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds before each further attempt at a URL."""

DEFAULT_TIMEOUT = 10.0
"""Seconds for an attempt if the room gives none, or 0."""


@attrs.frozen
class Send:
    """Attempt a URL after some seconds."""

    url: str
    wait: float


@attrs.frozen
class Skip:
    """Do not attempt a URL, for a reason."""

    url: str
    reason: str


@attrs.frozen
class End:
    """Attempt no more."""

    state: DeliveryState


@attrs.frozen
class Policy:
    """Decides on the attempts of deliveries."""

    hosts: Collection[str] = ()
    """Hosts allowed besides loopback addresses."""
    retries: Sequence[float] = RETRIES
    """Seconds before each further attempt at a URL."""
    anywhere: bool = False
    """Whether every host is allowed."""

    def next_step(self, delivery: Delivery) -> Send | Skip | End:
        """Return what to do next with a pending delivery."""
        if delivery.replay_to is not None:
            return self._attempted(delivery.replay_to, 0)
        attempts = [attempt for attempt in delivery.attempts if not attempt.replay]
        for url in dict.fromkeys(filter(None, (delivery.url, delivery.failover_url))):
            made = [attempt for attempt in attempts if attempt.url == url]
            if not made:
                return self._attempted(url, 0)
            if made[-1].sent and len(made) <= len(self.retries):
                return Send(url, self.retries[len(made) - 1])
        return End("failed" if any(attempt.sent for attempt in attempts) else "not_sent")

    def refusal(self, url: str) -> str | None:
        """Return why nothing is sent to a URL, or None."""
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https"):
            return "not sent: not an HTTP address"
        host = parts.hostname or ""
        if self.anywhere or host in self.hosts or _is_loopback(host):
            return None
        return "not sent: not a loopback address"

    def _attempted(self, url: str, wait: float) -> Send | Skip:
        refusal = self.refusal(url)
        return Send(url, wait) if refusal is None else Skip(url, refusal)


def timeout_of(delivery: Delivery) -> float:
    """Return the seconds that an attempt may take."""
    return float(delivery.timeout_secs or DEFAULT_TIMEOUT)


def skipped(url: str, at: str, reason: str) -> Attempt:
    """Return the record of an attempt that was not made."""
    return Attempt(url, at, error=reason, sent=False)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
