"""Signatures of deliveries: Ed25519 over the timestamp and the body.

Source: https://developers.telnyx.com/docs/development/api-fundamentals/webhooks
"""

from base64 import b64encode
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY = bytes(range(32))
"""The default private key of every sandbox; it protects nothing."""

KEY_SIZE = 32
"""Size of a private key in bytes."""

NEEDED = (
    "signing webhooks takes cryptography, which is not installed: "
    "pip install 'telnyx-video[webhooks]'"
)


class Signer:
    """Signs deliveries; loads cryptography when it is first needed.

    Args:
        key: The private key, 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._seed = key

    @property
    def public_key(self) -> str:
        """The key that receivers verify signatures with, in base64.

        Raises:
            ModuleNotFoundError: if cryptography is not installed.
        """
        return b64encode(self._key.public_key().public_bytes_raw()).decode()

    def headers(self, body: bytes, seconds: int) -> dict[str, str]:
        """Return the headers of a delivery sent at this time, in Unix seconds.

        Raises:
            ModuleNotFoundError: if cryptography is not installed.
        """
        signature = self._key.sign(f"{seconds}|".encode() + body)
        return {
            "Content-Type": "application/json",
            "telnyx-signature-ed25519": b64encode(signature).decode(),
            "telnyx-timestamp": str(seconds),
        }

    @cached_property
    def _key(self) -> "Ed25519PrivateKey":
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(NEEDED, name="cryptography") from error
        return Ed25519PrivateKey.from_private_bytes(self._seed)
