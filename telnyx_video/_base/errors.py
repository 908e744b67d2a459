"""The errors that refer to no model, and the values that errors and models share."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

import attrs

KEPT_BODY: Final = 64 * 1024
"""Bytes of a body that an error keeps."""


class Outcome(enum.Enum):
    """Whether the server applied the request that failed."""

    NOT_APPLIED = "not_applied"
    """Nothing was sent, or the reply says that nothing was done: it is safe to send again."""
    UNKNOWN = "unknown"
    """It may have been applied: sending a create again could make a second room."""
    APPLIED = "applied"
    """It was applied, but its reply could not be read in full."""


@attrs.frozen
class ErrorDetail:
    """One problem with one part of a request, found by the API or by this package."""

    detail: str | None = None
    """A description of the problem."""
    code: str | None = None
    """The API's code, such as ``"10012"``; or one of this package, such as ``"empty"``."""
    title: str | None = None
    """The kind of problem."""
    pointer: str | None = None
    """JSON pointer (RFC 6901) to the offending field of the body, such as ``/max_participants``."""
    parameter: str | None = None
    """The offending query parameter."""
    meta: Mapping[str, object] | None = None
    """Additional data of the API; None if it is nested more than 200 levels deep."""

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


@attrs.define  # one per reply: a frozen class takes three times as long to construct
class RateLimit:
    """The rate-limit figures of a reply; None for each that it did not give."""

    limit: int | None = None
    """Requests allowed in a window."""
    remaining: int | None = None
    """Requests left in this window."""
    reset: float | None = None
    """Seconds from the reply until the window resets."""
    retry_after: float | None = None
    """Seconds from the reply to wait before the next request."""


class TelnyxVideoError(Exception):
    """Base of all errors of this package."""

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
    """The client is configured or used in a way that cannot work; nothing was sent."""

    message: str


@attrs.define(slots=False, eq=False, str=False, repr=False)
class TransportError(TelnyxVideoError):
    """The request failed below HTTP: no connection, or one that broke before a whole reply."""

    message: str
    outcome: Outcome = Outcome.NOT_APPLIED
    retryable: bool = True
    """False if the same request must fail again, as with a certificate that does not verify."""


class RequestTimeoutError(TransportError, TimeoutError):
    """A time limit expired before the reply was complete."""


@attrs.define(slots=False, eq=False, str=False, repr=False)
class ResponseDecodeError(TelnyxVideoError):
    """A reply or webhook whose content is not as documented; ``message`` says where."""

    message: str
    outcome: Outcome = Outcome.NOT_APPLIED
    status: int = 0
    request_id: str | None = None
    body: bytes = b""
    """The body as received, cut at 64 KiB."""
    room_id: str | None = None
    """With outcome APPLIED: the id of the room, which exists although its reply was unreadable."""
    composition_id: str | None = None
    """The same for a composition."""


@attrs.define(slots=False, eq=False, str=False, repr=False)
class WebhookVerificationError(TelnyxVideoError):
    """A webhook delivery is refused: it is not proven that Telnyx sent it, unchanged and just now.

    The message names the header at fault. About a signature it only says that it does not match: a
    wrong key, a changed body and a changed time cannot be told apart. The event was not processed.
    """

    message: str
    header: str | None = None
    """The header at fault, in lower case."""
