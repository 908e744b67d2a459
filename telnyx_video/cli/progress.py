"""How far a batch has come, while it runs: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from telnyx_video.cli.outcomes import Tally

LINE_EVERY = 10.0
"""Seconds between lines in a log."""

SILENCE = 3.0
"""Seconds without an outcome after which the bar says so, in place of a rate."""


class Display(Protocol):
    """Shows a tally while it grows."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

    def update(self) -> None:
        """Show that the tally has changed."""
        ...


class Bar:
    """A bar with a count, a rate and the remaining time; gone when the batch has ended."""

    def __init__(self, console: Console, tally: Tally) -> None:
        self._tally = tally
        self._pace = PaceColumn(tally)
        self._progress = Progress(
            TextColumn("Creating rooms"),
            BarColumn(bar_width=None),
            _CountColumn(),
            self._pace,
            console=console,
            transient=True,
            expand=True,
            refresh_per_second=4,  # figures that change faster cannot be read
            # Data on stdout must not come out through this console.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("", total=tally.total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self) -> None:
        """Move the bar."""
        self._pace.heard_at = monotonic()
        # Rooms of an earlier run are no progress of this one.
        tally = self._tally
        self._progress.update(self._task, completed=tally.done, total=tally.to_do)


class _CountColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{int(task.completed):,}/{int(task.total or 0):,}")


class PaceColumn(ProgressColumn):
    """The rate and the time that is left at this rate; or for how long no answer has come."""

    def __init__(self, tally: Tally, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._tally = tally
        self._clock = clock
        self.heard_at: float = clock()

    def render(self, task: Task) -> Text:
        """The text of this column."""
        silent = self._clock() - self.heard_at
        if silent >= SILENCE and not task.finished:
            text = Text(f"no answer for {duration(silent)}", style="yellow")
        elif task.speed:
            left = (task.remaining or 0) / task.speed
            text = Text(f"{amount(task.speed)}/s, {duration(left)} left")
        else:
            text = Text("")
        bad = self._tally.states["failed"] + self._tally.states["unknown"]
        if bad:
            text.append(f", {bad:,} failed", style="red")
        return text


class Lines:
    """A line every ten seconds, for logs; a batch that takes less says nothing on the way."""

    def __init__(
        self, console: Console, tally: Tally, clock: Callable[[], float] = monotonic
    ) -> None:
        self._console = console
        self._tally = tally
        self._clock = clock
        self._next = tally.started + LINE_EVERY

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self) -> None:
        """Print a line, if it is time for one."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + LINE_EVERY
        tally, rate = self._tally, self._tally.rate(now)
        self._console.print(
            f"{tally.done:,} of {tally.to_do:,} rooms, {amount(rate)}/s, "
            f"{duration(tally.not_tried / rate)} left"
        )


def amount(number: float) -> str:
    """A rate in as many digits as can matter."""
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}"


def duration(seconds: float) -> str:
    """A time as people say it: ``8 s``, ``2 min 5 s``, ``1 h 20 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
