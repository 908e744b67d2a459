"""What most commands do: one call, or one list, shown as asked for; a deletion, once confirmed."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeVar

import typer
from rich.prompt import Confirm

from telnyx_video import AsyncRoomsClient
from telnyx_video.cli.failures import FAILED, CommandError
from telnyx_video.cli.running import connected, run
from telnyx_video.cli.settings import Settings
from telnyx_video.cli.tables import Columns, RecordTable, show_record
from telnyx_video.cli.terminal import stderr, stdout, visible, write_json
from telnyx_video.models import Page, Record

T = TypeVar("T")
R = TypeVar("R", bound=Record)


class Pager(Protocol[R]):
    """A list of the API, page by page."""

    def pages(self) -> AsyncIterator[Page[R]]:
        """The pages from the first."""
        ...


def call(settings: Settings, operation: Callable[[AsyncRoomsClient], Awaitable[T]]) -> T:
    """Make one call with a client that lives as long."""

    async def connect_and_call() -> T:
        async with connected(settings) as rooms:
            return await operation(rooms)

    return run(connect_and_call())


def show(record: Record, settings: Settings) -> None:
    """Print all that the API told of an object."""
    if settings.json:
        write_json(record.to_dict())
    else:
        show_record(stdout(), record)


@contextmanager
def telling(done: str) -> Generator[None]:
    """What tells, on stdout, of something that has been done.

    Args:
        done: What it is, to be said elsewhere if it cannot be told.

    Raises:
        CommandError: it could not be told.
    """
    try:
        yield
    except OSError as error:
        problem = f"{done}, but standard output cannot be written: {error.strerror}"
        raise CommandError([problem], FAILED) from None


def show_done(record: Record, settings: Settings, done: str) -> None:
    """Print all that the API told of an object which something has been done to.

    Args:
        record: The object.
        settings: Those of the command.
        done: What it is, to be said elsewhere if it cannot be printed.

    Raises:
        CommandError: it could not be printed.
    """
    with telling(done):
        show(record, settings)


def say_done(told: Mapping[str, object], settings: Settings, done: str) -> None:
    """Say that something has been done: JSON is data, a sentence stands beside it.

    Args:
        told: What JSON says.
        settings: Those of the command.
        done: What the sentence says; it begins with a small letter.

    Raises:
        CommandError: the JSON could not be printed.
    """
    if settings.json:
        with telling(done):
            write_json(told)
    else:
        stderr().print(f"{done[0].upper()}{visible(done[1:])}.")


def show_list(
    settings: Settings,
    operation: Callable[[AsyncRoomsClient], Pager[R]],
    columns: Columns[R],
    noun: str,
) -> None:
    """Print a list page by page as it comes, and how long it is.

    Args:
        settings: Those of the command.
        operation: Which list.
        columns: What a table shows of each object.
        noun: What one of them is called.
    """
    table = RecordTable(stdout(), columns)

    async def show_pages(rooms: AsyncRoomsClient) -> int:
        count = 0
        async for page in operation(rooms).pages():
            count += len(page.items)
            if settings.json:
                for record in page.items:
                    write_json(record.to_dict())
            elif page.items:
                table.add(page.items)
        return count

    count = call(settings, show_pages)
    if not settings.json:
        text = f"1 {noun}" if count == 1 else f"{count or 'no'} {noun}s"
        stderr().print(text, style="dim")


def delete_one(
    settings: Settings,
    object_id: str,
    question: str | None,
    operation: Callable[[AsyncRoomsClient], Awaitable[None]],
) -> None:
    """Delete an object, and say so.

    Args:
        settings: Those of the command.
        object_id: Its id.
        question: What to ask before; None asks nothing.
        operation: Deletes it.
    """
    confirm(question)
    call(settings, operation)
    say_done({"id": object_id, "deleted": True}, settings, f"deleted {object_id}")


def confirm(question: str | None) -> None:
    """Have a deletion confirmed by whoever sits at the terminal; None is none to be asked.

    Raises:
        CommandError: there is no terminal on which to ask.
        typer.Exit: the answer is no, and this has been said.
    """
    if question is None or _is_confirmed(question):
        return
    stderr().print("Nothing was deleted.")
    raise typer.Exit(FAILED)


def _is_confirmed(question: str) -> bool:
    if not at_a_terminal():
        raise CommandError(
            ["standard input is no terminal on which to ask: add --yes to delete without asking"]
        )
    try:
        return Confirm.ask(visible(question), console=stderr(), default=False)
    except EOFError:
        return False


def at_a_terminal() -> bool:
    """Whether somebody can answer; nobody can where standard input is closed."""
    return sys.stdin is not None and sys.stdin.isatty()
