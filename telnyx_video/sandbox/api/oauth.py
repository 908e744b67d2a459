"""Access tokens for OAuth client credentials (RFC 6749, section 4.4).

The address and the form are those that the official SDK uses. Any client id is accepted; its secret
is the server's API key. A token is accepted in place of the key until it expires.
"""

import hmac
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from telnyx_video.sandbox.api.calls import Call
from telnyx_video.sandbox.replies import Reply, document
from telnyx_video.sandbox.routes import VERSION

TOKEN_ROUTE = f"{VERSION}/oauth/token"
"""Where tokens are issued, without a key."""


class AccessTokens:
    """Issues tokens, and knows which are valid.

    Args:
        secret: The secret of every client.
        lifetime: Seconds for which a token is valid.
        now: Returns the time.
        new_id: Returns another text each time.
    """

    def __init__(
        self,
        secret: str,
        lifetime: float,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._secret = secret.encode()
        self._lifetime = lifetime
        self._now = now
        self._new_id = new_id
        self._expiries: dict[str, datetime] = {}

    def issue(self, call: Call, _: str = "") -> Reply:
        """Answer a request for a token, or refuse it as section 5.2 says."""
        if not self._is_client(call.authorization):
            return document(401, {"error": "invalid_client"})
        form = parse_qs(call.body.decode(errors="replace"))
        if form.get("grant_type") != ["client_credentials"]:
            return document(400, {"error": "unsupported_grant_type"})
        now = self._now()
        self._expiries = {token: end for token, end in self._expiries.items() if end > now}
        token = f"token-{self._new_id()}"
        self._expiries[token] = now + timedelta(seconds=self._lifetime)
        return document(
            200, {"access_token": token, "token_type": "Bearer", "expires_in": self._lifetime}
        )

    def accepts(self, authorization: str) -> bool:
        """Tell whether a request has a token that is still valid."""
        expiry = self._expiries.get(authorization.removeprefix("Bearer "))
        return expiry is not None and self._now() < expiry

    def _is_client(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        try:
            client_id, _, secret = b64decode(encoded, validate=True).partition(b":")
        except ValueError:
            return False
        return (
            scheme.lower() == "basic"
            and bool(client_id)
            and hmac.compare_digest(secret, self._secret)
        )
