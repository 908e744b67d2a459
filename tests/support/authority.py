"""Certificates for servers on this machine, and clients that trust them."""

from __future__ import annotations

import ssl
from typing import Any

import trustme


class Authority:
    """Vouches for the certificates of the tests; nobody else knows it."""

    def __init__(self) -> None:
        # Its methods take contexts of pyOpenSSL as well, whose types are not installed.
        self._authority: Any = trustme.CA()

    def serving(self, name: str) -> ssl.SSLContext:
        """What a server of this name or address serves with."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(name).configure_cert(context)
        return context

    def trusting(self) -> ssl.SSLContext:
        """What a client needs to believe such a server."""
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        return context
