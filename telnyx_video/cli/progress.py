"""How far a batch has come, while it runs: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from time import monotonic
from typing import Protocol, Self

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from telnyx_video.cli.outcomes import Tally

EVERY = 0.25
"""Seconds between looks at the tally; what changes faster cannot be read."""

LINE_EVERY = 10.0
"""Seconds between lines in a log."""

SILENCE = 3.0
"""Seconds without an outcome after which the bar says so, in place of a rate."""


def can_draw(console: Console, *, json: bool) -> bool:
    """Whether a bar disturbs nothing: neither a log, nor data on the same terminal."""
    disturbed = os.environ.get("TELNYX_LOG") or (json and sys.stdout.isatty())
    return console.is_interactive and sys.stderr.isatty() and not disturbed


class Display(AbstractContextManager["Display", None], Protocol):
    """Shows a tally while it grows."""

    def update(self) -> None:
        """Look at the tally; to be called every `EVERY` seconds."""
        ...


class Silence:
    """How long a tally has not changed."""

    def __init__(self, tally: Tally, clock: Callable[[], float] = monotonic) -> None:
        self._tally = tally
        self._clock = clock
        self._ended = 0
        self._since = tally.started

    def seconds(self) -> float:
        """The time, as far as it can be told from when this was asked."""
        if self._ended != self._tally.ended:
            self._ended, self._since = self._tally.ended, self._clock()
        return self._clock() - self._since


class Bar:
    """A bar with a count, a rate and the remaining time; gone when the batch has ended."""

    def __init__(self, console: Console, tally: Tally) -> None:
        self._tally = tally
        columns = (_CountColumn(), PaceColumn(tally, Silence(tally)))
        self._progress = Narrow(console, "Creating rooms", *columns)
        self._task = self._progress.add_task("", total=tally.total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self) -> None:
        """Move the bar."""
        # Rooms of an earlier run are no progress of this one.
        tally = self._tally
        self._progress.update(self._task, completed=tally.done, total=tally.to_do)


class Narrow(Progress):
    """A bar on a line that ends before the terminal does; gone when it is stopped.

    Args:
        console: Where it is drawn.
        title: What stands before the bar.
        columns: What stands behind it.
    """

    def __init__(self, console: Console, title: str, *columns: ProgressColumn) -> None:
        super().__init__(
            TextColumn(title),
            BarColumn(bar_width=None),
            *columns,
            console=console,
            transient=True,
            expand=True,
            refresh_per_second=1 / EVERY,
            # Data on stdout must not come out through this console.
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def get_renderable(self) -> RenderableType:
        """What is drawn."""
        return _Narrowed(super().get_renderable())


@dataclass
class _Narrowed:
    """Leaves room for the ``^C`` that a terminal shows: in a full line it would begin another."""

    whole: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self.whole, options.update_width(options.max_width - _MARGIN))


_MARGIN = 3  # characters: those of ^C, and the cursor behind them


class _CountColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{int(task.completed):,}/{int(task.total or 0):,}")


class PaceColumn(ProgressColumn):
    """The rate and the time that is left at this rate; or for how long no answer has come."""

    def __init__(self, tally: Tally, silence: Silence) -> None:
        super().__init__()
        self._tally = tally
        self._silence = silence

    def render(self, task: Task) -> Text:
        """The text of this column."""
        silent = self._silence.seconds()
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
        self._silence = Silence(tally, clock)
        self._next = tally.started + LINE_EVERY

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self) -> None:
        """Print a line, if it is time for one."""
        now, silent = self._clock(), self._silence.seconds()
        if now < self._next:
            return
        self._next = now + LINE_EVERY
        tally, rate = self._tally, self._tally.rate(now)
        pace = (
            f"no answer for {duration(silent)}: waiting for the server; TELNYX_LOG=debug shows why"
            if silent >= LINE_EVERY
            else f"{amount(rate)}/s, {duration(tally.not_tried / rate)} left"
        )
        self._console.print(f"{tally.done:,} of {tally.to_do:,} rooms, {pace}")


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
