"""The errors that need no model, and the plain values that errors and models share."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import attrs

from telnyx_video._base.text import few, one_line


class Outcome(enum.Enum):
    """Whether the server applied the request that failed."""

    NOT_APPLIED = "not_applied"
    """Nothing was sent, or the reply says that nothing was done: safe to send again."""
    UNKNOWN = "unknown"
    """It may have been applied: sending a create again could make a second room."""
    APPLIED = "applied"
    """It was applied, though the reply could not be read in full."""


@attrs.frozen
class ErrorDetail:
    """One problem with one part of a request, as the API or our own checks report it."""

    detail: str | None = None
    """What is wrong, in words."""
    code: str | None = None
    """The API's code, such as ``"10012"``; from our own checks a word, such as ``"empty"``."""
    title: str | None = None
    """The name of the kind of problem."""
    pointer: str | None = None
    """JSON pointer (RFC 6901) to the offending field of the body, such as ``/max_participants``."""
    parameter: str | None = None
    """The offending query parameter."""
    meta: Mapping[str, object] | None = None
    """Anything more that the API says."""

    @property
    def field(self) -> str | None:
        """The name of the offending field or parameter, if the problem has one."""
        if self.pointer:
            return self.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        return self.parameter

    def __str__(self) -> str:
        text = (
            self.detail or self.title or (f"code {self.code}" if self.code else "no detail given")
        )
        return f"{self.field}: {text}" if self.field else text


@attrs.define  # made with each reply: a frozen one takes three times as long
class RateLimit:
    """The figures that a reply gave on the account's rate limit; None where it gave none."""

    limit: int | None = None
    """Requests allowed in a window."""
    remaining: int | None = None
    """Requests left in this window."""
    reset: float | None = None
    """Seconds from the reply until the window resets."""
    retry_after: float | None = None
    """Seconds from the reply to wait before the next request."""


class TelnyxVideoError(Exception):
    """Any failure of this package: ``except TelnyxVideoError`` catches them all."""

    message: str = ""
    """One line: what happened, and what to do next."""
    outcome: Outcome = Outcome.NOT_APPLIED
    """Whether the server may have applied the request."""

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"


@attrs.define(slots=False, eq=False, str=False, repr=False)
class ConfigurationError(TelnyxVideoError):
    """The client is set up, or used, in a way that cannot work; nothing was sent."""

    message: str


@attrs.define(slots=False, eq=False, str=False, repr=False)
class InvalidRequestError(TelnyxVideoError, ValueError):
    """The request breaks a bound of the API; nothing was sent."""

    details: tuple[ErrorDetail, ...]
    """Every problem found, in the order of the fields."""
    message: str = attrs.field(init=False, default="")

    def __attrs_post_init__(self) -> None:
        self.message = one_line(f"nothing was sent: {few(self.details, len(self.details))}")


@attrs.define(slots=False, eq=False, str=False, repr=False)
class TransportError(TelnyxVideoError):
    """The exchange failed below HTTP: no connection, or one that broke before a whole reply."""

    message: str
    outcome: Outcome = Outcome.NOT_APPLIED
    retryable: bool = True
    """False where the same request must fail again, as with a certificate that does not verify."""


class RequestTimeoutError(TransportError, TimeoutError):
    """A time limit ran out before a whole reply had come."""


@attrs.define(slots=False, eq=False, str=False, repr=False)
class ResponseDecodeError(TelnyxVideoError):
    """A reply, or a webhook, whose content is not what the API promises; ``message`` says where."""

    message: str
    outcome: Outcome = Outcome.NOT_APPLIED
    status: int = 0
    request_id: str | None = None
    body: bytes = b""
    """The body as received, cut at 64 KiB."""
    room_id: str | None = None
    """With outcome APPLIED: the id of the room that exists though its reply could not be read."""
    composition_id: str | None = None
    """The same, where a composition was to be made."""


@attrs.define(slots=False, eq=False, str=False, repr=False)
class WebhookVerificationError(TelnyxVideoError):
    """A webhook's delivery is refused: nothing shows that Telnyx sent it, unchanged and just now.

    The message names the header at fault. Of a signature it says no more than that it does not
    match: a wrong key, a changed body and a changed time look the same. Nothing was acted on.
    """

    message: str
    header: str | None = None
    """The header at fault, in lower case."""
