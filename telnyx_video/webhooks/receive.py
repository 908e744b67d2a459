"""The part of a receiver that does not depend on the server: limits, verification, answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from inspect import isawaitable
from typing import TypeAlias

import attrs

from telnyx_video._base.errors import ConfigurationError, ResponseDecodeError
from telnyx_video._base.text import show
from telnyx_video.webhooks.events import WebhookEvent
from telnyx_video.webhooks.parse import Refusal, read_delivery
from telnyx_video.webhooks.verify import Headers, PublicKeys, check_seconds, resolve_public_keys

__all__ = ["BODY_TIMEOUT", "MAX_BODY", "Answer", "BrokenBodyError", "OnEvent", "Receiver"]

MAX_BODY = 1_048_576
"""Default limit of a body, in bytes; events have about a thousand."""

BODY_TIMEOUT = 10.0
"""Default limit of the time in which the whole body must arrive, in seconds."""

OnEvent: TypeAlias = Callable[[WebhookEvent], object]
"""Your function or coroutine function. Returning accepts the event; raising rejects it."""

_logger = logging.getLogger("telnyx_video.webhooks")


class BrokenBodyError(Exception):
    """The body ended early, or its transfer or content encoding is invalid."""


@attrs.frozen
class Answer:
    """The response to a delivery."""

    status: int
    text: str = ""


def _keys(public_key: PublicKeys | None) -> tuple[bytes, ...] | None:
    return None if public_key is None else resolve_public_keys(public_key)


@attrs.frozen(kw_only=True)
class Receiver:
    """Reads deliveries, verifies them, and calls ``on_event``.

    Raises:
        ConfigurationError: a public key is malformed, or a setting is out of bounds.
    """

    on_event: OnEvent
    public_key: tuple[bytes, ...] | None = attrs.field(converter=_keys)
    """None: the environment is read for each delivery, so that it can change after the import."""
    tolerance: float
    max_body: int
    body_timeout: float

    def __attrs_post_init__(self) -> None:
        if not callable(self.on_event):
            raise ConfigurationError("on_event must be a function that takes an event")
        check_seconds("tolerance", self.tolerance)
        check_seconds("body_timeout", self.body_timeout)
        if type(self.max_body) is not int or self.max_body < 1:
            wrong = show(self.max_body)
            raise ConfigurationError(f"max_body must be bytes, 1 or more, not {wrong}")

    def check_key(self) -> None:
        """Raise ``ConfigurationError`` if no public key is set."""
        resolve_public_keys(self.public_key)

    async def receive(self, chunks: AsyncGenerator[bytes], headers: Headers) -> Answer | None:
        """Serve one delivery; return None if the sender has disconnected.

        Args:
            chunks: The body as it arrives; raises ``BrokenBodyError`` if it ends early.
            headers: The request's headers.

        Raises:
            ConfigurationError: there is no public key in the environment.
            Exception: ``on_event`` raised it. Neither body nor headers are in our frames then.
        """
        received = await self._read(chunks, headers)
        del chunks, headers
        if isinstance(received, ConfigurationError):
            raise received
        if isinstance(received, Answer) or received is None:
            return received
        accepting = self.on_event(received)
        if isawaitable(accepting):
            await accepting
        return Answer(200)

    async def _read(
        self, chunks: AsyncGenerator[bytes], headers: Headers
    ) -> WebhookEvent | Answer | ConfigurationError | None:
        try:
            async with asyncio.timeout(self.body_timeout):
                body = await self._body(chunks)
        except TimeoutError:
            return _refuse(408, f"the body took more than {self.body_timeout:g} s to arrive")
        except BrokenBodyError:
            _logger.warning("webhook not received: the body ended early or is badly encoded")
            return None
        if body is None:
            return _refuse(413, f"the body has more than {self.max_body} bytes")
        result = read_delivery(body, headers, self.public_key, self.tolerance)
        if isinstance(result, Refusal) and not isinstance(result, ConfigurationError):
            return _refuse(400 if isinstance(result, ResponseDecodeError) else 401, str(result))
        return result

    async def _body(self, chunks: AsyncGenerator[bytes]) -> bytes | None:
        """Return the body, or None once it exceeds the limit; the rest is not kept in memory."""
        body = bytearray()
        async with aclosing(chunks):
            async for chunk in chunks:
                body += chunk
                if len(body) > self.max_body:
                    return None
        return bytes(body)


def _refuse(status: int, problem: str) -> Answer:
    _logger.warning("webhook refused with %d: %s", status, problem)
    return Answer(status, problem)
