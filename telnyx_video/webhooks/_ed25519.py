"""The one use of cryptography: Ed25519 (RFC 8032) over raw 32-byte keys and 64-byte signatures.

cryptography and not PyNaCl: most services have it already, for TLS or tokens, and it is mended
within days when OpenSSL is. PyNaCl checks a signature in half the time, but 0.1 ms is small beside
the request that brings it.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ["is_signed", "public_key", "sign"]


def is_signed(message: bytes, signature: bytes, key: bytes) -> bool:
    """Whether the signature is that of the message under this public key."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def sign(message: bytes, seed: bytes) -> bytes:
    """The signature of the message under the private key that this seed stands for."""
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def public_key(seed: bytes) -> bytes:
    """The public key that belongs to the private key that this seed stands for."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
