"""One event loop in one daemon thread, through which blocking code calls coroutines.

Works from any number of threads, and where a loop already runs (a notebook). What cannot work
raises at once instead of hanging: a call from the loop's own thread, after a fork, or once closed.
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

Farewell = Callable[[], Coroutine[Any, Any, None]]


class Portal:
    """The thread and its loop, started by the first call.

    Args:
        farewell: What to run last in the loop: it closes what lives there.
    """

    def __init__(self, farewell: Farewell) -> None:
        self._farewell = farewell
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, coroutine: Coroutine[Any, Any, T], caller: Caller | None = None) -> T:
        """Run a coroutine in the loop and wait for its result.

        Args:
            caller: What the coroutine has done in the waiting thread, if anything.

        If the wait is interrupted (Ctrl-C), the coroutine is cancelled, and has ended when this
        raises: nothing goes on behind the caller's back.

        Raises:
            ConfigurationError: this cannot work, and the coroutine was not started.
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
        """Say farewell, end what is left, stop the loop and its thread.

        Again is harmless. After a fork there is nothing to stop here: the thread is the parent's.
        From the loop's own thread, as when the garbage collector runs there, it does not wait.
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

    def _check_usable(self) -> None:
        if os.getpid() != self._pid:
            raise ConfigurationError(
                "this client was made before the process forked, and its connections are the "
                "parent's: make a new client in the child"
            )
        if self._thread is threading.current_thread():
            raise ConfigurationError(
                "a blocking call from the client's own thread, as in a trace hook or an async "
                "iterator, would wait for itself: use AsyncRoomsClient there"
            )

    def _start(self) -> asyncio.AbstractEventLoop:
        loop = _new_loop()
        # A forked child never lets go of these arguments, as the thread that would is not there.
        # So it never closes the connections, which would unregister them in the parent's epoll.
        thread = threading.Thread(
            target=_serve, args=(loop, self._farewell), name="telnyx-video", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # the interpreter is ending, or there are too many threads
            loop.close()
            problem = f"this client's thread cannot be started: {error}"
        else:
            self._loop, self._thread = loop, thread
            return loop
        raise ConfigurationError(problem)


class Caller:
    """A thread that waits for a call, and meanwhile does for it what must be done in this thread.

    So a batch's input is drawn, and its progress reported, where the caller lives: they may block,
    use what is bound to the thread, or call the client again.
    """

    def __init__(self) -> None:
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.unclaimed: deque[object] = deque()
        """Results that came although the wait for them was interrupted."""

    def do(self, work: Callable[[], None]) -> None:
        """Have something done, from any thread."""
        self._work.put(work)

    def work_until(self, over: Callable[[], bool]) -> None:
        """Work until this is so, which is looked at after each piece; what one raises ends it."""
        while not over() or not self._work.empty():
            self._work.get()()


class _Call(Generic[T]):
    """A coroutine on its way through the loop, and the thread that waits for its end.

    It waits for a lock: with a future, its condition and its callback, the way there and back
    takes a third longer.
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
        self._over = False
        self._under_way = threading.Lock()
        self._under_way.acquire()
        loop.call_soon_threadsafe(self._start)

    def result(self) -> T:
        try:
            if self._caller is not None:
                self._caller.work_until(lambda: self._over)
            self._under_way.acquire()
        except BaseException:
            self._break_off()
            raise
        try:
            if self._error is not None:
                raise self._error
            return self._value
        finally:
            self._error = None  # which now refers to this frame: a cycle would keep it in memory

    def _break_off(self) -> None:
        """After this wait was interrupted: see to it that nothing goes on."""
        if not self._over:
            self._loop.call_soon_threadsafe(self._cancel)
            self._under_way.acquire()
        if self._caller is not None and self._error is None:
            self._caller.unclaimed.append(self._value)

    def _start(self) -> None:
        self._task = self._loop.create_task(self._run())

    def _cancel(self) -> None:
        # A round later than it was begun: a task that is cancelled before ends without a step.
        self._loop.call_soon(self._task.cancel)

    async def _run(self) -> None:
        try:
            self._value = await self._coroutine
        except asyncio.CancelledError:
            self._error = OutcomeUnknownError(
                "the client was closed, or the call interrupted, under way - what it had sent "
                "may have been applied: look before sending it again"
            )
        except BaseException as error:  # handed to whoever waits
            self._error = error
        self._over = True
        self._under_way.release()
        if self._caller is not None:
            self._caller.do(_nothing)


def _nothing() -> None:
    """Work that only wakes the caller."""


def _new_loop() -> asyncio.AbstractEventLoop:
    """The fastest loop that is installed; an interpreter that ends does not let uvloop in."""
    try:
        from telnyx_video.client._fast_loop import FastLoop
    except (ImportError, RuntimeError):
        return asyncio.new_event_loop()
    return FastLoop()


def _serve(loop: asyncio.AbstractEventLoop, farewell: Farewell) -> None:
    stopped = False
    while not stopped:
        # A task that raises these two, which a hook may, also breaks the loop off.
        with suppress(SystemExit, KeyboardInterrupt):
            loop.run_forever()
            stopped = True
    loop.run_until_complete(_end_all(farewell))
    loop.run_until_complete(loop.shutdown_asyncgens())
    with suppress(RuntimeError):  # an interpreter that ends may have no thread to wait in
        loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


async def _end_all(farewell: Farewell) -> None:
    await asyncio.gather(farewell(), return_exceptions=True)  # the rest has to end even so
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
