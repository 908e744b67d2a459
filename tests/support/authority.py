"""Certificates for servers on this machine, and clients that trust them."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import trustme


class Authority:
    """A certificate authority for the tests."""

    def __init__(self) -> None:
        # Its methods also accept pyOpenSSL contexts, whose types are not installed.
        self._authority: Any = trustme.CA()

    def serving(self, name: str) -> ssl.SSLContext:
        """Return the TLS context of a server with this name or address."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(name).configure_cert(context)
        return context

    def demanding(self, name: str) -> ssl.SSLContext:
        """Return the TLS context of a server that requires a client certificate."""
        context = self.serving(name)
        context.verify_mode = ssl.CERT_REQUIRED
        self._authority.configure_trust(context)
        return context

    def identify(self, context: ssl.SSLContext, name: str) -> None:
        """Add a client certificate to a context."""
        self._authority.issue_cert(name).configure_cert(context)

    def write(self, path: Path) -> Path:
        """Write the certificate of the authority to a file."""
        self._authority.cert_pem.write_to_path(str(path))
        return path

    def trusting(self) -> ssl.SSLContext:
        """Return a client's TLS context that trusts this authority."""
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        return context
