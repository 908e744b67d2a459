"""An HTTP exchange as plain values: what ``_wire`` builds and reads, and ``_transport`` sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

BEGIN_WITHIN: Final = 0.9
"""The share of the time for a call in which a request may begin; the rest is for its answer."""


class HttpRequest(NamedTuple):
    """One request, complete but for the server's address and the key."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    """From the base URL on, percent-encoded, with its query."""
    body: bytes | None = None
    """JSON, or nothing."""


class HttpReply(NamedTuple):
    """One reply, received whole."""

    status: int
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes
