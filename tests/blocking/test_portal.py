"""The portal that runs a call in the client's thread: interrupts, closing, and errors."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress

import pytest

from support.background import SOON, in_thread
from telnyx_video import OutcomeUnknownError
from telnyx_video.client._portal import Caller, Portal


class TracedError(Exception):
    """An error that supports weak references."""


async def nothing() -> None:
    """Do nothing."""


async def fail(error: BaseException) -> None:
    """Raise an error."""
    raise error


async def wait() -> None:
    """Never end."""
    await asyncio.Event().wait()


def refuse() -> None:
    """Raise immediately."""
    raise LookupError


@pytest.fixture
def portal(nothing_is_left: None) -> Iterator[Portal]:
    portal = Portal(nothing)
    yield portal
    portal.close()


def test_an_interrupted_wait_cancels_what_it_waits_for(portal: Portal) -> None:
    """The exception is raised once the coroutine has ended; its result is dropped."""
    ended = threading.Event()
    caller = Caller()

    async def work() -> None:
        caller.do(refuse)
        try:
            await wait()
        finally:
            ended.set()

    with pytest.raises(LookupError):
        portal.run(work(), caller)
    assert ended.is_set()
    assert not caller.unclaimed


def test_a_wait_may_be_interrupted_before_the_coroutine_starts(portal: Portal) -> None:
    """The wait ends, and the coroutine does not run."""
    caller = Caller()
    caller.do(refuse)
    with pytest.raises(LookupError):
        portal.run(wait(), caller)
    assert not caller.unclaimed


def test_the_result_of_an_interrupted_wait_is_kept(portal: Portal) -> None:
    """A result that is ready when the wait is interrupted is returned by the next wait."""
    over = threading.Event()
    caller = Caller()

    def refuse_late() -> None:
        assert over.wait(SOON)
        raise LookupError

    async def work() -> str:
        caller.do(refuse_late)
        asyncio.get_running_loop().call_soon(over.set)  # comes when this has returned
        return "result"

    with pytest.raises(LookupError):
        portal.run(work(), caller)
    assert list(caller.unclaimed) == ["result"]


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt])
def test_system_exit_in_the_portal_ends_one_call(portal: Portal, end: type[BaseException]) -> None:
    """Raised in a task of the client's thread, it ends only that task's call."""

    async def by_a_task() -> None:
        await asyncio.create_task(fail(end()))

    for call in (fail(end()), by_a_task()):
        with pytest.raises(end):
            portal.run(call)
    assert portal.run(asyncio.sleep(0, "goes on")) == "goes on"


def test_closing_ends_all_calls_even_if_cleanup_fails() -> None:
    """Waiting callers get an error, and the thread ends."""
    portal = Portal(lambda: fail(LookupError()))
    begun = threading.Event()

    async def work() -> None:
        begun.set()
        await wait()

    call = in_thread(lambda: portal.run(work()))
    assert begun.wait(SOON)
    in_thread(portal.close).result(SOON)
    assert isinstance(call.exception(SOON), OutcomeUnknownError)


def test_a_handled_error_is_released(portal: Portal) -> None:
    """The portal keeps no reference to an error or its traceback."""
    made: list[weakref.ref[TracedError]] = []

    def failure() -> TracedError:
        error = TracedError()
        made.append(weakref.ref(error))
        return error

    async def work() -> None:
        raise failure()

    gc.disable()
    try:
        with suppress(TracedError):
            portal.run(work())
        (error,) = made
        assert error() is None
    finally:
        gc.enable()
