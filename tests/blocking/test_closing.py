"""Closing a blocking client: during a call, repeatedly, or by the garbage collector."""

import asyncio
import gc
import threading
import warnings
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest

from support.asking import asked_for
from support.background import SOON, in_thread
from support.blocking_server import BlockingServer
from telnyx_video import (
    ConfigurationError,
    CreateRoomRequest,
    Outcome,
    OutcomeUnknownError,
    Room,
    RoomsClient,
    TelnyxVideoError,
)
from telnyx_video.client.blocking import BlockingOutcomeStream, Pager
from telnyx_video.sandbox import Sandbox


def own_threads() -> list[threading.Thread]:
    """Return the threads of blocking clients."""
    return [thread for thread in threading.enumerate() if thread.name == "telnyx-video"]


@pytest.mark.parametrize("name", ["standup", None])
def test_closing_ends_the_calls_of_other_threads(server: BlockingServer, name: str | None) -> None:
    """A create that was sent raises an error that says its room may exist; no caller hangs."""
    rooms = RoomsClient(base_url=server.url, api_key="key")
    fields = {} if name is None else {"unique_name": name}
    calls = [in_thread(lambda: rooms.create(**fields)) for _ in range(8)]  # type: ignore[arg-type] # all are text
    server.wait_for(8)
    rooms.close()
    for call in calls:
        error = call.exception(SOON)
        assert isinstance(error, TelnyxVideoError)
        assert error.outcome is Outcome.UNKNOWN
        assert isinstance(error, OutcomeUnknownError)


def test_closing_ends_the_batch_of_another_thread(server: BlockingServer) -> None:
    """Creates that were sent are never reported as not sent."""
    rooms = RoomsClient(base_url=server.url, api_key="key")
    call = in_thread(lambda: rooms.create_many(asked_for(20), concurrency=4))
    server.wait_for(4)
    rooms.close()
    try:
        outcomes = call.result(SOON)
    except TelnyxVideoError as error:
        assert error.outcome is Outcome.UNKNOWN  # noqa: PT017 # either way of ending is right
    else:
        unknown = [
            outcome for outcome in outcomes if isinstance(outcome.error, OutcomeUnknownError)
        ]
        assert len(unknown) == 4


def test_closing_ends_a_batch_whose_input_waits(sandbox: Sandbox) -> None:
    """When the input yields its next request, the batch raises an error of the package."""
    rooms = RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key)
    waits, go = threading.Event(), threading.Event()

    def requests() -> Iterator[CreateRoomRequest]:
        yield CreateRoomRequest()
        waits.set()
        go.wait(SOON)
        yield CreateRoomRequest()

    call = in_thread(lambda: rooms.create_many(requests()))
    assert waits.wait(SOON)
    rooms.close()
    go.set()
    assert isinstance(call.exception(SOON), TelnyxVideoError)


def test_many_threads_may_close_a_client(rooms: RoomsClient) -> None:
    """Closing repeatedly, from any thread, is harmless."""
    rooms.create()
    for close in [in_thread(rooms.close) for _ in range(8)]:
        close.result(SOON)
    with pytest.raises(ConfigurationError):
        rooms.create()


def test_a_client_may_be_closed_during_calls(sandbox: Sandbox) -> None:
    """Each concurrent call creates its room or raises an error of the package."""
    for _ in range(20):
        rooms = RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key)
        start = threading.Barrier(4)

        def work(rooms: RoomsClient = rooms, start: threading.Barrier = start) -> None:
            start.wait(SOON)
            while True:
                rooms.create()

        calls = [in_thread(work) for _ in range(3)]
        start.wait(SOON)
        rooms.close()
        assert all(isinstance(call.exception(SOON), TelnyxVideoError) for call in calls)


@pytest.mark.parametrize("in_a_cycle", [False, True])
def test_a_collected_client_leaves_no_thread(sandbox: Sandbox, in_a_cycle: bool) -> None:
    """The garbage collector closes an unclosed client, with a `ResourceWarning`."""
    rooms = RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key)
    rooms.create()
    assert len(own_threads()) == 1
    if in_a_cycle:
        rooms.itself = rooms  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue] # the point
    gone = weakref.ref(rooms)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        del rooms
        gc.collect()
    assert [str(one.message) for one in seen] == [
        f"unclosed <RoomsClient at {sandbox.url}>: use `with`, or call close()"
    ]
    assert seen[0].category is ResourceWarning
    assert gone() is None
    assert own_threads() == []


def test_a_client_may_be_collected_in_its_own_thread(sandbox: Sandbox) -> None:
    """The garbage collector may run in the client's thread without a deadlock."""
    left, ended = threading.Event(), threading.Event()
    holder = SimpleNamespace()

    async def hook(*_: object) -> None:
        await asyncio.to_thread(left.wait, SOON)  # until then the caller's frame holds the client
        if hasattr(holder, "rooms"):
            del holder.rooms
            gc.collect()
            ended.set()

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(hook)

    def call() -> None:
        rooms = RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key, trace_configs=[trace])
        stream = rooms.stream_many(asked_for(1))
        holder.rooms = rooms
        del rooms
        stream.__enter__()

    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        call()
        left.set()
        assert ended.wait(SOON)
    for thread in own_threads():
        thread.join(SOON)
        assert not thread.is_alive()


def test_a_list_or_stream_keeps_its_client_alive(sandbox: Sandbox) -> None:
    """A list or stream works to its end without another reference to its client."""

    def stream() -> BlockingOutcomeStream:
        return RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key).stream_many(asked_for(3))

    def pager() -> Pager[Room]:
        return RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key).list(page_size=1)

    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        made, listed = stream(), pager()
        with made:
            assert len(list(made)) == 3
        assert len(list(listed)) == 3
        del made, listed
        gc.collect()


def test_an_unused_client_does_not_warn() -> None:
    """Without a call there is no thread and no connection to close."""
    rooms = RoomsClient(api_key="key")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        del rooms
        gc.collect()
    assert seen == []


def test_a_half_read_pager_is_collected_without_a_warning(rooms: RoomsClient) -> None:
    """Half-read generators are closed in the background."""
    rooms.create_many(asked_for(4))
    for _ in range(20):
        next(rooms.list(page_size=1).pages())
        gc.collect()
    assert rooms.create(unique_name="afterwards").id


def test_a_stream_that_could_not_be_entered_leaves_nothing(
    rooms: RoomsClient, tmp_path: Path
) -> None:
    """A journal that cannot be written raises `OSError`, and the client stays usable."""
    journal = tmp_path / "missing" / "rooms.jsonl"
    with pytest.raises(FileNotFoundError), rooms.stream_many([], journal=journal):
        pytest.fail("it was entered")
    assert rooms.create(unique_name="after").unique_name == "after"
