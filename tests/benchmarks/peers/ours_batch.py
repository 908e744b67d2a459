"""Our async client, one batch for all rooms."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

from telnyx_video import AsyncRoomsClient, CreateRoomRequest


class Batch:
    """Creates all rooms in one batch."""

    creates_all = True

    def __init__(self, rooms: AsyncRoomsClient, concurrency: int) -> None:
        self._rooms = rooms
        self._concurrency = concurrency

    async def __call__(self, numbers: Iterator[int]) -> None:
        requests = (
            CreateRoomRequest(unique_name=f"room-{number}", max_participants=12)
            for number in numbers
        )
        async with self._rooms.stream_many(requests, concurrency=self._concurrency) as stream:
            async for outcome in stream:
                outcome.unwrap()


@asynccontextmanager
async def creating(url: str, concurrency: int) -> AsyncGenerator[Batch]:
    async with AsyncRoomsClient(base_url=url, api_key="key") as rooms:
        yield Batch(rooms, concurrency)
