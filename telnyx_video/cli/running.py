"""A command's coroutine, run on an event loop with a client, and what signals do to it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import Any, TypeVar

import typer

from telnyx_video import AsyncRoomsClient, RetryPolicy
from telnyx_video.cli.failures import SIGNALLED, CommandError
from telnyx_video.cli.faults import read_faults
from telnyx_video.cli.settings import Settings, require_key
from telnyx_video.cli.terminal import stderr

T = TypeVar("T")

BRIEF = RetryPolicy(attempts=5, deadline=30)
"""For a single call, at whose end somebody waits: a server that is down is known in seconds."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a command to its end, on uvloop's event loop if it is installed.

    Raises:
        typer.Exit: it was interrupted, which has been said.
    """
    try:
        from uvloop import new_event_loop
    except ImportError:
        factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    else:
        factory = new_event_loop
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(main)
    except KeyboardInterrupt as interrupt:
        raise _interrupted(*_notes(interrupt)) from None


@contextmanager
def before_sending() -> Generator[None]:
    """Whatever a command does before its first request.

    Raises:
        typer.Exit: it was interrupted, which has been said.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise _interrupted("nothing was sent") from None


def _interrupted(*notes: str) -> typer.Exit:
    stderr().print("; ".join(["Interrupted", *notes]) + ".")
    return typer.Exit(SIGNALLED + signal.SIGINT)


def _notes(error: BaseException) -> list[str]:
    """What the client noted of the call that was cut off: whether it was sent."""
    cause = error.__context__
    return [] if cause is None else list(getattr(cause, "__notes__", []))


@asynccontextmanager
async def connected(
    settings: Settings, *, concurrency: int = 1, brief: bool = True
) -> AsyncGenerator[AsyncRoomsClient]:
    """A client of the API, or of a sandbox that lives as long as this context.

    Args:
        settings: Those of the command.
        concurrency: Connections at the most.
        brief: Whether somebody waits for each call, who wants to know soon.

    Raises:
        CommandError: there is no API key, or the plan of faults cannot be followed.
        ConfigurationError: the settings cannot work.
    """
    async with AsyncExitStack() as stack:
        base_url, api_key = settings.base_url, None
        if settings.sandbox:
            from telnyx_video.sandbox import Sandbox

            sandbox = await stack.enter_async_context(Sandbox(faults=read_faults(settings.faults)))
            base_url, api_key = sandbox.url, sandbox.api_key
        elif settings.faults is not None:
            raise CommandError(["--faults are those of a sandbox: add --sandbox"])
        else:
            require_key()
        client = AsyncRoomsClient(
            base_url=base_url,
            api_key=api_key,
            concurrency=concurrency,
            retry=BRIEF if brief else None,
            allow_insecure=settings.allow_insecure,
        )
        yield await stack.enter_async_context(client)


@contextmanager
def on_signals(react: Callable[[int], None]) -> Generator[None]:
    """Have the running loop react to Ctrl-C and SIGTERM, each time they come."""
    if current_thread() is not main_thread():
        yield  # signals are the main thread's, whoever that belongs to
        return
    loop = asyncio.get_running_loop()

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(react, number)

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_SIGNALS = (signal.SIGINT, signal.SIGTERM)
