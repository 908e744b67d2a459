"""The blocking client and threads: concurrent callers, and its own thread."""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import pytest

from support.asking import asked_for
from support.background import SOON, in_thread
from telnyx_video import ConfigurationError, CreateRoomRequest, RoomsClient
from telnyx_video.sandbox import Sandbox


def own_threads() -> list[threading.Thread]:
    """Return the threads of blocking clients."""
    return [thread for thread in threading.enumerate() if thread.name == "telnyx-video"]


def test_32_threads_share_one_client(sandbox: Sandbox, rooms: RoomsClient) -> None:
    """Concurrent calls each get their own reply through one pool."""
    barrier = threading.Barrier(32)

    def work(number: int) -> list[str]:
        barrier.wait(SOON)
        made = [rooms.create(unique_name=f"room-{number}-{turn}") for turn in range(5)]
        assert [rooms.get(room.id) for room in made] == made
        return [str(room.unique_name) for room in made]

    with ThreadPoolExecutor(32) as pool:
        names = [name for part in pool.map(work, range(32)) for name in part]
    assert len(own_threads()) == 1
    assert sorted(names) == sorted(str(room["unique_name"]) for room in sandbox.rooms)
    assert len(set(names)) == 160


def test_a_call_works_where_a_loop_runs(rooms: RoomsClient) -> None:
    """Blocking calls work inside a coroutine, such as a notebook's cell."""

    async def cell() -> None:
        assert rooms.create(unique_name="cell").id
        assert len(rooms.create_many(iter(asked_for(3)))) == 3
        assert len(list(rooms.list())) == 4

    asyncio.run(cell())


def test_several_threads_may_read_one_stream(rooms: RoomsClient) -> None:
    """Each outcome goes to one thread, and every thread sees the end."""
    with rooms.stream_many(iter(asked_for(200)), concurrency=3) as stream:
        takers = [in_thread(lambda: [outcome.index for outcome in stream]) for _ in range(4)]
        parts = [taker.result(SOON) for taker in takers]
    assert sorted(index for part in parts for index in part) == list(range(200))


@pytest.mark.parametrize("through", ["trace hook", "asynchronous input"])
def test_a_call_from_the_clients_own_thread_raises(sandbox: Sandbox, through: str) -> None:
    """A call that would deadlock raises immediately, and the client stays usable."""
    caught: list[ConfigurationError] = []

    def call_back() -> None:
        with pytest.raises(ConfigurationError, match="own thread") as error:
            rooms.create(unique_name="from inside")
        caught.append(error.value)

    async def hook(*_: object) -> None:
        call_back()

    async def requests() -> AsyncIterator[CreateRoomRequest]:
        call_back()
        yield CreateRoomRequest(unique_name="a")

    trace = aiohttp.TraceConfig()
    if through == "trace hook":
        trace.on_request_start.append(hook)
    with RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key, trace_configs=[trace]) as rooms:
        if through == "trace hook":
            rooms.create(unique_name="a")
        else:
            rooms.create_many(requests())
        assert len(caught) == 1
        assert [room["unique_name"] for room in sandbox.rooms] == ["a"]


def test_a_thread_that_cannot_be_started_is_an_error_each_time(sandbox: Sandbox) -> None:
    """The call raises while no thread can be started; afterwards the client works."""
    rooms = RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(bool).result() is False  # the pool's own thread is there by now
        usual = threading.stack_size(2**62)  # more than there can be
        try:
            with pytest.raises((RuntimeError, ConfigurationError)):
                pool.submit(rooms.create).result(SOON)
        finally:
            threading.stack_size(usual)
    call = in_thread(rooms.create)
    assert call.exception(SOON) is None
    in_thread(rooms.close).result(SOON)
