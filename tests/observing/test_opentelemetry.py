"""OpenTelemetry: spans of calls and requests, and metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    Histogram,
    HistogramDataPoint,
    InMemoryMetricReader,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from support.clients import client
from support.scripted_server import answer, created, cut, listed, room, serve, stall
from support.virtual_time import virtual_time
from telnyx_video import (
    CreateRoomRequest,
    OutcomeUnknownError,
    RetryPolicy,
    RoomsClient,
    TelnyxVideoError,
)
from telnyx_video.observing import Call, CallFinished, CallStarted, RequestFinished, RequestStarted
from telnyx_video.observing.opentelemetry import OpenTelemetryHooks
from telnyx_video.sandbox import Sandbox

FAST = RetryPolicy(backoff=0.001)


class Telemetry:
    """Spans and metrics as an exporter gets them."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._traces = TracerProvider()
        self._traces.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._reader = InMemoryMetricReader()
        self._meters = MeterProvider([self._reader])
        self.tracer = self._traces.get_tracer("a service")
        self.hooks = OpenTelemetryHooks(self._traces, self._meters)

    def close(self) -> None:
        self._traces.shutdown()
        self._meters.shutdown()

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """Return the ended spans, in the order of their end."""
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def points(self, name: str) -> list[NumberDataPoint | HistogramDataPoint]:
        """Return the data points of a metric, one for each set of attributes."""
        data = self._reader.get_metrics_data()
        assert data is not None
        found: list[NumberDataPoint | HistogramDataPoint] = []
        for resource in data.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    if metric.name == name:
                        assert isinstance(metric.data, Sum | Histogram)
                        found += metric.data.data_points
        return found

    def counts(self, name: str) -> list[tuple[dict[str, object], float]]:
        """Return attributes and counts of a metric."""
        return [
            (
                dict(point.attributes or {}),
                point.count if isinstance(point, HistogramDataPoint) else point.value,
            )
            for point in self.points(name)
        ]


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    telemetry = Telemetry()
    yield telemetry
    telemetry.close()


def attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def is_below(child: ReadableSpan, parent: ReadableSpan) -> bool:
    assert parent.context is not None
    return child.parent is not None and child.parent.span_id == parent.context.span_id


async def test_a_create_is_a_span_with_its_request_below(
    sandbox: Sandbox, telemetry: Telemetry
) -> None:
    """Both are below the caller's span; the request follows the semantic conventions."""
    with telemetry.tracer.start_as_current_span("the caller's") as callers:
        async with client(sandbox, hooks=telemetry.hooks) as rooms:
            made = await rooms.create(unique_name="standup")
        assert trace.get_current_span() is callers
    request, call, caller = telemetry.spans
    assert call.name == "telnyx_video rooms.create"
    assert is_below(call, caller)
    assert is_below(request, call)
    assert (call.kind, request.kind) == (SpanKind.INTERNAL, SpanKind.CLIENT)
    assert call.status.status_code is request.status.status_code is StatusCode.UNSET
    assert attributes(call) == {
        "telnyx_video.operation": "rooms.create",
        "telnyx_video.attempts": 1,
        "telnyx_video.recovered": False,
        "telnyx_video.existed": False,
    }
    assert request.name == "POST"
    assert made.reply is not None
    port = int(sandbox.url.rpartition(":")[2].partition("/")[0])
    assert attributes(request) == {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "server.port": port,
        "url.full": f"{sandbox.url}/rooms",
        "http.response.status_code": 201,
        "http.response.header.x-request-id": (made.reply.request_id,),
    }


async def test_a_recovery_is_seen_in_spans_and_figures(telemetry: Telemetry) -> None:
    """There are spans of the failed request and the look-up, and one recovery is counted."""
    async with (
        serve(cut, listed(), cut, listed(room("secret-name"))) as server,
        client(server, hooks=telemetry.hooks, retry=FAST) as rooms,
    ):
        await rooms.create(unique_name="secret-name")
    first, look_up, second, *_, call = telemetry.spans
    assert attributes(first)["error.type"] == "TransportError"
    assert first.status.status_code is StatusCode.ERROR
    assert first.status.description is None
    assert "http.request.resend_count" not in attributes(first)
    assert attributes(second)["http.request.resend_count"] == 1
    assert attributes(look_up)["url.full"] == f"{server.url}/rooms"
    assert call.status.status_code is StatusCode.UNSET
    assert attributes(call)["telnyx_video.recovered"] is True
    assert attributes(call)["telnyx_video.attempts"] == 2
    assert [event.name for event in call.events] == ["retried", "looked up"] * 2
    retried, looked_up = call.events[:2]
    retry = dict(retried.attributes or {})
    assert 0 <= float(str(retry.pop("telnyx_video.wait"))) <= 0.002
    assert retry == {"error.type": "TransportError", "telnyx_video.then": "look up"}
    assert dict(looked_up.attributes or {}) == {"telnyx_video.found": 0}
    create = {"telnyx_video.operation": "rooms.create"}
    assert telemetry.counts("telnyx_video.recoveries") == [(create, 1)]
    assert telemetry.counts("telnyx_video.unknown_outcomes") == []
    assert telemetry.counts("telnyx_video.call.duration") == [(create, 1)]
    waits = {**create, "telnyx_video.wait.reason": "retry"}
    assert telemetry.counts("telnyx_video.wait.duration") == [(waits, 2)]
    assert sum(count for _, count in telemetry.counts("telnyx_video.attempts")) == 4
    assert "secret-name" not in "".join(span.to_json() for span in telemetry.spans)


async def test_an_unknown_outcome_is_counted(telemetry: Telemetry) -> None:
    """The metric counts it; the call's span has failed with the error's type."""
    async with serve(answer(500)) as server, client(server, hooks=telemetry.hooks) as rooms:
        with pytest.raises(OutcomeUnknownError):
            await rooms.create()
    request, call = telemetry.spans
    assert attributes(request)["error.type"] == "500"
    assert request.status.status_code is StatusCode.ERROR
    assert call.status.status_code is StatusCode.ERROR
    assert attributes(call)["telnyx_video.outcome"] == "unknown"
    failed = {"telnyx_video.operation": "rooms.create", "error.type": "OutcomeUnknownError"}
    assert attributes(call).items() >= failed.items()
    assert telemetry.counts("telnyx_video.unknown_outcomes") == [(failed, 1)]
    ((figures, count),) = telemetry.counts("telnyx_video.attempts")
    assert count == 1
    assert figures == {
        "telnyx_video.operation": "rooms.create",
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "server.port": server.port,
        "http.response.status_code": 500,
        "error.type": "500",
    }
    assert telemetry.counts("http.client.request.duration") == [(figures, 1)]
    (point,) = telemetry.points("http.client.request.duration")
    assert isinstance(point, HistogramDataPoint)
    assert point.explicit_bounds[0] == 0.005  # of seconds: the usual ones are of milliseconds


async def test_concurrent_calls_have_separate_spans(sandbox: Sandbox, telemetry: Telemetry) -> None:
    """Requests are below their call, and calls below the span of their task."""

    async def work(number: int) -> None:
        with telemetry.tracer.start_as_current_span(f"task {number}"):
            await rooms.create(unique_name=f"first-{number}")
            await rooms.create(unique_name=f"second-{number}")

    async with client(sandbox, hooks=telemetry.hooks) as rooms:
        await asyncio.gather(*(work(number) for number in range(10)))
    calls, requests = telemetry.named("telnyx_video rooms.create"), telemetry.named("POST")
    assert [sum(is_below(request, call) for request in requests) for call in calls] == [1] * 20
    for number in range(10):
        (task,) = telemetry.named(f"task {number}")
        assert sum(is_below(call, task) for call in calls) == 2


async def test_a_batch_is_below_the_span_of_its_caller(
    sandbox: Sandbox, telemetry: Telemetry
) -> None:
    """Creates of a batch are below the caller's span, though other tasks run them."""
    requests = [CreateRoomRequest(unique_name=f"room-{number}") for number in range(10)]
    async with client(sandbox, hooks=telemetry.hooks) as rooms:
        with telemetry.tracer.start_as_current_span("the batch"):
            await rooms.create_many(requests, concurrency=3)
    (batch,) = telemetry.named("the batch")
    calls = telemetry.named("telnyx_video rooms.create")
    assert [is_below(call, batch) for call in calls] == [True] * 10


def test_a_blocking_call_is_below_the_span_of_its_thread(telemetry: Telemetry) -> None:
    """The context crosses to the client's thread."""
    with (
        Sandbox() as sandbox,
        RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key, hooks=telemetry.hooks) as rooms,
        telemetry.tracer.start_as_current_span("the caller's"),
    ):
        rooms.create(unique_name="standup")
    _, call, caller = telemetry.spans
    assert is_below(call, caller)


async def test_the_span_of_a_call_is_current_during_it(
    sandbox: Sandbox, telemetry: Telemetry
) -> None:
    """During a call its span is the current one, for hooks and logs."""
    seen: list[str] = []

    def note(event: object) -> None:
        span = trace.get_current_span()
        assert isinstance(span, ReadableSpan)
        seen.append(span.name)

    async with client(sandbox, hooks=[telemetry.hooks, note]) as rooms:
        assert [room async for room in rooms.list()] == []
    assert seen[:3] == ["telnyx_video rooms.list"] * 3


async def test_a_cancelled_call_closes_its_spans(telemetry: Telemetry) -> None:
    """All spans end, and the caller's span is the current one again."""
    async with serve(stall) as server, client(server, hooks=telemetry.hooks) as rooms:
        calling = asyncio.create_task(rooms.create())
        await server.arrived(1)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
    request, call = telemetry.spans
    assert attributes(request)["error.type"] == attributes(call)["error.type"] == "CancelledError"
    assert attributes(call)["telnyx_video.outcome"] == "unknown"


@virtual_time
async def test_waits_are_recorded() -> None:
    """A histogram records how long requests wait, with the reason."""
    telemetry = Telemetry()
    full = {"x-ratelimit-limit": "9", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"}
    async with (
        serve(answer(201, {"data": room()}, full), created()) as server,
        client(server, hooks=telemetry.hooks) as rooms,
    ):
        await rooms.create()
        await rooms.create()
    reason = {"telnyx_video.operation": "rooms.create", "telnyx_video.wait.reason": "rate limit"}
    assert telemetry.counts("telnyx_video.wait.duration") == [(reason, 1)]
    (event,) = telemetry.named("telnyx_video rooms.create")[1].events
    assert event.name == "paced"
    assert 1 < float(str((event.attributes or {})["telnyx_video.wait"])) < 3
    telemetry.close()


@pytest.mark.parametrize(
    ("url", "address", "port"),
    [
        ("https://api.telnyx.com/v2/rooms", "api.telnyx.com", 443),
        ("http://[::1]/v2/rooms?filter%5Bunique_name%5D=standup", "::1", 80),
    ],
)
def test_the_port_defaults_to_that_of_the_scheme(
    telemetry: Telemetry, url: str, address: str, port: int
) -> None:
    """The default port of the scheme is used."""
    started = CallStarted(Call("rooms.list"))
    request = RequestStarted(started.call, "GET", url, 0)
    for event in (started, request, RequestFinished(request, 0.1, 200)):
        telemetry.hooks(event)
    telemetry.hooks(CallFinished(started.call, 0.2, 1))
    described = attributes(telemetry.spans[0])
    assert (described["server.address"], described["server.port"]) == (address, port)
    assert described["url.full"] == url.partition("?")[0]


async def test_no_span_has_the_key(telemetry: Telemetry) -> None:
    """No span contains the key, even if the server repeats it."""
    key = "KEY018F5C0FFEE0123456789ABCDEF_t0k3nT0k3n"
    echo = answer(401, {"detail": key}, {"x-request-id": key})
    async with (
        serve(echo) as server,
        client(server, api_key=key, hooks=telemetry.hooks) as rooms,
    ):
        with pytest.raises(TelnyxVideoError):
            await rooms.create(unique_name="standup")
    assert key not in "".join(span.to_json() for span in telemetry.spans)


async def test_without_a_provider_calls_work(sandbox: Sandbox) -> None:
    """Without an SDK calls work, and nothing is recorded."""
    async with client(sandbox, hooks=OpenTelemetryHooks()) as rooms:
        assert (await rooms.create(unique_name="standup")).unique_name == "standup"
