"""For the tests of your service: factories of models and events, and a signer of webhooks.

::

    signer = WebhookSigner()
    delivery = signer.sign(make_event(ParticipantLeft, duration_secs=12))

Post ``delivery.body`` with ``delivery.headers`` to a receiver that has ``signer.public_key``. Needs
the extra ``webhooks``.
"""

from __future__ import annotations

from telnyx_video.testing.factories import make_event, make_model
from telnyx_video.testing.signing import SignedDelivery, WebhookSigner

__all__ = ["SignedDelivery", "WebhookSigner", "make_event", "make_model"]
