"""What a failure of aiohttp means: may the server have acted, and is it worth another try."""

from __future__ import annotations

import os
import re
from typing import Final
from urllib.parse import unquote

import aiohttp
from aiohttp.http import HttpProcessingError

from telnyx_video._http import HttpRequest
from telnyx_video._text import one_line
from telnyx_video._transport.secret import Key
from telnyx_video.errors import (
    ConfigurationError,
    Outcome,
    RequestTimeoutError,
    TelnyxVideoError,
    TransportError,
)

SENT: Final = "was sent, and may have been applied"
"""What a cancellation is noted with, if it is so."""

_PERMANENT = (aiohttp.ClientConnectorCertificateError, aiohttp.ServerFingerprintMismatch)

_QUOTED = re.compile(r""":?\s*(\n|(?<=\s)b?['"]).*|\.$""", re.DOTALL)
"""What aiohttp quotes of a reply that it cannot read: it may hold the key, or be cut within it."""

_ADVICE = {
    Outcome.NOT_APPLIED: "nothing was sent, so it is safe to try again",
    Outcome.UNKNOWN: "it may have been applied: look before sending it again",
}


def as_failure(
    request: HttpRequest, error: Exception, *, written: bool, key: Key
) -> TelnyxVideoError:
    """The error to raise in place of one of aiohttp's or the system's.

    Args:
        written: Whether a byte of a request that can change something may have been written.
    """
    outcome = Outcome.UNKNOWN if written else Outcome.NOT_APPLIED
    described = _describe(error, key)
    network = isinstance(error, (aiohttp.ClientError, OSError))
    if isinstance(error, aiohttp.InvalidURL) or not (network or written):
        return ConfigurationError(f"this request cannot be sent: {described}")
    permanent = isinstance(error, _PERMANENT)
    if permanent:
        advice = "nothing was sent; check the address, and the certificates that you trust"
    elif request.method == "GET":
        advice = "it only read: try again"
    else:
        advice = _ADVICE[outcome]
    what = f"{request.method} {one_line(unquote(request.path))}"
    message = f"{what} failed: {described} - {advice}"
    if isinstance(error, TimeoutError):
        return RequestTimeoutError(message, outcome)
    return TransportError(message, outcome, not permanent)


def _describe(error: Exception, key: Key) -> str:
    cause = error.__cause__
    if isinstance(cause, HttpProcessingError):
        # Its code is not the reply's: aiohttp calls all that it cannot read a 400.
        text = f"the reply cannot be read as HTTP: {_QUOTED.sub('', cause.message)}"
    else:
        text = str(error) or "the time limit ran out"
        if isinstance(error, OSError) and (error.errno or 0) > 0 and error.strerror:
            text = text.replace(error.strerror, os.strerror(error.errno or 0))
    return f"{one_line(key.hidden_in(text))} ({type(error).__name__})"
