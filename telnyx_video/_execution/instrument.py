"""Reports the life of calls: to the log, and to a client's hooks if it has any.

Every client has one :class:`Instrumentation`. Without hooks it costs a call one ``if``: a call is
traced only if there are hooks, and what happens off the straight path is logged in any case.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from typing import Final

import attrs

from telnyx_video._base.errors import Outcome, TelnyxVideoError
from telnyx_video._base.http import HttpReply, HttpRequest, Operation, was_sent
from telnyx_video.errors import ApiError
from telnyx_video.observing import (
    Call,
    CallFinished,
    CallStarted,
    Event,
    Hook,
    LookupFinished,
    Next,
    Reason,
    RequestFinished,
    RequestStarted,
    RetryScheduled,
    Throttled,
)

log = logging.getLogger("telnyx_video.calls")
# An unknown outcome is raised as well: without logging set up it need not be shown twice.
log.addHandler(logging.NullHandler())


class Instrumentation:
    """Calls the hooks, in their order, and writes the log lines of calls.

    Args:
        hooks: The client's hooks.
        time: The clock by which durations are measured, in seconds.
    """

    def __init__(self, hooks: Sequence[Hook], time: Callable[[], float]) -> None:
        self.hooks: Final = tuple(hooks)
        self.time: Final = time

    def emit(self, event: Event) -> None:
        """Call the hooks; one that fails is logged and stops nothing."""
        for hook in self.hooks:
            try:
                hook(event)
            except Exception:
                log.exception("a hook failed on %s", type(event).__name__)

    @contextmanager
    def tracing(
        self, operation: Operation, method: str, unique_name: str | None = None
    ) -> Generator[CallTrace]:
        """Report the start and the end of a call.

        Args:
            operation: The client method.
            method: The HTTP method of the call's own request; requests of other methods, such as
                look-ups, do not count as attempts.
            unique_name: The name of the room to create.
        """
        trace = CallTrace(Call(operation, unique_name), method, self)
        started = self.time()
        self.emit(CallStarted(trace.call))
        failure: BaseException | None = None
        try:
            yield trace
        except BaseException as error:
            failure = error
            raise
        finally:
            ended_with = failure or trace.error
            self.emit(
                CallFinished(
                    trace.call,
                    self.time() - started,
                    sum(n for request, n in trace.sent.items() if request.method == method),
                    trace.recovered,
                    trace.existed,
                    ended_with,
                    _outcome(ended_with),
                )
            )

    def retry_scheduled(
        self,
        trace: CallTrace | None,
        request: HttpRequest,
        unique_name: str | None,
        error: TelnyxVideoError,
        seconds: float,
        then: Next,
    ) -> None:
        """Report that something failed and will be tried again after a wait."""
        extra = _extra(request, unique_name) | _error_extra(error) | {"telnyx_video_wait": seconds}
        why = str(error).partition(" - ")[0]
        log.info("%s: %s in %.2f s after %s", request.operation, then, seconds, why, extra=extra)
        if trace is not None:
            self.emit(RetryScheduled(trace.call, error, seconds, then))

    def lookup_finished(self, trace: CallTrace | None, unique_name: str | None, found: int) -> None:
        """Report how many rooms have the name of a create."""
        extra = {"telnyx_video_unique_name": unique_name, "telnyx_video_found": found}
        log.debug("room %r was looked up: %d found", unique_name, found, extra=extra)
        if trace is not None:
            self.emit(LookupFinished(trace.call, found))

    def throttled(self, trace: CallTrace | None, seconds: float, reason: Reason) -> None:
        """Report that a request was held back."""
        extra = {"telnyx_video_wait": seconds, "telnyx_video_reason": reason}
        log.debug("a request was held back for %.2f s: %s", seconds, reason, extra=extra)
        if trace is not None:
            self.emit(Throttled(trace.call, seconds, reason))

    def recovered(self, request: HttpRequest, unique_name: str | None) -> None:
        """Report a room that was found though the answer to its create was lost."""
        extra = _extra(request, unique_name)
        log.info("room %r exists, though its answer was lost", unique_name, extra=extra)

    def failed(
        self, request: HttpRequest, unique_name: str | None, error: TelnyxVideoError
    ) -> None:
        """Report the error that a call ends with; an unknown outcome is worth a warning."""
        if error.outcome is Outcome.UNKNOWN:
            extra = _extra(request, unique_name) | _error_extra(error)
            log.warning("%s: %s", request.operation, error, extra=extra)


@attrs.define(eq=False)
class CallTrace:
    """A call that is reported to hooks, and the requests that it has sent."""

    call: Call
    method: str
    instrument: Instrumentation
    sent: Counter[HttpRequest] = attrs.Factory(Counter[HttpRequest])
    recovered: bool = False
    existed: bool = False
    error: TelnyxVideoError | None = None
    """The error that the call ends with, where it is not raised."""

    async def send(
        self, request: HttpRequest, url: str, sending: Coroutine[None, None, HttpReply]
    ) -> HttpReply:
        """Send a request and report it."""
        instrument = self.instrument
        started = RequestStarted(self.call, request.method, url, self.sent[request])
        self.sent[request] += 1
        instrument.emit(started)
        sent_at = instrument.time()
        try:
            reply = await sending
        except BaseException as error:
            instrument.emit(RequestFinished(started, instrument.time() - sent_at, error=error))
            raise
        request_id = reply.headers.get("x-request-id")
        duration = instrument.time() - sent_at
        instrument.emit(RequestFinished(started, duration, reply.status, request_id))
        return reply


def _outcome(error: BaseException | None) -> Outcome | None:
    """Whether what failed may have been applied."""
    if error is None:
        return None
    if isinstance(error, TelnyxVideoError):
        return error.outcome
    sent = isinstance(error, asyncio.CancelledError) and was_sent(error)
    return Outcome.UNKNOWN if sent else Outcome.NOT_APPLIED


def _extra(request: HttpRequest, unique_name: str | None) -> dict[str, object]:
    return {
        "telnyx_video_operation": request.operation,
        "telnyx_video_unique_name": unique_name,
    }


def _error_extra(error: TelnyxVideoError) -> dict[str, object]:
    api_error = error if isinstance(error, ApiError) else None
    return {
        "telnyx_video_error": type(error).__name__,
        "telnyx_video_status": api_error and api_error.status,
        "telnyx_video_request_id": api_error and api_error.request_id,
    }
