"""Receives webhooks in an ASGI application, alone or within any ASGI framework.

The protocol: https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import TypeAlias, cast

from telnyx_video._base.errors import ConfigurationError
from telnyx_video.webhooks.receive import (
    BODY_TIMEOUT,
    MAX_BODY,
    Answer,
    BrokenBodyError,
    OnEvent,
    Receiver,
)
from telnyx_video.webhooks.verify import Headers, PublicKeys

__all__ = ["WebhookApp"]

Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, object]]]
Send: TypeAlias = Callable[[dict[str, object]], Awaitable[None]]


class WebhookApp:
    """An ASGI application that takes every POST, at any path, as a webhook.

    It answers 200 once ``on_event`` has returned. Without calling ``on_event`` it answers 401 if
    nothing proves that Telnyx sent the request, 400 if it is not an event, 413 if the body is too
    large, 408 if it is too slow, and 405 to any other method. Exceptions of ``on_event`` propagate
    to the server, which answers 500.

    Run alone, it refuses to start without a public key. A framework that mounts it does not pass
    the lifespan events on; there the first delivery raises ``ConfigurationError``.

    Args:
        on_event: A function, a coroutine function or an
            :class:`~telnyx_video.webhooks.EventRouter`. Telnyx waits for it: hand long work to a
            queue.
        public_key: As for :func:`~telnyx_video.webhooks.verify_and_parse`. By default the
            environment is read for each delivery.
        tolerance: As there, in seconds.
        max_body: Limit of a body, in bytes.
        body_timeout: Seconds in which the whole body must arrive.

    Raises:
        ConfigurationError: a public key is malformed, or a setting is out of bounds.
    """

    def __init__(
        self,
        on_event: OnEvent,
        *,
        public_key: PublicKeys | None = None,
        tolerance: float = 300.0,
        max_body: int = MAX_BODY,
        body_timeout: float = BODY_TIMEOUT,
    ) -> None:
        self._receiver = Receiver(
            on_event=on_event,
            public_key=public_key,
            tolerance=tolerance,
            max_body=max_body,
            body_timeout=body_timeout,
        )

    async def __call__(self, scope: Mapping[str, object], receive: Receive, send: Send) -> None:
        """Serve one connection; ASGI servers call this."""
        kind, method = scope["type"], scope.get("method")
        headers = cast("Headers", scope.get("headers", ()))
        del scope  # it has the headers: see `Receiver.receive`
        if kind == "lifespan":
            await self._lifespan(receive, send)
        elif kind != "http":
            raise ConfigurationError(f"webhooks are received over HTTP, not over {kind}")
        elif method != "POST":
            await _respond(send, Answer(405, "webhooks are sent by POST"), (b"allow", b"POST"))
        else:
            receiving = self._receiver.receive(_chunks(receive), headers)
            del headers
            answer = await receiving
            if answer is not None:
                await _respond(send, answer)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            event = cast("str", (await receive())["type"])
            try:
                self._receiver.check_key()
            except ConfigurationError as error:
                if event == "lifespan.startup":
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return


async def _chunks(receive: Receive) -> AsyncGenerator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BrokenBodyError
        yield cast("bytes", message.get("body", b""))
        more = bool(message.get("more_body", False))


async def _respond(send: Send, answer: Answer, *extra: tuple[bytes, bytes]) -> None:
    body = answer.text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *extra,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
