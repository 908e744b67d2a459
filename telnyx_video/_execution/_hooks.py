"""Telling the hooks of a client. Loaded with the first client that has any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Final

import attrs

from telnyx_video._base.http import HttpRequest
from telnyx_video._execution.instrument import Reporter, log
from telnyx_video.errors import TelnyxVideoError
from telnyx_video.observing import (
    Call,
    Event,
    Hook,
    LookupFinished,
    Next,
    Reason,
    RetryScheduled,
    Throttled,
)


@attrs.define(eq=False)
class UnderWay:
    """A call under way, and what it has sent."""

    call: Call
    task: object | None
    """Whose it is; None when it has ended. Tasks that it makes do not go on with it."""
    sent: Counter[HttpRequest] = attrs.Factory(Counter[HttpRequest])

    @property
    def attempts(self) -> int:
        """How often the call's own request was sent."""
        method = _METHODS.get(self.call.operation.partition(".")[2], "POST")
        return sum(count for request, count in self.sent.items() if request.method == method)


CURRENT: Final[ContextVar[UnderWay]] = ContextVar("telnyx_video_call")
"""The call that the current task is in."""


class HookReporter(Reporter):
    """Tells the log and the hooks."""

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self._hooks = hooks

    def tell(self, event: Event) -> None:
        """Call the hooks, in their order; one that fails keeps nobody from anything."""
        for hook in self._hooks:
            try:
                hook(event)
            except Exception:
                log.exception("a hook failed on %s", type(event).__name__)

    def retried(
        self,
        request: HttpRequest,
        unique_name: str | None,
        error: TelnyxVideoError,
        seconds: float,
        then: Next,
    ) -> None:
        """Something failed, and is tried again after a wait."""
        super().retried(request, unique_name, error, seconds, then)
        self.tell(RetryScheduled(CURRENT.get().call, error, seconds, then))

    def looked_up(self, unique_name: str | None, found: int) -> None:
        """Rooms of a create's name were asked for."""
        super().looked_up(unique_name, found)
        self.tell(LookupFinished(CURRENT.get().call, found))

    def paced(self, seconds: float, reason: Reason) -> None:
        """A request was held back."""
        super().paced(seconds, reason)
        self.tell(Throttled(CURRENT.get().call, seconds, reason))


_METHODS: Final = {
    "delete": "DELETE",
    "delete_many": "DELETE",
    "download": "GET",
    "get": "GET",
    "list": "GET",
    "participants": "GET",
    "update": "PATCH",
}
