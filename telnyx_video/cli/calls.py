"""Connects to the API, makes one call and prints its result."""

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
"""Attempts of a single call, for which a user waits."""

DEADLINE = 30.0
"""Seconds that a single call may take, its retries included."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Pager(Protocol[R]):
    """A list of the API, page by page."""

    def pages(self) -> AsyncIterator[Page[R]]:
        """Iterate over the pages."""
        ...


class CommandLine(GlobalOptions):
    """Global options, with the methods that depend on them: connecting and printing."""

    @asynccontextmanager
    async def connect(
        self, status: ServerStatus, *, concurrency: int = 1, long_retries: bool = False
    ) -> AsyncGenerator[AsyncRoomsClient]:
        """Connect to the API, or to a sandbox that ends with the context.

        Args:
            status: Receives the client's events.
            concurrency: The maximum number of connections.
            long_retries: Use the library's retry policy, not the short one for a single call.

        Raises:
            CommandError: there is no API key, or the fault plan is invalid.
            ConfigurationError: the options cannot work.
        """
        from telnyx_video import AsyncRoomsClient, RetryPolicy  # loads aiohttp, which takes a while

        async with AsyncExitStack() as stack:
            base_url, api_key = self.base_url, None
            if self.sandbox:
                from telnyx_video.sandbox import Sandbox

                sandbox = await stack.enter_async_context(Sandbox(faults=read_faults(self.faults)))
                base_url, api_key = sandbox.url, sandbox.api_key
            elif self.faults is not None:
                raise CommandError("--faults is for a sandbox: add --sandbox")
            elif not (os.environ.get("TELNYX_API_KEY") or has_oauth_credentials()):
                raise CommandError(
                    "there is no API key: set the environment variable TELNYX_API_KEY, "
                    "or add --sandbox to try this without one"
                )
            client = AsyncRoomsClient(
                base_url=base_url,
                api_key=api_key,
                concurrency=concurrency,
                retry=None if long_retries else RetryPolicy(attempts=ATTEMPTS, deadline=DEADLINE),
                proxy=self.proxy,
                trust_env=self.proxy is None and not self.sandbox,
                ca_file=self.ca_file,
                hooks=status,
                allow_insecure=self.allow_insecure,
            )
            yield await stack.enter_async_context(client)

    def call(self, operation: Callable[[AsyncRoomsClient], Awaitable[T]]) -> T:
        """Run an operation with a new client; show a spinner if it takes long."""

        async def connect_and_call() -> T:
            status = ServerStatus(DEADLINE)
            async with self.connect(status) as rooms:
                with spinner(status, json=self.json):
                    return await operation(rooms)

        return run(connect_and_call())

    def show(self, record: Record, done: str = "") -> None:
        """Print all fields of an object; see `show_fields`."""
        self.show_fields(record.to_dict(), done)

    def show_fields(self, fields: Mapping[str, object], done: str = "", **form: bool) -> None:
        """Print fields.

        Args:
            fields: Their values by their names.
            done: The completed action, named in the error if stdout cannot be written.
            form: See `output.show_fields`.
        """
        with reporting(done):
            show_fields(fields, self.format, **form)

    def report(self, done: str, fields: Mapping[str, object]) -> None:
        """Report a completed action: as a sentence on stderr, or as fields for programs."""
        if self.format == "table":
            stderr().print(f"{done[0].upper()}{visible(done[1:])}.", soft_wrap=True)
        else:
            self.show_fields(fields, done)

    def show_list(
        self,
        view: View[R],
        paging: Paging,
        operation: Callable[[AsyncRoomsClient], Pager[R] | Awaitable[Pager[R]]],
    ) -> None:
        """Print a list page by page as it arrives, and its length."""
        results = Results(view, self.format)
        limit = paging.limit

        async def show_pages() -> int:
            status, count = ServerStatus(DEADLINE), 0
            async with self.connect(status) as rooms:
                with spinner(status, json=self.json):
                    found = operation(rooms)
                    pages = (await found if isawaitable(found) else found).pages()
                while limit is None or count < limit:
                    with spinner(status, json=self.json):
                        page = await anext(pages, None)
                    if page is None:
                        break
                    items = page.items if limit is None else page.items[: limit - count]
                    count += len(items)
                    if items:
                        results.add(items)
            return count

        count = run(show_pages())
        if self.format == "table":
            stderr().print(counted(count, view.noun), style="dim")

    def download(
        self,
        object_id: str,
        file: str,
        method: Callable[[AsyncRoomsClient], Callable[..., Awaitable[int]]],
    ) -> None:
        """Download a file by this method of the client; show the progress and the size."""
        from telnyx_video.cli.progress import Meter

        console = stderr()

        async def connect_and_download() -> int:
            async with self.connect(ServerStatus(DEADLINE)) as rooms:
                with Meter(console, "Downloading", number=in_bytes, json=self.json) as meter:

                    def show_progress(progress: DownloadProgress) -> None:
                        meter.show(progress.received, progress.total)

                    return await method(rooms)(object_id, file, on_progress=show_progress)

        size = run(connect_and_download())
        if self.format == "table":
            console.print(f"{visible(file)}: {in_bytes(size)}")
        else:
            fields = {"id": object_id, "file": file, "bytes": size}
            self.show_fields(fields, f"{file} was downloaded")


@contextmanager
def reporting(done: str) -> Generator[None]:
    """Name the completed action if its result cannot be printed.

    Raises:
        CommandError: stdout cannot be written.
    """
    try:
        yield
    except OSError as error:
        if not done:
            raise
        problem = f"{done}, but standard output cannot be written: {error.strerror}"
        raise CommandError(problem, code=FAILED) from None


def read_faults(path: str | None) -> FaultPlan:
    """Read a fault plan; without a path, return an empty one.

    Raises:
        CommandError: it cannot be read, or is invalid; each flaw is named.
    """
    if path is None:
        return ()
    from telnyx_video.sandbox import FaultPlanError, load_faults

    try:
        return load_faults(path)
    except FaultPlanError as error:
        raise CommandError(*(f"{quoted(path)}: {flaw}" for flaw in error.flaws)) from None
    except OSError as error:
        raise CommandError(f"{quoted(path)} cannot be read: {error.strerror}") from None


def is_id(text: str) -> bool:
    """Whether a text is an id of the API, rather than a room's name."""
    return _ID.fullmatch(text) is not None


async def room_id_of(rooms: AsyncRoomsClient, room: str) -> str:
    """Return the id of a room, given its id or its name.

    Raises:
        NotFoundError: no room has this name.
    """
    return room if is_id(room) else (await rooms.get_by_name(room)).id


def in_bytes(size: float) -> str:
    """Format a size."""
    return decimal(int(size))


def confirm(question: Callable[[], str], *, yes: bool) -> None:
    """Ask before something is deleted or ended, unless ``--yes`` was given.

    Args:
        question: Makes the question; it may ask the server.
        yes: Whether it was confirmed already.

    Raises:
        CommandError: stdin is not a terminal.
        typer.Exit: the answer is no; this was printed.
    """
    if yes:
        return
    if not at_a_terminal():
        raise CommandError(
            "standard input is not a terminal on which to ask: add --yes to go ahead"
        )
    try:
        confirmed = Confirm.ask(visible(question()), console=stderr(), default=False)
    except EOFError:
        confirmed = False
    if not confirmed:
        stderr().print("Nothing was done.")
        raise typer.Exit(FAILED)


def people_in(session: RoomSession | None) -> str:
    """Return how many people are in a session now, as the end of a question."""
    participants = (session and session.participants) or ()
    count = sum(participant.left_at is None for participant in participants)
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
    """Whether stdin is a terminal, on which to ask."""
    return sys.stdin is not None and sys.stdin.isatty()
