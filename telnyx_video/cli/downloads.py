"""Downloads with their progress: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from time import monotonic
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias

from rich.console import Console
from rich.filesize import decimal
from rich.progress import DownloadColumn, TransferSpeedColumn

from telnyx_video import AsyncRoomsClient
from telnyx_video.cli.calls import call, telling
from telnyx_video.cli.progress import LINE_EVERY, Narrow, can_draw
from telnyx_video.cli.settings import Settings
from telnyx_video.cli.terminal import stderr, visible, write_json

if TYPE_CHECKING:
    from telnyx_video import DownloadProgress


class Meter(AbstractContextManager["Meter", None], Protocol):
    """Shows how much of a file has come."""

    def update(self, progress: DownloadProgress) -> None:
        """Show what is told."""
        ...


Report: TypeAlias = "Callable[[DownloadProgress], object]"


def fetch(
    settings: Settings,
    object_id: str,
    file: str,
    download: Callable[[AsyncRoomsClient, Report], Awaitable[int]],
) -> None:
    """Download a file, showing how far it is, and say how long it has become.

    Args:
        settings: Those of the command.
        object_id: Whose file it is.
        file: Where it goes.
        download: Fetches it, and tells of its progress.
    """
    console = stderr()
    meter: Meter = FileBar(console) if can_draw(console, json=settings.json) else FileLines(console)
    with meter:
        size = call(settings, lambda rooms: download(rooms, meter.update))
    if settings.json:
        with telling(f"{file} was downloaded"):
            write_json({"id": object_id, "file": file, "bytes": size})
    else:
        console.print(f"{visible(file)}: {decimal(size)}")


class FileBar:
    """A bar with the bytes that have come and their rate; gone when the file is whole."""

    def __init__(self, console: Console) -> None:
        self._progress = Narrow(console, "Downloading", DownloadColumn(), TransferSpeedColumn())
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
    """A line every ten seconds, for logs; a file that takes less says nothing on the way."""

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
