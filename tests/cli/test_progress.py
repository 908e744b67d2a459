"""How progress reads, for any tally and any clock."""

import asyncio
import io
from importlib import import_module
from time import monotonic
from typing import Any
from unittest.mock import Mock

import pytest
from rich.console import Console

from support.clock import Clock
from telnyx_video import CreateOutcome, CreateRoomRequest, TransportError
from telnyx_video.cli.batch.options import BatchOptions
from telnyx_video.cli.batch.report import Report, Tally
from telnyx_video.cli.batch.run import BatchRun
from telnyx_video.cli.progress import Meter
from telnyx_video.cli.waiting import PATIENCE, ServerStatus, amount, duration
from telnyx_video.observing import Call, CallStarted, RequestFinished, RequestStarted


def outcome(error: TransportError | None = None) -> CreateOutcome:
    return CreateOutcome(index=0, request=CreateRoomRequest(), error=error)


class Server:
    """Sends the events of a client."""

    def __init__(self, clock: Clock, give_up_after: float = 900.0) -> None:
        self.status = ServerStatus(give_up_after, clock)
        self._started = RequestStarted(Call("rooms.create"), "POST", "http://127.0.0.1:1/v2", 0)

    def send(self) -> None:
        self.status(CallStarted(self._started.call))
        self.status(self._started)

    def answer(self, status: int | None = 201, error: BaseException | None = None) -> None:
        self.status(RequestFinished(self._started, 0.1, status, error=error))


def meter_on(written: io.StringIO, clock: Clock, **settings: Any) -> Meter:
    """Return a meter that writes lines."""
    return Meter(Console(file=written, width=200), "Creating", "rooms", clock=clock, **settings)


def test_the_pace_is_a_rate_and_the_time_that_is_left() -> None:
    """The rate is that of the last half minute, and the rest is expected to take as long."""
    clock = Clock()
    written = io.StringIO()
    with meter_on(written, clock, after=1.0) as meter:
        for done in (0, 100, 200):
            meter.show(done, 1000)
            clock.now += 1
    assert written.getvalue().splitlines() == ["100 of 1,000 rooms"]
    meter.show(300, 1000)
    assert written.getvalue().splitlines() == ["100 of 1,000 rooms"]  # not yet time for another
    clock.now += 10
    meter.show(300, 1000)
    assert written.getvalue().splitlines()[1] == "300 of 1,000 rooms, 100/s, 7 s left"


def test_a_problem_replaces_the_rate() -> None:
    """A past rate is not shown once answers stop; the first line about it may be urgent."""
    clock = Clock()
    written = io.StringIO()
    with meter_on(written, clock) as meter:
        for done in (0, 1, 2):
            meter.show(done, 10)
            clock.now += 1
        for _ in range(3):
            meter.show(2, 10, problem="no answer", urgent=True, notes=["1 failed"])
    assert written.getvalue().splitlines() == ["2 of 10 rooms, 1 failed, no answer"]


def test_a_count_without_a_total_has_a_rate_only() -> None:
    """While the total is unknown, no time is left to show."""
    clock = Clock()
    written = io.StringIO()
    with meter_on(written, clock) as meter:
        for done in range(12):
            meter.show(done * 50)
            clock.now += 1
    assert written.getvalue().splitlines() == ["500 rooms, 50/s"]


REASONS = {
    "no answer": (None, None, "127.0.0.1:1"),
    "server error": (503, None, "503, 127.0.0.1:1"),
    "refused": (
        None,
        TransportError("GET /rooms failed: Cannot connect to host h [Refused] (Error) - advice"),
        "refused, 127.0.0.1:1",
    ),
    "disconnected": (
        None,
        TransportError("GET /rooms failed: Server disconnected (Error) - advice"),
        "server disconnected, 127.0.0.1:1",
    ),
    "timed out": (None, TimeoutError(), "timed out, 127.0.0.1:1"),
    "other": (None, ValueError(), "connection failed, 127.0.0.1:1"),
    "cancelled": (None, asyncio.CancelledError(), "127.0.0.1:1"),
}


@pytest.mark.parametrize(("status", "error", "reason"), REASONS.values(), ids=REASONS)
def test_silence_is_described(status: int | None, error: BaseException | None, reason: str) -> None:
    """The description has the duration, the reason and the limit."""
    clock = Clock()
    server = Server(clock)
    server.send()
    server.answer(status, error)
    clock.now += 8
    assert str(server.status) == f"no answer for 8 s ({reason})"
    assert server.status.outlook == f"no answer for 8 s ({reason}); gives up in 14 min 52 s"


def test_an_answer_ends_the_silence() -> None:
    """Any answer of a working server ends it; it begins when a request is in flight."""
    clock = Clock()
    server = Server(clock)
    server.send()
    clock.now += 5
    server.answer(422)
    clock.now += 5
    assert (server.status.silence, server.status.answered) == (0.0, True)
    server.send()
    server.send()
    clock.now += 5
    server.answer()
    clock.now += 2
    assert server.status.silence == 2.0


def batch_of(total: int, server: Server, rooms: Any = None) -> BatchRun:
    """Return a batch whose progress is to be shown."""
    report = Report(Console(), Tally(total), server.status, journal=False, lasting=True)
    return BatchRun(rooms or Mock(), BatchOptions(), Mock(), report, json=False)


def test_a_log_gets_a_line_now_and_then() -> None:
    """Without a terminal, a line every ten seconds shows the progress."""
    clock = Clock()
    batch = batch_of(2080, Server(clock))
    written = io.StringIO()
    with meter_on(written, clock) as meter:
        for _ in range(1000):
            clock.now += 1 / 32
            batch.report.tally.add(outcome())
            batch.show(meter)
    assert written.getvalue().splitlines() == [
        "320 of 2,080 rooms, 32/s, 55 s left",
        "640 of 2,080 rooms, 32/s, 45 s left",
        "960 of 2,080 rooms, 32/s, 35 s left",
    ]


def test_failures_are_counted_next_to_the_pace() -> None:
    """Failures are visible before the batch has ended."""
    clock = Clock()
    batch = batch_of(10, Server(clock))
    written = io.StringIO()
    with meter_on(written, clock, after=1.0) as meter:
        batch.report.tally.add(outcome(TransportError("refused")))
        clock.now += 1
        batch.show(meter)
    assert written.getvalue() == "1 of 10 rooms, 1 failed\n"


def test_a_log_reports_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer is reported after a second, and then now and then."""
    monkeypatch.setattr(import_module("telnyx_video.cli.batch.run"), "PATIENCE", PATIENCE)
    clock = Clock()
    server = Server(clock, give_up_after=60)
    batch = batch_of(20, server)
    written = io.StringIO()
    with meter_on(written, clock) as meter:
        server.send()
        for _ in range(60):
            clock.now += 0.25
            batch.show(meter)
        server.answer(422)
        for _ in range(40):
            clock.now += 0.25
            batch.show(meter)
    assert written.getvalue().splitlines() == [
        "0 of 20 rooms, no answer for 1 s (127.0.0.1:1); gives up in 59 s",
        "0 of 20 rooms, no answer for 11 s (127.0.0.1:1); gives up in 49 s",
        "0 of 20 rooms",
    ]


def test_a_terminal_shows_progress_only_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends soon draws nothing; what takes longer draws a bar with the latest count."""
    monkeypatch.setattr("telnyx_video.cli.progress.can_draw", Mock(return_value=True))
    clock = Clock()
    written = io.StringIO()
    console = Console(file=written, width=80, force_terminal=True, legacy_windows=False)
    with Meter(console, "Checking rows", "rows checked", after=0.25, clock=clock) as meter:
        meter.show(1000)
        assert written.getvalue() == ""
        clock.now += 1
        meter.show(2000)
    assert "2,000 rows checked" in written.getvalue()
    assert " 1,000 rows" not in written.getvalue()


def test_silence_at_the_end_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Untried rooms are explained by the silence of the server."""
    monkeypatch.setattr(import_module("telnyx_video.cli.batch.report"), "PATIENCE", PATIENCE)
    clock = Clock()
    server = Server(clock)
    server.send()
    clock.now += 5
    written = io.StringIO()
    console, tally = Console(file=written, width=200), Tally(3, monotonic())
    Report(console, tally, server.status, journal=False, lasting=True).print_summary(None)
    first, summary = written.getvalue().splitlines()
    assert first == "At the end there was no answer for 5 s (127.0.0.1:1)."
    assert " · 3 not tried · " in summary


def test_rooms_of_an_earlier_run_are_not_progress() -> None:
    """A resumed batch counts only the rooms that were left, also for its rate."""
    tally = Tally(10, 1000.0)
    for earlier in (True,) * 6 + (False,) * 2:
        tally.add(CreateOutcome(index=0, request=CreateRoomRequest(), from_journal=earlier))
    assert (tally.done, tally.to_do, tally.not_tried, tally.rate(1001.0)) == (2, 4, 2, 2.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (7.6, "8 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3600, "1 h 0 min"),
        (90_061, "25 h 1 min"),
    ],
)
def test_durations_are_formatted(seconds: float, text: str) -> None:
    """At most two units are used."""
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("rate", "text"), [(0, "0"), (0.25, "0.2"), (9.4, "9.4"), (12.6, "13"), (1234, "1,234")]
)
def test_rates_are_formatted(rate: float, text: str) -> None:
    """Small rates have a decimal; large ones have separators."""
    assert amount(rate) == text
