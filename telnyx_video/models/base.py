"""The common parts of the models: requests, replies, pages, date ranges and raw replies."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Final, Generic, NoReturn, Protocol, Self, TypeVar, cast

import attrs

from telnyx_video._base import validate as check
from telnyx_video._base.errors import (
    KEPT_BODY,
    ErrorDetail,
    Outcome,
    RateLimit,
    ResponseDecodeError,
)
from telnyx_video._base.json import loads
from telnyx_video._base.text import did_you_mean, show, without_userinfo
from telnyx_video._base.validate import InvalidRequestError
from telnyx_video.models._codec import UNSET, Unset, structure, unstructure

Q = TypeVar("Q", bound="Request")
T = TypeVar("T")


@attrs.frozen
class DateRange:
    """A range of days (UTC) to filter a list by; both bounds are included.

    Raises:
        InvalidRequestError: a bound is not a ``datetime.date`` (a ``datetime`` is refused, too), or
            the first day is after the last.
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
    """The facts of a reply besides its content."""

    request_id: str | None = None
    """The ``x-request-id`` header: quote it to Telnyx support."""
    rate_limit: RateLimit | None = None
    """The rate-limit figures, if the reply had any."""


@attrs.frozen(repr=False)
class RawResponse:
    """A reply as it came; its content is not in its repr, as it may be a secret."""

    status: int
    """The HTTP status: 200 to 299, or 404 of a delete whose first reply was lost."""
    headers: Mapping[str, str]
    """All headers; names are case-insensitive."""
    body: bytes
    """The content, decompressed; the key is replaced if the server repeated it."""
    reply: Reply
    """The request id and rate limit."""

    @property
    def request_id(self) -> str | None:
        """The ``x-request-id`` header: quote it to Telnyx support."""
        return self.reply.request_id

    @property
    def rate_limit(self) -> RateLimit | None:
        """The rate-limit figures, if the reply had any."""
        return self.reply.rate_limit

    # Any, as in every JSON library: only the caller knows what the endpoint returns.
    def json(self) -> Any:
        """Return the content as JSON.

        Raises:
            ResponseDecodeError: it is not JSON; the request was applied.
        """
        try:
            return loads(self.body)
        except ValueError:
            pass
        raise ResponseDecodeError(
            f"the reply (status {self.status}) is not JSON: use its body",
            Outcome.APPLIED,
            self.status,
            self.request_id,
            self.body[:KEPT_BODY],
        )

    def __repr__(self) -> str:
        return f"RawResponse({self.status}, {len(self.body)} bytes)"


class Answered(Protocol):
    """An object that was read from a reply."""

    @property
    def reply(self) -> Reply | None:
        """The facts of the reply."""
        ...


@attrs.frozen
class DownloadProgress:
    """Reported while a recording or composition is downloaded, about once per MiB."""

    received: int
    """Bytes received. It returns to 0 if the file has to be fetched from the start."""
    total: int | None
    """Bytes of the whole file, if the server says."""


def shown_fields(self: attrs.AttrsInstance) -> Iterator[tuple[str, object]]:
    """Yield the fields that are set, without passwords of URLs: for ``repr`` and for rich."""
    for attribute in attrs.fields(type(self)):
        value = getattr(self, attribute.name) if attribute.repr else None
        if value is not None and value is not UNSET:
            yield attribute.name, without_userinfo(value) if type(value) is str else value


def short_repr(self: attrs.AttrsInstance) -> str:
    """Show only the fields that are set, and no password of a URL."""
    shown = ", ".join(f"{name}={value!r}" for name, value in shown_fields(self))
    return f"{type(self).__name__}({shown})"


@attrs.define(repr=False, slots=False)
class Model:
    """An object of the API, or a part of one; converts from and to JSON-like dicts without loss."""

    extra: dict[str, object] = attrs.field(factory=dict[str, object], kw_only=True, repr=False)
    """Fields of the reply that this version does not know, as they came. They are in no repr, since
    any of them may be a secret."""
    null_fields: frozenset[str] = attrs.field(default=frozenset(), kw_only=True, repr=False)
    """Known fields that the reply gave as null; like absent ones, they read as None."""

    __repr__ = short_repr
    __rich_repr__ = shown_fields

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Self:
        """Read an object as the API writes it.

        Raises:
            ResponseDecodeError: a value has the wrong type; the message names its path.
        """
        return structure(data, cls)

    def to_dict(self) -> dict[str, object]:
        """Write the object as the API would: ``from_dict(x.to_dict()) == x``."""
        return unstructure(self)


@attrs.frozen(repr=False, unsafe_hash=False, slots=False)  # pyright: ignore[reportGeneralTypeIssues] # attrs can
class Record(Model):
    """An object that the API keeps under an id. Absent and null fields are None.

    It is a snapshot and cannot be assigned to: change a room with ``update``, and derive a changed
    copy with :func:`attrs.evolve`.
    """

    id: str = attrs.field(kw_only=True)
    """The object's identifier, as sent."""
    reply: Reply | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    """Metadata of the reply, if it contains only this object."""


def checked_extra(
    problems: list[ErrorDetail], extra: object, known: Collection[str]
) -> dict[str, object] | Unset:
    """Check further fields of a request and return a copy of them.

    No value is quoted, as it may be a secret.
    """
    if not isinstance(extra, Mapping):
        problem = f"must be a mapping of names to JSON values, not {type(extra).__name__}"
        problems.append(ErrorDetail(problem, code="wrong_type", pointer="/extra"))
        return UNSET
    fields = dict(cast("Mapping[object, object]", extra))
    for name in fields:
        if name in known:
            problem = f"{name} is a field of its own: pass it by name"
            problems.append(ErrorDetail(problem, code="invalid", pointer="/extra"))
    encoded = check.json_body(problems, "extra", fields)
    return UNSET if encoded is None else loads(encoded) or UNSET


class _WithWebhooks(Protocol):
    @property
    def webhook_event_url(self) -> object: ...
    @property
    def webhook_event_failover_url(self) -> object: ...
    @property
    def webhook_timeout_secs(self) -> object: ...


def check_webhooks(problems: list[ErrorDetail], request: _WithWebhooks) -> None:
    """Check the three webhook fields that rooms and compositions share."""
    if request.webhook_event_url is not UNSET:
        check.url(problems, "webhook_event_url", request.webhook_event_url)
    if request.webhook_event_failover_url is not UNSET:
        check.url_or_none(
            problems, "webhook_event_failover_url", request.webhook_event_failover_url
        )
    if request.webhook_timeout_secs is not UNSET and request.webhook_timeout_secs is not None:
        check.integer(problems, "webhook_timeout_secs", request.webhook_timeout_secs, 0, 30)


class Request:
    """What requests share: they take keywords only, and keep secrets out of tracebacks."""

    __slots__ = ()

    __repr__ = short_repr
    __rich_repr__ = shown_fields

    def __new__(cls, *positional: object, **fields: object) -> Self:
        """Refuse unknown arguments with a message that names the nearest field."""
        known = _known_fields(cls)  # type: ignore[arg-type] # mypy takes no class for hashable
        try:
            if positional or not fields.keys() <= known.keys():
                _refuse_arguments(cls, positional, fields, known)
            new = super().__new__(cls)
            if not _SECRETIVE.isdisjoint(fields) and _may_hold_secret(fields):
                _check_early(new, fields, known)
            return new
        except BaseException:
            fields.clear()  # a traceback may show locals, and these may hold a secret
            raise

    def __attrs_post_init__(self) -> None:
        """Raise ``InvalidRequestError`` with every problem."""


def as_request(cls: type[Q], request: object, fields: Mapping[str, object]) -> Q:
    """Return a request, given as an object or as its fields.

    Raises:
        InvalidRequestError: it is given as neither or as both, or a field breaks a bound.
        TypeError: there is no such field.
    """
    if request is None:
        failure: InvalidRequestError | TypeError
        try:
            return cls(**fields)
        except (InvalidRequestError, TypeError) as error:
            failure = error
        # Without the frames that have the fields as locals: a webhook URL may hold a password.
        raise failure.with_traceback(None)
    if not isinstance(request, cls):
        problem = f"must be a {cls.__name__}, not {type(request).__name__}"
        if isinstance(request, Mapping):
            problem += f"; use {cls.__name__}(**fields)"
        elif isinstance(request, str):
            first = attrs.fields(cast("type[attrs.AttrsInstance]", cls))[0].name
            problem += f"; pass fields by name, as in {first}={show(request)}"
    elif fields:
        problem = "pass either a request or fields, not both"
    else:
        return request
    raise InvalidRequestError((ErrorDetail(problem, code="wrong_type", pointer="/request"),))


@cache
def _known_fields(cls: type) -> Mapping[str, attrs.Attribute[Any]]:
    return attrs.fields_dict(cls)


def _refuse_arguments(
    cls: type, positional: Collection[object], fields: Collection[str], known: Collection[str]
) -> NoReturn:
    """Raise ``TypeError``, as for any misspelt keyword: the mistake is in the code, not in data."""
    name = cls.__name__
    if positional:
        raise TypeError(f"{name} takes keywords only, such as {name}({next(iter(known))}=...)")
    unknown = next(field for field in fields if field not in known)
    raise TypeError(
        f"{name} has no field {unknown!r}{did_you_mean(unknown, known)} "
        f"(fields: {', '.join(known)})"
    )


_URLS: Final = ("webhook_event_url", "webhook_event_failover_url")
_SECRETIVE: Final = frozenset({*_URLS, "extra"})


def _may_hold_secret(fields: Mapping[str, object]) -> bool:
    return "extra" in fields or any(
        isinstance(url := fields.get(name), str) and "@" in url for name in _URLS
    )


def _check_early(
    new: Request, fields: Mapping[str, object], known: Mapping[str, attrs.Attribute[Any]]
) -> None:
    """Check a request before its ``__init__`` runs, which has all fields in its frame.

    Tracebacks may show locals; a URL may hold a password, and ``extra`` anything.
    """
    for name, field in known.items():
        convert = cast("_Field", field).converter or _unchanged
        object.__setattr__(new, name, convert(fields.get(name, UNSET)))
    new.__attrs_post_init__()


def _unchanged(value: object) -> object:
    return value


class _Field(Protocol):
    converter: Callable[[object], object] | None


@attrs.frozen
class Page(Generic[T]):
    """One page of a list."""

    items: list[T]
    reply: Reply = attrs.field(eq=False, repr=False)
    """The facts of the reply."""
    page_number: int | None = None
    """This page's number, counted from 1."""
    page_size: int | None = None
    """Items in a full page."""
    total_pages: int | None = None
    total_results: int | None = None
    """Items in all pages together, at the time of this reply."""

    @property
    def is_last(self) -> bool:
        """Whether no page can follow: this one is empty, or its figures say that it is the last."""
        if not self.items:
            return True
        if self.page_number is None or self.total_pages is None:
            return False
        return self.page_number >= self.total_pages
