"""Webhooks: checks that Telnyx sent a delivery, and reads the event in it.

::

    event = verify_and_parse(body, headers)     # key: TELNYX_PUBLIC_KEY

Ready-made receivers are in :mod:`telnyx_video.webhooks.aiohttp` and
:mod:`telnyx_video.webhooks.asgi`. The extra ``webhooks`` brings what checking takes.

- ``verification``: whether a delivery is genuine; pure
- ``events``, ``reading``: what it tells, as attrs classes; pure
- ``parsing``: both, with the clock and the environment
- ``receiving``, ``aiohttp``, ``asgi``: receivers to mount
- ``deduplication``: whether it came before
"""

from __future__ import annotations

try:
    from telnyx_video.webhooks import _ed25519 as _ed25519
except ModuleNotFoundError as _missing:
    if (_missing.name or "").partition(".")[0] != "cryptography":
        raise
    raise ModuleNotFoundError(
        "telnyx_video.webhooks needs cryptography, which is not installed: "
        "pip install 'telnyx-video[webhooks]'",
        name=_missing.name,
    ) from None

from telnyx_video.errors import WebhookVerificationError
from telnyx_video.webhooks.deduplication import Deduplicator
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
from telnyx_video.webhooks.parsing import verify_and_parse

__all__ = [
    "CompositionCompleted",
    "CompositionCompletedPayload",
    "Deduplicator",
    "Delivery",
    "Event",
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
