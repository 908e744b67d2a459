"""How progress reads, for any tally and any clock."""

import asyncio
import io
from importlib import import_module
from time import monotonic, sleep
from unittest.mock import Mock

import pytest
from rich.console import Console
from rich.progress import Progress

from telnyx_video import CreateOutcome, CreateRoomRequest, TransportError
from telnyx_video.cli.batch.outcomes import Tally
from telnyx_video.cli.batch.progress import CheckProgress, Lines, PaceColumn
from telnyx_video.cli.batch.report import Report
from telnyx_video.cli.waiting import PATIENCE, ServerStatus, amount, duration
from telnyx_video.observing import Call, CallStarted, RequestFinished, RequestStarted


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def outcome(error: TransportError | None = None) -> CreateOutcome:
    return CreateOutcome(index=0, request=CreateRoomRequest(), error=error)


class Server:
    """Events of a client, as a server of this kind brings them about."""

    def __init__(self, clock: Clock, give_up_after: float = 900.0) -> None:
        self.status = ServerStatus(give_up_after, clock)
        self._started = RequestStarted(Call("rooms.create"), "POST", "http://127.0.0.1:1/v2", 0)

    def send(self) -> None:
        self.status(CallStarted(self._started.call))
        self.status(self._started)

    def answer(self, status: int | None = 201, error: BaseException | None = None) -> None:
        self.status(RequestFinished(self._started, 0.1, status, error=error))


def test_the_pace_is_a_rate_and_the_time_that_is_left() -> None:
    """While answers come: how many a second, and how long the rest will take at that rate."""
    clock = Clock()
    tally = Tally(1000, clock.now)
    column = PaceColumn(tally, Server(clock).status)
    progress = Progress(get_time=clock)
    task = progress.add_task("", total=1000)
    assert column.render(progress.tasks[0]).plain == ""
    for done in (100, 200):
        clock.now += 1
        progress.update(task, completed=done)
        tally.add(outcome())
    assert column.render(progress.tasks[0]).plain == "100/s, 8 s left"


def test_a_rate_is_not_shown_while_the_server_is_silent() -> None:
    """A past rate is not shown once answers stop."""
    clock = Clock()
    server, tally = Server(clock), Tally(10, clock.now)
    column = PaceColumn(tally, server.status)
    progress = Progress(get_time=clock)
    task = progress.add_task("", total=10)
    for done in (1, 2):
        clock.now += 1
        progress.update(task, completed=done)
    server.send()
    clock.now += 75
    assert column.render(progress.tasks[0]).plain == ""


def test_failures_are_counted_beside_the_pace() -> None:
    """Failures are visible before the batch has ended."""
    clock = Clock()
    tally = Tally(10, clock.now)
    column = PaceColumn(tally, Server(clock).status)
    tally.add(outcome(TransportError("refused")))
    progress = Progress(get_time=clock)
    task = progress.add_task("", total=10)
    assert column.render(progress.tasks[0]).plain == "1 failed"
    for done in (1, 2):
        clock.now += 1
        progress.update(task, completed=done)
    assert column.render(progress.tasks[0]).plain == "1.0/s, 8 s left, 1 failed"


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
def test_a_wait_has_a_reason_and_an_end(
    status: int | None, error: BaseException | None, reason: str
) -> None:
    """It is clear for how long there was no answer, why, and when the client gives up."""
    clock = Clock()
    server = Server(clock)
    server.send()
    server.answer(status, error)
    clock.now += 8
    assert str(server.status) == f"no answer for 8 s ({reason})"
    assert server.status.outlook == f"no answer for 8 s ({reason}); gives up in 14 min 52 s"


def test_an_answer_ends_the_silence() -> None:
    """Any answer of a working server counts, and silence begins when a request is in flight."""
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


def test_a_log_gets_a_line_now_and_then() -> None:
    """Without a terminal, a line every ten seconds shows the progress."""
    clock = Clock()
    tally = Tally(2080, clock.now)
    said = io.StringIO()
    with Lines(Console(file=said, width=80), tally, Server(clock).status, clock) as lines:
        for _ in range(1000):
            clock.now += 1 / 32
            tally.add(outcome())
            lines.update()
    assert said.getvalue().splitlines() == [
        "320 of 2,080 rooms, 32/s, 55 s left",
        "640 of 2,080 rooms, 32/s, 45 s left",
        "960 of 2,080 rooms, 32/s, 35 s left",
    ]


def test_a_log_reports_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer is reported after a second, and then now and then."""
    monkeypatch.setattr(import_module("telnyx_video.cli.batch.progress"), "PATIENCE", PATIENCE)
    clock = Clock()
    server = Server(clock, give_up_after=60)
    said = io.StringIO()
    tally = Tally(20, clock.now)
    with Lines(Console(file=said, width=200), tally, server.status, clock) as lines:
        server.send()
        for _ in range(60):
            clock.now += 0.25
            lines.update()
        server.answer(422)
        for _ in range(40):
            clock.now += 0.25
            lines.update()
    assert said.getvalue().splitlines() == [
        "0 of 20 rooms, no answer for 1 s (127.0.0.1:1); gives up in 59 s",
        "0 of 20 rooms, no answer for 11 s (127.0.0.1:1); gives up in 49 s",
        "0 of 20 rooms, none has ended yet",
    ]


def test_a_log_says_that_rows_are_checked() -> None:
    """Before anything is sent, a large input is seen to be read."""
    clock = Clock()
    said = io.StringIO()
    with CheckProgress(Console(file=said, width=80), clock) as progress:
        for count in range(1000, 21_000, 1000):
            clock.now += 1
            progress.update(count)
    assert said.getvalue().splitlines() == ["Checking rows… 1,000", "Checking rows… 11,000"]


def test_a_terminal_shows_that_rows_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a line that moves, from the first update that takes its time."""
    progress_module = import_module("telnyx_video.cli.batch.progress")
    monkeypatch.setattr(progress_module, "can_draw", Mock(return_value=True))
    clock = Clock()
    said = io.StringIO()
    console = Console(file=said, width=80, force_terminal=True, legacy_windows=False)
    with CheckProgress(console, clock) as progress:
        progress.update(1000)
        clock.now += 1
        progress.update(2000)
        end = monotonic() + 60
        while "Checking rows… 2,000" not in said.getvalue():
            assert monotonic() < end
            sleep(0.01)
    assert "1,000" not in said.getvalue()


def test_a_batch_that_ends_in_silence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rooms were left out, and the server did not answer: the one explains the other."""
    monkeypatch.setattr(import_module("telnyx_video.cli.batch.report"), "PATIENCE", PATIENCE)
    clock = Clock()
    server = Server(clock)
    server.send()
    clock.now += 5
    said = io.StringIO()
    console, tally = Console(file=said, width=200), Tally(3, monotonic())
    Report(console, tally, server.status, journal=False, lasting=True).print_summary(None)
    first, summary = said.getvalue().splitlines()
    assert first == "At the end there was no answer for 5 s (127.0.0.1:1)."
    assert " · 3 not tried · " in summary


def test_rooms_of_an_earlier_run_are_no_progress() -> None:
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
def test_a_time_reads_as_people_say_it(seconds: float, text: str) -> None:
    """Two units are enough, and seconds do not matter after an hour."""
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("rate", "text"), [(0.25, "0.2"), (9.4, "9.4"), (12.6, "13"), (1234, "1,234")]
)
def test_a_rate_has_the_digits_that_matter(rate: float, text: str) -> None:
    """Slow rates keep a decimal; fast ones get separators."""
    assert amount(rate) == text
