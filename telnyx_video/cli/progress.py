"""Progress on stderr: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from telnyx_video.cli.waiting import EVERY, amount, can_draw, duration

LINE_EVERY = 10.0
"""Seconds between lines in a log."""

_MARGIN = 3
"""Columns left free for the ``^C`` that a terminal shows, and the cursor behind it."""


class Meter(Progress):
    """Shows how much is done, the rate, and the remaining time.

    Args:
        console: The console to print on.
        title: The text before the bar.
        noun: The unit, such as "rooms".
        number: Formats a count or a rate.
        after: Seconds before it shows anything; by default a bar is drawn immediately.
        json: Whether results are printed at the same time, as JSON.
        clock: Seconds.
    """

    def __init__(
        self,
        console: Console,
        title: str,
        noun: str = "",
        *,
        number: Callable[[float], str] = amount,
        after: float | None = None,
        json: bool = False,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._screen = console  # Rich draws once before `Progress.console` is set
        self._noun = noun and f" {noun}"
        self._number = number
        self._drawn = can_draw(console, json=json)
        self._next = clock() + (after or (0.0 if self._drawn else LINE_EVERY))
        self._starts = self._drawn and after is None
        self._problem = ""
        super().__init__(
            TextColumn(title),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[text]}", markup=False),
            console=console,
            transient=True,
            expand=True,
            refresh_per_second=1 / EVERY,
            # Results on stdout must not come out through this console.
            redirect_stdout=False,
            redirect_stderr=False,
            get_time=clock,
        )
        self._task = self.add_task("", total=None, text="")

    def __enter__(self) -> Self:
        if self._starts:
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            self.stop()

    def show(
        self,
        done: int,
        total: int | None = None,
        *,
        problem: str = "",
        urgent: bool = False,
        notes: Iterable[str] = (),
    ) -> None:
        """Move the bar, or print a line if it is time for one.

        Args:
            done: The count so far.
            total: The final count, if known.
            problem: Why there is no progress; it replaces the rate.
            urgent: Whether the first line about a problem is printed immediately.
            notes: Follow the rate.
        """
        self.update(self._task, completed=done, total=total)
        count = self._number(done) + ("" if total is None else f" of {self._number(total)}")
        pace = () if problem else self._pace()
        text = ", ".join([f"{count}{self._noun}", *pace, *notes])
        now = self.get_time()
        if self._drawn:
            self.update(self._task, text=text)
            self._problem = problem
            if now >= self._next:
                self.start()
        elif now >= self._next or (urgent and problem and not self._problem):
            self._next = now + LINE_EVERY
            self._problem = problem
            self.console.print(f"{text}, {problem}" if problem else text)

    def _pace(self) -> Iterable[str]:
        (task,) = self.tasks
        if task.speed:
            yield f"{self._number(task.speed)}/s"
            if task.time_remaining is not None:
                yield f"{duration(task.time_remaining)} left"

    def get_renderable(self) -> RenderableType:
        """Return the bar, narrower than the terminal, with the problem below it."""
        bar = super().get_renderable()
        if self._problem:
            text = Text(self._problem, style="yellow", overflow="ellipsis", no_wrap=True)
            bar = Group(bar, text)
        return Constrain(bar, max(1, self._screen.width - _MARGIN))
