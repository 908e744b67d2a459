"""Webhooks received by :mod:`aiohttp.web`."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Middleware

from telnyx_video.config import PublicKeys
from telnyx_video.webhooks.receiving import MAX_BODY, OnEvent, make_receiver

__all__ = ["webhook_handler", "webhook_server"]


def webhook_handler(
    on_event: OnEvent,
    *,
    public_key: PublicKeys | None = None,
    tolerance: float = 300.0,
    max_body: int = MAX_BODY,
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler to be added to an application by ``app.router.add_post``.

    It answers 200 when ``on_event`` has returned; 401 to what Telnyx cannot be shown to have sent,
    400 to what is no event, and 413 to what is too large, all three without calling ``on_event``.
    What ``on_event`` raises goes on to aiohttp, which logs it and answers 500.

    Args:
        on_event: Called with each event. Telnyx waits for it: leave what takes long to a queue.
        public_key: As for :func:`~telnyx_video.webhooks.verify_and_parse`; read once, here.
        tolerance: As there, in seconds.
        max_body: Bytes that a body may have. This limit counts, not the application's.

    Raises:
        ConfigurationError: there is no public key, or a setting is out of bounds.
    """
    receiver = make_receiver(on_event, public_key, tolerance, max_body)

    async def handle(request: web.Request) -> web.Response:
        body = await _read(request, receiver.max_body)
        if body is None:
            answer = receiver.too_large()
        else:
            answer = await receiver.receive(body, request.headers.items())
        return web.Response(status=answer.status, text=answer.text)

    return handle


@asynccontextmanager
async def webhook_server(
    on_event: OnEvent,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    public_key: PublicKeys | None = None,
    tolerance: float = 300.0,
    max_body: int = MAX_BODY,
    middlewares: Sequence[Middleware] = (),
) -> AsyncGenerator[str]:
    """A server of its own for :func:`webhook_handler`, for tests and small programs.

    ``async with webhook_server(on_event) as url`` receives at that URL, and at every path below
    it, until the context is left; then deliveries that are being dealt with have a second.

    Args:
        on_event: As for :func:`webhook_handler`, and so are the settings.
        host: Where to listen.
        port: Which port to listen on; 0 chooses a free one.
        public_key: One key or several.
        tolerance: Seconds, above 0.
        max_body: Bytes that a body may have.
        middlewares: Middlewares of the server's application, which see the requests as they came.

    Raises:
        ConfigurationError: there is no public key, or a setting is out of bounds.
        OSError: the address cannot be listened on.
    """
    handler = webhook_handler(
        on_event, public_key=public_key, tolerance=tolerance, max_body=max_body
    )
    app = web.Application(middlewares=middlewares)
    app.router.add_post("/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_FAREWELL)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield f"http://{f'[{host}]' if ':' in host else host}:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


_FAREWELL = 1.0  # seconds: Telnyx delivers again what was not answered by then


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        # The loop's own words for what the system refuses name the address once more, as a tuple.
        unknown = isinstance(error, socket.gaierror)
        reason = error.strerror if unknown else os.strerror(error.errno or 0)
        message = f"webhooks cannot be received on port {port} of {host}: {reason}"
        raise OSError(error.errno, message) from error


async def _read(request: web.Request, limit: int) -> bytes | None:
    """The body; None if it is above the limit, of which no more is then kept in memory."""
    if request.content.at_eof():  # a middleware has read it, and the request kept it
        body = await request.read()
        return body if len(body) <= limit else None
    chunks = bytearray()
    async for chunk in request.content.iter_any():
        chunks += chunk
        if len(chunks) > limit:
            return None
    return bytes(chunks)
