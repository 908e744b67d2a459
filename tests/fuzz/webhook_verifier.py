"""Fuzzes the webhook verifier: the timestamp and signature headers on two lines, then the body."""

import base64
from math import inf

from telnyx_video import ResponseDecodeError, WebhookVerificationError
from telnyx_video.testing import SignedDelivery, WebhookSigner
from telnyx_video.webhooks import WebhookEvent, verify_and_parse

SIGNER = WebhookSigner(bytes(range(32)))
SIGNATURE, TIMESTAMP = "telnyx-signature-ed25519", "telnyx-timestamp"


def check(data: bytes) -> None:
    """A delivery is accepted only if it is signed; any signed body is an event or an error."""
    timestamp, signature, body = split(data)
    delivery = SignedDelivery(body, {TIMESTAMP: timestamp, SIGNATURE: signature})
    try:
        parsed(delivery)
    except WebhookVerificationError as error:
        assert str(error).isprintable()
    else:
        genuine = SIGNER.sign(body, timestamp=int(timestamp)).headers[SIGNATURE]
        assert base64.b64decode(signature) == base64.b64decode(genuine)
    parsed(SIGNER.sign(body))


def split(data: bytes) -> tuple[str, str, bytes]:
    """Return the two headers, as a server decodes them, and the body."""
    timestamp, _, rest = data.partition(b"\n")
    signature, _, body = rest.partition(b"\n")
    return timestamp.decode("latin-1"), signature.decode("latin-1"), body


def parsed(delivery: SignedDelivery) -> WebhookEvent | None:
    """Return the event, which can be written and read again; None if the body is not an event."""
    key = SIGNER.public_key
    try:
        event = verify_and_parse(delivery.body, delivery.headers, public_key=key, tolerance=inf)
    except ResponseDecodeError as error:
        assert str(error).isprintable()
        return None
    assert event.id
    assert type(event).from_dict(event.to_dict()) == event
    return event
