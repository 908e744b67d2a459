"""By which proxy to reach an address."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs

from telnyx_video.errors import ConfigurationError


@attrs.frozen
class Proxies:
    """A proxy for everything, or what the environment says (``HTTPS_PROXY``, ``NO_PROXY``, …).

    Not by aiohttp's own ``trust_env``: that would also take a password from netrc, in whose
    presence it refuses to send our key.
    """

    given: str | None = attrs.field(repr=False)  # it may hold a password
    trust_env: bool

    def for_url(self, url: str) -> str | None:
        """The proxy's address; None to go there directly.

        Raises:
            ConfigurationError: it is not an address of an HTTP proxy.
        """
        if self.given or not self.trust_env:
            return _checked(self.given)
        try:
            parts = urlsplit(url)
        except ValueError:  # no address: whoever sends there will say so
            return None
        if proxy_bypass(parts.hostname or ""):
            return None
        proxy = getproxies().get(parts.scheme)
        return _checked(proxy if not proxy or "://" in proxy else f"http://{proxy}")


def _checked(proxy: str | None) -> str | None:
    """Aiohttp would find out at the first request, and quote the address with its password."""
    try:
        parts = urlsplit(proxy or "")
        good = not proxy or (parts.scheme in ("http", "https") and bool(parts.hostname))
        good = good and parts.port != 0
    except ValueError:
        good = False
    if good:
        return proxy
    raise ConfigurationError(
        "the proxy must be a URL such as http://proxy.example.com:3128 - it is not shown here, as "
        "it may hold a password"
    )
