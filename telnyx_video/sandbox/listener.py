"""aiohttp's low-level server, with refusals in the API's format and a prompt shutdown.

aiohttp answers bytes that are not HTTP with plain text, and leaves some connections to time-outs
and to the garbage collector. Here shutdown returns once every connection is closed.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from aiohttp import web

from telnyx_video.sandbox.port import Port

_KEEP_ALIVE = 75.0  # seconds an idle connection is kept: longer than clients keep theirs

_log = logging.getLogger("telnyx_video.sandbox.http")
_access_log = logging.getLogger("telnyx_video.sandbox.access")
_access_log.disabled = True  # the request log replaces it; a line per request would be slow

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
"""Serves one request; never raises."""

Refuse = Callable[[str], web.StreamResponse]
"""Builds the answer to bytes that are not an HTTP request, given what is wrong with them."""

_Track = Callable[["asyncio.Future[None]", Callable[[], object]], None]


def _track_current_task(track: _Track) -> None:
    task = asyncio.current_task()
    if task is not None:  # uvloop accepts connections outside of any task
        track(task, task.cancel)


class _Connection(web.RequestHandler):
    """Registers its transport and its task with the listener, which ends both on shutdown."""

    def __init__(self, server: web.Server, refuse: Refuse, track: _Track) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            server, loop=loop, logger=_log, access_log=_access_log, keepalive_timeout=_KEEP_ALIVE
        )
        self._refuse = refuse
        self._track = track
        self.lost: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._track(self.lost, cast("asyncio.Transport", transport).abort)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self.lost.set_result(None)

    async def start(self) -> None:
        _track_current_task(self._track)
        await super().start()

    def log_exception(self, *args: Any, **kw: Any) -> None:
        # aiohttp reports a broken body again when it discards the rest of it, after the request
        # was already refused for that: not a defect of this server.
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **kw)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        # Handlers never raise, so this is only called for what the parser could not read.
        response = self._refuse(f"The request is not valid HTTP: {message}")
        response.force_close()
        return response


async def disconnected(request: web.BaseRequest) -> None:
    """Wait until the connection of a request is closed."""
    await asyncio.wait([cast("_Connection", request.protocol).lost])


@asynccontextmanager
async def listening(handler: Handler, refuse: Refuse, port: Port) -> AsyncGenerator[int]:
    """Serve requests on the running loop while the context is open.

    Leaving the context closes every connection at once, whatever it is waiting for.

    Args:
        handler: Serves each request.
        refuse: Answers what is not an HTTP request.
        port: Where to listen.

    Yields:
        The number of the port.

    Raises:
        OSError: if the address cannot be listened on.
    """
    tracked: dict[asyncio.Future[None], Callable[[], object]] = {}

    def track(future: "asyncio.Future[None]", end: Callable[[], object]) -> None:
        tracked[future] = end
        future.add_done_callback(tracked.pop)

    def cut() -> None:
        for end in list(tracked.values()):
            end()

    def accept() -> _Connection:
        # A TLS handshake runs in this task, before the connection has its transport.
        _track_current_task(track)
        return _Connection(server, refuse, track)

    server = web.Server(handler)
    try:
        number = await port.start(accept, cut)
    except OSError as error:
        message = f"the sandbox cannot listen on port {port.number} of {port.host}"
        raise OSError(error.errno, f"{message}: {error.strerror}") from error
    try:
        yield number
    finally:
        await port.stop()
        while tracked:
            cut()
            await asyncio.wait(list(tracked))
