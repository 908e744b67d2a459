"""Receivers of webhooks that answer with given statuses, and keep the requests."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import attrs
from aiohttp import web

HANG = 0
"""In place of a status: no answer."""


@attrs.frozen
class Arrival:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def event_type(self) -> str:
        """The type of the event without the prefix of all types."""
        return str(self.content["data"]["event_type"]).removeprefix("video.room.")


class Receiver:
    """Answers with the given statuses, then with 200."""

    def __init__(self, url: str, statuses: Iterable[int]) -> None:
        self.url = url
        self._statuses = iter(statuses)
        self._over = asyncio.Event()
        self._hanging: set[asyncio.Task[Any]] = set()
        self._arrivals: asyncio.Queue[Arrival] = asyncio.Queue()

    async def next(self) -> Arrival:
        """Return the next request."""
        return await self._arrivals.get()

    async def event_types(self, count: int) -> list[str]:
        """Return the types of the next events."""
        return [(await self.next()).event_type for _ in range(count)]

    @property
    def is_empty(self) -> bool:
        """Whether every request has been returned."""
        return self._arrivals.empty()

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Keep a request and answer it."""
        body = await request.read()
        self._arrivals.put_nowait(Arrival(request.path, dict(request.headers), body))
        status = next(self._statuses, 200)
        if status == HANG:
            self._hanging |= {task for task in [asyncio.current_task()] if task is not None}
            await self._over.wait()
            status = 503
        return web.Response(status=status)

    async def end(self) -> None:
        """Release hanging requests."""
        self._over.set()
        if self._hanging:
            await asyncio.wait(self._hanging)


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncGenerator[Receiver]:
    """Serve a receiver that answers with these statuses, and then with 200."""
    receivers: list[Receiver] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        return await receivers[0].handle(request)

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.001)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        receivers.append(Receiver(f"http://127.0.0.1:{runner.addresses[0][1]}/hook", statuses))
        yield receivers[0]
    finally:
        for receiver in receivers:
            await receiver.end()
        await runner.cleanup()
