"""What can go wrong, as facts: whether the server may have acted, and what to do next.

::

    TelnyxVideoError                    outcome: may the server have applied the request?
    ├── ConfigurationError              the client cannot be used like this: no key, closed, …
    ├── InvalidRequestError             refused before sending; lists all problems (a ValueError)
    ├── TransportError                  no readable HTTP reply: refused, reset, cut off, …
    │   └── RequestTimeoutError         the same, by a time limit (a TimeoutError)
    ├── ResponseDecodeError             a reply came, but it is not what the API promises
    ├── ApiError                        the API answered with an error status
    │   ├── BadRequestError             400
    │   ├── AuthenticationError         401
    │   ├── PermissionDeniedError       403
    │   ├── NotFoundError               404
    │   ├── UnprocessableEntityError    422
    │   │   └── NameTakenError          422, because another room has the name; carries that room
    │   ├── RateLimitError              429
    │   └── ServerError                 5xx
    ├── NotReadyError                   a recording or composition has no file yet
    ├── OutcomeUnknownError             it may have been applied, and asking could not tell
    └── WebhookVerificationError        a delivery that Telnyx cannot be shown to have sent just now

Errors are attrs classes with positional fields: they compare by identity, pickle and copy.
None of them holds the API key.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

import attrs

from telnyx_video._text import SHORT, few, one_line

if TYPE_CHECKING:
    from telnyx_video.models import CreateRoomRequest, Room

__all__ = [
    "ApiError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigurationError",
    "ErrorDetail",
    "InvalidRequestError",
    "NameTakenError",
    "NotFoundError",
    "NotReadyError",
    "Outcome",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "RateLimit",
    "RateLimitError",
    "RequestTimeoutError",
    "ResponseDecodeError",
    "ServerError",
    "TelnyxVideoError",
    "TransportError",
    "UnprocessableEntityError",
    "WebhookVerificationError",
]


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
class ApiError(TelnyxVideoError):
    """The API answered with an error status."""

    status: int
    """The HTTP status code."""
    details: tuple[ErrorDetail, ...] = ()
    """What the body says, whichever of the API's shapes it had; empty if it said nothing."""
    request_id: str | None = None
    """The ``x-request-id`` of the reply: quote it to Telnyx support."""
    rate_limit: RateLimit | None = None
    body: bytes = b""
    """The reply's body as received, cut at 64 KiB."""
    outcome: Outcome = attrs.field(
        default=attrs.Factory(lambda self: outcome_of_status(self.status), takes_self=True)
    )
    message: str = attrs.field(init=False, default="")

    def __attrs_post_init__(self) -> None:
        self.message = one_line(self._describe())

    def _describe(self) -> str:
        try:
            phrase = f"{self.status} {_PHRASES.get(self.status) or HTTPStatus(self.status).phrase}"
        except ValueError:
            phrase = str(self.status)
        said = few(self.details, len(self.details)) or "the reply gives no reason"
        request_id = f" [request id {self.request_id}]" if self.request_id else ""
        return f"{phrase}: {said}{request_id} - {self._hint()}"

    def _hint(self) -> str:
        hint = _HINTS.get(self.status) or _OUTCOME_HINTS[self.outcome]
        if self.status >= 400:
            return hint
        followed = "redirects are not followed: " if self.status >= 300 else ""
        return f"{hint}; {followed}check base_url"


class BadRequestError(ApiError):
    """400: the API could not make sense of the request."""


class AuthenticationError(ApiError):
    """401: the API key is missing, wrong or revoked."""


class PermissionDeniedError(ApiError):
    """403: the key is good, but may not do this."""


class NotFoundError(ApiError):
    """404: there is no such room, or whatever was asked for."""


class UnprocessableEntityError(ApiError):
    """422: the API refuses a field, which ``details`` names, or what is asked for as things are."""

    def _hint(self) -> str:
        if any(detail.field for detail in self.details):
            return "correct the named field"
        return "correct the request, or see in what state the object is"


@attrs.define(slots=False, eq=False, str=False, repr=False)
class NameTakenError(UnprocessableEntityError):
    """Another room has the ``unique_name`` that was asked for; nothing was changed."""

    room: Room | None = None
    """The room that has the name, if it could be found."""

    def _hint(self) -> str:
        if self.room is None:
            return "choose another name, or look for the room that has it: list(unique_name=...)"
        return (
            f"room {one_line(self.room.id, SHORT)} has this name; choose another name, or pass "
            'if_exists="return" or "update" to use that room'
        )


class RateLimitError(ApiError):
    """429: too many requests; ``rate_limit`` says when to come back, if the reply did."""


class ServerError(ApiError):
    """5xx: the API, or a gateway before it, failed; it may have applied the request first."""


@attrs.define(slots=False, eq=False, str=False, repr=False)
class NotReadyError(TelnyxVideoError):
    """A recording or composition cannot be downloaded yet: it is still being made."""

    message: str
    status: str | None = None
    """How far it is, by the API's word."""


@attrs.define(slots=False, eq=False, str=False, repr=False)
class OutcomeUnknownError(TelnyxVideoError):
    """The request was sent, no answer tells whether it was applied, and it was not safe to resend.

    Do not send the request again blindly: the message says how to find out first.
    """

    message: str
    request: CreateRoomRequest | None = None
    """What was asked for, if it was a create."""
    attempts: int = 1
    """How many times it was sent."""
    last_error: TelnyxVideoError | None = None
    """The failure that left the outcome open."""
    outcome: Outcome = attrs.field(init=False, default=Outcome.UNKNOWN)


@attrs.define(slots=False, eq=False, str=False, repr=False)
class WebhookVerificationError(TelnyxVideoError):
    """A webhook's delivery is refused: nothing shows that Telnyx sent it, unchanged and just now.

    The message names the header at fault. Of a signature it says no more than that it does not
    match: a wrong key, a changed body and a changed time look the same. Nothing was acted on.
    """

    message: str
    header: str | None = None
    """The header at fault, in lower case."""


def outcome_of_status(status: int) -> Outcome:
    """Whether a reply with this error status can come after the request was applied.

    Gateways send 5xx after forwarding, and nothing is promised of the other statuses, so only
    those count as not applied that an API sends instead of acting.
    """
    return Outcome.NOT_APPLIED if status in _REFUSALS else Outcome.UNKNOWN


_REFUSALS = frozenset({400, 401, 403, 404, 405, 413, 415, 422, 429})

_PHRASES = {422: "Unprocessable Entity"}
"""Those that Telnyx writes otherwise than some versions of Python: 3.13 says "Content"."""

_HINTS = {
    400: "correct the request",
    401: "check the API key (TELNYX_API_KEY)",
    403: "ask for this permission for the API key's account, or see whether a token has expired",
    404: "check the id or the name; it may have been deleted",
    429: "send fewer requests a second, or wait until the limit resets",
}

_OUTCOME_HINTS = {
    Outcome.NOT_APPLIED: "nothing was done",
    Outcome.UNKNOWN: "it may have been applied: look before sending it again",
    Outcome.APPLIED: "it was applied",
}
