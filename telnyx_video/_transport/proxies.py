"""By which proxy to reach an address."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs


@attrs.frozen
class Proxies:
    """A proxy for everything, or what the environment says (``HTTPS_PROXY``, ``NO_PROXY``, …).

    Not by aiohttp's own ``trust_env``: that would also take a password from netrc, in whose
    presence it refuses to send our key.
    """

    given: str | None = attrs.field(repr=False)  # it may hold a password
    trust_env: bool

    def for_url(self, url: str) -> str | None:
        """The proxy's address; None to go there directly."""
        if self.given or not self.trust_env:
            return self.given
        try:
            parts = urlsplit(url)
        except ValueError:  # no address: whoever sends there will say so
            return None
        return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
