"""What a client's hooks are told: the life of each call, as events.

::

    CallStarted                     a method of the client was called
    ├── Throttled                   it was held back before a request: by a limit, or by an outage
    ├── RequestStarted              one HTTP request is sent …
    ├── RequestFinished             … and has ended: a reply, or none
    ├── LookupFinished              rooms of the name were listed, since an answer was lost
    ├── RetryScheduled              something failed, and will be tried again after a wait
    └── CallFinished                the end: how often, how long, and how it ended

A call has one ``CallStarted`` and one ``CallFinished``, whatever happens in between, cancellation
included; so has each request. All events of a call come from one task, in the order of time.
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
"""What is tried after a failure."""

Reason = Literal["rate limit", "outage", "connection"]
"""Why a request is held back."""

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
    """A call has begun; its arguments are in order, and nothing was sent."""

    call: Call


@attrs.frozen
class Throttled:
    """A request was held back, and may be sent now."""

    call: Call
    seconds: float
    """For how long."""
    reason: Reason
    """For the account's limit or ``max_rate``; for a server that is down, in a batch; or because
    all connections were in use."""


@attrs.frozen
class RequestStarted:
    """An HTTP request is about to be sent."""

    call: Call
    method: str
    url: str
    """The whole of it, with its query, which in a look-up has the room's name."""
    resends: int
    """How often this call has sent the same request before."""


@attrs.frozen
class RequestFinished:
    """An HTTP request has ended."""

    request: RequestStarted
    duration: float
    """Seconds from the sending, or from connecting if that was necessary, to the reply's end."""
    status: int | None = None
    """The reply's; None if there was none, or not a whole one."""
    request_id: str | None = None
    """The reply's ``x-request-id``."""
    error: BaseException | None = None
    """Why there is no reply. It may be a cancellation."""

    @property
    def call(self) -> Call:
        """What it was part of."""
        return self.request.call


@attrs.frozen
class LookupFinished:
    """The rooms of a create's name were asked for."""

    call: Call
    found: int
    """How many rooms have exactly this name."""


@attrs.frozen
class RetryScheduled:
    """Something failed, and will be followed by another try."""

    call: Call
    error: TelnyxVideoError
    """What failed."""
    wait: float
    """Seconds until the other try. The wait has not begun."""
    then: Next
    """What will be tried: to send the call's request again; or, for a create, to find out whether
    the room exists, or to bring the room that exists to what was asked for."""


@attrs.frozen
class CallFinished:
    """A call has ended."""

    call: Call
    duration: float
    """Seconds since its start, all waits included."""
    attempts: int
    """How often its request was sent. Look-ups do not count, nor what failed unsent in a queue."""
    recovered: bool = False
    """Whether a lost answer was made good: the room was found by looking it up."""
    existed: bool = False
    """Whether the room was there before, and was returned or updated."""
    error: BaseException | None = None
    """Why it failed, if it did. It may be a cancellation."""
    outcome: Outcome | None = None
    """If it failed: whether the server may have applied it. An unknown outcome is worth an alert.
    """


Event = (
    CallStarted
    | Throttled
    | RequestStarted
    | RequestFinished
    | LookupFinished
    | RetryScheduled
    | CallFinished
)
"""Whatever a hook is told."""

Hook = Callable[[Event], object]
"""Called with each event, at once and in the client's event loop: it must not block.

What it returns is ignored. What it raises is logged and harms no call.
"""
