"""The judges of `nox -s bench`: what they are told by runs, and the server that they trust."""

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
    """A run of a thousand creates, each of which took so much processor time."""
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


def test_neighbours_are_compared() -> None:
    """A round in which the machine was busy slows both of a pair: their ratio stays."""
    rounds = [("hand-written", 100), ("ours", 110), ("hand-written", 200), ("ours", 220)]
    assert ratio([ran(*each) for each in rounds], COST, "asyncio") == pytest.approx(1.1)


def test_a_peer_without_a_loop_is_compared_on_each() -> None:
    """A client that runs no event loop is measured once, for both of those that ours runs on."""
    runs = [ran("ours", 100), ran("ours", 80, loop="uvloop"), ran("hand-written", 100)]
    assert ratio(runs, COST, "asyncio") == pytest.approx(1.0)
    assert ratio(runs, COST, "uvloop") == pytest.approx(0.8)


def test_without_both_of_a_pair_nothing_is_judged() -> None:
    """Whoever runs some contestants only is told of what these show."""
    assert ratio([ran("ours", 100)], COST, "asyncio") is None
    assert judge([ran("ours", 100)]) == []


@pytest.mark.parametrize(("bound", "good", "bad"), [(COST, 1.15, 1.16), (RATE, 4.0, 3.9)])
def test_a_bound_holds_up_to_its_limit(bound: Bound, good: float, bad: float) -> None:
    """Cost is bounded from above, the rate from below."""
    assert bound.kept(good)
    assert not bound.kept(bad)


def test_the_verdict_names_the_bound_that_is_missed() -> None:
    """What is printed tells the ratio, and whether it is good enough."""
    (verdict,) = judge([ran("hand-written", 100), ran("ours", 130)])
    assert verdict["what"] == BOUNDS[0].what
    assert verdict["ratio"] == 1.3
    assert verdict["kept"] is False


def test_the_summary_has_medians() -> None:
    """One odd run moves no figure."""
    (row,) = summary([ran("ours", 100), ran("ours", 102), ran("ours", 900, wall=3)])
    assert row["microseconds_per_create"] == 102.0
    assert row["creates_per_second"] == 1000


def test_the_ceiling_is_what_one_core_could_serve() -> None:
    """The server's own cost tells how far it is from slowing the fastest contestant."""
    most, fastest = ceiling([ran("ours", 100), ran("hand-written", 90, wall=0.5)])
    assert most == 100_000
    assert fastest.contestant == "hand-written"


bodies = st.binary(max_size=40)
lengths = st.sampled_from(["Content-Length", "content-length", "CONTENT-LENGTH"])


@given(body=bodies, name=lengths, after=bodies, cut=st.integers(0, 200))
def test_the_server_sees_where_a_request_ends(
    body: bytes, name: str, after: bytes, cut: int
) -> None:
    """Requests may come in pieces or together: each is answered once, when it is whole."""
    head = f"POST /v2/rooms HTTP/1.1\r\nHost: here\r\n{name}: {len(body)}\r\n\r\n".encode()
    whole = head + body
    assert end_of_request(whole + after) == len(whole)
    begun = whole[:cut]
    assert end_of_request(begun) == (len(whole) if len(begun) >= len(head) else 0)


def test_a_request_without_a_body_ends_with_its_head() -> None:
    """What has no length has no content."""
    assert end_of_request(b"GET / HTTP/1.1\r\n\r\nGET") == 18


def test_a_busy_machine_is_noticed() -> None:
    """A client that wanted its core and got half of it ran beside something else."""
    runs = [ran("ours", 500), ran("ours", 1000), ran("ours", 100)]
    assert share_of_core([*runs, ran("ours-blocking", 10)]) == 0.5
    assert share_of_core([ran("ours-blocking", 10)]) == 1.0


def batch(**odd: object) -> dict[str, Any]:
    """A batch on a still machine, but for what is odd about it."""
    still = {"peak_mib": 40.0, "longest_block_ms": 20.0, "of_processor_ms": 20.0}
    return {**still, "share_of_core": 1.0, "parts": [100.0] * scale.PARTS, **odd}


@pytest.mark.parametrize(
    ("odd", "missed"),
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
def test_a_batch_that_grows_is_noticed(odd: dict[str, Any], missed: str) -> None:
    """Memory, cost and turns of the loop do not depend on a batch's size, or it is told."""
    if "parts" in odd:
        odd = {"parts": [part for part in odd["parts"] for _ in range(scale.PARTS // 2)]}
    verdicts = scale.judge(batch(), batch(**odd), "without a journal")
    unkept = [str(verdict["what"]) for verdict in verdicts if not verdict["kept"]]
    assert len(unkept) == bool(missed)
    assert all(missed in what for what in unkept)


@pytest.mark.parametrize(("leak", "kept"), [(0.0, True), (0.02, True), (0.1, False)])
def test_a_leak_is_noticed_and_warming_up_is_none(leak: float, kept: bool) -> None:
    """What grows in the first quarter may; what goes on growing is a leak."""
    samples = [
        soak.Sample(second / 60, min(second, 25) + leak * second, 12, 50, second)
        for second in range(100)
    ]
    assert soak.judge(samples)[0]["kept"] is kept
