"""Certificates for servers on this machine, and clients that trust them."""

from __future__ import annotations

import ssl
from pathlib import Path
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

    def demanding(self, name: str) -> ssl.SSLContext:
        """What a server serves with that demands a certificate of this authority."""
        context = self.serving(name)
        context.verify_mode = ssl.CERT_REQUIRED
        self._authority.configure_trust(context)
        return context

    def identify(self, context: ssl.SSLContext, name: str) -> None:
        """Give a client's context a certificate of this authority."""
        self._authority.issue_cert(name).configure_cert(context)

    def write(self, path: Path) -> Path:
        """Write the certificate of the authority to a file."""
        self._authority.cert_pem.write_to_path(str(path))
        return path

    def trusting(self) -> ssl.SSLContext:
        """What a client needs to believe such a server."""
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        return context
