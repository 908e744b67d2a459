"""Spans and metrics by OpenTelemetry, from the events of a client. Needs the extra ``telemetry``.

::

    from telnyx_video.observing.opentelemetry import OpenTelemetryHooks

    rooms = AsyncRoomsClient(hooks=OpenTelemetryHooks())

Requests are described by the semantic conventions for HTTP clients:
https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
"""

from __future__ import annotations

from contextvars import Token
from typing import Final
from urllib.parse import urlsplit

import attrs

try:
    from opentelemetry import context, metrics, trace
    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider
except ModuleNotFoundError as _missing:
    if (_missing.name or "").partition(".")[0] != "opentelemetry":
        raise
    raise ModuleNotFoundError(
        "telnyx_video.observing.opentelemetry needs opentelemetry-api, which is not installed: "
        "pip install 'telnyx-video[telemetry]'",
        name=_missing.name,
    ) from None

from telnyx_video._base.errors import Outcome
from telnyx_video._base.version import __version__
from telnyx_video.observing import (
    Call,
    CallFinished,
    CallStarted,
    Event,
    RequestFinished,
    RequestStarted,
    RetryScheduled,
    Throttled,
)

__all__ = ["OpenTelemetryHooks"]

Attributes = dict[str, str | int | float | bool]

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60)
"""Boundaries of the histograms: those of the conventions, and on to the deadline of a call."""


@attrs.define
class _Open:
    """The spans of a call in flight."""

    span: Span
    token: Token[Context]
    request: Span = trace.INVALID_SPAN


class OpenTelemetryHooks:
    """A hook for ``AsyncRoomsClient(hooks=...)`` or ``RoomsClient(hooks=...)``, or for several.

    A call is a span such as ``telnyx_video rooms.create``, a child of the current span. Each HTTP
    request is a child of kind client; retries, look-ups and waits are events of the call's span,
    which is the current one of its task until the call ends.

    Metrics, all with the attribute ``telnyx_video.operation``:

    - ``telnyx_video.call.duration``, a histogram in seconds, with ``error.type`` if it failed;
    - ``http.client.request.duration``, a histogram in seconds, by the conventions;
    - ``telnyx_video.attempts``: HTTP requests that were sent;
    - ``telnyx_video.recoveries``: creates whose room was found after a lost answer;
    - ``telnyx_video.unknown_outcomes``: calls that may have been applied or not;
    - ``telnyx_video.wait.duration``, a histogram in seconds, with ``telnyx_video.wait.reason``:
      ``retry``, ``rate limit``, ``outage`` or ``connection``.

    Neither spans nor metrics hold the key, a body, a room's name or an error's text: ``url.full``
    has no query.

    Args:
        tracer_provider: Where spans go; by default the global provider.
        meter_provider: Where figures go; by default the global provider.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer("telnyx_video", __version__, tracer_provider)
        meter = metrics.get_meter("telnyx_video", __version__, meter_provider)
        self._calls: dict[Call, _Open] = {}
        self._attempts = meter.create_counter(
            "telnyx_video.attempts", "{request}", "HTTP requests that were sent"
        )
        self._recoveries = meter.create_counter(
            "telnyx_video.recoveries", "{call}", "Creates whose room was found after a lost answer"
        )
        self._unknown = meter.create_counter(
            "telnyx_video.unknown_outcomes", "{call}", "Calls that may have been applied or not"
        )
        self._waits, self._requests, self._durations = (
            meter.create_histogram(
                name, "s", description, explicit_bucket_boundaries_advisory=SECONDS
            )
            for name, description in (
                ("telnyx_video.wait.duration", "Waits before requests"),
                ("http.client.request.duration", "HTTP requests, from sending to the reply's end"),
                ("telnyx_video.call.duration", "Calls of the client, with all waits"),
            )
        )

    def __call__(self, event: Event) -> None:
        """Record an event of a client."""
        match event:
            case CallStarted():
                self._start_call(event.call)
            case RequestStarted():
                self._start_request(event)
            case RequestFinished():
                self._finish_request(event)
            case CallFinished():
                self._finish_call(event)
            case Throttled():
                self._wait(event.call, event.seconds, event.reason)
            case RetryScheduled():
                self._wait(event.call, event.wait, "retry")
                attributes: Attributes = {
                    "error.type": type(event.error).__name__,
                    "telnyx_video.wait": event.wait,
                    "telnyx_video.then": event.then,
                }
                self._calls[event.call].span.add_event("retried", attributes)
            case _:
                found = {"telnyx_video.found": event.found}
                self._calls[event.call].span.add_event("looked up", found)

    def _start_call(self, call: Call) -> None:
        span = self._tracer.start_span(
            f"telnyx_video {call.operation}", attributes=_operation(call)
        )
        # Attached here and detached at the call's end: both happen in the task of the call.
        self._calls[call] = _Open(span, context.attach(trace.set_span_in_context(span)))

    def _start_request(self, event: RequestStarted) -> None:
        attributes = _address(event)
        attributes["url.full"] = event.url.partition("?")[0]
        if event.resends:
            attributes["http.request.resend_count"] = event.resends
        self._calls[event.call].request = self._tracer.start_span(
            event.method, kind=SpanKind.CLIENT, attributes=attributes
        )

    def _finish_request(self, event: RequestFinished) -> None:
        ended: Attributes = {}
        if event.status is not None:
            ended["http.response.status_code"] = event.status
        if (error_type := _error_type(event)) is not None:
            ended["error.type"] = error_type
        span = self._calls[event.call].request
        span.set_attributes(ended)
        if event.request_id is not None:
            span.set_attribute("http.response.header.x-request-id", [event.request_id])
        _end(span, failed="error.type" in ended)
        figures = _address(event.request) | _operation(event.call) | ended
        self._attempts.add(1, figures)
        self._requests.record(event.duration, figures)

    def _finish_call(self, event: CallFinished) -> None:
        ended = self._calls.pop(event.call)
        context.detach(ended.token)
        attributes = _operation(event.call)
        if event.error is not None:
            attributes["error.type"] = type(event.error).__name__
        self._durations.record(event.duration, attributes)
        if event.recovered:
            self._recoveries.add(1, attributes)
        if event.outcome is Outcome.UNKNOWN:
            self._unknown.add(1, attributes)
        ended.span.set_attributes(
            {
                **attributes,
                "telnyx_video.attempts": event.attempts,
                "telnyx_video.recovered": event.recovered,
                "telnyx_video.existed": event.existed,
            }
        )
        if event.outcome is not None:
            ended.span.set_attribute("telnyx_video.outcome", event.outcome.value)
        _end(ended.span, failed=event.error is not None)

    def _wait(self, call: Call, seconds: float, reason: str) -> None:
        self._waits.record(seconds, {**_operation(call), "telnyx_video.wait.reason": reason})
        if reason != "retry":
            attributes: Attributes = {
                "telnyx_video.wait": seconds,
                "telnyx_video.wait.reason": reason,
            }
            self._calls[call].span.add_event("paced", attributes)


def _operation(call: Call) -> Attributes:
    return {"telnyx_video.operation": call.operation}


def _address(request: RequestStarted) -> Attributes:
    parts = urlsplit(request.url)
    return {
        "http.request.method": request.method,
        "server.address": parts.hostname or "",
        "server.port": parts.port or (443 if parts.scheme == "https" else 80),
    }


def _error_type(event: RequestFinished) -> str | None:
    """The status of an error reply, or the class of the error, as the conventions define it."""
    if event.status is not None:
        return str(event.status) if event.status >= 400 else None
    return type(event.error).__name__


def _end(span: Span, *, failed: bool) -> None:
    if failed:
        span.set_status(Status(StatusCode.ERROR))
    span.end()
