"""The public errors. Each says whether the server may have acted, and what to do next.

::

    TelnyxVideoError                    outcome: may the server have applied the request?
    ├── ConfigurationError              the client cannot be used like this: no key, closed, …
    ├── InvalidRequestError             refused before sending; lists all problems (a ValueError)
    ├── TransportError                  no readable HTTP reply: refused, reset, cut off, …
    │   └── RequestTimeoutError         a time limit expired (a TimeoutError)
    ├── ResponseDecodeError             a reply came, but its content is not as documented
    ├── ApiError                        the API answered with an error status
    │   ├── BadRequestError             400
    │   ├── AuthenticationError         401
    │   ├── PermissionDeniedError       403
    │   ├── NotFoundError               404
    │   ├── UnprocessableEntityError    422
    │   │   └── NameTakenError          422, because another room has the name; has that room
    │   ├── RateLimitError              429
    │   └── ServerError                 5xx
    ├── NotReadyError                   a recording or composition has no file yet
    ├── OutcomeUnknownError             it may have been applied, and a look-up could not show it
    └── WebhookVerificationError        a delivery not proven to come from Telnyx just now

Errors are attrs classes with positional fields; they compare by identity, pickle and copy.
None of them contains the API key.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

import attrs

from telnyx_video._base.errors import (
    ConfigurationError,
    ErrorDetail,
    Outcome,
    RateLimit,
    RequestTimeoutError,
    ResponseDecodeError,
    TelnyxVideoError,
    TransportError,
    WebhookVerificationError,
)
from telnyx_video._base.text import SHORT, few, one_line
from telnyx_video._base.validate import InvalidRequestError
from telnyx_video.models.rooms import CreateRoomRequest, Room

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


@attrs.define(slots=False, eq=False, str=False, repr=False)
class ApiError(TelnyxVideoError):
    """The API answered with an error status."""

    status: int
    """The HTTP status code."""
    details: tuple[ErrorDetail, ...] = ()
    """The problems that the body names, in any of the API's shapes."""
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
        reasons = few(self.details, len(self.details)) or "the reply gives no reason"
        request_id = f" [request id {self.request_id}]" if self.request_id else ""
        return f"{phrase}: {reasons}{request_id} - {self._hint()}"

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
    """404: the requested object does not exist."""


class UnprocessableEntityError(ApiError):
    """422: the API refuses a field, which ``details`` names, or the operation in this state."""

    def _hint(self) -> str:
        if any(detail.field for detail in self.details):
            return "correct the named field"
        return "correct the request, or see in what state the object is"


@attrs.define(slots=False, eq=False, str=False, repr=False)
class NameTakenError(UnprocessableEntityError):
    """Another room has the ``unique_name`` that was asked for; nothing was changed."""

    room: Room | None = None
    """The room that has the name, if it was found."""

    def _hint(self) -> str:
        if self.room is None:
            return "choose another name, or look for the room that has it: list(unique_name=...)"
        return (
            f"room {one_line(self.room.id, SHORT)} has this name; choose another name, or pass "
            'if_exists="return" or "update" to use that room'
        )


class RateLimitError(ApiError):
    """429: too many requests; ``rate_limit`` says when to retry, if the reply did."""


class ServerError(ApiError):
    """5xx: the API or a gateway failed; the request may have been applied before."""


@attrs.define(slots=False, eq=False, str=False, repr=False)
class NotReadyError(TelnyxVideoError):
    """A recording or composition cannot be downloaded yet: it is still being processed."""

    message: str
    status: str | None = None
    """Its status, as the API reports it."""


@attrs.define(slots=False, eq=False, str=False, repr=False)
class OutcomeUnknownError(TelnyxVideoError):
    """The request was sent, no reply says whether it was applied, and it was not safe to resend.

    Do not send the request again blindly: the message says how to find out first.
    """

    message: str
    request: CreateRoomRequest | None = None
    """The request, if it was a create."""
    attempts: int = 1
    """How many times it was sent."""
    last_error: TelnyxVideoError | None = None
    """The error that left the outcome unknown."""
    outcome: Outcome = attrs.field(init=False, default=Outcome.UNKNOWN)


def outcome_of_status(status: int) -> Outcome:
    """Say whether a request may have been applied before this error status was sent.

    Gateways send 5xx after forwarding, and nothing is documented of the other statuses. Only those
    that an API sends instead of acting count as not applied.
    """
    return Outcome.NOT_APPLIED if status in _REFUSALS else Outcome.UNKNOWN


def hint_at_base_url(error: ApiError, base_url: str) -> None:
    """Extend the message of a 404 if the base URL lacks the version that the API's paths have.

    Args:
        error: The error that a call at this base URL raises.
        base_url: As the client uses it, without a query.
    """
    if error.status == HTTPStatus.NOT_FOUND and not urlsplit(base_url).path.strip("/"):
        hint = f"base_url {base_url} has no path: did you mean {base_url.rstrip('/')}/v2?"
        error.message = one_line(f"{error.message}; {hint}")


_REFUSALS = frozenset({400, 401, 403, 404, 405, 413, 415, 422, 429})

_PHRASES = {422: "Unprocessable Entity"}
"""Phrases that differ between Telnyx and some versions of Python: 3.13 says "Content"."""

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

for _error in (
    ConfigurationError,
    InvalidRequestError,
    RequestTimeoutError,
    ResponseDecodeError,
    TelnyxVideoError,
    TransportError,
    WebhookVerificationError,
):
    _error.__module__ = __name__  # the public name, in tracebacks and pickles
