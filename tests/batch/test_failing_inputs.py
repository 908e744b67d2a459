"""Inputs that raise exceptions with a meaning: a batch never seems complete because of one."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from batch.fake_creator import FakeCreator, made, turns
from support.asking import asked, asked_for
from support.background import SOON
from telnyx_video import CreateRoomRequest, OutcomeUnknownError
from telnyx_video._execution.reconcile import CreateResult
from telnyx_video.batch import OutcomeStream, Requests, collect

pytestmark = pytest.mark.usefixtures("no_task_is_left")


class Broken:
    """Two requests, and then an exception."""

    def __init__(self, error: type[BaseException]) -> None:
        self._error = error
        self._numbers = iter(range(2))

    def next_one(self) -> CreateRoomRequest:
        """Return the next request, or raise."""
        for number in self._numbers:
            return asked(number)
        raise self._error


class Plain(Broken):
    """The same, as a plain iterator."""

    def __iter__(self) -> Iterator[CreateRoomRequest]:
        return self

    def __next__(self) -> CreateRoomRequest:
        return self.next_one()


class Awaited(Broken):
    """The same, as an asynchronous one."""

    def __aiter__(self) -> AsyncIterator[CreateRoomRequest]:
        return self

    async def __anext__(self) -> CreateRoomRequest:
        return self.next_one()


class Eager(Broken):
    """The same, as one that raises before there is anything to await."""

    def __aiter__(self) -> AsyncIterator[CreateRoomRequest]:
        return self

    def __anext__(self) -> Awaitable[CreateRoomRequest]:
        return self._give(self.next_one())

    async def _give(self, request: CreateRoomRequest) -> CreateRoomRequest:
        return request


async def generated(error: type[BaseException]) -> AsyncIterator[CreateRoomRequest]:
    """The same, as an asynchronous generator."""
    for request in asked_for(2):
        yield request
    raise error


Make = Callable[[type[BaseException]], Requests]


async def run(source: Requests, where: str, creator: FakeCreator, folder: Path) -> None:
    """Run a batch to its end, with a journal or with another thread that draws."""
    journal = folder / "rooms.jsonl" if where == "journal" else None
    stream = OutcomeStream(creator, source, concurrency=4, journal=journal)
    if where == "thread":
        stream.run_callbacks_in(lambda do: threading.Thread(target=do).start())
    await asyncio.wait_for(collect(stream), SOON)


@pytest.mark.parametrize(
    ("make", "error", "where"),
    [
        (Plain, StopAsyncIteration, "here"),
        (Plain, StopAsyncIteration, "journal"),
        (Plain, StopAsyncIteration, "thread"),
        (Awaited, StopIteration, "here"),
        (Awaited, StopIteration, "journal"),
        (Eager, StopIteration, "here"),
        (generated, StopIteration, "here"),
        (generated, StopAsyncIteration, "here"),
    ],
)
async def test_the_end_of_another_kind_of_iterator_is_an_error(
    make: Make, error: type[Exception], where: str, tmp_path: Path
) -> None:
    """As in a generator, it becomes a `RuntimeError`; requests drawn before are made first."""
    creator = FakeCreator()
    with pytest.raises(RuntimeError, match=rf"raised {error.__name__}") as caught:
        await run(make(error), where, creator, tmp_path)
    assert isinstance(caught.value.__cause__, error)
    assert creator.begun == asked_for(2)


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (Plain, "here"),
        (Plain, "journal"),
        (Plain, "thread"),
        (Awaited, "here"),
        (Awaited, "journal"),
        (Eager, "here"),
        (generated, "here"),
    ],
)
async def test_a_cancellation_within_the_input_is_an_error_of_the_package(
    make: Make, where: str, tmp_path: Path
) -> None:
    """It is neither the end of the input nor a cancellation of the caller."""
    creator = FakeCreator()
    with pytest.raises(OutcomeUnknownError, match="rooms may have been made of earlier requests"):
        await run(make(asyncio.CancelledError), where, creator, tmp_path)
    assert creator.begun == asked_for(2)


async def test_a_caller_who_is_cancelled_gets_a_cancellation() -> None:
    """While the input waits, too, whose task is cancelled then."""

    async def requests() -> AsyncIterator[CreateRoomRequest]:
        yield asked(0)
        await asyncio.Event().wait()

    batch = asyncio.create_task(collect(OutcomeStream(FakeCreator(), requests(), concurrency=2)))
    await turns()
    batch.cancel()
    await asyncio.wait([batch], timeout=SOON)
    assert batch.cancelled()


async def test_noting_ahead_that_is_cancelled_leaves_no_gap(tmp_path: Path) -> None:
    """The batch does not continue without the requests that a cancelled task had drawn."""

    def requests() -> Iterator[CreateRoomRequest]:
        for number in range(50):
            if number == 5:
                task = asyncio.current_task()
                assert task
                task.cancel()
            yield asked(number)

    with pytest.raises(OutcomeUnknownError):
        await run(requests(), "journal", FakeCreator(), tmp_path)


async def test_closing_an_input_does_not_hide_its_error() -> None:
    """If an iterator's `aclose` fails as well, the failure is still raised."""

    class Clumsy(AsyncGenerator[CreateRoomRequest, None]):
        async def asend(self, _: None) -> CreateRoomRequest:
            raise LookupError

        async def athrow(self, *_: object) -> CreateRoomRequest:
            raise AssertionError

        async def aclose(self) -> None:
            raise StopAsyncIteration

    with pytest.raises(RuntimeError) as caught:
        await asyncio.wait_for(collect(OutcomeStream(FakeCreator(), Clumsy(), concurrency=2)), SOON)
    assert isinstance(caught.value.__cause__, StopAsyncIteration)
    assert isinstance(caught.value.__cause__.__context__, LookupError)


async def test_stop_async_iteration_of_a_create_is_an_error() -> None:
    """Code of the caller that runs in a create, such as a trace hook, cannot end a batch."""

    async def make(request: CreateRoomRequest) -> CreateResult:
        if request == asked(2):
            raise StopAsyncIteration
        return made(request)

    with pytest.raises(RuntimeError, match="a create raised StopAsyncIteration"):
        async with asyncio.timeout(SOON):
            await collect(OutcomeStream(FakeCreator(make), asked_for(9), concurrency=2))
