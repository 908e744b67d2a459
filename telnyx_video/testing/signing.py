"""Signs webhooks as Telnyx does, with a key pair of the test."""

from __future__ import annotations

from base64 import b64encode
from secrets import token_bytes
from time import time

import attrs

from telnyx_video._base.json import dumps
from telnyx_video.webhooks.events import Event
from telnyx_video.webhooks.verify import (
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    public_key_of,
    sign,
    signed_message,
)

__all__ = ["SignedDelivery", "WebhookSigner"]


@attrs.frozen
class SignedDelivery:
    """A request as Telnyx would send it: post this body with these headers."""

    body: bytes
    headers: dict[str, str]


class WebhookSigner:
    """Signs webhooks as Telnyx does.

    Args:
        seed: The 32 bytes that the key pair is derived from; random by default.

    Raises:
        ValueError: the seed has another length.
    """

    def __init__(self, seed: bytes | None = None) -> None:
        self._seed = token_bytes(32) if seed is None else seed
        self.public_key: str = b64encode(public_key_of(self._seed)).decode()
        """The ``public_key`` of the receiver, or its ``TELNYX_PUBLIC_KEY``."""

    def sign(self, content: Event | bytes, *, timestamp: float | None = None) -> SignedDelivery:
        """Sign an event, or any other body.

        Args:
            content: An event, whose ``delivery`` becomes the ``meta`` of the body; or the bytes of
                a body.
            timestamp: Seconds since the epoch; by default now.
        """
        body = content if isinstance(content, bytes) else _body(content)
        seconds = str(int(time() if timestamp is None else timestamp))
        signature = sign(signed_message(body, seconds), self._seed)
        headers = {
            "content-type": "application/json",
            SIGNATURE_HEADER: b64encode(signature).decode(),
            TIMESTAMP_HEADER: seconds,
        }
        return SignedDelivery(body, headers)


def _body(event: Event) -> bytes:
    meta = {"attempt": 1} if event.delivery is None else attrs.asdict(event.delivery)
    return dumps({"data": event.to_dict(), "meta": meta})
