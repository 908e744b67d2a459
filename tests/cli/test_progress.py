"""How progress reads, for any tally and any clock."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from telnyx_video import CreateOutcome, CreateRoomRequest, TransportError
from telnyx_video.cli.outcomes import Tally
from telnyx_video.cli.progress import Lines, PaceColumn, Silence, amount, duration


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def outcome(error: TransportError | None = None) -> CreateOutcome:
    return CreateOutcome(index=0, request=CreateRoomRequest(), error=error)


def test_the_pace_is_a_rate_and_the_time_that_is_left() -> None:
    """While answers come: how many a second, and how long the rest will take at that rate."""
    clock = Clock()
    tally = Tally(1000, clock.now)
    column = PaceColumn(tally, Silence(tally, clock))
    progress = Progress(get_time=clock)
    task = progress.add_task("", total=1000)
    assert column.render(progress.tasks[0]).plain == ""
    for done in (100, 200):
        clock.now += 1
        progress.update(task, completed=done)
        tally.add(outcome())
    assert column.render(progress.tasks[0]).plain == "100/s, 8 s left"


def test_silence_is_told_in_place_of_a_rate() -> None:
    """A past rate says nothing when no answer comes any more; at the end, silence is right."""
    clock = Clock()
    tally = Tally(10, clock.now)
    column = PaceColumn(tally, Silence(tally, clock))
    progress = Progress(get_time=clock)
    task = progress.add_task("", total=10)
    clock.now += 75
    assert column.render(progress.tasks[0]).plain == "no answer for 1 min 15 s"
    progress.update(task, completed=10)
    assert "no answer" not in column.render(progress.tasks[0]).plain


def test_failures_are_counted_beside_the_pace() -> None:
    """That something goes wrong can be seen before the batch has ended."""
    clock = Clock()
    tally = Tally(10, clock.now)
    column = PaceColumn(tally, Silence(tally, clock))
    tally.add(outcome(TransportError("refused")))
    progress = Progress(get_time=clock)
    progress.add_task("", total=10)
    assert column.render(progress.tasks[0]).plain == ", 1 failed"


def test_a_log_gets_a_line_now_and_then() -> None:
    """Without a terminal, a line every ten seconds tells how far the batch is."""
    clock = Clock()
    tally = Tally(2080, clock.now)
    said = io.StringIO()
    with Lines(Console(file=said, width=80), tally, clock) as lines:
        for _ in range(1000):
            clock.now += 1 / 32
            tally.add(outcome())
            lines.update()
    assert said.getvalue().splitlines() == [
        "320 of 2,080 rooms, 32/s, 55 s left",
        "640 of 2,080 rooms, 32/s, 45 s left",
        "960 of 2,080 rooms, 32/s, 35 s left",
    ]


def test_a_log_tells_of_silence() -> None:
    """A server that does not answer is waited for, but not without a word, and with a hint."""
    clock = Clock()
    said = io.StringIO()
    with Lines(Console(file=said, width=200), Tally(20, clock.now), clock) as lines:
        for _ in range(100):
            clock.now += 0.25
            lines.update()
    hint = "waiting for the server; TELNYX_LOG=debug shows why"
    assert said.getvalue().splitlines() == [
        f"0 of 20 rooms, no answer for 10 s: {hint}",
        f"0 of 20 rooms, no answer for 20 s: {hint}",
    ]


def test_rooms_of_an_earlier_run_are_no_progress() -> None:
    """A batch that goes on counts what there was left to do: else its rate would be a boast."""
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
