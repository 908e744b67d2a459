"""aiohttp's low-level server, made to refuse in a published shape and to end when it is closed.

aiohttp answers bytes that are no request with plain text, and leaves it to time-outs and to the
garbage collector to end some connections. Here closing returns when every one of them is over.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from aiohttp import web

from telnyx_video.sandbox.gate import Gate

_KEEP_ALIVE = 75.0  # seconds that an idle connection stays: longer than clients keep their own

_log = logging.getLogger("telnyx_video.sandbox.http")
_no_log = logging.getLogger("telnyx_video.sandbox.access")
_no_log.disabled = True  # requests are counted; a line for each would cost much of the speed

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
"""Serves one request, and never raises."""

Refuse = Callable[[str], web.StreamResponse]
"""Answers bytes that are no request, given what is wrong with them."""

_Hold = Callable[["asyncio.Future[None]", Callable[[], object]], None]


def _hold_current_task(hold: _Hold) -> None:
    task = asyncio.current_task()
    if task is not None:  # uvloop accepts connections outside of any task
        hold(task, task.cancel)


class _Connection(web.RequestHandler):
    """Reports its transport and its task to the listener, which ends both when it closes."""

    def __init__(self, server: web.Server, refuse: Refuse, hold: _Hold) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            server, loop=loop, logger=_log, access_log=_no_log, keepalive_timeout=_KEEP_ALIVE
        )
        self._refuse = refuse
        self._hold = hold
        self.lost: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._hold(self.lost, cast("asyncio.Transport", transport).abort)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self.lost.set_result(None)

    async def start(self) -> None:
        _hold_current_task(self._hold)
        await super().start()

    def log_exception(self, *args: Any, **kw: Any) -> None:
        # A body that could not be read, and was refused for it, is met again when aiohttp drops
        # the rest of it: that is no defect of this server.
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **kw)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        # Only what the parser could not read comes here, since handlers do not raise.
        response = self._refuse(f"This is no request that can be read: {message}")
        response.force_close()
        return response


async def gone(request: web.BaseRequest) -> None:
    """Wait until the connection of a request is over."""
    await asyncio.wait([cast("_Connection", request.protocol).lost])


@asynccontextmanager
async def listening(
    handler: Handler,
    refuse: Refuse,
    *,
    host: str,
    port: int,
    ssl_context: ssl.SSLContext | None,
    gate: Gate | None = None,
) -> AsyncGenerator[int]:
    """Serve requests on the running loop for as long as the context lasts.

    Leaving it ends every connection at once, whatever it is waiting for.

    Args:
        handler: Serves each request.
        refuse: Answers what is no request.
        host: A name or an address; a name is looked up as IPv4.
        port: 0 chooses a free one.
        ssl_context: Serves HTTPS with it.
        gate: Can close the port for a while; None leaves it open.

    Yields:
        The port.

    Raises:
        OSError: when the address cannot be listened on.
    """
    held: dict[asyncio.Future[None], Callable[[], object]] = {}
    gate = gate or Gate()

    def hold(future: "asyncio.Future[None]", end: Callable[[], object]) -> None:
        held[future] = end
        future.add_done_callback(held.pop)

    def cut() -> None:
        for end in list(held.values()):
            end()

    def accept() -> _Connection:
        # A TLS handshake happens in this task, before the connection knows its transport.
        _hold_current_task(hold)
        return _Connection(server, refuse, hold)

    server = web.Server(handler)
    try:
        actual_port = await gate.start(accept, cut, host=host, port=port, ssl_context=ssl_context)
    except OSError as error:
        message = f"the sandbox cannot listen on port {port} of {host}: {error.strerror}"
        raise OSError(error.errno, message) from error
    try:
        yield actual_port
    finally:
        await gate.stop()
        while held:
            cut()
            await asyncio.wait(list(held))
