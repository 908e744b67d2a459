"""Run in processes that are killed: a server with a file, and a batch with a journal."""

from __future__ import annotations

import asyncio
import threading
from multiprocessing.connection import Connection

from telnyx_video import AsyncRoomsClient, CreateRoomRequest, RoomsClient
from telnyx_video.sandbox import Sandbox

ROOMS = 30
CONCURRENCY = 5


def requests(batch: int) -> list[CreateRoomRequest]:
    """Return the requests of a batch; every sixth has no name, but a unique URL."""
    return [
        CreateRoomRequest(webhook_event_url=f"https://example.com/{batch}/{number}")
        if number % 6 == 0
        else CreateRoomRequest(unique_name=f"room-{batch}-{number}")
        for number in range(ROOMS)
    ]


def serve(port: int, db: str, ready: Connection) -> None:
    """Serve until killed; send the URL once it is ready."""
    with Sandbox(port=port, db=db) as sandbox:
        ready.send(sandbox.url)
        threading.Event().wait()


def make_plainly(url: str, batch: int, journal: str) -> None:
    """Make the batch with the asynchronous client."""

    async def make() -> int:
        async with AsyncRoomsClient(base_url=url, api_key="sandbox-key") as rooms:
            return len(
                await rooms.create_many(requests(batch), concurrency=CONCURRENCY, journal=journal)
            )

    assert asyncio.run(make()) == ROOMS


def make_blocking(url: str, batch: int, journal: str) -> None:
    """Make the batch with the blocking client, from a generator."""
    with RoomsClient(base_url=url, api_key="sandbox-key") as rooms:
        drawn = (request for request in requests(batch))
        outcomes = rooms.create_many(drawn, concurrency=CONCURRENCY, journal=journal)
    assert len(outcomes) == ROOMS
