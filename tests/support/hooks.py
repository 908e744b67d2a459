"""Webhook deliveries, signed by the key of the published test vector, and their receiver."""

from collections.abc import Mapping
from typing import Any

from telnyx_video.testing import WebhookSigner
from telnyx_video.webhooks import WebhookEvent

SIGNER = WebhookSigner(bytes(range(32)))
PUBLIC_KEY = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="

SIGNATURE = "telnyx-signature-ed25519"
TIMESTAMP = "telnyx-timestamp"

IDS = {
    "room_id": "4f1d2c60-8a5e-4b58-9a0c-6f1f6b7e0a11",
    "session_id": "8f728d7b-00e2-4c59-8c27-f564b828df87",
}


class Inbox:
    """A coroutine that accepts events and keeps them."""

    def __init__(self) -> None:
        self.events: list[WebhookEvent] = []

    async def __call__(self, event: WebhookEvent) -> None:
        self.events.append(event)


def envelope(event_type: str, payload: Mapping[str, object]) -> dict[str, Any]:
    """Return the body of a delivery, before encoding as JSON."""
    return {
        "data": {
            "record_type": "event",
            "event_type": event_type,
            "id": "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0",
            "occurred_at": "2024-02-29T22:25:27.521992Z",
            "payload": dict(payload),
        },
        "meta": {"attempt": 1, "delivered_to": "https://hooks.example.com/telnyx"},
    }
