"""How often and how long: the policy's bounds, full jitter, the quota, and the deadline.

No clock runs here: times and random numbers are arguments.
"""

import math
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.words import is_one_line, short
from telnyx_video import (
    ApiError,
    ConfigurationError,
    InvalidRequestError,
    NameTakenError,
    NotFoundError,
    Outcome,
    OutcomeUnknownError,
    RateLimit,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
    TelnyxVideoError,
    TransportError,
)
from telnyx_video._execution.retry import RetryBudget, RetryState, is_transient, requested_wait

RESET = TransportError("reset", Outcome.UNKNOWN)
TIMEOUT = RequestTimeoutError("timed out", Outcome.UNKNOWN)
REFUSED = RateLimitError(429)

randoms = st.floats(0, 1, exclude_max=True)
durations = st.floats(0, exclude_min=True, allow_infinity=False)


def too_many(retry_after: float | None = None, reset: float | None = None) -> RateLimitError:
    """Return a 429 with these figures."""
    return RateLimitError(429, rate_limit=RateLimit(reset=reset, retry_after=retry_after))


def attempts(policy: RetryPolicy, started: float = 0.0) -> RetryState:
    """Return the state of a call that begins now."""
    return RetryState(policy, RetryBudget(policy.quota), started)


def test_the_defaults_are_as_documented() -> None:
    """Ten attempts in a minute, sent within 55 s; waits from 0.1 s to 20 s; 500 tokens."""
    assert attrs.astuple(RetryPolicy()) == (10, 60.0, 0.1, 20.0, 500, 55.0)


def test_a_policy_without_retries_sends_once() -> None:
    """`RetryPolicy.none()` differs from the default only in the number of attempts."""
    assert RetryPolicy.none() == RetryPolicy(attempts=1)


def test_all_invalid_values_are_reported_together() -> None:
    """One error names every value that is out of bounds."""
    wrong: dict[str, Any] = {
        "attempts": 0,
        "deadline": math.inf,
        "backoff": "0.1",
        "backoff_max": -1,
        "quota": True,
    }
    with pytest.raises(ConfigurationError, match="not a retry policy") as caught:
        RetryPolicy(**wrong)
    assert all(f"{name}: must be" in str(caught.value) for name in wrong)
    assert is_one_line(str(caught.value))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("attempts", 1.0),
        ("attempts", None),
        ("deadline", 0),
        ("deadline", math.nan),
        ("deadline", 10**400),
        ("backoff", 0.0),
        ("backoff", 10**400),
        ("backoff_max", None),
        ("backoff_max", 10**400),
        ("quota", -1),
        ("quota", 1.5),
    ],
    ids=short,
)
def test_an_invalid_value_is_refused(field: str, value: object) -> None:
    """When the policy is made, not when the first retry comes."""
    wrong: dict[str, Any] = {field: value}
    with pytest.raises(ConfigurationError, match=f"{field}: must be"):
        RetryPolicy(**wrong)


def test_the_smallest_values_are_allowed() -> None:
    """A policy may have one attempt, no quota and whole seconds."""
    policy = RetryPolicy(attempts=1, deadline=1, backoff=1, backoff_max=1, quota=0)
    assert policy.wait(0, 0.5) == 0.5


@given(durations, durations, st.integers(0, 10**9), randoms)
def test_waits_are_drawn_evenly_below_a_doubling_bound(
    backoff: float, backoff_max: float, retry: int, random: float
) -> None:
    """Full jitter: a wait is the random share of min(backoff_max, backoff * 2**retry)."""
    wait = RetryPolicy(backoff=backoff, backoff_max=backoff_max).wait(retry, random)
    assert 0 <= wait <= backoff_max
    assert math.isfinite(wait)
    if retry <= 60:
        assert wait == random * min(backoff_max, backoff * 2.0**retry)


def test_the_bound_of_the_waits_doubles_up_to_its_maximum() -> None:
    """With the defaults the bounds run 0.1, 0.2, 0.4 and so on to 20 seconds."""
    bounds = [RetryPolicy().wait(retry, 1.0) for retry in range(10)]
    assert bounds == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 20.0, 20.0])


@pytest.mark.parametrize(("deadline", "sending"), [(60, 55), (25, 20), (10, 8), (1, 0.8)])
def test_time_is_kept_for_looking_up(deadline: float, sending: float) -> None:
    """A fifth of the deadline, but 5 s at the most, is not spent on sending."""
    assert RetryPolicy(deadline=deadline).sending_time == pytest.approx(sending)


@given(durations)
def test_sending_ends_before_the_call_does(deadline: float) -> None:
    """However long a call may take, there is time to send and time to look up."""
    assert 0 < RetryPolicy(deadline=deadline).sending_time <= deadline


def test_the_quota_pays_for_retries_and_earns_by_successes() -> None:
    """A retry costs 5 tokens, one after a time-out 10, a success gives 1 back, 0 is the end."""
    quota = RetryBudget(16)
    assert quota.spend(RESET)
    assert quota.spend(TIMEOUT)
    assert quota.spent == 15
    assert not quota.spend(RESET)
    for _ in range(4):
        quota.refund()
    assert quota.spend(RESET)
    assert quota.spent == quota.capacity
    assert not quota.spend(RESET)


def test_a_retry_after_a_time_out_needs_its_whole_price() -> None:
    """Tokens may pay for one kind of retry and not for the other."""
    quota = RetryBudget(500, spent=491)
    assert not quota.spend(TIMEOUT)
    assert quota.spent == 491
    assert quota.spend(RESET)


@given(st.integers(0, 30), st.lists(st.sampled_from([RESET, TIMEOUT, ServerError(500), None])))
def test_the_quota_stays_within_its_bounds(
    capacity: int, happenings: list[TelnyxVideoError | None]
) -> None:
    """No token is owed or made up, and a refusal costs nothing."""
    quota = RetryBudget(capacity)
    for happening in happenings:
        before = quota.capacity - quota.spent
        if happening is None:
            quota.refund()
            assert quota.capacity - quota.spent == min(before + 1, capacity)
        else:
            cost = 10 if happening is TIMEOUT else 5
            assert quota.spend(happening) is (before >= cost)
            left = before - cost if before >= cost else before
            assert quota.capacity - quota.spent == left


def test_a_request_is_sent_as_often_as_the_policy_allows() -> None:
    """With three attempts, two failures are followed by another, the third is not."""
    tries = attempts(RetryPolicy(attempts=3))
    allowed: list[bool] = []
    for _ in range(3):
        tries.record_failure(RESET)
        allowed.append(tries.may_retry(RESET))
    assert allowed == [True, True, False]
    assert (tries.sent, tries.budget.spent) == (3, 10)


def test_a_429_is_not_an_attempt() -> None:
    """Any number of them uses up neither attempts nor tokens."""
    tries = attempts(RetryPolicy(attempts=2, quota=5))
    for _ in range(100):
        tries.record_failure(REFUSED)
        assert tries.may_retry(REFUSED)
    tries.record_failure(RESET)
    assert tries.may_retry(RESET)
    tries.record_failure(RESET)
    assert not tries.may_retry(RESET)
    assert (tries.sent, tries.exempt, tries.budget.spent) == (102, 100, 5)


def test_a_policy_of_one_attempt_does_not_retry_after_a_429() -> None:
    """One attempt is one, also after a 429."""
    for error in (REFUSED, RESET):
        tries = attempts(RetryPolicy.none())
        tries.record_failure(error)
        assert not tries.may_retry(error)
        assert tries.budget.spent == 0


def test_a_spent_quota_ends_the_retries() -> None:
    """The calls of a client stop retrying when their tokens are used up."""
    tries = attempts(RetryPolicy(quota=4))
    tries.record_failure(RESET)
    assert not tries.may_retry(RESET)


def test_waits_grow_with_each_failure_of_a_call() -> None:
    """The second wait is drawn from a range twice as wide; waits from headers do not count."""
    tries = attempts(RetryPolicy(backoff=1.0))
    assert tries.wait(RESET, 0.0, 0.5) == 0.5
    assert tries.wait(too_many(retry_after=3), 0.0, 0.5) == 3.5
    assert tries.wait(RESET, 0.0, 0.5) == 1.0
    assert tries.wait(REFUSED, 0.0, 0.5) == 2.0


def test_time_in_which_a_call_is_held_back_does_not_count() -> None:
    """Waiting for the limiter moves the deadline on."""
    tries = attempts(RetryPolicy(deadline=10.0), started=100.0)
    assert tries.wait(RESET, 110.0, 0.5) is None
    tries.paused = 3.0
    assert tries.deadline == 113.0
    assert tries.wait(RESET, 110.0, 0.5) is not None


def test_an_exempt_attempt_does_not_count() -> None:
    """Attempts during an outage can be repeated."""
    tries = attempts(RetryPolicy(attempts=2))
    for _ in range(10):
        tries.record_failure(RESET)
        tries.exempt += 1
        assert tries.may_retry(RESET)


@given(st.floats(-1e6, 1e6), st.floats(0.1, 1e4), st.floats(0, 1e4), randoms, st.floats(0, 400))
def test_no_wait_leads_past_the_deadline(
    started: float, deadline: float, elapsed: float, random: float, retry_after: float
) -> None:
    """A wait that would end after the deadline is not begun."""
    for error in (RESET, too_many(retry_after=retry_after)):
        tries = attempts(RetryPolicy(deadline=deadline), started)
        assert tries.deadline == started + deadline
        now = started + elapsed
        seconds = tries.wait(error, now, random)
        if seconds is None:
            assert elapsed + 20 + retry_after >= deadline - 1e-6
        else:
            assert seconds >= 0
            assert now + seconds < tries.deadline


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (RESET, None),
        (REFUSED, None),
        (too_many(), None),
        (too_many(retry_after=0.0), 0.0),
        (too_many(retry_after=2.5), 2.5),
        (too_many(reset=7.0), 7.0),
        (too_many(retry_after=2.5, reset=7.0), 2.5),
        (too_many(retry_after=300.0), 300.0),
        (too_many(retry_after=300.5), None),
        (too_many(retry_after=1e300, reset=7.0), 7.0),
        (too_many(retry_after=1e300, reset=1e300), None),
        (ServerError(503, rate_limit=RateLimit(retry_after=3.0)), None),
    ],
)
def test_only_a_429_sets_the_wait(error: TelnyxVideoError, seconds: float | None) -> None:
    """Retry-After goes before the reset of the window; implausible figures are ignored."""
    assert requested_wait(error) == seconds


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (RESET, True),
        (TIMEOUT, True),
        (TransportError("bad certificate", retryable=False), False),
        (ResponseDecodeError("cut", Outcome.UNKNOWN), True),
        (ResponseDecodeError("cut off", Outcome.NOT_APPLIED), True),
        (ResponseDecodeError("cut off", Outcome.APPLIED), False),
        (REFUSED, True),
        (ApiError(408), True),
        (ApiError(409), True),
        (ApiError(302), False),
        (ApiError(405), False),
        (NotFoundError(404), False),
        (NameTakenError(422), False),
        (ServerError(500), True),
        (ServerError(599), True),
        (ConfigurationError("closed"), False),
        (InvalidRequestError(()), False),
        (OutcomeUnknownError("unknown"), False),
    ],
    ids=short,
)
def test_only_transient_failures_are_retried(error: TelnyxVideoError, transient: bool) -> None:
    """Failures of the network and the server may pass; mistakes of the caller do not."""
    assert is_transient(error) is transient
