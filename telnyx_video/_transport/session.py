"""The session that a client makes for itself, with its pool of connections."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import aiohttp

from telnyx_video._base.version import __version__
from telnyx_video._transport.direct import request_class
from telnyx_video._transport.secret import Key

KEEPALIVE: Final = 15.0
"""Seconds an idle connection is kept. Servers close theirs later, so that a request rarely meets a
connection that is being closed at that moment, which is the commonest cause of a lost answer."""

USER_AGENT: Final = (
    f"telnyx-video/{__version__} python/{sys.version_info[0]}.{sys.version_info[1]} "
    f"aiohttp/{aiohttp.__version__}"
)

REQUEST_CLASS: Final = request_class(aiohttp.__version__)
"""What the session makes its requests of."""


def make_session(
    concurrency: int,
    key: Key,
    limits: aiohttp.ClientTimeout,
    trace_configs: Sequence[aiohttp.TraceConfig],
) -> aiohttp.ClientSession:
    """Open it."""
    # asyncio reads into 256 KiB, of which a reply fills one. glibc maps and unmaps such a block for
    # each read, until a larger one was given back: see "dynamic mmap threshold" in mallopt(3).
    bytes(2**20)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=concurrency, keepalive_timeout=KEEPALIVE),
        headers=default_headers(key),
        request_class=REQUEST_CLASS,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=limits,
        trace_configs=[*trace_configs],
    )


def default_headers(key: Key) -> dict[str, str]:
    """The headers of every request."""
    return {
        "Authorization": key.authorization,
        "Accept": "application/json",
        "User-Agent": USER_AGENT,
    }
