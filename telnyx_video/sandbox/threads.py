"""An event loop in a thread of its own, for as long as blocking code wants it."""

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from threading import Thread


@contextmanager
def in_a_thread(serving: Callable[[], AbstractAsyncContextManager[None]]) -> Generator[None]:
    """Hold an async context open in an event loop of its own."""
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def hold() -> None:
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(serving())
            except BaseException as error:  # it is raised where the caller waits
                started.set_exception(error)
                return
            stop = asyncio.Event()
            started.set_result((asyncio.get_running_loop(), stop))
            await stop.wait()

    # A daemon: a program that forgets to leave the context can end all the same.
    thread = Thread(target=lambda: asyncio.run(hold()), name="telnyx-video-sandbox", daemon=True)
    thread.start()
    try:
        loop, stop = started.result()
    except Exception:
        thread.join()
        raise
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
