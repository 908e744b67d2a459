"""Join tokens: JSON Web Tokens (RFC 7519) that say which room they open, until when.

They are signed, not stored: a token is worth something as long as its signature and its time hold
and its room exists, also after the server was killed and started again.
"""

import base64
import hmac
import json
import uuid
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, cast

TokenKind = Literal["client", "refresh"]


class Tokens:
    """Issues tokens and reads them again.

    Args:
        api_key: What they are signed with, by way of a hash.
    """

    def __init__(self, api_key: str) -> None:
        self._secret = sha256(b"join tokens signed for " + api_key.encode()).digest()

    def issue(self, kind: TokenKind, room_id: str, now: datetime, ttl: int) -> tuple[str, str]:
        """Return a token for a room, and when it expires, in ISO 8601.

        Args:
            kind: What it is for: to join, or to get another one.
            room_id: Which room.
            now: The time.
            ttl: Seconds that it is worth something.
        """
        issued = int(now.timestamp())
        claims = {
            "iss": "telnyx_video sandbox",
            "jti": str(uuid.uuid4()),
            "sub": room_id,
            "typ": kind,
            "iat": issued,
            "exp": issued + ttl,
        }
        signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
        expires = datetime.fromtimestamp(issued + ttl, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{signed}.{self._signature(signed)}", expires

    def opens(self, token: str, kind: TokenKind, room_id: str, now: datetime) -> bool:
        """Tell whether a token is one of this kind for this room, and not expired."""
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(self._signature(signed).encode(), signature.encode()):
            return False
        claims = _decoded(signed.partition(".")[2])
        return (claims["typ"], claims["sub"]) == (kind, room_id) and (
            now.timestamp() < claims["exp"]
        )

    def _signature(self, signed: str) -> str:
        return _base64(hmac.digest(self._secret, signed.encode(), "sha256"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _encoded(part: object) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _decoded(part: str) -> dict[str, Any]:
    content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    return cast("dict[str, Any]", json.loads(content))
