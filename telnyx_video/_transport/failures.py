"""Maps a failure of aiohttp to ours: whether the server may have acted, and if a retry can help."""

from __future__ import annotations

import os
import re
from typing import TypeGuard
from urllib.parse import unquote

import aiohttp
from aiohttp.http import HttpProcessingError

from telnyx_video._base.errors import (
    ConfigurationError,
    Outcome,
    RequestTimeoutError,
    TelnyxVideoError,
    TransportError,
)
from telnyx_video._base.http import HttpRequest
from telnyx_video._base.text import one_line
from telnyx_video._transport.redact import Credential

_PERMANENT = (aiohttp.ClientConnectorCertificateError, aiohttp.ServerFingerprintMismatch)

_QUOTED = re.compile(r""":?\s*(\n|(?<=\s)b?['"]).*|\.$""", re.DOTALL)
"""The part of a response that aiohttp quotes if it cannot read it: it may hold half of the key."""

_HINTS = {
    Outcome.NOT_APPLIED: "nothing was sent, so it is safe to try again",
    Outcome.UNKNOWN: "it may have been applied: look before sending it again",
}


def as_failure(
    request: HttpRequest, error: Exception, *, written: bool, key: Credential
) -> TelnyxVideoError:
    """Return the error to raise for an exception of aiohttp or the system.

    Args:
        written: Whether a byte of a request that can change something may have been written.
    """
    outcome = Outcome.UNKNOWN if written else Outcome.NOT_APPLIED
    described = _describe(error, key)
    network = isinstance(error, (aiohttp.ClientError, OSError))
    if isinstance(error, aiohttp.InvalidURL) or not (network or written):
        return ConfigurationError(f"this request cannot be sent: {described}")
    refused = isinstance(error, aiohttp.ClientHttpProxyError) and error.status < 500
    permanent = refused or isinstance(error, _PERMANENT)
    if refused:
        hint = "nothing was sent; check the proxy, and its user and password"
    elif permanent:
        hint = "nothing was sent; check the address, and the certificates that you trust"
    elif request.method == "GET":
        hint = "it only read: try again"
    else:
        hint = _HINTS[outcome]
    what = f"{request.method} {one_line(unquote(request.path))}"
    message = f"{what} failed: {described} - {hint}"
    if isinstance(error, TimeoutError):
        return RequestTimeoutError(message, outcome)
    return TransportError(message, outcome, not permanent)


def _describe(error: Exception, key: Credential) -> str:
    cause = error.__cause__
    if isinstance(cause, HttpProcessingError):
        # Its code is not the response's: aiohttp calls everything that it cannot read a 400.
        text = f"the reply cannot be read as HTTP: {_QUOTED.sub('', cause.message)}"
    elif isinstance(error, aiohttp.ClientHttpProxyError):
        text = f"the proxy refused to connect: {error.status} {error.message}"
    else:
        text = str(error) or "the time limit ran out"
        if _is_refusal(error) and error.strerror and error.errno:
            # asyncio's words hide the system's reason
            text = text.replace(error.strerror, os.strerror(error.errno))
    return f"{one_line(key.redact(text))} ({type(error).__name__})"


def _is_refusal(error: Exception) -> TypeGuard[aiohttp.ClientConnectorError]:
    """Whether no connection could be made, for another reason than TLS."""
    tls = isinstance(error, aiohttp.ClientSSLError)
    return isinstance(error, aiohttp.ClientConnectorError) and not tls
