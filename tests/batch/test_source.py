"""The input of a batch: numbered, and drawn one by one, here or in another thread."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from batch.fake_creator import FakeCreator, Input, turns
from support.asking import asked, asked_for
from telnyx_video import CreateRoomRequest
from telnyx_video.batch import OutcomeStream, Progress, collect
from telnyx_video.batch.source import Source


def elsewhere(do: Callable[[], None]) -> None:
    """Run it in a new thread."""
    threading.Thread(target=do).start()


class Later:
    """Keeps functions, and runs them when it is reported to."""

    def __init__(self) -> None:
        self.given: list[Callable[[], None]] = []

    def do(self) -> None:
        """Do it."""
        for given in self.given:
            given()


async def drawn(source: Source) -> list[tuple[int, CreateRoomRequest]]:
    """Draw all requests."""
    return [item async for item in source]


@pytest.mark.parametrize("kind", ["list", "generator", "asynchronous", "in a thread"])
async def test_requests_are_numbered(kind: str) -> None:
    """Each request comes with its index, and the length of a list is known."""
    match kind:
        case "list":
            source = Source(asked_for(3))
        case "asynchronous":
            source = Source(Input(3).awaited())
        case _:
            source = Source(iter(asked_for(3)))
    if kind == "in a thread":
        source.draw_through(elsewhere)
    assert source.total == (3 if kind == "list" else None)
    assert await drawn(source) == list(enumerate(asked_for(3)))
    assert await drawn(source) == []
    assert source.drawn == 3


async def test_a_list_is_drawn_in_the_same_thread() -> None:
    """It cannot block."""
    source = Source(asked_for(2))
    source.draw_through(lambda _: pytest.fail("it went to another thread"))
    assert len(await drawn(source)) == 2


async def test_an_error_of_a_threaded_input_is_raised() -> None:
    """An exception of the caller's generator leaves the thread."""

    def broken() -> Iterator[CreateRoomRequest]:
        yield asked(0)
        raise LookupError

    source = Source(broken())
    source.draw_through(elsewhere)
    assert await anext(source) == (0, asked(0))
    with pytest.raises(LookupError):
        await anext(source)


async def test_an_input_that_is_interrupted_ends() -> None:
    """Ctrl-C in the caller's generator stays in its thread, and the source ends."""

    def interrupted() -> Iterator[CreateRoomRequest]:
        yield asked(0)
        raise KeyboardInterrupt

    later = Later()
    source = Source(interrupted())
    source.draw_through(later.given.append)
    drawing = asyncio.ensure_future(drawn(source))
    await turns()
    later.do()
    await turns()
    with pytest.raises(KeyboardInterrupt):
        later.given[1]()
    assert await drawing == [(0, asked(0))]


async def test_a_request_for_a_cancelled_task_is_dropped() -> None:
    """The task that waited for it was cancelled meanwhile."""
    later = Later()
    source = Source(iter(asked_for(1)))
    source.draw_through(later.given.append)
    drawing = asyncio.ensure_future(drawn(source))
    await turns()
    drawing.cancel()
    await asyncio.wait([drawing])
    later.do()
    await turns()
    assert drawing.cancelled()


def test_a_request_after_the_loop_has_closed_is_dropped() -> None:
    """A generator may block longer than the loop runs."""
    later = Later()

    async def leave() -> None:
        source = Source(iter(asked_for(1)))
        source.draw_through(later.given.append)
        drawing = asyncio.ensure_future(drawn(source))
        await turns()
        drawing.cancel()

    asyncio.run(leave())
    later.do()


@pytest.mark.parametrize("asks_first", [False, True])
async def test_a_stopped_source_ends(asks_first: bool) -> None:
    """It does not wait for an input that waits."""

    async def silent() -> AsyncIterator[CreateRoomRequest]:
        await asyncio.Event().wait()
        yield asked(0)

    source = Source(silent())
    assert source.tasks == set()
    if asks_first:
        drawing = asyncio.ensure_future(drawn(source))
        await turns()
        source.stop()
        assert await drawing == []
        assert {task.done() for task in source.tasks} == {True}
    else:
        source.stop()
        assert await drawn(source) == []


@pytest.mark.parametrize("reported", [False, True])
async def test_callbacks_run_where_the_caller_wants(reported: bool) -> None:
    """The stream draws from the generator, and reports progress, by the given function."""
    progress: list[Progress] = []
    calls: list[Callable[[], None]] = []

    def do(call: Callable[[], None]) -> None:
        calls.append(call)
        call()

    stream = OutcomeStream(
        FakeCreator(),
        iter(asked_for(3)),
        concurrency=1,
        on_progress=progress.append if reported else None,
    )
    stream.run_callbacks_in(do)
    assert len(await collect(stream)) == 3
    assert [made.done for made in progress] == ([1, 2, 3] if reported else [])
    assert len(calls) == 4 + len(progress)
