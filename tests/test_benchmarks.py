"""The checks of `nox -s bench`, and the server that it uses."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import scale, soak
from benchmarks.measuring.contest import (
    BOUNDS,
    Bound,
    Run,
    ceiling,
    judge,
    ratio,
    share_of_core,
    summary,
)
from benchmarks.measuring.fast_server import end_of_request
from benchmarks.measuring.loops import Loop

COST = Bound("cost", "ours", "hand-written", "cost", 1.15)
RATE = Bound("rate", "ours", "hand-written", "rate", 4)


def ran(contestant: str, microseconds: float, *, wall: float = 1.0, loop: Loop = "asyncio") -> Run:
    """Return a run of a thousand creates with this processor time for each."""
    return Run(
        contestant,
        loop,
        count=1000,
        wall=wall,
        processor=microseconds / 1000,
        peak_mib=40.0,
        served=1200,
        server=0.012,
    )


def test_runs_of_the_same_round_are_compared() -> None:
    """A busy machine slows both runs of a round, which leaves their ratio unchanged."""
    rounds = [("hand-written", 100), ("ours", 110), ("hand-written", 200), ("ours", 220)]
    assert ratio([ran(*each) for each in rounds], COST, "asyncio") == pytest.approx(1.1)


def test_a_peer_without_a_loop_is_compared_on_each() -> None:
    """A client without an event loop is measured once, and compared on each loop."""
    runs = [ran("ours", 100), ran("ours", 80, loop="uvloop"), ran("hand-written", 100)]
    assert ratio(runs, COST, "asyncio") == pytest.approx(1.0)
    assert ratio(runs, COST, "uvloop") == pytest.approx(0.8)


def test_a_ratio_needs_both_contestants() -> None:
    """A run with some contestants only reports the ratios of these."""
    assert ratio([ran("ours", 100)], COST, "asyncio") is None
    assert judge([ran("ours", 100)]) == []


@pytest.mark.parametrize(("bound", "good", "bad"), [(COST, 1.15, 1.16), (RATE, 4.0, 3.9)])
def test_a_bound_holds_up_to_its_limit(bound: Bound, good: float, bad: float) -> None:
    """Cost is bounded from above, the rate from below."""
    assert bound.kept(good)
    assert not bound.kept(bad)


def test_a_missed_bound_is_reported() -> None:
    """The report has the ratio, and whether it is within the bound."""
    (report,) = judge([ran("hand-written", 100), ran("ours", 130)])
    assert report["what"] == BOUNDS[0].what
    assert report["ratio"] == 1.3
    assert report["kept"] is False


def test_the_summary_has_medians() -> None:
    """One outlier does not change a figure."""
    (row,) = summary([ran("ours", 100), ran("ours", 102), ran("ours", 900, wall=3)])
    assert row["microseconds_per_create"] == 102.0
    assert row["creates_per_second"] == 1000


def test_the_ceiling_is_the_rate_of_one_core() -> None:
    """The server's own cost shows whether it slows the fastest contestant."""
    most, fastest = ceiling([ran("ours", 100), ran("hand-written", 90, wall=0.5)])
    assert most == 100_000
    assert fastest.contestant == "hand-written"


bodies = st.binary(max_size=40)
lengths = st.sampled_from(["Content-Length", "content-length", "CONTENT-LENGTH"])


@given(body=bodies, name=lengths, after=bodies, cut=st.integers(0, 200))
def test_the_server_sees_where_a_request_ends(
    body: bytes, name: str, after: bytes, cut: int
) -> None:
    """Requests in pieces or together are each answered once, when complete."""
    head = f"POST /v2/rooms HTTP/1.1\r\nHost: here\r\n{name}: {len(body)}\r\n\r\n".encode()
    whole = head + body
    assert end_of_request(whole + after) == len(whole)
    begun = whole[:cut]
    assert end_of_request(begun) == (len(whole) if len(begun) >= len(head) else 0)


def test_a_request_without_a_body_ends_with_its_head() -> None:
    """A request without a length has no body."""
    assert end_of_request(b"GET / HTTP/1.1\r\n\r\nGET") == 18


def test_a_busy_machine_is_noticed() -> None:
    """A client that got half of its core shared it with another process."""
    runs = [ran("ours", 500), ran("ours", 1000), ran("ours", 100)]
    assert share_of_core([*runs, ran("ours-blocking", 10)]) == 0.5
    assert share_of_core([ran("ours-blocking", 10)]) == 1.0


def batch(**changes: object) -> dict[str, Any]:
    """Return a batch on an idle machine, with these changes."""
    still = {"peak_mib": 40.0, "longest_block_ms": 20.0, "of_processor_ms": 20.0}
    return {**still, "share_of_core": 1.0, "parts": [100.0] * scale.PARTS, **changes}


@pytest.mark.parametrize(
    ("changes", "missed"),
    [
        ({}, ""),
        ({"peak_mib": 51.0}, "memory"),
        ({"parts": [100.0, 106.0]}, "cost"),
        ({"parts": [100.0, 94.0]}, "cost"),
        ({"longest_block_ms": 51.0}, "blocked"),
        ({"longest_block_ms": 51.0, "share_of_core": 0.5}, ""),
        ({"of_processor_ms": 51.0, "share_of_core": 0.5}, "blocked"),
    ],
)
def test_a_batch_that_grows_is_noticed(changes: dict[str, Any], missed: str) -> None:
    """Memory, cost or loop delays that grow with a batch's size are reported."""
    if "parts" in changes:
        changes = {"parts": [part for part in changes["parts"] for _ in range(scale.PARTS // 2)]}
    reports = scale.judge(batch(), batch(**changes), "without a journal")
    unkept = [str(report["what"]) for report in reports if not report["kept"]]
    assert len(unkept) == bool(missed)
    assert all(missed in what for what in unkept)


@pytest.mark.parametrize(("leak", "kept"), [(0.0, True), (0.02, True), (0.1, False)])
def test_a_leak_is_noticed_but_not_a_warm_up(leak: float, kept: bool) -> None:
    """Growth in the first quarter is accepted; growth after it is a leak."""
    samples = [
        soak.Sample(second / 60, min(second, 25) + leak * second, 12, 50, second)
        for second in range(100)
    ]
    assert soak.judge(samples)[0]["kept"] is kept
