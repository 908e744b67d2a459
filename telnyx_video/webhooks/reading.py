"""The body of a delivery, as the event that it tells of."""

from __future__ import annotations

from typing import cast

from telnyx_video._base.json import loads
from telnyx_video._base.text import one_line
from telnyx_video._wire.failures import KEPT_BODY, excerpt
from telnyx_video.errors import ResponseDecodeError
from telnyx_video.models._codec import UNREADABLE, explain, structure_data
from telnyx_video.webhooks.events import EVENT_CLASSES, Delivery, UnknownEvent, WebhookEvent

__all__ = ["read_event"]

_PROBLEM = 1000
"""Characters of a problem in a message, which has room for the advice behind it."""


def read_event(body: bytes) -> WebhookEvent:
    """The event in the body of a delivery, which is not checked here.

    Raises:
        ResponseDecodeError: the body is no event, of whatever type; the message says where.
    """
    try:
        envelope = loads(body)
    except ValueError:
        raise _unreadable(body, f"expected JSON @ $, got {excerpt(body)}") from None
    if not isinstance(envelope, dict):
        raise _unreadable(body, "expected an object @ $")
    fields = cast("dict[str, object]", envelope)
    event = _read_data(fields.get("data"), body)
    event.delivery = _read_delivery(fields.get("meta"))
    return event


def _read_data(data: object, body: bytes) -> WebhookEvent:
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


def _read_delivery(meta: object) -> Delivery:
    """What is missing or malformed is None, as nothing rests on it."""
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
