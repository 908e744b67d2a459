"""Webhooks: verifies that Telnyx sent a request, and parses the event in it.

::

    event = verify_and_parse(body, headers)     # key: TELNYX_PUBLIC_KEY

Ready-made receivers are in :mod:`telnyx_video.webhooks.aiohttp` and
:mod:`telnyx_video.webhooks.asgi`. The extra ``webhooks`` installs cryptography, which verifies.

- ``verify``: signatures, timestamps, public keys
- ``parse``: from bytes to one of the classes in ``events``
- ``receive``: what the receivers ``aiohttp`` and ``asgi`` have in common
- ``router``: handlers by class of event, each called once
"""

from __future__ import annotations

try:
    from telnyx_video.webhooks.verify import HeaderMapping, Headers
except ModuleNotFoundError as _missing:
    if (_missing.name or "").partition(".")[0] != "cryptography":
        raise
    raise ModuleNotFoundError(
        "telnyx_video.webhooks needs cryptography, which is not installed: "
        "pip install 'telnyx-video[webhooks]'",
        name=_missing.name,
    ) from None

from telnyx_video._base.errors import WebhookVerificationError
from telnyx_video.webhooks.events import (
    CompositionCompleted,
    CompositionCompletedPayload,
    Delivery,
    Event,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantLeftPayload,
    ParticipantPayload,
    Payload,
    RecordingCompleted,
    RecordingCompletedPayload,
    RecordingPayload,
    RecordingStarted,
    SessionEnded,
    SessionEndedPayload,
    SessionStarted,
    UnknownEvent,
    WebhookEvent,
)
from telnyx_video.webhooks.parse import verify_and_parse
from telnyx_video.webhooks.router import Deduplicator, EventRouter

__all__ = [
    "CompositionCompleted",
    "CompositionCompletedPayload",
    "Deduplicator",
    "Delivery",
    "Event",
    "EventRouter",
    "HeaderMapping",
    "Headers",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantLeftPayload",
    "ParticipantPayload",
    "Payload",
    "RecordingCompleted",
    "RecordingCompletedPayload",
    "RecordingPayload",
    "RecordingStarted",
    "SessionEnded",
    "SessionEndedPayload",
    "SessionStarted",
    "UnknownEvent",
    "WebhookEvent",
    "WebhookVerificationError",
    "verify_and_parse",
]
