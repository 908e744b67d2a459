"""The events of calls, which a client reports to its hooks.

::

    CallStarted                     a method of the client was called
    ├── Throttled                   a request was delayed: by a limit, an outage or busy connections
    ├── RequestStarted              an HTTP request is about to be sent
    ├── RequestFinished             it has ended, with a reply or an error
    ├── LookupFinished              the room was looked up by its name after a lost answer
    ├── RetryScheduled              something failed, and will be retried after a wait
    └── CallFinished                the call has ended: attempts, duration, error

Each call has exactly one ``CallStarted`` and one ``CallFinished``, even if it is cancelled; so has
each request. All events of a call come from one task, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Literal

import attrs

from telnyx_video._base.http import Operation

if TYPE_CHECKING:
    from telnyx_video._base.errors import Outcome, TelnyxVideoError

__all__ = [
    "Call",
    "CallFinished",
    "CallStarted",
    "Event",
    "Hook",
    "LookupFinished",
    "Next",
    "Operation",
    "Reason",
    "RequestFinished",
    "RequestStarted",
    "RetryScheduled",
    "Throttled",
]

Next = Literal["send", "look up", "update"]
"""The next step after a failure."""

Reason = Literal["rate limit", "outage", "connection"]
"""Why a request is delayed."""

_ids = count(1)


@attrs.frozen(eq=False)
class Call:
    """One call of the client; all its events hold the same object, so it can be a key."""

    operation: Operation
    """The method of the client that was called."""
    unique_name: str | None = None
    """The room's name, if it is a create that gives one. It is your users' data."""
    id: int = attrs.field(factory=lambda: next(_ids))
    """A number that no other call of this process has."""


@attrs.frozen
class CallStarted:
    """A call has begun: its arguments are valid, and nothing was sent yet."""

    call: Call


@attrs.frozen
class Throttled:
    """A request was delayed, and may be sent now."""

    call: Call
    seconds: float
    """The delay."""
    reason: Reason
    """For the account's limit or ``max_rate``; for a server that is down, in a batch; or because
    all connections were in use."""


@attrs.frozen
class RequestStarted:
    """An HTTP request is about to be sent."""

    call: Call
    method: str
    url: str
    """The full URL. Its query has the room's name in a look-up."""
    resends: int
    """How many times this call has sent the same request before."""


@attrs.frozen
class RequestFinished:
    """An HTTP request has ended."""

    request: RequestStarted
    duration: float
    """Seconds from sending, or from connecting if that was necessary, to the end of the reply."""
    status: int | None = None
    """The status of the reply; None without a complete reply."""
    request_id: str | None = None
    """The ``x-request-id`` of the reply."""
    error: BaseException | None = None
    """Why there is no reply, for example a cancellation."""

    @property
    def call(self) -> Call:
        """The call that sent the request."""
        return self.request.call


@attrs.frozen
class LookupFinished:
    """The rooms with the name of a create were listed."""

    call: Call
    found: int
    """How many rooms have exactly this name."""


@attrs.frozen
class RetryScheduled:
    """Something failed, and will be retried."""

    call: Call
    error: TelnyxVideoError
    """The failure."""
    wait: float
    """Seconds until the next step. The wait has not begun."""
    then: Next
    """The next step: to resend the request; or, for a create, to look the room up, or to update the
    room that exists."""


@attrs.frozen
class CallFinished:
    """A call has ended."""

    call: Call
    duration: float
    """Seconds from start to end, including all waits."""
    attempts: int
    """How many times its request was sent, not counting look-ups."""
    recovered: bool = False
    """Whether the room was found by a look-up after its answer was lost."""
    existed: bool = False
    """Whether the room existed before, and was returned or updated."""
    error: BaseException | None = None
    """Why it failed, for example a cancellation; None if it succeeded."""
    outcome: Outcome | None = None
    """Whether the server may have applied a failed call. An unknown outcome is worth an alert."""


Event = (
    CallStarted
    | Throttled
    | RequestStarted
    | RequestFinished
    | LookupFinished
    | RetryScheduled
    | CallFinished
)
"""Any event."""

Hook = Callable[[Event], object]
"""Called with each event, in the client's event loop: it must not block.

Its result is ignored. An exception is logged and does not affect the call.
"""
