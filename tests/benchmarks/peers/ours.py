"""Our async client, one call for each room."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from telnyx_video import AsyncRoomsClient, Room


@asynccontextmanager
async def creating(url: str, concurrency: int) -> AsyncGenerator[Callable[[int], Awaitable[Room]]]:
    async with AsyncRoomsClient(base_url=url, api_key="key") as rooms:
        yield lambda number: rooms.create(unique_name=f"room-{number}", max_participants=12)
