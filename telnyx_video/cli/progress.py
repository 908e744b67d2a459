"""Progress on stderr: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Self

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from telnyx_video.cli.waiting import EVERY

if TYPE_CHECKING:
    from telnyx_video import DownloadProgress

LINE_EVERY = 10.0
"""Seconds between lines in a log."""

_MARGIN = 3
"""Columns left free for the ``^C`` that a terminal shows, and the cursor behind it."""


class NarrowBar(Progress):
    """A bar on a line that ends before the terminal does; gone when it is stopped.

    Args:
        console: Where it is drawn.
        title: The text before the bar.
        columns: What follows the bar.
        below: Makes the text below the bar; "" for none.
    """

    def __init__(
        self,
        console: Console,
        title: str,
        *columns: ProgressColumn,
        below: Callable[[], str] = lambda: "",
    ) -> None:
        self._below = below
        super().__init__(
            TextColumn(title),
            BarColumn(bar_width=None),
            *columns,
            console=console,
            transient=True,
            expand=True,
            refresh_per_second=1 / EVERY,
            # Results on stdout must not come out through this console.
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def get_renderable(self) -> RenderableType:
        """What is drawn."""
        bar, below = super().get_renderable(), self._below()
        if not below:
            return _Narrowed(bar)
        text = Text(below, style="yellow", overflow="ellipsis", no_wrap=True)
        return _Narrowed(Group(bar, text))


class _Narrowed:
    def __init__(self, whole: RenderableType) -> None:
        self._whole = whole

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self._whole, options.update_width(options.max_width - _MARGIN))


class FileBar:
    """A bar with the bytes received and their rate; gone when the file is complete."""

    def __init__(self, console: Console) -> None:
        self._progress = NarrowBar(console, "Downloading", DownloadColumn(), TransferSpeedColumn())
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, progress: DownloadProgress) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=progress.received, total=progress.total)


class FileLines:
    """A line every ten seconds, for logs; a shorter download prints nothing on the way."""

    def __init__(self, console: Console, clock: Callable[[], float] = monotonic) -> None:
        self._console = console
        self._clock = clock
        self._next = clock() + LINE_EVERY

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, progress: DownloadProgress) -> None:
        """Print a line, if it is time for one."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + LINE_EVERY
        whole = "" if progress.total is None else f" of {decimal(progress.total)}"
        self._console.print(f"{decimal(progress.received)}{whole}")
