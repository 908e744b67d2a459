"""What the models have in common: conversion without loss, what comes beside a reply, pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Generic, Protocol, Self, TypeVar

import attrs

from telnyx_video._base import validate as check
from telnyx_video._base.errors import ErrorDetail, RateLimit
from telnyx_video._base.text import plain_str
from telnyx_video.models.unset import UNSET

T = TypeVar("T")


@attrs.frozen
class DateRange:
    """A span of days (UTC) to filter a list by; each bound is included.

    Raises:
        InvalidRequestError: a bound is no ``datetime.date`` (nor may it be a ``datetime``), or the
            first day is after the last, so that nothing could pass.
    """

    gte: date | None = None
    """The first day."""
    lte: date | None = None
    """The last day."""

    def __attrs_post_init__(self) -> None:
        problems: list[ErrorDetail] = []
        if self.gte is not None:
            check.day(problems, "gte", self.gte)
        if self.lte is not None:
            check.day(problems, "lte", self.lte)
        check.refuse(problems)
        if self.gte is not None and self.lte is not None and self.gte > self.lte:
            problem = f"must not be after lte ({self.lte}), as {self.gte} is"
            check.refuse([ErrorDetail(problem, code="out_of_range", pointer="/gte")])


@attrs.define
class Reply:
    """What came with a reply beside its content."""

    request_id: str | None = None
    """The ``x-request-id`` header: quote it to Telnyx support."""
    rate_limit: RateLimit | None = None
    """The rate-limit figures, if the reply had any."""


class Answered(Protocol):
    """Whatever was read from a reply."""

    @property
    def reply(self) -> Reply | None:
        """What came beside it."""
        ...


@attrs.define
class Model:
    """What the API sends, in whole or in part: lossless conversion from and to JSON-like dicts."""

    extra: dict[str, object] = attrs.field(factory=dict[str, object], kw_only=True, repr=False)
    """Fields of the reply that this version does not know, as they came. They are in no repr, since
    nobody knows which of them is a secret."""
    null_fields: frozenset[str] = attrs.field(default=frozenset(), kw_only=True, repr=False)
    """Known fields that the reply gave as null; like absent ones, they read as None."""

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Self:
        """Read an object as the API writes it.

        Raises:
            ResponseDecodeError: a value has the wrong type; the message names its path.
        """
        # Conversion lives a storey above; only these two conveniences reach up to it.
        from telnyx_video import _wire

        return _wire.structure(data, cls)

    def to_dict(self) -> dict[str, object]:
        """Write the object as the API would: ``from_dict(x.to_dict()) == x``."""
        from telnyx_video import _wire

        return _wire.unstructure(self)


@attrs.define
class Record(Model):
    """What the API keeps under an id. Absent and null fields are None."""

    id: str = attrs.field(kw_only=True)
    """The object's identifier, as sent."""
    reply: Reply | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    """What came beside the object, if it was read from a reply of its own."""


class _WithWebhooks(Protocol):
    @property
    def webhook_event_url(self) -> object: ...
    @property
    def webhook_event_failover_url(self) -> object: ...
    @property
    def webhook_timeout_secs(self) -> object: ...


def check_webhooks(problems: list[ErrorDetail], request: _WithWebhooks) -> None:
    """The bounds that the three fields about webhooks have, of a room and of a composition."""
    if request.webhook_event_url is not UNSET:
        keep_plain(request, "webhook_event_url")
        check.url(problems, "webhook_event_url", request.webhook_event_url)
    if request.webhook_event_failover_url is not UNSET:
        keep_plain(request, "webhook_event_failover_url")
        check.url_or_none(
            problems, "webhook_event_failover_url", request.webhook_event_failover_url
        )
    if request.webhook_timeout_secs is not UNSET and request.webhook_timeout_secs is not None:
        check.integer(problems, "webhook_timeout_secs", request.webhook_timeout_secs, 0, 30)


def keep_plain(request: object, field: str) -> None:
    """Have a request that is being made keep a string as a plain one; see ``plain_str``."""
    object.__setattr__(request, field, plain_str(getattr(request, field)))  # it is frozen


@attrs.frozen
class Page(Generic[T]):
    """One page of a list."""

    items: list[T]
    reply: Reply = attrs.field(eq=False, repr=False)
    """What came beside the items."""
    page_number: int | None = None
    """This page's number, counted from 1."""
    page_size: int | None = None
    """How many items a full page has."""
    total_pages: int | None = None
    total_results: int | None = None
    """How many items all pages have together, at the time of this reply."""

    @property
    def is_last(self) -> bool:
        """Whether no page can follow: this one is empty, or the last one by its own figures."""
        if not self.items:
            return True
        if self.page_number is None or self.total_pages is None:
            return False
        return self.page_number >= self.total_pages
