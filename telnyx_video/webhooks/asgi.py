"""Webhooks received by an ASGI application, which runs alone or mounted in any framework.

The protocol: https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from telnyx_video.config import PublicKeys
from telnyx_video.errors import ConfigurationError
from telnyx_video.webhooks.receiving import MAX_BODY, Answer, OnEvent, make_receiver
from telnyx_video.webhooks.verification import Headers, header_pairs

__all__ = ["WebhookApp"]

Receive = Callable[[], Awaitable[Mapping[str, object]]]
Send = Callable[[dict[str, object]], Awaitable[None]]


class WebhookApp:
    """An ASGI application that takes every POST for a webhook, whatever its path.

    It answers 200 when ``on_event`` has returned; 401 to what Telnyx cannot be shown to have sent,
    400 to what is no event, 413 to what is too large and 405 to what is no POST, all without
    calling ``on_event``. What ``on_event`` raises goes on to the server, which answers 500.

    Args:
        on_event: Called with each event. Telnyx waits for it: leave what takes long to a queue.
        public_key: As for :func:`~telnyx_video.webhooks.verify_and_parse`; read once, here.
        tolerance: As there, in seconds.
        max_body: Bytes that a body may have.

    Raises:
        ConfigurationError: there is no public key, or a setting is out of bounds.
    """

    def __init__(
        self,
        on_event: OnEvent,
        *,
        public_key: PublicKeys | None = None,
        tolerance: float = 300.0,
        max_body: int = MAX_BODY,
    ) -> None:
        self._receiver = make_receiver(on_event, public_key, tolerance, max_body)

    async def __call__(self, scope: Mapping[str, object], receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI servers ask for it."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] != "http":
            raise ConfigurationError(f"webhooks come by HTTP, not by {scope['type']}")
        elif scope["method"] != "POST":
            await _answer(send, Answer(405, "webhooks come by POST"), (b"allow", b"POST"))
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Mapping[str, object], receive: Receive, send: Send) -> None:
        chunks = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            chunks += cast("bytes", message.get("body", b""))
            if len(chunks) > self._receiver.max_body:
                await _answer(send, self._receiver.too_large())
                return
            more = bool(message.get("more_body", False))
        headers = header_pairs(cast("Headers", scope["headers"]))
        await _answer(send, await self._receiver.receive(bytes(chunks), headers))


async def _live(receive: Receive, send: Send) -> None:
    """There is nothing to start and nothing to stop; servers want to be told."""
    while True:
        event = cast("str", (await receive())["type"])
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


async def _answer(send: Send, answer: Answer, *headers: tuple[bytes, bytes]) -> None:
    body = answer.text.encode()
    described = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": described})
    await send({"type": "http.response.body", "body": body})
