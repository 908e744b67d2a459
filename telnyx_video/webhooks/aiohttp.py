"""Receives webhooks in :mod:`aiohttp.web`."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Middleware

from telnyx_video.webhooks.receive import (
    BODY_TIMEOUT,
    MAX_BODY,
    Answer,
    BrokenBodyError,
    OnEvent,
    Receiver,
)
from telnyx_video.webhooks.verify import PublicKeys, resolve_public_keys

__all__ = ["webhook_handler", "webhook_server"]

_SHUTDOWN_TIMEOUT = 1.0  # seconds; Telnyx delivers again what is unanswered


def webhook_handler(
    on_event: OnEvent,
    *,
    public_key: PublicKeys | None = None,
    tolerance: float = 300.0,
    max_body: int = MAX_BODY,
    body_timeout: float = BODY_TIMEOUT,
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return a handler for ``app.router.add_post``.

    It answers 200 once ``on_event`` has returned. Without calling ``on_event`` it answers 401 if
    nothing proves that Telnyx sent the request, 400 if it is not an event, 413 if the body is too
    large and 408 if it is too slow. Exceptions of ``on_event`` propagate to aiohttp, which logs
    them and answers 500.

    Args:
        on_event: A function, a coroutine function or an
            :class:`~telnyx_video.webhooks.EventRouter`. Telnyx waits for it: hand long work to a
            queue.
        public_key: As for :func:`~telnyx_video.webhooks.verify_and_parse`. By default the
            environment is read for each delivery.
        tolerance: As there, in seconds.
        max_body: Limit of a body, in bytes; it replaces the application's ``client_max_size``.
        body_timeout: Seconds in which the whole body must arrive.

    Raises:
        ConfigurationError: a public key is malformed, or a setting is out of bounds.
    """
    receiver = Receiver(
        on_event=on_event,
        public_key=public_key,
        tolerance=tolerance,
        max_body=max_body,
        body_timeout=body_timeout,
    )

    async def handle(request: web.Request) -> web.Response:
        received = await receiver.receive(_chunks(request), request.headers)
        answer = received or Answer(400)  # aiohttp wants a response even if the sender has gone
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
    body_timeout: float = BODY_TIMEOUT,
    middlewares: Sequence[Middleware] = (),
) -> AsyncGenerator[str]:
    """Run :func:`webhook_handler` on a separate server, for tests and small programs.

    ``async with webhook_server(on_event) as url`` receives at that URL, and at every path below
    it, until the block ends; deliveries that are in progress then have one second.

    Args:
        on_event: As for :func:`webhook_handler`, like all other arguments that are not described
            here.
        host: Address to listen on.
        port: Port to listen on; 0 chooses a free one.
        public_key: One key or several; by default those of the environment, read once.
        tolerance: Seconds, above 0.
        max_body: Limit of a body, in bytes.
        body_timeout: Seconds in which the whole body must arrive.
        middlewares: Middlewares of the server's application, which see the requests as they came.

    Raises:
        ConfigurationError: there is no public key, or a setting is out of bounds.
        OSError: the address is not available.
    """
    handler = webhook_handler(
        on_event,
        public_key=resolve_public_keys(public_key),
        tolerance=tolerance,
        max_body=max_body,
        body_timeout=body_timeout,
    )
    app = web.Application(middlewares=middlewares)
    app.router.add_post("/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield f"http://{f'[{host}]' if ':' in host else host}:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        # asyncio's message repeats the address as a tuple; the system's own reason is enough.
        unknown = isinstance(error, socket.gaierror)
        reason = error.strerror if unknown else os.strerror(error.errno or 0)
        message = f"webhooks cannot be received on port {port} of {host}: {reason}"
        raise OSError(error.errno, message) from error


async def _chunks(request: web.Request) -> AsyncGenerator[bytes]:
    if request.content.at_eof():  # a middleware has read the body
        yield await request.read()
        return
    try:
        async for chunk in request.content.iter_any():
            yield chunk
    except (ConnectionError, web.RequestPayloadError):
        raise BrokenBodyError from None
