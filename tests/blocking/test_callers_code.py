"""The callbacks of a batch, its input and `on_progress`, run in the caller's thread."""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from support.asking import asked_for
from support.background import SOON, in_thread
from telnyx_video import CreateRoomRequest, OutcomeUnknownError, RoomsClient
from telnyx_video.batch import Progress
from telnyx_video.sandbox import Sandbox


def test_input_and_progress_are_in_the_callers_thread(rooms: RoomsClient) -> None:
    """A generator and `on_progress` may use objects bound to the caller's thread."""
    threads: set[threading.Thread] = set()

    def requests() -> Iterator[CreateRoomRequest]:
        for request in asked_for(10):
            threads.add(threading.current_thread())
            yield request

    def report(_: Progress) -> None:
        threads.add(threading.current_thread())

    rooms.create_many(requests(), on_progress=report)
    with rooms.stream_many(requests(), on_progress=report) as stream:
        assert len(list(stream)) == 10
    assert threads == {threading.current_thread()}


def test_input_and_progress_may_call_the_client(sandbox: Sandbox, rooms: RoomsClient) -> None:
    """A generator and `on_progress` may call the same client."""

    def requests() -> Iterator[CreateRoomRequest]:
        for request in asked_for(5):
            rooms.create(unique_name=f"before-{request.unique_name}")
            yield request

    def report(progress: Progress) -> None:
        rooms.create(unique_name=f"after-{progress.done}")

    assert len(rooms.create_many(requests(), on_progress=report)) == 5
    assert len(sandbox.rooms) == 15


def test_an_input_may_wait_for_another_thread_that_calls_the_client(rooms: RoomsClient) -> None:
    """A generator fed by a thread that uses the same client does not block it."""
    found: queue.Queue[str | None] = queue.Queue()

    def feed() -> None:
        for name in "abc":
            found.put(str(rooms.create(unique_name=f"source-{name}").unique_name))
        found.put(None)

    def requests() -> Iterator[CreateRoomRequest]:
        while (name := found.get(timeout=SOON)) is not None:
            yield CreateRoomRequest(unique_name=f"copy-of-{name}")

    feeding = in_thread(feed)
    assert len(rooms.create_many(requests())) == 3
    feeding.result(SOON)


@pytest.mark.parametrize("error", [LookupError, SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("where", ["input", "on_progress"])
def test_exceptions_of_callbacks_reach_the_caller(
    rooms: RoomsClient, error: type[BaseException], where: str
) -> None:
    """The batch has ended, and the client stays usable, whatever the exception."""

    def requests() -> Iterator[CreateRoomRequest]:
        yield from asked_for(3)
        if where == "input":
            raise error

    def report(_: Progress) -> None:
        if where == "on_progress":
            raise error

    with pytest.raises(error):
        rooms.create_many(requests(), on_progress=report)
    with pytest.raises(error), rooms.stream_many(requests(), on_progress=report) as stream:
        list(stream)
    assert rooms.create(unique_name="afterwards").id


@pytest.mark.parametrize("error", [LookupError, SystemExit, KeyboardInterrupt])
def test_a_stream_ends_after_its_input_raised(
    rooms: RoomsClient, error: type[BaseException]
) -> None:
    """A caller that catches the input's error can read the remaining outcomes."""

    def requests() -> Iterator[CreateRoomRequest]:
        yield from asked_for(3)
        raise error

    def take() -> int:
        count = 0
        with rooms.stream_many(requests(), concurrency=2) as stream:
            for _ in range(10):
                try:
                    for _ in stream:
                        count += 1
                except error:
                    stream.stop()
        return count

    assert in_thread(take).result(SOON) == 3


def test_stop_async_iteration_of_a_plain_input_is_an_error(rooms: RoomsClient) -> None:
    """`StopAsyncIteration` of a plain iterator is an error, not its end."""

    class Rows:
        def __init__(self) -> None:
            self._rows = asked_for(2)

        def __iter__(self) -> Iterator[CreateRoomRequest]:
            return self

        def __next__(self) -> CreateRoomRequest:
            if self._rows:
                return self._rows.pop()
            raise StopAsyncIteration

    with pytest.raises(RuntimeError, match="the input raised StopAsyncIteration"):
        rooms.create_many(Rows())
    with (
        pytest.raises(RuntimeError, match="the input raised StopAsyncIteration"),
        rooms.stream_many(Rows()) as stream,
    ):
        list(stream)


@pytest.mark.parametrize("awaited", [False, True])
def test_a_cancelled_input_is_reported_as_an_error_of_the_package(
    sandbox: Sandbox, rooms: RoomsClient, awaited: bool
) -> None:
    """Blocking code cannot be cancelled, so the error is one that it can catch."""

    def requests() -> Iterator[CreateRoomRequest]:
        yield from asked_for(3)
        raise asyncio.CancelledError

    async def awaited_requests() -> AsyncIterator[CreateRoomRequest]:
        for request in requests():
            yield request

    with pytest.raises(OutcomeUnknownError, match="input waits for was cancelled"):
        rooms.create_many(awaited_requests() if awaited else requests())
    assert len(sandbox.rooms) == 3


def test_stop_iteration_of_on_progress_does_not_end_the_stream(rooms: RoomsClient) -> None:
    """A `for` loop over the outcomes does not end silently."""

    def report(_: Progress) -> None:
        raise StopIteration

    with (
        pytest.raises(RuntimeError, match="on_progress raised StopIteration"),
        rooms.stream_many(asked_for(3), on_progress=report) as stream,
    ):
        list(stream)
