"""A small run of `benchmarks/webhook_fuzz.py`: mutants of a genuine delivery are refused."""

import pytest

from benchmarks import webhook_fuzz
from benchmarks.webhook_fuzz import fuzz


def test_mutants_of_a_delivery_are_refused() -> None:
    """No mutant of a genuine delivery is accepted or crashes the verifier."""
    refusals = fuzz(mutants=2000, seed=1)
    assert refusals.total() == 2000
    assert set(refusals) == {"telnyx-signature-ed25519", "telnyx-timestamp"}


def test_the_fuzz_detects_an_accepted_forgery(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fuzz fails if a delivery is accepted without a valid signature."""

    def anything(*_: object) -> bool:
        return True

    monkeypatch.setattr("telnyx_video.webhooks.verify.is_signed", anything)
    with pytest.raises(AssertionError, match="accepted"):
        fuzz(mutants=100, seed=1)


def test_the_script_prints_the_counts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run as a program, it prints the counts and exits with 0 if all were refused."""
    monkeypatch.setattr("sys.argv", ["webhook_fuzz.py", "50"])
    assert webhook_fuzz.main() == 0
    assert "refused of 50 mutants (seed 1)" in capsys.readouterr().out
