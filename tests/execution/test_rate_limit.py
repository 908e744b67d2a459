"""When a request may be sent: a rate that is never exceeded, and a limit that is used, not hit.

No clock runs here: times are arguments, or those of a simulation.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.windows import Setup, Simulation, exactly
from telnyx_video import RateLimit
from telnyx_video._execution.rate_limit import (
    CATCH_UP,
    FREE_SHARE,
    MAX_RESET,
    AdaptiveRateLimiter,
    GcraLimiter,
)

pauses = st.sampled_from([0.0, 0.001, 0.1]) | st.floats(0, 3)
ROUNDING = 1e-6
"""Requests by which floating-point sums may be off."""


def reported(
    remaining: int | None, reset: float | None = 1.0, limit: int | None = 100
) -> RateLimit:
    """Return the figures of a reply about a limit of 100."""
    return RateLimit(limit, remaining, reset)


def after_one_reply(rate_limit: RateLimit | None, now: float = 0.0) -> AdaptiveRateLimiter:
    """Return a limiter that knows its limit from one quick reply."""
    server = AdaptiveRateLimiter()
    server.sent(now)
    server.answered(rate_limit, 201, now, now)
    return server


def saturate(
    limiter: GcraLimiter, until: float, is_stalled: Callable[[float], bool], step: float = 0.001
) -> list[float]:
    """Return when requests of a busy loop are sent that stalls now and then."""
    sent, now = list[float](), 0.0
    for tick in range(round(until / step)):
        now = tick * step
        while not is_stalled(now) and limiter.wait(now) <= ROUNDING:
            limiter.sent(now)
            sent.append(now)
    return sent


def fullest_second(times: Sequence[float]) -> int:
    """Return the most of these that lie within any one second."""
    most = first = 0
    for last, moment in enumerate(times):
        while moment - times[first] >= 1 - ROUNDING:
            first += 1
        most = max(most, last - first + 1)
    return most


def peak(rate: float) -> int:
    """Return how many requests a second may have: 1.1 times the rate, in whole requests."""
    return max(math.floor(1.1 * rate), math.ceil(rate))


def half_of_each_tenth(now: float) -> bool:
    """Whether a loop that stalls for 50 ms in every 100 is stalled."""
    return now % 0.1 < 0.05


@pytest.mark.parametrize("rate", [3, 4, 7, 10, 10.9, 15, 28, 50, 200, 1000, 2500])
def test_a_stalling_loop_keeps_the_rate_without_peaks(rate: float) -> None:
    """It keeps 0.98 of the rate with 50 ms stalls in every 100; no second exceeds 1.1 times it."""
    sent = saturate(GcraLimiter(rate), 20.0, half_of_each_tenth)
    assert len(sent) >= 0.98 * rate * 20
    assert fullest_second(sent) <= peak(rate)


@given(
    rate=st.floats(1, 2000),
    stalls=st.lists(st.tuples(st.floats(0, 0.3), st.floats(0, 0.3)), max_size=40),
)
def test_no_second_exceeds_the_rate_by_more_than_a_tenth(
    rate: float, stalls: list[tuple[float, float]]
) -> None:
    """However the loop stalls, and however long nothing was sent before."""
    limiter, now, sent = GcraLimiter(rate), 100.0, list[float]()
    for stalled, runs in stalls:
        now += stalled
        end = now + runs
        while (moment := max(now, now + limiter.wait(now))) < end:
            now = moment
            limiter.sent(now)
            sent.append(now)
        now = end
    assert fullest_second(sent) <= peak(rate)


@given(rate=st.floats(0.1, 2000), idle=st.lists(pauses, max_size=60))
def test_a_rate_is_kept_over_any_span(rate: float, idle: list[float]) -> None:
    """Between two requests there are no more than the rate allows for that time and 100 ms."""
    limiter, now, sent = GcraLimiter(rate), 100.0, list[float]()
    for pause in idle:
        now += pause
        now = max(now, now + limiter.wait(now))
        limiter.sent(now)
        sent.append(now)
    for first, begun in enumerate(sent):
        for count, ended in enumerate(sent[first:], 1):
            assert count <= 1 + rate * (ended - begun + CATCH_UP) + ROUNDING


@given(rate=st.floats(0.1, 2000), count=st.integers(1, 50))
def test_a_batch_begins_without_a_burst(rate: float, count: int) -> None:
    """The first requests are evenly spaced, however long the limiter has existed."""
    limiter, now = GcraLimiter(rate), 100.0
    for _ in range(count):
        now += max(0.0, limiter.wait(now))
        limiter.sent(now)
    assert now >= 100.0 + (count - 1) / rate - ROUNDING


@given(old=st.floats(0.1, 2000), new=st.floats(0.1, 2000), count=st.integers(1, 50))
def test_a_new_rate_applies_to_the_next_request(old: float, new: float, count: int) -> None:
    """A request that waits for a slot of the old rate gets one of the new rate."""
    limiter, now = GcraLimiter(old), 100.0
    for _ in range(count):
        now += max(0.0, limiter.wait(now))
        limiter.sent(now)
    limiter.set_rate(new)
    assert limiter.wait(now) == pytest.approx(1 / new, abs=(count + 4) * ROUNDING)


def test_a_rate_can_be_lifted_and_set_again() -> None:
    """Without a rate no request waits; a rate that is set later has no missed slots."""
    limiter = GcraLimiter(1.0)
    limiter.sent(0.0)
    assert limiter.wait(0.0) == pytest.approx(1.0)
    limiter.set_rate(None)
    for _ in range(5):
        assert limiter.wait(0.0) <= 0
        limiter.sent(0.0)
    limiter.set_rate(2.0)
    limiter.sent(10.0)
    assert limiter.wait(10.0) == pytest.approx(0.5)


@given(rate=st.floats(0.1, 2000), moments=st.lists(pauses, min_size=1, max_size=20))
def test_a_wait_shrinks_as_time_passes(rate: float, moments: list[float]) -> None:
    """Asking later means a wait that is shorter by as much, and none exceeds 1 / rate."""
    limiter, now = GcraLimiter(rate), 100.0
    limiter.sent(now)
    wait = limiter.wait(now)
    assert wait <= 1 / rate + ROUNDING
    for pause in moments:
        now, before = now + pause, wait
        wait = limiter.wait(now)
        assert wait == pytest.approx(before - pause, abs=ROUNDING)


headerless = st.none() | st.builds(
    RateLimit,
    limit=st.none() | st.just(0),
    remaining=st.none() | st.integers(0, 10),
    reset=st.none() | st.floats(0, 100),
)


@given(st.lists(headerless | st.just(reported(None)) | st.just(reported(0, None)), max_size=20))
def test_without_figures_no_request_waits(replies: list[RateLimit | None]) -> None:
    """A server that does not report its limit, or only part of it, is not slowed down for."""
    server = AdaptiveRateLimiter()
    for time, reply in enumerate(replies):
        assert server.wait(time) <= 0
        server.sent(time)
        server.answered(reply, 201, time, time)
    assert server.wait(len(replies)) <= 0


@given(st.integers(1, 10_000), st.floats(0.1, 60), st.data())
def test_no_request_waits_while_nearly_all_is_left(
    limit: int, reset: float, data: st.DataObject
) -> None:
    """One request, or a few, are never held back while nine tenths of the window are left."""
    remaining = data.draw(st.integers(math.ceil(limit * FREE_SHARE), limit))
    server = after_one_reply(reported(remaining, reset, limit))
    while server.left >= limit * FREE_SHARE:
        assert server.wait(0.01) <= 0
        server.sent(0.01)


def test_the_remaining_requests_are_spread_over_the_window() -> None:
    """With 50 left for 1 s, there is one every 20 ms."""
    server, now = after_one_reply(reported(50)), 0.0
    for _ in range(49):
        now += max(0.0, server.wait(now))
        server.sent(now)
    assert now == pytest.approx(0.98, abs=0.01)


def test_a_used_up_window_is_waited_out() -> None:
    """The wait ends with the window, and is 0 after it."""
    server = after_one_reply(reported(0, 5.0))
    assert server.wait(1.0) == pytest.approx(4.0)
    assert server.wait(5.0) <= 0


def test_a_window_whose_end_was_reported_too_early_is_tried_with_one_request() -> None:
    """Where whole seconds are reported, the window may end later than computed."""
    server = after_one_reply(reported(0, 1.0))
    server.wait(1.0)
    server.sent(1.0)
    server.answered(reported(0, 1.0), 201, 1.0, 1.0)
    assert server.wait(1.0) == pytest.approx(0.1)
    assert server.wait(1.1) <= 0
    server.sent(1.1)
    assert server.wait(1.1) > 0
    server.answered(reported(99, 1.0), 201, 1.1, 1.1)
    assert server.wait(1.1) <= 0


def test_a_window_used_up_by_others_is_not_tried_all_the_time() -> None:
    """A new window in which little is left from the start is soon taken for one."""
    server = after_one_reply(reported(0, 1.0))
    now, asked = 1.0, 0
    while now < 3.0:
        if (seconds := server.wait(now)) > 0:
            now += seconds
            continue
        server.sent(now)
        server.answered(reported(0, 1.0), 429, now, now)
        asked += 1
    assert asked < 15


@given(st.integers(0, 100), st.floats(0.1, MAX_RESET), st.lists(pauses, max_size=50))
def test_no_more_requests_are_sent_than_are_left(
    remaining: int, reset: float, asked: list[float]
) -> None:
    """Until the window ends, however often it is asked, and without any reply."""
    server, now, sent = after_one_reply(reported(remaining, reset)), 0.0, 0
    for pause in asked:
        now += pause
        if now < reset and server.wait(now) <= 0:
            server.sent(now)
            sent += 1
    assert sent <= remaining


@given(st.integers(0, 100), st.integers(0, 100), st.floats(0.1, 60), st.integers(1, 5))
def test_more_left_never_means_a_longer_wait(one: int, other: int, reset: float, sent: int) -> None:
    """All else being equal."""
    scarce, ample = (after_one_reply(reported(left, reset)) for left in sorted((one, other)))
    for _ in range(sent):
        scarce.sent(0.0)
        ample.sent(0.0)
    assert ample.wait(0.0) <= scarce.wait(0.0) + ROUNDING


@given(st.integers(0, 100), st.floats(0.1, 60), st.lists(pauses, min_size=1, max_size=20))
def test_the_wait_for_the_limit_shrinks_as_time_passes(
    remaining: int, reset: float, moments: list[float]
) -> None:
    """It ends when announced, so that no request is put off again and again."""
    server, now = after_one_reply(reported(remaining, reset)), 0.0
    server.sent(now)
    wait = server.wait(now)
    for pause in moments:
        now, before = now + pause, wait
        wait = server.wait(now)
        assert wait <= max(0.0, before - pause) + ROUNDING


hostile = st.builds(
    RateLimit,
    limit=st.none() | st.integers(0, 3) | st.integers(0, 10**300),
    remaining=st.none() | st.integers(0, 3) | st.integers(0, 10**300),
    reset=st.none() | st.floats(0, 2) | st.floats(0, 1e300) | st.integers(0, 9).map(float),
)


statuses = st.sampled_from([201, 422, 429, 503, None])


@given(st.lists(st.tuples(hostile | st.none(), statuses, pauses, st.integers(0, 5)), max_size=40))
def test_no_header_stops_a_client(
    replies: list[tuple[RateLimit | None, int | None, float, int]],
) -> None:
    """Whatever is reported, in whatever order, the next request waits for a minute at the most."""
    server, now, in_flight = AdaptiveRateLimiter(), 1000.0, list[float]()
    for reply, status, pause, burst in replies:
        now += pause
        for _ in range(burst):
            if server.wait(now) <= 0:
                server.sent(now)
                in_flight.append(now)
        if in_flight:
            server.answered(reply, status, in_flight.pop(), now)
        assert server.wait(now) <= MAX_RESET + ROUNDING
    while (seconds := server.wait(now)) > 0:
        now += seconds


ways = st.floats(0.0001, 0.005)
starts = st.sampled_from([0.0, 0.9, 0.99, 0.999]) | st.floats(0, 1, exclude_max=True)
alone = st.builds(
    Setup,
    limit=st.sampled_from([50, 100, 200, 500, 1000]),
    concurrency=st.integers(20, 50),
    round_trip=ways,
    jitter=st.floats(0, 1),
    start=starts,
    rounding=st.sampled_from([math.ceil, exactly]),
    seed=st.integers(0, 999),
)
figures = settings(max_examples=12)
"""The same random numbers each time, since the results are compared with figures."""


@figures
@given(alone)
def test_one_client_uses_the_limit_and_rarely_hits_it(setup: Setup) -> None:
    """It gets 90 % of the limit or more, and less than 2 % of its requests are refused.

    A start in the last tenth of a window may cost up to two of the eight windows: a reset that is
    rounded up to whole seconds then tells the end of the window least well.
    """
    simulation = Simulation(setup)
    assert simulation.use >= (0.9 if setup.start < 0.9 else 0.75)
    assert simulation.refusals < 0.02


@pytest.mark.parametrize("start", [0.0, 22.2, 59.9])
def test_windows_of_a_minute_are_used_too(start: float) -> None:
    """However late in a window it starts, the client learns when windows begin."""
    simulation = Simulation(Setup(limit=600, window=60.0, windows=5, start=start))
    assert simulation.use >= 0.95
    assert simulation.refusals < 0.01


@figures
@given(
    clients=st.integers(2, 4),
    round_trip=ways,
    start=starts,
    rounding=st.sampled_from([math.ceil, exactly]),
)
def test_independent_clients_share_a_limit(clients: int, **how: Any) -> None:
    """Together they get 90 % of it or more, and few requests are refused."""
    simulation = Simulation(Setup(clients=clients, concurrency=25, windows=12, **how))
    assert simulation.use >= 0.9
    assert simulation.refusals < 0.05


@pytest.mark.parametrize("round_trip", [0.03, 0.1])
def test_the_limit_of_a_distant_server_is_used(round_trip: float) -> None:
    """Requests in flight are known, so that distance costs little."""
    simulation = Simulation(Setup(round_trip=round_trip, start=0.3))
    assert simulation.use >= 0.9
    assert simulation.refusals < 0.01


@pytest.mark.parametrize(("limit", "window"), [(200, 1.0), (1200, 60.0)])
@pytest.mark.parametrize("rounding", [math.floor, round])
def test_servers_that_round_down_are_understood(limit: int, window: float, rounding: Any) -> None:
    """Repeated reports of 0 s do not lead to many refused requests."""
    setup = Setup(limit=limit, window=window, windows=5, rounding=rounding, start=0.2)
    simulation = Simulation(setup)
    assert simulation.use >= 0.6
    assert simulation.refusals < 0.03


@pytest.mark.parametrize("others", [50.0, 150.0])
def test_the_share_of_other_clients_is_left_to_them(others: float) -> None:
    """Together with a client that ignores replies, ours takes the rest and not more."""
    simulation = Simulation(Setup(others=others, start=0.4))
    assert simulation.use >= 0.95 * (1 - others / 200)
    assert simulation.refusals < 0.03


@pytest.mark.parametrize("concurrency", [2, 5])
@pytest.mark.parametrize("reset", [0.0, 1.0, 5.0, 60.0])
@pytest.mark.parametrize("claim_again", [False, True])
def test_a_limit_that_is_not_enforced_slows_a_client_briefly(
    concurrency: int, reset: float, claim_again: bool
) -> None:
    """One refusal claims 10 requests, and all others are accepted: it costs 3 s at the most."""
    setup = Setup(claim=reported(0, reset, 10), claim_again=claim_again, concurrency=concurrency)
    simulation = Simulation(setup)
    # One of the callers waits for the reset that its refusal reported.
    unlimited = (concurrency - 1) / (setup.round_trip * (1 + setup.jitter / 2))
    assert min(simulation.taken[second] for second in range(3, 8)) >= 0.95 * unlimited


@pytest.mark.parametrize("window", [1.0, 10.0])
@pytest.mark.parametrize("rounding", [math.ceil, math.floor, exactly])
def test_a_limit_reported_only_by_refusals_is_used_and_rarely_hit(
    window: float, rounding: Any
) -> None:
    """If accepted requests report nothing, the limit is still kept between two refusals."""
    simulation = Simulation(
        Setup(
            limit=int(200 * window),
            window=window,
            windows=10,
            rounding=rounding,
            only_refusals_report=True,
            start=0.3,
        )
    )
    assert simulation.use >= 0.7
    assert simulation.refusals < 0.06


def test_a_disproved_limit_applies_again_after_a_refusal() -> None:
    """Replies that report it are ignored until a request is refused."""
    limiter = after_one_reply(reported(0, 1.0, 10))
    for _ in range(25):
        limiter.sent(0.5)
        limiter.answered(reported(0, 1.0, 10), 201, 0.5, 0.5)
    assert limiter.wait(0.5) <= 0
    limiter.sent(0.6)
    limiter.answered(reported(0, 1.0, 10), 429, 0.6, 0.6)
    assert limiter.wait(0.6) > 0.9


def spread(times: Sequence[float]) -> float:
    """Return the longest time between two of these."""
    return max(after - before for before, after in pairwise(times))


def test_a_batch_does_not_stall_within_a_window() -> None:
    """With 100 left for a second, none waits longer than a tenth of it."""
    server, now, sent = after_one_reply(reported(89)), 0.0, [0.0]
    while now < 0.9:
        if (seconds := server.wait(now)) > 0:
            now += seconds
            continue
        server.sent(now)
        server.answered(reported(89 - len(sent)), 201, now, now)
        sent.append(now)
    assert spread(sent) < 0.1
