"""The official SDK on httpx, its default."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import telnyx


@asynccontextmanager
async def creating(
    url: str, concurrency: int
) -> AsyncGenerator[Callable[[int], Awaitable[object]]]:
    async with telnyx.AsyncTelnyx(api_key="key", base_url=url) as client:
        yield lambda number: client.rooms.create(unique_name=f"room-{number}", max_participants=12)
