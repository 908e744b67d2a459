"""The way of a call into the client's thread and back, as far as no operation shows it for sure."""

import asyncio
import threading

from support.background import SOON, in_thread
from telnyx_video import OutcomeUnknownError
from telnyx_video._portal import Portal


async def fail(error: BaseException) -> None:
    """End by an error."""
    raise error


async def wait() -> None:
    """Never come to an end."""
    await asyncio.Event().wait()


def test_closing_ends_everything_though_the_farewell_fails() -> None:
    """Whoever waits is told, and the thread ends."""
    portal = Portal(lambda: fail(LookupError()))
    begun = threading.Event()

    async def work() -> None:
        begun.set()
        await wait()

    call = in_thread(lambda: portal.run(work()))
    assert begun.wait(SOON)
    in_thread(portal.close).result(SOON)
    assert isinstance(call.exception(SOON), OutcomeUnknownError)
