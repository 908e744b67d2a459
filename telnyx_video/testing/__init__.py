"""For the tests of those who use this package: what Telnyx tells and answers, and its signatures.

::

    signer = WebhookSigner()
    delivery = signer.sign(make_event(ParticipantLeft, duration_secs=12))

``delivery.body`` and ``delivery.headers`` are what a receiver takes that was given
``signer.public_key``. It takes the extra ``webhooks``.
"""

from __future__ import annotations

from telnyx_video.testing.events import make_event
from telnyx_video.testing.models import make_model
from telnyx_video.testing.signing import SignedDelivery, WebhookSigner

__all__ = ["SignedDelivery", "WebhookSigner", "make_event", "make_model"]
