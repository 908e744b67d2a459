"""Runs a command's coroutine: the event loop, the client, signals."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from telnyx_video.cli.errors import SIGNALLED, CommandError
from telnyx_video.cli.options import GlobalOptions
from telnyx_video.cli.output import quoted, stderr
from telnyx_video.cli.waiting import ServerStatus
from telnyx_video.config import has_oauth_credentials

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient
    from telnyx_video.sandbox import FaultPlan

T = TypeVar("T")

ATTEMPTS = 5
"""How often a single call is tried: a user waits for it."""

DEADLINE = 30.0
"""Seconds that a single call may take, its retries included."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a command to its end, on uvloop if it is installed.

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
        # The client notes on the cancelled call whether it was sent.
        notes = getattr(interrupt.__context__, "__notes__", [])
        raise interrupted(*notes) from None


@contextmanager
def before_sending() -> Generator[None]:
    """Everything that a command does before its first request.

    Raises:
        typer.Exit: it was interrupted, which has been said.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise interrupted("nothing was sent") from None


def interrupted(*notes: str) -> typer.Exit:
    """Print that the command was interrupted, and return how it exits."""
    stderr().print("; ".join(["Interrupted", *notes]) + ".")
    return typer.Exit(SIGNALLED + signal.SIGINT)


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
        else:
            _require_key()
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


def _require_key() -> None:
    if not (os.environ.get("TELNYX_API_KEY") or has_oauth_credentials()):
        raise CommandError(
            [
                "there is no API key: set the environment variable TELNYX_API_KEY, "
                "or add --sandbox to try this without one"
            ]
        )


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


@contextmanager
def on_signals(react: Callable[[int], None]) -> Generator[None]:
    """Have the running loop react to each Ctrl-C and SIGTERM."""
    if current_thread() is not main_thread():
        yield  # signals belong to the main thread
        return
    loop = asyncio.get_running_loop()

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(react, number)

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


SIGNALS = (signal.SIGINT, signal.SIGTERM)
