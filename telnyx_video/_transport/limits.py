"""Time-outs of one attempt: the default, and what a caller gives instead.

All times are in seconds.
"""

from __future__ import annotations

from typing import Final

import aiohttp

from telnyx_video._base import validate as check
from telnyx_video.errors import ErrorDetail

DEFAULT_TIMEOUT: Final = aiohttp.ClientTimeout(total=20, connect=10, sock_connect=5)
"""For one attempt; waiting for one of the client's connections is not part of it.

A limit between bytes (``sock_read``) would cost each request a tenth of its CPU for two more
timers, and tell little more: a reply here is a few hundred bytes, and comes at once or not."""


def check_timeout(problems: list[ErrorDetail], timeout: object) -> None:
    """A time-out is a number of seconds above 0, or limits as aiohttp has them, each one such.

    In place of a time-out, None means the default; in place of a limit, None or 0 means no limit.
    """
    if isinstance(timeout, aiohttp.ClientTimeout):
        for limit in ("total", "connect", "sock_connect", "sock_read"):
            seconds = getattr(timeout, limit)
            if seconds is not None and seconds != 0:
                check.positive(problems, f"timeout.{limit}", seconds)
    elif timeout is not None:
        check.positive(problems, "timeout", timeout)


def as_timeout(timeout: float | aiohttp.ClientTimeout) -> aiohttp.ClientTimeout:
    """Seconds for a whole attempt, or finer limits as aiohttp has them."""
    if isinstance(timeout, aiohttp.ClientTimeout):
        return timeout
    limits = DEFAULT_TIMEOUT
    return aiohttp.ClientTimeout(
        total=timeout, connect=limits.connect, sock_connect=limits.sock_connect
    )
