"""Waiting that is not given up half-way: for what works on files and sockets until it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Set as AbstractSet
from typing import Any


async def ended(futures: AbstractSet[asyncio.Future[Any]]) -> None:
    """Wait until all have ended, also if cancelled meanwhile; then pass the cancellation on."""
    interruption: asyncio.CancelledError | None = None
    while running := {future for future in futures if not future.done()}:
        try:
            await asyncio.wait(running)
        except asyncio.CancelledError as cancelled:
            interruption = cancelled
    if interruption is not None:
        raise interruption
