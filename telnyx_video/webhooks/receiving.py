"""What all receivers do with a delivery once they have its bytes, whatever server they run on."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from inspect import isawaitable
from time import time

import attrs

from telnyx_video._base.text import show
from telnyx_video.config import PublicKeys, resolve_public_keys
from telnyx_video.errors import (
    ConfigurationError,
    ResponseDecodeError,
    WebhookVerificationError,
)
from telnyx_video.webhooks.events import WebhookEvent
from telnyx_video.webhooks.reading import read_event
from telnyx_video.webhooks.verification import check_tolerance, verify

__all__ = ["MAX_BODY", "Answer", "OnEvent", "Receiver", "make_receiver"]

MAX_BODY = 1_048_576
"""Bytes of a body that a receiver reads unless told otherwise; events have about a thousand."""

OnEvent = Callable[[WebhookEvent], Awaitable[object]]
"""What you do with an event. Returning accepts it; raising tells Telnyx that it was not."""

_logger = logging.getLogger("telnyx_video.webhooks")


@attrs.frozen
class Answer:
    """What a receiver answers to a delivery."""

    status: int
    text: str = ""


@attrs.frozen
class Receiver:
    """Judges deliveries, and hands on those that hold."""

    on_event: OnEvent
    keys: tuple[bytes, ...]
    tolerance: float
    max_body: int

    async def receive(self, body: bytes, headers: Iterable[tuple[object, object]]) -> Answer:
        """Answer 200 once the event was accepted, and 401 or 400 if it was not even looked at."""
        try:
            verify(body, headers, keys=self.keys, tolerance=self.tolerance, now=time())
            event = read_event(body)
        except WebhookVerificationError as error:
            return self._refuse(401, str(error))
        except ResponseDecodeError as error:
            return self._refuse(400, str(error))
        accepting: object = self.on_event(event)
        if isawaitable(accepting):  # a plain function has done its work already
            await accepting
        return Answer(200)

    def too_large(self) -> Answer:
        """Answer a body above the limit, which need not be read to its end."""
        return self._refuse(413, f"the body has more than {self.max_body} bytes")

    def _refuse(self, status: int, problem: str) -> Answer:
        _logger.warning("webhook refused with %d: %s", status, problem)
        return Answer(status, problem)


def make_receiver(
    on_event: OnEvent, public_key: PublicKeys | None, tolerance: float, max_body: int
) -> Receiver:
    """Check the settings at once, so that a service that lacks its key does not start.

    Raises:
        ConfigurationError: there is no public key, or a setting is out of bounds.
    """
    if not callable(on_event):
        raise ConfigurationError("on_event must be a coroutine function that takes an event")
    check_tolerance(tolerance)
    if type(max_body) is not int or max_body < 1:
        raise ConfigurationError(f"max_body must be bytes, 1 or more, not {show(max_body)}")
    return Receiver(on_event, resolve_public_keys(public_key), tolerance, max_body)
