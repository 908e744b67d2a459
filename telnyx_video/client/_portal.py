"""An event loop in a daemon thread, in which blocking code runs coroutines.

It can be used by any number of threads, and where another loop runs (in a notebook). A call from
the loop's own thread, after a fork, or after closing raises an error instead of hanging.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from telnyx_video.errors import ConfigurationError, OutcomeUnknownError

T = TypeVar("T")

Cleanup = Callable[[], Coroutine[Any, Any, None]]


class Portal:
    """The thread and its loop, started by the first call.

    Args:
        cleanup: What to run last in the loop: closes what belongs to it.
    """

    def __init__(self, cleanup: Cleanup) -> None:
        self._cleanup = cleanup
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, coroutine: Coroutine[Any, Any, T], caller: Caller | None = None) -> T:
        """Run a coroutine in the loop and wait for its result.

        If the wait is interrupted (Ctrl-C), the coroutine is cancelled, and has ended when this
        raises.

        Args:
            coroutine: What to run.
            caller: Runs callbacks in the waiting thread, if there are any.

        Raises:
            ConfigurationError: the coroutine cannot be run from here, and was not started.
        """
        try:
            self._check_usable()
            with self._lock:
                if self._closed:
                    raise ConfigurationError("this client is closed: make a new one")
                call = _Call(self._loop or self._start(), coroutine, caller)
        except ConfigurationError:
            coroutine.close()
            raise
        return call.result()

    def close(self) -> None:
        """Run the cleanup, cancel the remaining tasks, and stop the loop and its thread.

        Closing again does nothing. After a fork there is nothing to stop: the thread is the
        parent's. In the loop's own thread, as when the garbage collector runs there, it does not
        wait.
        """
        if os.getpid() != self._pid:
            return
        with self._lock:
            already, self._closed = self._closed, True
            loop, thread = self._loop, self._thread
        if already or loop is None or thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        if thread is not threading.current_thread():
            thread.join()

    @property
    def running(self) -> bool:
        """Whether the thread was started by this process and not stopped."""
        return self._thread is not None and not self._closed and os.getpid() == self._pid

    def _check_usable(self) -> None:
        if os.getpid() != self._pid:
            raise ConfigurationError(
                "this client was created before the process forked, and its connections are the "
                "parent's: create a new client in the child"
            )
        if self._thread is threading.current_thread():
            raise ConfigurationError(
                "a blocking call from the client's own thread, as in a trace hook or an async "
                "iterator, would wait for itself: use AsyncRoomsClient there"
            )

    def _start(self) -> asyncio.AbstractEventLoop:
        loop = _new_loop()
        # A forked child never releases these arguments, as the thread that would is not there.
        # So it never closes the connections, which would unregister them from the parent's epoll.
        thread = threading.Thread(
            target=_serve, args=(loop, self._cleanup), name="telnyx-video", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # the interpreter is exiting, or there are too many threads
            loop.close()
            problem = f"this client's thread cannot be started: {error}"
        else:
            self._loop, self._thread = loop, thread
            return loop
        raise ConfigurationError(problem)


class Caller:
    """A thread that waits for a call, and runs the call's callbacks until then.

    So a batch's input is read, and its progress reported, in the caller's thread: callbacks may
    block, use objects that are bound to the thread, or call the client again.
    """

    def __init__(self) -> None:
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.unclaimed: deque[object] = deque()
        """Results that arrived although the wait for them was interrupted."""

    def do(self, work: Callable[[], None]) -> None:
        """Add a callback, from any thread."""
        self._work.put(work)

    def work_until(self, done: Callable[[], bool]) -> None:
        """Run callbacks until this is true, which is checked after each; an exception ends it."""
        while not done() or not self._work.empty():
            self._work.get()()


class _Call(Generic[T]):
    """A coroutine that runs in the loop, and the thread that waits for its end.

    The thread waits for a lock: a round trip with a ``concurrent.futures.Future`` takes a third
    longer.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, T],
        caller: Caller | None,
    ) -> None:
        self._loop = loop
        self._coroutine = coroutine
        self._caller = caller
        self._task: asyncio.Task[None]
        self._value: T
        self._error: BaseException | None = None
        self._done = False
        self._running = threading.Lock()
        self._running.acquire()
        loop.call_soon_threadsafe(self._start)

    def result(self) -> T:
        try:
            if self._caller is not None:
                self._caller.work_until(lambda: self._done)
            self._running.acquire()
        except BaseException:
            self._interrupt()
            raise
        try:
            if self._error is not None:
                raise self._error
            return self._value
        finally:
            self._error = None  # which now refers to this frame: a cycle would keep it in memory

    def _interrupt(self) -> None:
        """Cancel the coroutine after the wait was interrupted, and wait for its end."""
        if not self._done:
            self._loop.call_soon_threadsafe(self._cancel)
            self._running.acquire()
        if self._caller is not None and self._error is None:
            self._caller.unclaimed.append(self._value)

    def _start(self) -> None:
        self._task = self._loop.create_task(self._run())

    def _cancel(self) -> None:
        # One pass of the loop later: a task that is cancelled before its first step never runs.
        self._loop.call_soon(self._task.cancel)

    async def _run(self) -> None:
        try:
            self._value = await self._coroutine
        except asyncio.CancelledError:
            self._error = OutcomeUnknownError(
                "the client was closed, or the call interrupted, while it was in flight - what it "
                "had sent may have been applied: look before sending it again"
            )
        except BaseException as error:  # raised in the waiting thread
            self._error = error
        self._done = True
        self._running.release()
        if self._caller is not None:
            self._caller.do(_nothing)


def _nothing() -> None:
    """Wake the caller."""


def _new_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's loop if it is installed; an interpreter that is exiting cannot import it."""
    try:
        from telnyx_video.client._fast_loop import FastLoop
    except (ImportError, RuntimeError):
        return asyncio.new_event_loop()
    return FastLoop()


def _serve(loop: asyncio.AbstractEventLoop, cleanup: Cleanup) -> None:
    stopped = False
    while not stopped:
        # A task that raises one of these two, which a hook may, also stops the loop.
        with suppress(SystemExit, KeyboardInterrupt):
            loop.run_forever()
            stopped = True
    loop.run_until_complete(_end_all(cleanup))
    loop.run_until_complete(loop.shutdown_asyncgens())
    with suppress(RuntimeError):  # an interpreter that is exiting may start no thread to wait in
        loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


async def _end_all(cleanup: Cleanup) -> None:
    await asyncio.gather(cleanup(), return_exceptions=True)  # the rest has to end even if it fails
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
