"""Every course of a create with up to three faults; and the search finds broken promises."""

import pytest

from execution.exhaustive import explore, explore_all
from telnyx_video import Outcome
from telnyx_video._execution.reconcile import Reconciler


def test_every_course_keeps_every_promise() -> None:
    """Whatever is lost, late, repeated, made by another client or resumed after a crash."""
    ends = explore_all(faults=3)
    assert ends.total() > 5000
    assert set(ends) >= {"room", "NameTakenError NOT_APPLIED", "OutcomeUnknownError UNKNOWN"}


def test_a_false_claim_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that takes times for proof is detected."""
    monkeypatch.setattr(Reconciler, "_claim", Outcome.NOT_APPLIED)
    with pytest.raises(AssertionError, match="NOT_APPLIED is said of a room that is there"):
        explore(named=True, if_exists="error", ahead=60.0, vague=False, faults=1)


def test_a_second_room_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends a nameless create again after a lost reply is detected."""
    monkeypatch.setattr(Reconciler, "_named", True)
    with pytest.raises(AssertionError, match="two rooms"):
        explore(named=False, if_exists="error", ahead=0.0, vague=False, faults=2)
