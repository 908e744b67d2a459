"""What most commands do: make one call and print its result, or ask before making it."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

import typer
from rich.filesize import decimal
from rich.prompt import Confirm

from telnyx_video.cli.errors import FAILED, CommandError
from telnyx_video.cli.options import GlobalOptions
from telnyx_video.cli.output import counted, stderr
from telnyx_video.cli.runtime import DEADLINE, connect, run
from telnyx_video.cli.streams import visible
from telnyx_video.cli.tables import Results, View, show_fields
from telnyx_video.cli.waiting import ServerStatus, can_draw, spinner
from telnyx_video.models import Page, Record

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient, DownloadProgress

T = TypeVar("T")
R = TypeVar("R", bound=Record)

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Pager(Protocol[R]):
    """A list of the API, page by page."""

    def pages(self) -> AsyncIterator[Page[R]]:
        """The pages from the first."""
        ...


def call(options: GlobalOptions, operation: Callable[[AsyncRoomsClient], Awaitable[T]]) -> T:
    """Run an operation with a client of its own; while it takes long, show that it does."""

    async def connect_and_call() -> T:
        status = ServerStatus(DEADLINE)
        async with connect(options, status) as rooms:
            with spinner(status, json=options.json):
                return await operation(rooms)

    return run(connect_and_call())


def is_id(text: str) -> bool:
    """Whether a text is an id of the API, rather than a room's name."""
    return _ID.fullmatch(text) is not None


async def room_id_of(rooms: AsyncRoomsClient, room: str) -> str:
    """The id of a room, given its id or its name.

    Raises:
        NotFoundError: no room has this name.
    """
    return room if is_id(room) else (await rooms.get_by_name(room)).id


def show(record: Record, options: GlobalOptions) -> None:
    """Print all fields of an object."""
    show_fields(record.to_dict(), options.format)


@contextmanager
def reporting(done: str) -> Generator[None]:
    """Print something that was done to stdout.

    Args:
        done: What was done; it is part of the error if stdout cannot be written.

    Raises:
        CommandError: stdout cannot be written.
    """
    try:
        yield
    except OSError as error:
        problem = f"{done}, but standard output cannot be written: {error.strerror}"
        raise CommandError([problem], FAILED) from None


def report_done(fields: Mapping[str, object], options: GlobalOptions, done: str) -> None:
    """Report that something was done: fields for programs, or a sentence on stderr.

    Args:
        fields: Printed as JSON or CSV.
        options: Those of the command.
        done: The sentence; it begins with a small letter.

    Raises:
        CommandError: stdout cannot be written.
    """
    if options.format == "table":
        stderr().print(f"{done[0].upper()}{visible(done[1:])}.", soft_wrap=True)
        return
    with reporting(done):
        show_fields(fields, options.format)


def show_list(
    options: GlobalOptions,
    view: View[R],
    operation: Callable[[AsyncRoomsClient], Awaitable[Pager[R]]],
    limit: int | None = None,
) -> None:
    """Print a list page by page as it arrives, and its length.

    Args:
        options: Those of the command.
        view: What a table shows of each object.
        operation: Makes the list.
        limit: How many objects to print at most.
    """
    results = Results(view, options.format)

    async def show_pages() -> int:
        status, count = ServerStatus(DEADLINE), 0
        async with connect(options, status) as rooms:
            with spinner(status, json=options.json):
                pages = (await operation(rooms)).pages()
            while limit is None or count < limit:
                with spinner(status, json=options.json):
                    page = await anext(pages, None)
                if page is None:
                    break
                items = page.items if limit is None else page.items[: limit - count]
                count += len(items)
                if items:
                    results.add(items)
        return count

    count = run(show_pages())
    if options.format == "table":
        stderr().print(counted(count, view.noun), style="dim")


def download(
    options: GlobalOptions,
    object_id: str,
    file: str,
    operation: Callable[[AsyncRoomsClient, Callable[[DownloadProgress], object]], Awaitable[int]],
) -> None:
    """Download a file with its progress, and report its size.

    Args:
        options: Those of the command.
        object_id: The id of the recording or composition.
        file: The file to write.
        operation: Downloads it, and reports its progress.
    """
    from telnyx_video.cli.progress import FileBar, FileLines

    console = stderr()

    async def connect_and_download() -> int:
        async with connect(options, ServerStatus(DEADLINE)) as rooms:
            drawn = can_draw(console, json=options.json)
            with FileBar(console) if drawn else FileLines(console) as meter:
                return await operation(rooms, meter.update)

    size = run(connect_and_download())
    if options.format == "table":
        console.print(f"{visible(file)}: {decimal(size)}")
        return
    with reporting(f"{file} was downloaded"):
        show_fields({"id": object_id, "file": file, "bytes": size}, options.format)


def confirm(question: Callable[[], str], *, yes: bool) -> None:
    """Ask before something is deleted or ended, unless ``--yes`` was given.

    Args:
        question: Makes the question; it may ask the server.
        yes: Whether it was confirmed already.

    Raises:
        CommandError: there is no terminal on which to ask.
        typer.Exit: the answer is no, and this has been said.
    """
    if yes:
        return
    if not at_a_terminal():
        raise CommandError(
            ["standard input is not a terminal on which to ask: add --yes to go ahead"]
        )
    try:
        confirmed = Confirm.ask(visible(question()), console=stderr(), default=False)
    except EOFError:
        confirmed = False
    if not confirmed:
        stderr().print("Nothing was done.")
        raise typer.Exit(FAILED)


def at_a_terminal() -> bool:
    """Whether somebody can answer a question."""
    return sys.stdin is not None and sys.stdin.isatty()
