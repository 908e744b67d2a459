"""Verifies that Telnyx sent a webhook, unchanged and recently.

Telnyx signs ``{telnyx-timestamp}|{body}`` with Ed25519 (RFC 8032); the signature is in base64:
https://developers.telnyx.com/docs/development/api-fundamentals/webhooks

cryptography rather than PyNaCl: most services have it already, and it follows OpenSSL's security
releases within days. PyNaCl verifies in half the time, but 0.1 ms is little compared to a request.
"""

from __future__ import annotations

import binascii
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Protocol, TypeAlias, TypeGuard, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from telnyx_video._base.errors import ConfigurationError, WebhookVerificationError
from telnyx_video._base.text import SHORT, one_line, show

__all__ = [
    "SIGNATURE_HEADER",
    "TIMESTAMP_HEADER",
    "HeaderMapping",
    "Headers",
    "PublicKeys",
    "check_seconds",
    "has_small_order",
    "header_pairs",
    "is_signed",
    "public_key_of",
    "resolve_public_keys",
    "sign",
    "signed_message",
    "verify",
]

SIGNATURE_HEADER = "telnyx-signature-ed25519"
TIMESTAMP_HEADER = "telnyx-timestamp"

PublicKeys: TypeAlias = str | bytes | Iterable[str | bytes]
"""One public key or several: each in base64, as Telnyx shows it, or as its 32 raw bytes."""

_KEY_SIZE = 32
_SIGNATURE_SIZE = 64
_SECONDS = re.compile("[0-9]{1,12}")

Pair: TypeAlias = tuple[object, object]


class HeaderMapping(Protocol):
    """The headers of a request: any mapping with ``items()``; the case of names does not matter.

    Those of aiohttp, Starlette, Django, Flask and a plain ``dict`` all qualify.
    """

    def items(self) -> Iterable[tuple[object, object]]:
        """Return every name with its value."""
        ...


Headers: TypeAlias = HeaderMapping | Iterable[tuple[str, str] | tuple[bytes, bytes]]
"""The headers of a request: a mapping, or pairs of name and value, as in ASGI."""


_SMALL_ORDER = frozenset(
    bytes.fromhex(y)
    for y in (
        "0000000000000000000000000000000000000000000000000000000000000000",  # order 4
        "0100000000000000000000000000000000000000000000000000000000000000",  # order 1
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  # order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",  # order 8
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # order 2
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # 0, not reduced
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # 1, not reduced
    )
)
"""The y coordinates of the eight points whose order divides 8, in every encoding, without the sign
of x. The list is that of ``ge25519_has_small_order`` in libsodium; the same points are derived in
"Taming the many EdDSAs", https://eprint.iacr.org/2020/1244. The tests compute it again."""


def resolve_public_keys(public_key: PublicKeys | None = None) -> tuple[bytes, ...]:
    """Return the public keys to verify with, 32 bytes each.

    Args:
        public_key: One key or several; by default those of the environment variable
            ``TELNYX_PUBLIC_KEY``, separated by commas.

    Raises:
        ConfigurationError: there is no key, or one is malformed or of small order.
    """
    given: Iterable[object]
    if public_key is None:
        source = "TELNYX_PUBLIC_KEY"
        given = os.environ.get(source, "").split(",")
    else:
        source = "public_key"
        given = public_key if _is_several(public_key) else [public_key]
    keys = tuple(_public_key(key, source) for key in given if key not in ("", b""))
    if not keys:
        raise ConfigurationError(
            "no public key to verify webhooks with: pass public_key=..., or set the environment "
            "variable TELNYX_PUBLIC_KEY to the account's public key, which Mission Control shows"
        )
    return keys


def check_seconds(setting: str, value: object) -> None:
    """Raise ``ConfigurationError`` unless it is a number above 0; NaN is not."""
    if not (isinstance(value, int | float) and value is not True and value > 0):
        raise ConfigurationError(f"{setting} must be seconds, above 0, not {show(value)}")


def header_pairs(headers: Headers) -> list[Pair]:
    """Return every header with its value, decoded if both are bytes.

    Raises:
        ConfigurationError: the headers are neither a mapping nor pairs.
    """
    items: object = getattr(headers, "items", None)
    given: object = items() if callable(items) else headers
    pairs = list(cast("Iterable[object]", given)) if isinstance(given, Iterable) else [given]
    if isinstance(headers, str | bytes) or not all(map(_is_pair, pairs)):
        raise ConfigurationError(
            "headers must be those of the request, as a mapping or as pairs of name and value: "
            f"this {type(headers).__name__} is neither"
        )
    return [_decoded(name, value) for name, value in cast("list[Pair]", pairs)]


def signed_message(body: bytes, timestamp: str) -> bytes:
    """Return the bytes that Telnyx signs."""
    return timestamp.encode() + b"|" + body


def verify(
    body: bytes,
    headers: Iterable[Pair],
    *,
    keys: Iterable[bytes],
    tolerance: float,
    now: float,
) -> None:
    """Return if one of the keys signed this body at about this time; raise otherwise.

    Args:
        body: The raw body, as received.
        headers: Every header with its value; a repeated header may be in there twice.
        keys: Raw public keys. All are tried, so that the time does not reveal which one fits.
        tolerance: Seconds that the timestamp may differ from ``now``, either way.
        now: Seconds since the epoch.

    Raises:
        WebhookVerificationError: a header is missing, repeated or malformed, the timestamp is out
            of tolerance, or the signature does not match.
        ConfigurationError: the body is not bytes.
    """
    if not isinstance(body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance] # not all callers check types
        raise ConfigurationError(
            f"the body of a webhook must be its bytes as received, not {type(body).__name__}: "
            "a decoded or parsed body cannot be verified"
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
            "body is passed as it was received",
            SIGNATURE_HEADER,
        )


def has_small_order(key: bytes) -> bool:
    """Test whether signatures for this public key can be forged: its point's order divides 8."""
    return key[:-1] + bytes([key[-1] & 0x7F]) in _SMALL_ORDER


def is_signed(message: bytes, signature: bytes, key: bytes) -> bool:
    """Test whether the signature is one of the message under this public key."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def sign(message: bytes, seed: bytes) -> bytes:
    """Sign a message with the private key of this seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def public_key_of(seed: bytes) -> bytes:
    """Return the public key of this seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _is_several(public_key: object) -> TypeGuard[Iterable[object]]:
    return isinstance(public_key, Iterable) and not isinstance(public_key, str | bytes)


def _public_key(given: object, source: str) -> bytes:
    key: object = given
    if isinstance(given, str):
        try:
            key = b64decode(given.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = None
    if not isinstance(key, bytes) or len(key) != _KEY_SIZE:
        raise ConfigurationError(
            f"{source} is not an Ed25519 public key: it must be 32 bytes, or those in base64 "
            "(44 characters, the last one '='); copy it again from Mission Control"
        )
    if has_small_order(key):
        raise ConfigurationError(
            f"{source} is a point of small order, for which anyone can forge signatures; "
            "copy the key again from Mission Control"
        )
    return key


def _is_pair(item: object) -> bool:
    return isinstance(item, tuple | list) and len(cast("list[object]", item)) == 2


def _decoded(name: object, value: object) -> Pair:
    if isinstance(name, bytes) and isinstance(value, bytes):
        return name.decode("latin-1"), value.decode("latin-1")
    return name, value


def _only(pairs: list[Pair], name: str) -> str:
    """Return the one value of a header.

    Servers join the values of a repeated header with commas, which neither value contains.
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
    """Return the signature's bytes; only the canonical base64 of each is accepted."""
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
