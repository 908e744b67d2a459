"""Parses the body of a webhook into an event, and verifies it first.

An error leaves this module with a traceback that starts at the caller's frame: the frames below it
hold the body and the headers, in which there may be file URLs, and the password of a webhook URL.
Crash reporters that show local variables would print them.
"""

from __future__ import annotations

from time import time
from typing import cast

from telnyx_video._base.errors import (
    KEPT_BODY,
    ConfigurationError,
    ResponseDecodeError,
    WebhookVerificationError,
)
from telnyx_video._base.json import loads
from telnyx_video._base.text import one_line
from telnyx_video.models._codec import UNREADABLE, explain, structure_data
from telnyx_video.webhooks.events import EVENT_CLASSES, Delivery, UnknownEvent, WebhookEvent
from telnyx_video.webhooks.verify import (
    Headers,
    PublicKeys,
    check_seconds,
    header_pairs,
    resolve_public_keys,
    verify,
)

__all__ = ["Refusal", "read_delivery", "read_event", "verify_and_parse"]

Refusal = ConfigurationError | ResponseDecodeError | WebhookVerificationError
"""Why a delivery yields no event."""

_PROBLEM = 1000
"""Characters of the problem in an error's message, which leaves room for the hint."""


def verify_and_parse(
    body: bytes,
    headers: Headers,
    *,
    public_key: PublicKeys | None = None,
    tolerance: float = 300.0,
) -> WebhookEvent:
    """Verify a webhook and return its event.

    Args:
        body: The body of the request as received: its bytes, before any decoding.
        headers: The headers of the request, as your framework has them: a mapping, or pairs of
            name and value, such as ASGI's ``scope["headers"]``. Their case does not matter.
        public_key: The account's public key, as Mission Control shows it, or its 32 raw bytes; or
            several of them, any of which may have signed, while a key is being replaced. By default
            ``TELNYX_PUBLIC_KEY`` of the environment, which may hold several, separated by commas.
        tolerance: Seconds that the timestamp may differ from this machine's clock, either way. It
            limits how long a recorded delivery can be replayed.

    Returns:
        The event, of the class of its type; an :class:`UnknownEvent` if there is no such class.

    Raises:
        WebhookVerificationError: nothing proves that Telnyx sent it. Answer 401 and do nothing
            else.
        ResponseDecodeError: Telnyx sent it, but it is not an event.
        ConfigurationError: there is no public key, or it is malformed; or the body is not bytes,
            the headers are not headers, or the tolerance is not above 0.

    The timestamp and the body are signed:
    https://developers.telnyx.com/docs/development/api-fundamentals/webhooks
    """
    result = read_delivery(body, headers, public_key, tolerance)
    del body, headers
    if isinstance(result, Exception):
        raise result
    return result


def read_delivery(
    body: bytes, headers: Headers, public_key: PublicKeys | None, tolerance: float
) -> WebhookEvent | Refusal:
    """Do what :func:`verify_and_parse` does, but return the error, without its traceback."""
    try:
        check_seconds("tolerance", tolerance)
        keys = resolve_public_keys(public_key)
        verify(body, header_pairs(headers), keys=keys, tolerance=tolerance, now=time())
        return read_event(body)
    except (ConfigurationError, ResponseDecodeError, WebhookVerificationError) as error:
        return error.with_traceback(None)


def read_event(body: bytes) -> WebhookEvent:
    """Return the event in the body of a delivery, without verifying it.

    Raises:
        ResponseDecodeError: the body is not an event of any type; the message says where.
    """
    envelope: object = None
    problem = ""
    try:
        envelope = loads(body)
    except ValueError:
        problem = "expected JSON @ $"
    if problem or not isinstance(envelope, dict):
        raise _unreadable(body, problem or "expected an object @ $")
    fields = cast("dict[str, object]", envelope)
    event = _read_data(fields.get("data"), body)
    event.delivery = _read_meta(fields.get("meta"))
    return event


def _read_data(data: object, body: bytes) -> WebhookEvent:
    """Read the event as its type's class, or as an ``UnknownEvent`` if it does not fit that."""
    problem = None
    cls = EVENT_CLASSES.get(_event_type(data))
    if cls is not None:
        try:
            return _with_id(structure_data(data, cls), body)
        except UNREADABLE as error:
            problem = explain(error, "$.data")
    try:
        unknown = structure_data(data, UnknownEvent)
    except UNREADABLE as error:
        raise _unreadable(body, explain(error, "$.data")) from None
    unknown.problem = problem and one_line(problem)
    return _with_id(unknown, body)


def _event_type(data: object) -> str:
    if not isinstance(data, dict):
        return ""
    value = cast("dict[str, object]", data).get("event_type")
    return value if isinstance(value, str) else ""


def _with_id(event: WebhookEvent, body: bytes) -> WebhookEvent:
    if not event.id:
        raise _unreadable(body, "empty @ $.data.id")
    return event


def _read_meta(meta: object) -> Delivery:
    """Read the data about a delivery; a missing or malformed field is None."""
    fields = cast("dict[str, object]", meta) if isinstance(meta, dict) else {}
    attempt, address = fields.get("attempt"), fields.get("delivered_to")
    return Delivery(
        attempt if type(attempt) is int else None,
        address if isinstance(address, str) else None,
    )


def _unreadable(body: bytes, problem: str) -> ResponseDecodeError:
    return ResponseDecodeError(
        one_line(f"unreadable webhook: {one_line(problem, _PROBLEM)} - report it with the body"),
        body=body[:KEPT_BODY],
    )
