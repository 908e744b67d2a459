"""The progress of a batch: checking its rows, then creating its rooms."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Self

from rich.console import Console
from rich.progress import ProgressColumn, Task
from rich.text import Text

from telnyx_video.cli.batch.outcomes import Tally
from telnyx_video.cli.progress import LINE_EVERY, NarrowBar
from telnyx_video.cli.waiting import EVERY, PATIENCE, ServerStatus, amount, can_draw, duration

SILENCE = 3.0
"""Seconds without an answer after which the bar shows that, in place of a rate."""

FIRST_LINE = 0.25
"""Seconds of checking after which the first line is printed."""


class CheckProgress:
    """How many rows are checked: on a terminal as a moving line, else a line now and then."""

    def __init__(self, console: Console, clock: Callable[[], float] = monotonic) -> None:
        self._console = console
        self._clock = clock
        self._status = console.status("") if can_draw(console, json=False) else None
        self._next = clock() + (EVERY if self._status else FIRST_LINE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def update(self, count: int) -> None:
        """Show how many rows are checked, if it is time to."""
        now = self._clock()
        if now < self._next:
            return
        text = f"Checking rows… {count:,}"
        if self._status is None:
            self._next = now + LINE_EVERY
            self._console.print(text)
        else:
            self._next = now + EVERY
            self._status.update(text)
            self._status.start()


class Bar:
    """A bar with a count, a rate and the remaining time; gone when the batch has ended."""

    def __init__(self, console: Console, tally: Tally, status: ServerStatus) -> None:
        self._tally = tally
        self._status = status
        columns = (_CountColumn(), PaceColumn(tally, status))
        self._progress = NarrowBar(console, "Creating rooms", *columns, below=self._below)
        self._task = self._progress.add_task("", total=tally.total)

    def _below(self) -> str:
        return self._status.outlook if self._status.silence >= SILENCE else ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self) -> None:
        """Move the bar; rooms of an earlier run are not progress of this one."""
        self._progress.update(self._task, completed=self._tally.done, total=self._tally.to_do)


class _CountColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{int(task.completed):,}/{int(task.total or 0):,}")


class PaceColumn(ProgressColumn):
    """The rate and the time left at that rate, unless the server does not answer."""

    def __init__(self, tally: Tally, status: ServerStatus) -> None:
        super().__init__()
        self._tally = tally
        self._status = status

    def render(self, task: Task) -> Text:
        """The text of this column."""
        text = Text("")
        if self._status.silence < SILENCE and task.speed:
            left = (task.remaining or 0) / task.speed
            text.append(f"{amount(task.speed)}/s, {duration(left)} left")
        bad = self._tally.states["failed"] + self._tally.states["unknown"]
        if bad:
            text.append(f"{', ' if text else ''}{bad:,} failed", style="red")
        return text


class Lines:
    """Lines for logs: one every ten seconds, and at once if there is no answer at the start."""

    def __init__(
        self,
        console: Console,
        tally: Tally,
        status: ServerStatus,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._console = console
        self._tally = tally
        self._status = status
        self._clock = clock
        self._warned = False
        self._next = tally.started + LINE_EVERY

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self) -> None:
        """Print a line, if it is time for one."""
        now, silence = self._clock(), self._status.silence
        first = not (self._status.answered or self._warned) and silence >= PATIENCE
        if not first and now < self._next:
            return
        self._warned = self._warned or first
        self._next = now + LINE_EVERY
        tally, rate = self._tally, self._tally.rate(now)
        if first or silence >= SILENCE:
            pace = self._status.outlook
        elif not rate:
            pace = "none has ended yet"
        else:
            pace = f"{amount(rate)}/s, {duration(tally.not_tried / rate)} left"
        self._console.print(f"{tally.done:,} of {tally.to_do:,} rooms, {pace}")
