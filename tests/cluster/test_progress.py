"""How far a job has come."""

import pytest

from support.clock import Clock
from telnyx_video.dask.progress import WINDOW, Tracker
from telnyx_video.provisioning import Summary


def test_progress_adds_up_parts_that_are_done_and_in_flight() -> None:
    """A part in flight counts what its worker reported last, and its end replaces that."""
    clock = Clock()
    tracker = Tracker(100, 10, Summary(existed=20), 2, clock)
    assert (tracker.progress.rate, tracker.progress.remaining) == (0.0, None)
    tracker.begun("a")
    tracker.begun("b")
    clock.now += 10
    tracker.reported("a", 5, 1)
    tracker.reported("b", 4, 2)
    tracker.reported("c", 9, 3)  # its end came before its last report
    seen = tracker.progress
    assert (seen.done, seen.refused, seen.parts_done) == (29, 6, 2)
    assert seen.rate == pytest.approx(0.9)
    assert seen.remaining == pytest.approx(71 / 0.9)
    tracker.ended("a", Summary(made=8, failed=1, unknown=1))
    tracker.ended("b", None)
    seen = tracker.progress
    assert (seen.done, seen.before, seen.parts, seen.parts_done) == (30, 20, 10, 3)
    assert seen.summary == Summary(made=8, existed=20, failed=1, unknown=1)


def test_the_rate_is_that_of_the_last_half_minute() -> None:
    """Earlier rates do not count."""
    clock = Clock()
    tracker = Tracker(10_000, 1, Summary(), 0, clock)
    tracker.begun("a")
    clock.now += 3600
    assert tracker.progress.rate == 0.0
    for second in range(1, round(WINDOW) + 5):
        clock.now += 1
        tracker.reported("a", 7 * second, 0)
        assert tracker.progress.done == 7 * second
    assert tracker.progress.rate == pytest.approx(7)
