"""What most commands do: connect, make one call and print its result."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from inspect import isawaitable
from typing import TYPE_CHECKING, Protocol, TypeVar

import typer
from rich.filesize import decimal
from rich.prompt import Confirm, Prompt

from telnyx_video.cli.errors import FAILED, CommandError
from telnyx_video.cli.options import GlobalOptions, Paging
from telnyx_video.cli.output import Results, View, counted, quoted, show_fields, stderr
from telnyx_video.cli.runtime import run
from telnyx_video.cli.streams import visible
from telnyx_video.cli.waiting import ServerStatus, spinner
from telnyx_video.config import has_oauth_credentials
from telnyx_video.models import DownloadProgress, Page, Record, RoomSession

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient
    from telnyx_video.sandbox import FaultPlan

T = TypeVar("T")
R = TypeVar("R", bound=Record)

ATTEMPTS = 5
"""How often a single call is tried: a user waits for it."""

DEADLINE = 30.0
"""Seconds that a single call may take, its retries included."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Pager(Protocol[R]):
    """A list of the API, page by page."""

    def pages(self) -> AsyncIterator[Page[R]]:
        """The pages from the first."""
        ...


@asynccontextmanager
async def connect(
    options: GlobalOptions,
    status: ServerStatus,
    *,
    concurrency: int = 1,
    long_retries: bool = False,
) -> AsyncGenerator[AsyncRoomsClient]:
    """A client of the API, or of a sandbox that lives as long as this context.

    Args:
        options: Where the API is.
        status: Records whether the server answers.
        concurrency: The maximum number of connections.
        long_retries: Whether to retry as long as the library does; else as for one call.

    Raises:
        CommandError: there is no API key, or the fault plan is invalid.
        ConfigurationError: the options cannot work.
    """
    from telnyx_video import AsyncRoomsClient, RetryPolicy  # loads aiohttp, which takes a while

    async with AsyncExitStack() as stack:
        base_url, api_key = options.base_url, None
        if options.sandbox:
            from telnyx_video.sandbox import Sandbox

            sandbox = await stack.enter_async_context(Sandbox(faults=read_faults(options.faults)))
            base_url, api_key = sandbox.url, sandbox.api_key
        elif options.faults is not None:
            raise CommandError(["--faults is for a sandbox: add --sandbox"])
        elif not (os.environ.get("TELNYX_API_KEY") or has_oauth_credentials()):
            raise CommandError(
                [
                    "there is no API key: set the environment variable TELNYX_API_KEY, "
                    "or add --sandbox to try this without one"
                ]
            )
        client = AsyncRoomsClient(
            base_url=base_url,
            api_key=api_key,
            concurrency=concurrency,
            retry=None if long_retries else RetryPolicy(attempts=ATTEMPTS, deadline=DEADLINE),
            proxy=options.proxy,
            trust_env=options.proxy is None and not options.sandbox,
            ca_file=options.ca_file,
            hooks=status,
            allow_insecure=options.allow_insecure,
        )
        yield await stack.enter_async_context(client)


def read_faults(path: str | None) -> FaultPlan:
    """The fault plan in a file; without a file, no faults.

    Raises:
        CommandError: it cannot be read, or is invalid; each flaw is named.
    """
    if path is None:
        return ()
    from telnyx_video.sandbox import FaultPlanError, load_faults

    try:
        return load_faults(path)
    except FaultPlanError as error:
        raise CommandError([f"{quoted(path)}: {flaw}" for flaw in error.flaws]) from None
    except OSError as error:
        raise CommandError([f"{quoted(path)} cannot be read: {error.strerror}"]) from None


def call(options: GlobalOptions, operation: Callable[[AsyncRoomsClient], Awaitable[T]]) -> T:
    """Run an operation with a client of its own, and show a spinner while it takes long."""

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
    """Print the result of something that was done.

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
    """Report that something was done: as fields for programs, or as a sentence on stderr.

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
    paging: Paging,
    operation: Callable[[AsyncRoomsClient], Pager[R] | Awaitable[Pager[R]]],
) -> None:
    """Print a list page by page as it arrives, and its length.

    Args:
        options: Those of the command.
        view: What a table shows of each object.
        paging: How many objects to print at most.
        operation: Makes the list.
    """
    results = Results(view, options.format)
    limit = paging.limit

    async def show_pages() -> int:
        status, count = ServerStatus(DEADLINE), 0
        async with connect(options, status) as rooms:
            with spinner(status, json=options.json):
                found = operation(rooms)
                pages = (await found if isawaitable(found) else found).pages()
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
    method: Callable[[AsyncRoomsClient], Callable[..., Awaitable[int]]],
) -> None:
    """Download a file with its progress, and report its size.

    Args:
        options: Those of the command.
        object_id: The id of the recording or composition.
        file: The file to write.
        method: The client's method that downloads it.
    """
    from telnyx_video.cli.progress import Meter

    console = stderr()

    async def connect_and_download() -> int:
        async with connect(options, ServerStatus(DEADLINE)) as rooms:
            with Meter(console, "Downloading", number=in_bytes, json=options.json) as meter:

                def show_progress(progress: DownloadProgress) -> None:
                    meter.show(progress.received, progress.total)

                return await method(rooms)(object_id, file, on_progress=show_progress)

    size = run(connect_and_download())
    if options.format == "table":
        console.print(f"{visible(file)}: {in_bytes(size)}")
        return
    with reporting(f"{file} was downloaded"):
        show_fields({"id": object_id, "file": file, "bytes": size}, options.format)


def in_bytes(size: float) -> str:
    """A size in the unit that fits."""
    return decimal(int(size))


def confirm(question: Callable[[], str], *, yes: bool) -> None:
    """Ask before something is deleted or ended, unless ``--yes`` was given.

    Args:
        question: Makes the question; it may ask the server.
        yes: Whether it was confirmed already.

    Raises:
        CommandError: there is no terminal on which to ask.
        typer.Exit: the answer is no, which has been printed.
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


def people_in(session: RoomSession) -> str:
    """How many participants are in a session now, as the end of a question about it."""
    count = sum(participant.left_at is None for participant in session.participants or ())
    if count == 0:
        return ""
    return f", with {'1 person' if count == 1 else f'{count} people'} in it"


def ask(prompt: str, *, password: bool = False) -> str:
    """Ask on a terminal; "" if the answer is the end of the input."""
    try:
        return Prompt.ask(prompt, console=stderr(), password=password)
    except EOFError:
        return ""


def at_a_terminal() -> bool:
    """Whether somebody can answer a question."""
    return sys.stdin is not None and sys.stdin.isatty()
