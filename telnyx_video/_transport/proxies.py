"""By which proxy to reach an address."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs

from telnyx_video.errors import ConfigurationError, ErrorDetail


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
            ConfigurationError: that of the environment is not an address of an HTTP proxy.
        """
        if self.given or not self.trust_env:
            return self.given or None
        try:
            parts = urlsplit(url)
        except ValueError:  # no address: whoever sends there will say so
            return None
        if proxy_bypass(parts.hostname or ""):
            return None
        proxy = getproxies().get(parts.scheme)
        if not proxy:
            return None
        address = proxy if "://" in proxy else f"http://{proxy}"
        problems: list[ErrorDetail] = []
        check_proxy(problems, address)
        if problems:
            raise ConfigurationError(f"{problems[0]}")
        return address


def check_proxy(problems: list[ErrorDetail], proxy: object) -> None:
    """A proxy's address is an HTTP URL with a host; an empty one, or None, is none.

    Aiohttp would find out at the first request, and quote the address with its password.
    """
    if not (proxy is None or (isinstance(proxy, str) and _is_address(proxy))):
        problem = (
            "the proxy must be a string, a URL such as http://proxy.example.com:3128 - it is not "
            "shown here, as it may hold a password"
        )
        problems.append(ErrorDetail(problem))


def _is_address(proxy: str) -> bool:
    if not proxy:
        return True
    try:
        parts = urlsplit(proxy)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
