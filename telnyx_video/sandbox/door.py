"""Keeps web pages out: which requests come from a browser that shows a foreign page.

The sandbox asks for no password, and every page that a browser shows can send requests to this
machine. Browsers say where a request comes from, in headers that a page cannot change; other
programs send none of these. A foreign name in `Host` is how a page gets around that (DNS
rebinding), so it is refused too.
"""

from collections.abc import Collection, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import attrs

ANY_HOST = "*"
"""In `allow_hosts`: accept every `Host`."""


@attrs.frozen
class Door:
    """Decides which requests are let in.

    Attributes:
        hosts: Names accepted in `Host`, in lower case, besides those of loopback addresses.
    """

    hosts: frozenset[str]

    @classmethod
    def of(cls, host: str, allow_hosts: Collection[str]) -> "Door":
        """Return the door of a server that listens on a host."""
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
        return name == "localhost" or name.endswith(".localhost") or _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
