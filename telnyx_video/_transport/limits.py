"""Time-outs of one attempt: the default, what a caller gives, and what a deadline leaves of them.

All times are in seconds.
"""

from __future__ import annotations

from math import inf
from typing import Final

import aiohttp

from telnyx_video import _checks as check
from telnyx_video.errors import ConfigurationError, ErrorDetail

DEFAULT_TIMEOUT: Final = aiohttp.ClientTimeout(total=20, connect=10, sock_connect=5)
"""For one attempt; waiting for one of the client's connections is not part of it.

A limit between bytes (``sock_read``) would cost each request a tenth of its CPU for two more
timers, and tell little more: a reply here is a few hundred bytes, and comes at once or not."""

SHORTEST = 0.001
"""What an attempt is given that has no time left: aiohttp takes 0 for "no limit"."""


def as_timeout(timeout: float | aiohttp.ClientTimeout) -> aiohttp.ClientTimeout:
    """Seconds for a whole attempt, or finer limits as aiohttp has them.

    Raises:
        ConfigurationError: it is not a number of seconds above 0.
    """
    if isinstance(timeout, aiohttp.ClientTimeout):
        return timeout
    problems: list[ErrorDetail] = []
    check.positive(problems, "timeout", timeout)
    if problems:
        raise ConfigurationError(f"{problems[0]}")
    limits = DEFAULT_TIMEOUT
    return aiohttp.ClientTimeout(
        total=timeout, connect=limits.connect, sock_connect=limits.sock_connect
    )


def within(limits: aiohttp.ClientTimeout, left: float) -> aiohttp.ClientTimeout:
    """The limits of an attempt that has ``left`` seconds to its call's deadline."""
    if limits.total is not None and limits.total <= left:
        return limits
    return aiohttp.ClientTimeout(
        total=max(left, SHORTEST),
        connect=limits.connect,
        sock_connect=limits.sock_connect,
        sock_read=limits.sock_read,
        ceil_threshold=inf,  # aiohttp would round up to whole seconds, past the deadline
    )
