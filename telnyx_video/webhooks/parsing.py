"""A delivery, checked against the account's key and this machine's clock, as an event."""

from __future__ import annotations

from time import time

from telnyx_video.config import PublicKeys, resolve_public_keys
from telnyx_video.webhooks.events import WebhookEvent
from telnyx_video.webhooks.reading import read_event
from telnyx_video.webhooks.verification import Headers, check_tolerance, header_pairs, verify

__all__ = ["verify_and_parse"]


def verify_and_parse(
    body: bytes,
    headers: Headers,
    *,
    public_key: PublicKeys | None = None,
    tolerance: float = 300.0,
) -> WebhookEvent:
    """The event that a delivery tells of, if Telnyx sent it, unchanged and just now.

    Args:
        body: The body of the request as received: its bytes, before any decoding.
        headers: The headers of the request, as your framework has them: a mapping, or pairs of
            name and value, such as ASGI's ``scope["headers"]``. Their case does not matter.
        public_key: The account's public key, as Mission Control shows it, or its 32 raw bytes; of
            several, while a key is being replaced, any one may have signed. By default
            ``TELNYX_PUBLIC_KEY`` of the environment, which may hold several, parted by commas.
        tolerance: Seconds that the delivery's time may differ from this machine's clock, either
            way: the bound on how old a delivery may be that someone sends again.

    Returns:
        The event, of the class of its type; an :class:`UnknownEvent` if there is no such class.

    Raises:
        WebhookVerificationError: nothing shows that Telnyx sent it. Answer 401 and do nothing else.
        ResponseDecodeError: Telnyx sent it, but it is no event.
        ConfigurationError: there is no public key, or it is malformed; or the body is not bytes,
            the headers are none, or the tolerance is not above 0.

    Signed are the timestamp and the body:
    https://developers.telnyx.com/docs/development/api-fundamentals/webhooks
    """
    keys = resolve_public_keys(public_key)
    check_tolerance(tolerance)
    verify(body, header_pairs(headers), keys=keys, tolerance=tolerance, now=time())
    return read_event(body)
