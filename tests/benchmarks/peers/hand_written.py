"""A fast client written by hand: aiohttp and orjson, which checks only the status.

It has no retries, no types and no idea of what happened when an answer is lost: the least that
creating a room over aiohttp can cost.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import orjson

HEADERS = {
    "Authorization": "Bearer key",
    "Content-Type": "application/json",
    "Accept": "application/json",
}


@asynccontextmanager
async def creating(
    url: str, concurrency: int
) -> AsyncGenerator[Callable[[int], Awaitable[object]]]:
    rooms = f"{url}/rooms"
    async with aiohttp.ClientSession(
        headers=HEADERS, connector=aiohttp.TCPConnector(limit=100)
    ) as session:

        async def create(number: int) -> object:
            body = orjson.dumps({"unique_name": f"room-{number}", "max_participants": 12})
            async with session.post(rooms, data=body) as reply:
                content = await reply.read()
            if reply.status != 201:
                raise RuntimeError(f"{reply.status}: {content!r}")
            return orjson.loads(content)["data"]

        yield create
