"""The two compared event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

Loop = Literal["asyncio", "uvloop"]


def factory(loop: Loop) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return the factory of this loop.

    Raises:
        ImportError: uvloop is not installed.
    """
    if loop == "asyncio":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop


def fastest() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return the factory of the fastest installed loop."""
    try:
        return factory("uvloop")
    except ImportError:
        return factory("asyncio")
