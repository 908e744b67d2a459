"""The signer: its deliveries are accepted with its own key only."""

import json
import time

import pytest

from support.secrets import leaks
from telnyx_video import WebhookVerificationError
from telnyx_video.testing import SignedDelivery, WebhookSigner, make_event
from telnyx_video.webhooks import Delivery, ParticipantLeft, verify_and_parse


def test_a_signed_event_is_accepted() -> None:
    """An event survives signing and verifying unchanged."""
    signer = WebhookSigner()
    event = make_event(ParticipantLeft, context=None)
    signed = signer.sign(event)
    received = verify_and_parse(signed.body, signed.headers, public_key=signer.public_key)
    assert (received, received.delivery) == (event, Delivery(attempt=1))


def test_each_signer_has_a_key_of_its_own() -> None:
    """Only signers of the same seed have the same key."""
    one, other = WebhookSigner(), WebhookSigner()
    signed = one.sign(make_event(ParticipantLeft))
    with pytest.raises(WebhookVerificationError):
        verify_and_parse(signed.body, signed.headers, public_key=other.public_key)
    assert WebhookSigner(bytes(32)).public_key == WebhookSigner(bytes(32)).public_key


def test_the_delivery_of_an_event_is_signed() -> None:
    """The `delivery` of an event becomes the `meta` of the body."""
    event = make_event(ParticipantLeft)
    event.delivery = Delivery(2, "https://a.example")
    meta = json.loads(WebhookSigner().sign(event).body)["meta"]
    assert meta == {"attempt": 2, "delivered_to": "https://a.example"}


def test_a_delivery_can_have_any_timestamp() -> None:
    """A timestamp in the past or the future can be signed, in whole seconds."""
    signed = WebhookSigner().sign(b"{}", timestamp=1709251200.9)
    assert signed == SignedDelivery(b"{}", signed.headers)
    assert signed.headers["telnyx-timestamp"] == "1709251200"
    now = int(WebhookSigner().sign(b"{}").headers["telnyx-timestamp"])
    assert abs(now - time.time()) < 60


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_seed_has_32_bytes(size: int) -> None:
    """A seed of another length is refused."""
    with pytest.raises(ValueError, match="32"):
        WebhookSigner(bytes(size))


def test_a_signer_does_not_show_its_seed() -> None:
    """The repr of a signer does not show its seed."""
    assert "0123456789" not in repr(WebhookSigner(b"0123456789" * 3 + b"ab"))
    assert leaks(WebhookSigner(bytes(32)).public_key, "\0" * 32) == []
