"""Which requests are accepted: checks of their origin, access tokens, the rate limit."""

import hmac
import math
import time
from base64 import b64decode
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import attrs

from telnyx_video.sandbox.api.calls import Call
from telnyx_video.sandbox.checks.values import is_loopback
from telnyx_video.sandbox.replies import Reply, document
from telnyx_video.sandbox.routes import VERSION

ANY_HOST = "*"
"""In `allow_hosts`: accept every `Host`."""


@attrs.frozen
class CrossSiteGuard:
    """Refuses requests that a browser sends for the page of another site.

    The sandbox asks for no password, and every page that a browser shows can send requests to this
    machine. Browsers state where a request comes from in headers that a page cannot change; other
    programs do not send them. A page can get around that with its own name in `Host` (DNS
    rebinding), so unknown names are refused too.

    Attributes:
        hosts: Names accepted in `Host`, in lower case, besides those of loopback addresses.
    """

    hosts: frozenset[str]

    @classmethod
    def of(cls, host: str, allow_hosts: Collection[str]) -> "CrossSiteGuard":
        """Return the guard of a server that listens on a host."""
        return cls(frozenset(name.lower() for name in (host, *allow_hosts)))

    def refusal(self, headers: Mapping[str, str], own_address: str) -> str | None:
        """Return why a request is refused, as a sentence, or None.

        Args:
            headers: Of the request.
            own_address: The local address of its connection.
        """
        host = headers.get("Host")
        if host is not None and not self._is_own(host, own_address):
            return (
                f"The sandbox is not known as {host!r}: "
                "allow it with allow_hosts (on the command line: --allow-host)."
            )
        origin = headers.get("Origin")
        if origin is not None and origin.partition("://")[2] != host:
            return f"Requests of other web pages are refused; this one is of {origin!r}."
        site = headers.get("Sec-Fetch-Site", "none")
        if site not in ("same-origin", "none"):
            return f"Requests of other web pages are refused; this one is {site}."
        return None

    def _is_own(self, host: str, own_address: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        if ANY_HOST in self.hosts or name in self.hosts or name == own_address:
            return True
        return name.endswith(".localhost") or is_loopback(name)


TOKEN_ROUTE = f"{VERSION}/oauth/token"
"""Where tokens are issued, without a key."""

ACCESS_TOKEN_TTL = 3600.0
"""Seconds for which an access token is valid by default."""


class AccessTokens:
    """Issues access tokens for OAuth client credentials (RFC 6749, section 4.4), and checks them.

    The address and the form are those that the official SDK uses. Any client id is accepted; its
    secret is the server's API key. A token is accepted in place of the key until it expires.

    Args:
        secret: The secret of every client.
        lifetime: Seconds for which a token is valid.
        now: Returns the time.
        new_id: Returns a new id with each call.
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
        """Return whether a request has a token that is still valid."""
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


class RateLimiter:
    """A rate limit in fixed windows of one second.

    The headers are Telnyx's (https://developers.telnyx.com/api-reference/); its limits and the
    length of its windows are not published.

    Args:
        limit: Requests a second, at least 1.
        clock: A monotonic clock in seconds.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Set the count of this second back to 0."""
        self._window = math.floor(self._clock())
        self._taken = 0

    def take(self) -> bool:
        """Count one request; return False if the limit of this second is reached."""
        self._roll()
        if self._taken == self._limit:
            return False
        self._taken += 1
        return True

    def headers(self) -> dict[str, str]:
        """Return the headers about the limit."""
        now = self._roll()
        return {
            "x-ratelimit-limit": str(self._limit),
            "x-ratelimit-remaining": str(self._limit - self._taken),
            "x-ratelimit-reset": str(math.ceil(self._window + 1 - now)),
        }

    def _roll(self) -> float:
        now = self._clock()
        if now >= self._window + 1:
            self._window, self._taken = math.floor(now), 0
        return now
