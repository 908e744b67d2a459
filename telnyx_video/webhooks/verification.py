"""Whether Telnyx sent a delivery, unchanged and just now: a function of bytes, keys and the time.

Telnyx signs ``{telnyx-timestamp}|{body}`` with Ed25519 and sends the signature in base64:
https://developers.telnyx.com/docs/development/api-fundamentals/webhooks
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Protocol, cast

from telnyx_video._base.text import SHORT, one_line, show
from telnyx_video.errors import ConfigurationError, WebhookVerificationError
from telnyx_video.webhooks._ed25519 import is_signed

__all__ = [
    "SIGNATURE_HEADER",
    "TIMESTAMP_HEADER",
    "HeaderMapping",
    "Headers",
    "check_tolerance",
    "header_pairs",
    "signed_message",
    "verify",
]

SIGNATURE_HEADER = "telnyx-signature-ed25519"
TIMESTAMP_HEADER = "telnyx-timestamp"

_SIGNATURE_SIZE = 64
"""Bytes in an Ed25519 signature."""

_SECONDS = re.compile("[0-9]{1,12}")

_Pair = tuple[object, object]


class HeaderMapping(Protocol):
    """The headers of a request: any mapping of them that has ``items()``, in any case.

    Those of aiohttp, Starlette, Django, Flask and a plain ``dict`` do.
    """

    def items(self) -> Iterable[tuple[object, object]]:
        """Every name with its value."""
        ...


Headers = HeaderMapping | Iterable[tuple[str, str] | tuple[bytes, bytes]]
"""The headers of a request: a mapping of them, or pairs of name and value, as ASGI has them."""


def header_pairs(headers: Headers) -> list[tuple[object, object]]:
    """Every header with its value; as text, too, if both are bytes.

    Raises:
        ConfigurationError: they are neither a mapping nor pairs.
    """
    items: object = getattr(headers, "items", None)
    given: object = items() if callable(items) else headers
    pairs = list(cast("Iterable[object]", given)) if isinstance(given, Iterable) else [given]
    if isinstance(headers, str | bytes) or not all(map(_is_pair, pairs)):
        raise ConfigurationError(
            "headers must be those of the request, as a mapping or as pairs of name and value: "
            f"this {type(headers).__name__} is neither"
        )
    return [_as_text(name, value) for name, value in cast("list[_Pair]", pairs)]


def verify(
    body: bytes,
    headers: Iterable[tuple[object, object]],
    *,
    keys: Iterable[bytes],
    tolerance: float,
    now: float,
) -> None:
    """Return if one of the keys signed this body at about this time; raise otherwise.

    Args:
        body: The raw body, as received.
        headers: Every header with its value; one that came twice may be there twice.
        keys: Raw public keys. All are tried, so that the time taken does not tell which one fits.
        tolerance: Seconds that the delivery's time may differ from ``now``, either way.
        now: Seconds since the epoch.

    Raises:
        WebhookVerificationError: a header is missing, repeated or malformed, the delivery is too
            old or too new, or the signature does not match.
        ConfigurationError: the body is not bytes.
    """
    if not isinstance(body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance] # not all callers check types
        raise ConfigurationError(
            f"the body of a webhook must be its bytes as received, not {type(body).__name__}: "
            "what was decoded or parsed cannot be checked"
        )
    pairs = list(headers)
    signature = _signature(_only(pairs, SIGNATURE_HEADER))
    timestamp = _only(pairs, TIMESTAMP_HEADER)
    _check_age(now - _seconds(timestamp), tolerance)
    message = signed_message(body, timestamp)
    matches = [is_signed(message, signature, key) for key in keys]
    if not any(matches):
        raise WebhookVerificationError(
            f"the {SIGNATURE_HEADER} header does not match - check the public key, and that the "
            "body is checked as it was received",
            SIGNATURE_HEADER,
        )


def signed_message(body: bytes, timestamp: str) -> bytes:
    """What the signature of a delivery is made over."""
    return timestamp.encode() + b"|" + body


def check_tolerance(tolerance: object) -> None:
    """Refuse what is no span of time; NaN among it, which would compare with every age alike.

    Raises:
        ConfigurationError: it is not a number of seconds above 0.
    """
    number = tolerance if isinstance(tolerance, int | float) and tolerance is not True else 0
    if not number > 0:
        raise ConfigurationError(f"tolerance must be seconds, above 0, not {show(tolerance)}")


def _is_pair(item: object) -> bool:
    return isinstance(item, tuple | list) and len(cast("list[object]", item)) == 2


def _as_text(name: object, value: object) -> _Pair:
    if isinstance(name, bytes) and isinstance(value, bytes):
        return name.decode("latin-1"), value.decode("latin-1")
    return name, value


def _only(pairs: list[tuple[object, object]], name: str) -> str:
    """The one value of a header.

    Servers join the values of a header that came twice by a comma, which none of ours contains.
    """
    values = [value for key, value in pairs if isinstance(key, str) and key.lower() == name]
    if not values:
        problem = f"the {name} header is missing - only Telnyx's own deliveries carry it"
    elif len(values) > 1 or (isinstance(values[0], str) and "," in values[0]):
        problem = f"the {name} header came more than once - Telnyx sends it once"
    elif not isinstance(values[0], str):
        problem = f"the {name} header is not text - pass the headers as the framework has them"
    else:
        return values[0]
    raise WebhookVerificationError(problem, name)


def _signature(text: str) -> bytes:
    """The signature's bytes; each has exactly one spelling that is accepted."""
    try:
        signature = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        signature = b""
    if len(signature) != _SIGNATURE_SIZE or b64encode(signature).decode() != text:
        raise WebhookVerificationError(
            f"the {SIGNATURE_HEADER} header is malformed - it must be {_SIGNATURE_SIZE} bytes in "
            "base64",
            SIGNATURE_HEADER,
        )
    return signature


def _seconds(text: str) -> int:
    if not _SECONDS.fullmatch(text):
        raise WebhookVerificationError(
            f"the {TIMESTAMP_HEADER} header is malformed: {one_line(text, SHORT)!r} - it must be "
            "seconds since the epoch",
            TIMESTAMP_HEADER,
        )
    return int(text)


def _check_age(age: float, tolerance: float) -> None:
    if abs(age) <= tolerance:
        return
    problem = f"{abs(age):.1f} s in the {'past' if age > 0 else 'future'}"
    raise WebhookVerificationError(
        f"the {TIMESTAMP_HEADER} header is {problem}, and {tolerance:g} s are allowed - check this "
        "machine's clock; if that is right, it is an old delivery that was sent again",
        TIMESTAMP_HEADER,
    )
