"""The input of a batch: numbered, drawn one by one, here or in another thread, to its end."""

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
    """Have it done by a thread of its own."""
    threading.Thread(target=do).start()


class Later:
    """Does what it is given when it is reported to."""

    def __init__(self) -> None:
        self.given: list[Callable[[], None]] = []

    def do(self) -> None:
        """Do it."""
        for given in self.given:
            given()


async def drawn(source: Source) -> list[tuple[int, CreateRoomRequest]]:
    """Return all that can be drawn."""
    return [item async for item in source]


@pytest.mark.parametrize("kind", ["list", "generator", "asynchronous", "in a thread"])
async def test_requests_are_numbered(kind: str) -> None:
    """Each request comes with its place, and a list is known to have an end."""
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


async def test_a_list_is_drawn_from_where_it_is() -> None:
    """What cannot block is not taken to another thread."""
    source = Source(asked_for(2))
    source.draw_through(lambda _: pytest.fail("it went to another thread"))
    assert len(await drawn(source)) == 2


async def test_what_a_threaded_input_raises_is_raised() -> None:
    """An exception of the caller's generator comes out of the thread."""

    def broken() -> Iterator[CreateRoomRequest]:
        yield asked(0)
        raise LookupError

    source = Source(broken())
    source.draw_through(elsewhere)
    assert await anext(source) == (0, asked(0))
    with pytest.raises(LookupError):
        await anext(source)


async def test_an_input_that_is_interrupted_ends() -> None:
    """Ctrl-C within the caller's generator stays in its thread, and nobody waits on."""

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


async def test_an_answer_that_nobody_waits_for_is_dropped() -> None:
    """A request drawn for the one that has been cancelled meanwhile goes nowhere."""
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


def test_an_answer_after_the_loop_has_closed_is_dropped() -> None:
    """A generator that blocks until all is over may return then."""
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
    """Whether it was asked before or not; it waits no longer for an input that waits."""

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


@pytest.mark.parametrize("told", [False, True])
async def test_callers_code_is_called_where_they_want(told: bool) -> None:
    """The generator is drawn from, and progress told, by what the stream is given for that."""
    progress: list[Progress] = []
    calls: list[Callable[[], None]] = []

    def do(call: Callable[[], None]) -> None:
        calls.append(call)
        call()

    stream = OutcomeStream(
        FakeCreator(),
        iter(asked_for(3)),
        concurrency=1,
        on_progress=progress.append if told else None,
    )
    stream.run_callbacks_in(do)
    assert len(await collect(stream)) == 3
    assert [made.done for made in progress] == ([1, 2, 3] if told else [])
    assert len(calls) == 4 + len(progress)
