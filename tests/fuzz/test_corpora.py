"""Replays the kept corpora of the fuzz targets, without a fuzzer."""

from importlib import import_module
from pathlib import Path

import pytest

from fuzz.webhook_verifier import SIGNATURE, TIMESTAMP, parsed, split
from telnyx_video import WebhookVerificationError
from telnyx_video.testing import SignedDelivery

FOLDER = Path(__file__).parent
CORPORA = FOLDER / "corpus"
TARGETS = sorted(path.stem for path in FOLDER.glob("*_*er.py"))
INPUTS = sorted(path for path in CORPORA.rglob("*") if path.is_file())


def test_every_target_has_a_corpus() -> None:
    """The fuzzer starts from inputs that the target accepts."""
    assert [path.name for path in sorted(CORPORA.iterdir())] == TARGETS
    assert {path.parent.name for path in INPUTS} == set(TARGETS)


@pytest.mark.parametrize("path", INPUTS, ids=[f"{path.parent.name}/{path.name}" for path in INPUTS])
def test_every_input_of_the_corpus_is_handled(path: Path) -> None:
    """Inputs that a fuzzer found are handled."""
    import_module(f"fuzz.{path.parent.name}").check(path.read_bytes())


def test_the_corpus_has_a_genuine_delivery() -> None:
    """The verifier accepts it, and refuses it with one byte changed."""
    timestamp, signature, body = split((CORPORA / "webhook_verifier" / "genuine").read_bytes())
    headers = {TIMESTAMP: timestamp, SIGNATURE: signature}
    assert parsed(SignedDelivery(body, headers)) is not None
    with pytest.raises(WebhookVerificationError):
        parsed(SignedDelivery(body + b" ", headers))
