"""Ed25519 (RFC 8032) with raw 32-byte keys and 64-byte signatures; the only use of cryptography.

cryptography rather than PyNaCl: most services have it already, and it follows OpenSSL's security
releases within days. PyNaCl verifies in half the time, but 0.1 ms is little beside the request.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ["has_small_order", "is_signed", "public_key", "sign"]

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
"Taming the many EdDSAs", https://eprint.iacr.org/2020/1244. The tests compute it anew."""


def has_small_order(key: bytes) -> bool:
    """Whether signatures for this public key can be forged: its point has an order of 8 or less."""
    return key[:-1] + bytes([key[-1] & 0x7F]) in _SMALL_ORDER


def is_signed(message: bytes, signature: bytes, key: bytes) -> bool:
    """Whether the signature is one of the message under this public key."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def sign(message: bytes, seed: bytes) -> bytes:
    """Sign a message with the private key of this seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def public_key(seed: bytes) -> bytes:
    """Return the public key of this seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
