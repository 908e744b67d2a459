"""How often and how long to try: the policy, the state of one call, and the budget of a client.

Pure: no clock, no sleeping, and randomness is handed in. All times are in seconds.

A wait before retry *n* (from 0) is drawn evenly from 0 to ``min(backoff_max, backoff * 2**n)``:
"full jitter", see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from __future__ import annotations

from typing import Self

import attrs

from telnyx_video._base import validate as check
from telnyx_video._base.http import BEGIN_WITHIN
from telnyx_video.errors import (
    ApiError,
    ConfigurationError,
    ErrorDetail,
    NameTakenError,
    Outcome,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    TelnyxVideoError,
    TransportError,
)

__all__ = ["RetryBudget", "RetryPolicy"]

MAX_RETRY_AFTER = 300.0
"""Seconds; a longer wait that a server asks for is ignored as a mistake."""

UNLIMITED = 2**62
"""A quota that no number of retries spends."""

RETRY_COST = 5
TIMEOUT_RETRY_COST = 10
"""A time-out says that the server is struggling: retrying after one costs more."""


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How calls are retried, and when they are given up; all times in seconds.

    Raises:
        ConfigurationError: a value is out of its bounds.
    """

    attempts: int = 10
    """How often a request is sent at the most. A refusal with 429 does not count as an attempt:
    only the deadline bounds that, unless ``attempts`` is 1."""
    deadline: float = 60.0
    """Seconds that the whole call may take, including waits for a connection."""
    backoff: float = 0.1
    """The upper end of the first wait; it doubles with each retry."""
    backoff_max: float = 20.0
    """The upper end of any wait."""
    quota: int = 500
    """Tokens that all calls of a client share for retries: a retry takes 5, one after a time-out
    10, a success gives 1 back. It keeps callers from hammering a server that is down."""

    sending_time: float = attrs.field(init=False, repr=False, eq=False, default=0.0)
    """Seconds in which a create may be sent. The rest of the deadline, a fifth or 5 s, is kept for
    looking up whether it was applied."""

    def __attrs_post_init__(self) -> None:
        problems: list[ErrorDetail] = []
        check.integer(problems, "attempts", self.attempts, 1)
        check.positive(problems, "deadline", self.deadline)
        check.positive(problems, "backoff", self.backoff)
        check.positive(problems, "backoff_max", self.backoff_max)
        check.integer(problems, "quota", self.quota, 0)
        if problems:
            raise ConfigurationError(f"not a retry policy: {'; '.join(map(str, problems))}")
        object.__setattr__(self, "sending_time", self.deadline - min(5.0, self.deadline / 5))

    @classmethod
    def none(cls) -> Self:
        """Send each request once. A create with a name is still looked up after a lost answer."""
        return cls(attempts=1)

    def wait(self, retry: int, random: float) -> float:
        """Seconds to wait before retry number ``retry`` (from 0).

        Args:
            random: A number from 0 up to 1, drawn for each wait.
        """
        # The exponent is bounded: 2.0**1024 would overflow.
        return random * min(self.backoff_max, self.backoff * 2.0 ** min(retry, 60))


@attrs.define
class RetryBudget:
    """The tokens that the calls of a client share: retries spend them, successes refund them."""

    capacity: int
    spent: int = 0

    def spend(self, error: TelnyxVideoError) -> bool:
        """Pay for one retry after this error, if there are tokens enough."""
        cost = TIMEOUT_RETRY_COST if isinstance(error, RequestTimeoutError) else RETRY_COST
        if self.spent + cost > self.capacity:
            return False
        self.spent += cost
        return True

    def refund(self) -> None:
        """Note a success."""
        if self.spent:
            self.spent -= 1


@attrs.define
class RetryState:
    """The attempts of one call: whether there may be another, and how long to wait before it."""

    policy: RetryPolicy
    budget: RetryBudget
    started: float
    """When the call began, on the caller's clock; all other times are on the same one."""
    sent: int = 0
    """How often the request was sent."""
    exempt: int = 0
    """How many attempts do not count: those answered with 429, or made during an outage."""
    paused: float = 0.0
    """How long the call was held back by us; the deadline moves on by it."""
    waits: int = 0
    unresolved_error: TelnyxVideoError | None = None
    """The latest failure that leaves open whether the server acted."""

    @property
    def begun(self) -> float:
        """When the call would have begun, had it not been held back."""
        return self.started + self.paused

    @property
    def deadline(self) -> float:
        """When the call must have ended."""
        return self.begun + self.policy.deadline

    @property
    def send_until(self) -> float:
        """Until when a create may be begun, so that there is time for its answer."""
        return self.begun + BEGIN_WITHIN * self.policy.sending_time

    def record_failure(self, error: TelnyxVideoError) -> None:
        """Record an attempt that failed."""
        self.sent += 1
        if error.outcome is Outcome.UNKNOWN:
            self.unresolved_error = error
        self.exempt += isinstance(error, RateLimitError)

    def may_retry(self, error: TelnyxVideoError) -> bool:
        """Whether the request may be resent after this failure; spends the budget if so."""
        if isinstance(error, RateLimitError):
            return self.policy.attempts > 1
        return self.sent - self.exempt < self.policy.attempts and self.budget.spend(error)

    def wait(self, error: TelnyxVideoError, now: float, random: float) -> float | None:
        """Seconds to wait after this failure; None if the deadline would pass first."""
        requested = requested_wait(error)
        if requested is None:
            seconds = self.policy.wait(self.waits, random)
            self.waits += 1
        else:
            seconds = requested + self.policy.wait(0, random)  # so that not all return together
        return seconds if now + seconds < self.deadline else None


def is_transient(error: TelnyxVideoError) -> bool:
    """Whether the same request may succeed later."""
    match error:
        case TransportError():
            return error.retryable
        case ResponseDecodeError():
            return error.outcome is not Outcome.APPLIED
        case NameTakenError():  # with any status
            return False
        case ApiError():
            return (
                isinstance(error, RateLimitError)
                or error.status in (408, 409)
                or (error.status >= 500)
            )
        case _:
            return False


def requested_wait(error: TelnyxVideoError) -> float | None:
    """Seconds that a 429 says to wait; None without a plausible figure."""
    if not isinstance(error, RateLimitError) or error.rate_limit is None:
        return None
    for seconds in (error.rate_limit.retry_after, error.rate_limit.reset):
        if seconds is not None and seconds <= MAX_RETRY_AFTER:
            return seconds
    return None
