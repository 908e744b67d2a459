"""The fuzz of `benchmarks/webhook_fuzz.py`, small: mutants of a genuine delivery are refused."""

import pytest

from benchmarks import webhook_fuzz
from benchmarks.webhook_fuzz import fuzz


def test_mutants_of_a_delivery_are_refused() -> None:
    """Of thousands of changes to a genuine delivery none is accepted, and none crashes."""
    refusals = fuzz(mutants=2000, seed=1)
    assert refusals.total() == 2000
    assert set(refusals) == {"telnyx-signature-ed25519", "telnyx-timestamp"}


def test_the_fuzz_notices_what_it_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a delivery accepted whatever its signature, the fuzz would fail."""

    def anything(*_: object) -> bool:
        return True

    monkeypatch.setattr("telnyx_video.webhooks.verify.is_signed", anything)
    with pytest.raises(AssertionError, match="accepted"):
        fuzz(mutants=100, seed=1)


def test_the_script_tells_how_many_were_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run as a program, it prints the counts, and ends well if all were refused."""
    monkeypatch.setattr("sys.argv", ["webhook_fuzz.py", "50"])
    assert webhook_fuzz.main() == 0
    assert "refused of 50 mutants (seed 1)" in capsys.readouterr().out
