"""Outages: distinguished from single failures, probed from time to time, given up in the end.

No clock runs here: times and random numbers are arguments, or those of a simulation.
"""

import asyncio
import heapq
from collections.abc import Iterator
from functools import partial
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.words import is_one_line, short
from telnyx_video import (
    ApiError,
    ConfigurationError,
    NameTakenError,
    NotFoundError,
    Outcome,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    ServerError,
    TelnyxVideoError,
    TransportError,
)
from telnyx_video._execution.circuit_breaker import (
    FIRST_PROBE,
    LAST_PROBE,
    TRIPPED_BY,
    CircuitBreaker,
)

REFUSED = TransportError("connection refused")
LOST = TransportError("reset", Outcome.UNKNOWN)

FAILURES = [
    REFUSED,
    LOST,
    RequestTimeoutError("no answer", Outcome.UNKNOWN),
    ServerError(500),
    ServerError(503),
    ResponseDecodeError("a gateway's page", Outcome.UNKNOWN, 200),
]
ANSWERS = [
    ApiError(409),
    NotFoundError(404),
    NameTakenError(422),
    RateLimitError(429),
    ConfigurationError("closed"),
]

randoms = st.floats(0, 1, exclude_max=True)


def begun(give_up_after: float = 900.0, now: float = 100.0) -> CircuitBreaker:
    """Return an outage that has just begun, with its first probe due 0.1 s later."""
    outage = CircuitBreaker(give_up_after)
    for _ in range(TRIPPED_BY):
        outage.failed(REFUSED, now, now, 0.0)
    return outage


def probe(outage: CircuitBreaker, random: float = 0.0) -> float:
    """Fail the next probe when it is due; return the time from its failure to the next one."""
    now = outage.failing_since + 1000.0
    now += max(0.0, outage.wait(now))
    outage.sent(now)
    outage.failed(REFUSED, now, now, random)
    return outage.wait(now)


@pytest.mark.parametrize("failure", FAILURES, ids=short)
def test_five_failures_in_a_row_are_an_outage(failure: TelnyxVideoError) -> None:
    """Four are not: the fifth holds back all requests, whatever the kind of failure."""
    outage = CircuitBreaker(900.0)
    for _ in range(TRIPPED_BY - 1):
        outage.failed(failure, 1.0, 1.0, 0.0)
        assert outage.wait(1.0) <= 0
    outage.failed(failure, 1.0, 1.0, 0.0)
    assert outage.wait(1.0) == pytest.approx(FIRST_PROBE)


@given(st.lists(st.integers(0, TRIPPED_BY - 1), max_size=20))
def test_failures_between_successes_are_no_outage(runs: list[int]) -> None:
    """A server that sometimes succeeds is up, however many failures there are in total."""
    outage = CircuitBreaker(900.0)
    for now, failures in enumerate(runs):
        for _ in range(failures):
            outage.failed(LOST, now, now, 0.0)
        assert outage.wait(now) <= 0
        outage.succeeded(now)


@pytest.mark.parametrize("error", [None, *ANSWERS], ids=short)
def test_any_valid_response_ends_an_outage(error: TelnyxVideoError | None) -> None:
    """A refusal, too, shows that the server is up; then no request is held back."""
    outage = begun()
    outage.sent(100.1)
    if error is None:
        outage.succeeded(100.2)
    else:
        outage.failed(error, 100.1, 100.2, 0.0)
    assert outage.wait(100.2) <= 0
    for _ in range(TRIPPED_BY - 1):
        outage.failed(REFUSED, 100.3, 100.3, 0.0)
    assert outage.wait(100.3) <= 0


def test_one_request_at_a_time_probes() -> None:
    """While a probe is in flight, no other request passes."""
    outage = begun()
    assert outage.wait(100.1) <= 0
    outage.sent(100.1)
    for now in (100.1, 105.0, 160.0):
        assert outage.wait(now) > 0
    outage.failed(REFUSED, 100.1, 160.0, 0.0)
    assert outage.wait(160.0) == pytest.approx(2 * FIRST_PROBE)


def test_the_pauses_between_probes_grow() -> None:
    """They double from 0.1 s to 5 s; a new outage starts at 0.1 s."""
    outage = begun(give_up_after=1e9)
    pauses = [probe(outage) for _ in range(12)]
    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, *[LAST_PROBE] * 7])
    outage.succeeded(5000.0)
    for _ in range(TRIPPED_BY):
        outage.failed(REFUSED, 5000.0, 5000.0, 0.0)
    assert outage.wait(5000.0) == pytest.approx(FIRST_PROBE)


@given(st.lists(randoms, min_size=1))
def test_clients_do_not_probe_in_step(drawn: list[float]) -> None:
    """Each pause is shortened at random, by half at the most, however long the outage lasts."""
    outage = begun(give_up_after=1e9)
    for probes, random in enumerate(drawn, 1):
        full = min(LAST_PROBE, FIRST_PROBE * 2.0 ** min(probes, 20))
        assert full / 2 - 1e-9 <= probe(outage, random) <= full + 1e-9


def test_a_request_sent_before_the_outage_is_not_a_probe() -> None:
    """Its failure during the outage changes nothing."""
    outage = begun()
    for _ in range(50):
        outage.failed(LOST, 99.9, 100.05, 0.0)
    assert outage.wait(100.05) == pytest.approx(0.05)
    outage.sent(100.1)
    outage.failed(LOST, 99.9, 100.2, 0.0)
    assert outage.wait(100.2) > 0
    outage.failed(REFUSED, 100.1, 100.3, 0.0)
    assert outage.wait(100.3) == pytest.approx(2 * FIRST_PROBE)


@pytest.mark.parametrize("end", [asyncio.CancelledError(), ValueError("a bug")], ids=short)
def test_a_cancelled_probe_allows_another(end: BaseException) -> None:
    """It shows nothing: the next request may probe immediately, and only one."""
    outage = begun()
    outage.sent(100.1)
    outage.failed(end, 99.9, 100.2, 0.0)  # in flight before the outage
    assert outage.wait(100.2) > 0
    outage.failed(end, 100.1, 100.3, 0.0)
    assert outage.open
    assert outage.wait(100.3) <= 0
    outage.sent(100.3)
    assert outage.wait(100.3) > 0


def test_cancellations_are_not_failures() -> None:
    """However many creates are cancelled, that is not an outage."""
    outage = CircuitBreaker(900.0)
    for _ in range(2 * TRIPPED_BY):
        outage.failed(asyncio.CancelledError(), 1.0, 1.0, 0.0)
    assert outage.wait(1.0) <= 0


def test_an_outage_is_given_up_in_the_end() -> None:
    """Without a success for too long nothing is sent; the error says so, and what to do."""
    outage = begun(give_up_after=10.0)
    assert outage.wait(109.9) <= 0
    with pytest.raises(TransportError, match="nothing has succeeded for 10 s") as caught:
        outage.wait(110.0)
    assert outage.expired
    assert caught.value.outcome is Outcome.NOT_APPLIED
    assert not caught.value.retryable
    assert is_one_line(caught.value.message)
    assert "run the batch again" in caught.value.message


def test_each_response_restarts_the_time_until_giving_up() -> None:
    """Requests that time out after a response do not count the time before it."""
    outage = CircuitBreaker(give_up_after=10.0)
    outage.succeeded(100.0)
    for _ in range(TRIPPED_BY):
        outage.failed(LOST, 85.0, 101.0, 0.0)
    assert outage.wait(109.9) <= 0
    with pytest.raises(TransportError):
        outage.wait(110.0)


class Down:
    """A server that is down for a while, and workers that send to it, on a virtual clock.

    Attributes:
        sent: When requests were sent.
        gave_up: When the workers gave up, if they did.
    """

    def __init__(
        self, outage: CircuitBreaker, *, workers: int, begins: float, ends: float, seed: list[float]
    ) -> None:
        self.sent = list[float]()
        self.gave_up: float | None = None
        self._outage, self._begins, self._ends = outage, begins, ends
        self._randoms: Iterator[float] = (seed[n % len(seed)] for n in count())
        self._events = list[tuple[float, int, Any]]()
        self._numbers = count()
        for _ in range(workers):
            self._at(0.0, self._ask)
        now = 0.0
        while self._events and now < ends + 6:
            now, _, happen = heapq.heappop(self._events)
            happen(now)

    def _at(self, time: float, happen: Any) -> None:
        heapq.heappush(self._events, (time, next(self._numbers), happen))

    def _ask(self, now: float) -> None:
        try:
            seconds = self._outage.wait(now)
        except TransportError:
            self.gave_up = self.gave_up or now
            return
        if seconds > 0:
            self._at(now + min(seconds, 0.1), self._ask)
            return
        self._outage.sent(now)
        self.sent.append(now)
        self._at(now + 0.05 + next(self._randoms) / 10, partial(self._hear, now))

    def _hear(self, sent_at: float, now: float) -> None:
        if self._begins <= now < self._ends:
            self._outage.failed(LOST, sent_at, now, next(self._randoms))
        else:
            self._outage.succeeded(now)
        self._at(now, self._ask)


@given(
    workers=st.integers(1, 50),
    lasts=st.floats(1, 60),
    give_up_after=st.floats(1, 60),
    seed=st.lists(randoms, min_size=1, max_size=50),
)
def test_an_outage_is_waited_out(
    workers: int, lasts: float, give_up_after: float, seed: list[float]
) -> None:
    """Few requests are sent in it, all continue soon after it, and none gives up too early."""
    begins, ends = 1.0, 1.0 + lasts
    down = Down(CircuitBreaker(give_up_after), workers=workers, begins=begins, ends=ends, seed=seed)
    meanwhile = [time for time in down.sent if begins <= time < ends]
    assert len(meanwhile) <= 2 * workers + TRIPPED_BY + 8 + lasts / (LAST_PROBE / 2)
    if down.gave_up is None:
        assert down.sent[-1] > ends + 5.5
        assert min(time for time in down.sent if time >= ends) < ends + LAST_PROBE + 0.2
        assert lasts < give_up_after + LAST_PROBE + 0.2
    else:
        assert down.gave_up - begins >= give_up_after - 0.15  # the first to fail was sent before
        assert max(after - before for before, after in pairwise(down.sent)) <= LAST_PROBE + 0.3
