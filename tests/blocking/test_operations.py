"""Each operation of the blocking client works like the async one, with the same signature."""

import asyncio
import copy
import inspect
import pickle
import pydoc
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import pytest

from support.asking import asked_for
from support.background import SOON, in_thread
from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    CreateRoomRequest,
    InvalidRequestError,
    NameTakenError,
    NotFoundError,
    Room,
    RoomsClient,
)
from telnyx_video.batch import Progress
from telnyx_video.client._sync import copy_signature
from telnyx_video.client.blocking import Compositions, Participants, Recordings, Sessions
from telnyx_video.models import Page
from telnyx_video.resources.compositions import AsyncCompositions
from telnyx_video.resources.participants import AsyncParticipants
from telnyx_video.resources.recordings import AsyncRecordings
from telnyx_video.resources.sessions import AsyncSessions
from telnyx_video.sandbox import Sandbox

GROUPS: list[tuple[type, type]] = [
    (AsyncRoomsClient, RoomsClient),
    (AsyncSessions, Sessions),
    (AsyncParticipants, Participants),
    (AsyncRecordings, Recordings),
    (AsyncCompositions, Compositions),
]


def operations_of(client: type) -> list[str]:
    """Return the public methods of a client or a resource."""
    return [name for name in dir(client) if callable(getattr(client, name)) and name[0] != "_"]


OPERATIONS = [
    (awaited, blocking, name)
    for awaited, blocking in GROUPS
    for name in operations_of(blocking)
    if name != "close"
]


def awaited(sandbox: Sandbox, room_id: str) -> Room:
    """Read a room with the async client."""

    async def read() -> Room:
        async with AsyncRoomsClient(base_url=sandbox.url, api_key=sandbox.api_key) as rooms:
            return await rooms.get(room_id)

    return asyncio.run(read())


def test_both_clients_have_the_same_operations() -> None:
    """Every async operation has a blocking one; only `close` differs in name."""
    for awaited, blocking in GROUPS:
        assert set(operations_of(awaited)) - {"aclose"} == set(operations_of(blocking)) - {"close"}
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    listed = set(
        re.findall(rf"`((?:{'|'.join(blocking.__name__ for _, blocking in GROUPS)})\.\w+)`", page)
    )
    assert listed <= {f"{blocking.__name__}.{name}" for _, blocking, name in OPERATIONS}


@pytest.mark.parametrize(("awaited", "blocking", "name"), OPERATIONS)
def test_an_operation_has_the_signature_of_the_async_one(
    awaited: type, blocking: type, name: str
) -> None:
    """Arguments, docstring and name are those of the coroutine."""
    ours, theirs = getattr(blocking, name), getattr(awaited, name)
    assert inspect.signature(ours).parameters == inspect.signature(theirs).parameters
    assert [*ours.__annotations__] == [*theirs.__annotations__]
    assert ours.__doc__.partition("Args:")[2] == theirs.__doc__.partition("Args:")[2]
    assert ours.__name__ == name
    assert not inspect.iscoroutinefunction(ours)


@pytest.mark.parametrize(("blocking", "name"), [row[1:] for row in OPERATIONS])
def test_help_of_the_blocking_client_shows_blocking_code(blocking: type, name: str) -> None:
    """`help(RoomsClient.list)` shows blocking calls and their return types."""
    shown = pydoc.plain(pydoc.render_doc(getattr(blocking, name)))
    assert not re.search(r"async (for|with)|await|Async|\bOutcomeStream|Coroutine", shown)


RETURNS = [
    (RoomsClient, "create", "Room"),
    (RoomsClient, "list", "Pager[Room]"),
    (RoomsClient, "create_many", "builtins.list[CreateOutcome]"),
    (RoomsClient, "stream_many", "BlockingOutcomeStream"),
    (RoomsClient, "delete", "None"),
    (Sessions, "participants", "Pager[RoomParticipant]"),
    (Recordings, "download", "int"),
    (Recordings, "open", "BlockingFileStream"),
    (Compositions, "list", "Pager[RoomComposition]"),
]


@pytest.mark.parametrize(("blocking", "name", "returns"), RETURNS)
def test_the_return_annotation_is_that_of_the_blocking_method(
    blocking: type, name: str, returns: str
) -> None:
    """Signatures return the room, the list or the stream, not an awaitable."""
    operation = getattr(blocking, name)
    assert inspect.signature(operation).return_annotation == returns
    assert operation.__annotations__["return"] == returns


def test_the_example_of_a_stream_is_blocking_code() -> None:
    """The code in its docstring has no `await`."""
    assert "with rooms.stream_many(requests) as stream:\n" in (
        RoomsClient.stream_many.__doc__ or ""
    )
    assert "``for room in rooms.list()``" in (RoomsClient.list.__doc__ or "")


def test_without_docstrings_blocking_methods_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under ``python -OO`` neither client has docstrings."""
    monkeypatch.setattr(AsyncRoomsClient.get, "__doc__", None)
    assert copy_signature(AsyncRoomsClient.get)(lambda: None).__doc__ is None


def test_the_constructor_has_the_signature_of_the_async_one() -> None:
    """`help(RoomsClient)` shows the arguments."""
    assert inspect.signature(RoomsClient).parameters == (
        inspect.signature(AsyncRoomsClient).parameters
    )


def test_a_room_is_made_read_changed_and_deleted(sandbox: Sandbox, rooms: RoomsClient) -> None:
    """The blocking client creates, changes and deletes a room; the async one sees the same."""
    room = rooms.create(unique_name="standup", max_participants=3)
    assert room.max_participants == 3
    assert rooms.get(room.id) == awaited(sandbox, room.id) == room
    changed = rooms.update(room.id, max_participants=4)
    assert changed.max_participants == 4
    assert rooms.get(room.id) == awaited(sandbox, room.id) == changed
    assert rooms.create(CreateRoomRequest(unique_name="standup"), if_exists="return") == changed
    rooms.delete(room.id)
    assert sandbox.rooms == []


def test_errors_are_those_of_the_async_client(rooms: RoomsClient) -> None:
    """Both clients raise the same errors with the same messages."""
    room = rooms.create(unique_name="taken")
    with pytest.raises(NameTakenError) as taken:
        rooms.create(unique_name="taken")
    assert taken.value.room == room
    with pytest.raises(InvalidRequestError, match="max_participants"):
        rooms.create(max_participants=1)
    with pytest.raises(NotFoundError):
        rooms.get("00000000-0000-4000-8000-000000000000")
    with pytest.raises(InvalidRequestError, match="page_size"):
        rooms.list(page_size=0)
    with pytest.raises(TypeError, match=r"did you mean unique_name\?"):
        rooms.create(uniqe_name="a")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue] # the point
    with pytest.raises(TypeError):
        RoomsClient("key")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue] # the point


def test_wrong_arguments_name_the_blocking_method(rooms: RoomsClient) -> None:
    """The async client is not mentioned."""
    untyped: Any = rooms
    wrong: list[tuple[str, Callable[[], object]]] = [
        (r"^RoomsClient\.get\(\) missing 1", untyped.get),
        (r"^RoomsClient\.list\(\) got an unexpected", partial(untyped.list, colour=1)),
        (r"^Sessions\.end\(\) missing 1", untyped.sessions.end),
        (r"^Recordings\.open\(\) missing 1", untyped.recordings.open),
        (r"^RoomsClient\(\) has no argument 'key' \(", partial(untyped.__class__, key="a")),
        (r"^recordings have no filter 'colour'", partial(untyped.recordings.list, colour=1)),
    ]
    for message, call in wrong:
        with pytest.raises(TypeError, match=message):
            call()
    with pytest.raises(InvalidRequestError, match="by name, as in unique_name='standup'"):
        rooms.create("standup")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # the point


@pytest.mark.parametrize("client", [AsyncRoomsClient, RoomsClient])
def test_help_for_create_lists_the_fields_with_their_bounds(client: type) -> None:
    """`help(create)` describes every field of a room."""
    shown = pydoc.plain(pydoc.render_doc(client.create))  # type: ignore[attr-defined] # both have it
    for attribute in attrs.fields(CreateRoomRequest):
        assert f"- ``{attribute.name}``: " in shown
    for bound in ("2 to 50", "0 to 30", "2000 characters", "default is 10", "default is false"):
        assert bound in shown


def test_a_list_gives_each_room_and_each_page(sandbox: Sandbox, rooms: RoomsClient) -> None:
    """A pager can be iterated repeatedly, by room or by page, and fetches pages lazily."""
    rooms.create_many(asked_for(5))
    pager = rooms.list(page_size=2)
    sandbox_saw = sandbox.requests["GET /v2/rooms"]
    listed = list(pager)
    assert sorted(str(room.unique_name) for room in listed) == [f"room-{n}" for n in range(5)]
    assert list(pager) == listed
    pages: Iterator[Page[Room]] = pager.pages()
    assert [len(page.items) for page in pages] == [2, 2, 1]
    assert sandbox.requests["GET /v2/rooms"] == sandbox_saw + 9
    next(pager.pages())
    assert sandbox.requests["GET /v2/rooms"] - sandbox_saw in (10, 11)  # the second, ahead
    for room in pager:
        assert room.id
        break
    assert [room.unique_name for room in rooms.list(unique_name="room-3")] == ["room-3"]
    assert pager.first() == listed[0]
    assert rooms.list(unique_name="nobody").first() is None


def test_a_batch_gives_its_outcomes_in_order(sandbox: Sandbox, rooms: RoomsClient) -> None:
    """`create_many` blocks until each request has its outcome, and reports its progress."""
    reported: list[Progress] = []
    outcomes = rooms.create_many(asked_for(50), concurrency=7, on_progress=reported.append)
    assert [outcome.request for outcome in outcomes] == asked_for(50)
    assert all(outcome.room is not None for outcome in outcomes)
    assert [progress.done for progress in reported] == list(range(1, 51))
    assert sandbox.max_in_flight <= 7


def test_a_stream_gives_outcomes_as_they_come(sandbox: Sandbox, rooms: RoomsClient) -> None:
    """A stream is entered and iterated; after its end, `next` keeps raising `StopIteration`."""
    reported: list[Progress] = []
    with rooms.stream_many(asked_for(50), on_progress=reported.append) as stream:
        assert sorted(outcome.index for outcome in stream) == list(range(50))
        assert list(stream) == []
    assert list(stream) == []
    assert reported[-1] == Progress(50, 50, 0, 0, 50)
    assert stream.stopped is None
    assert len(sandbox.rooms) == 50


def test_a_stream_reports_what_its_journal_has_lost(rooms: RoomsClient, tmp_path: Path) -> None:
    """The count of unreadable lines is that of the async stream."""
    journal = tmp_path / "journal.jsonl"
    rooms.create_many(asked_for(2), journal=journal)
    with journal.open("ab") as file:
        file.write(b"garbage\n")
    with rooms.stream_many(asked_for(3), journal=journal) as stream:
        assert len(list(stream)) == 3
        assert stream.unreadable_lines == 1


def test_a_stream_can_be_stopped(sandbox: Sandbox, rooms: RoomsClient) -> None:
    """After `stop` it finishes requests in flight, and reports why it ended."""
    with rooms.stream_many(asked_for(1000), concurrency=5) as stream:
        next(stream)
        stream.stop()
        rest = list(stream)
    assert stream.stopped == "asked"
    assert len(sandbox.rooms) == len(rest) + 1 < 1000


def test_the_rate_of_a_running_stream_can_be_changed(rooms: RoomsClient) -> None:
    """A batch whose next request is hours away continues when its rate is raised."""
    requests = [CreateRoomRequest(unique_name=f"room-{number}") for number in range(5)]
    with rooms.stream_many(requests, max_rate=0.0001) as stream:
        next(stream)
        assert stream.max_rate == 0.0001
        stream.max_rate = 1000
        assert len(list(stream)) == 4


def test_leaving_a_stream_early_leaves_nothing_in_flight(
    sandbox: Sandbox, rooms: RoomsClient
) -> None:
    """The rest is cancelled, and the client stays usable."""
    with rooms.stream_many(asked_for(1000), concurrency=5) as stream:
        next(stream)
    assert rooms.create(unique_name="afterwards").id
    assert len(sandbox.rooms) < 100


def test_an_exception_in_the_block_of_a_stream_reaches_the_caller(
    sandbox: Sandbox, rooms: RoomsClient
) -> None:
    """The block's exception is raised, and the rest is cancelled."""

    def body() -> None:
        with rooms.stream_many(asked_for(1000)) as stream:
            next(stream)
            raise LookupError

    with pytest.raises(LookupError):
        body()
    assert len(sandbox.rooms) < 1000


def test_a_stream_that_was_not_entered_raises(rooms: RoomsClient) -> None:
    """Reading it raises a clear error immediately."""
    stream = rooms.stream_many(asked_for(1))
    with pytest.raises(ConfigurationError, match="enter the stream"):
        next(stream)


def test_a_stream_that_was_left_has_ended(rooms: RoomsClient) -> None:
    """Reading more ends or raises, and does not hang."""
    with rooms.stream_many(asked_for(1000), concurrency=5) as stream:
        next(stream)
    try:
        rest = in_thread(lambda: list(stream)).result(SOON)
    except ConfigurationError:
        return
    assert len(rest) < 100


USES: dict[str, Callable[[RoomsClient], object]] = {
    "create": lambda rooms: rooms.create(unique_name="x"),
    "get": lambda rooms: rooms.get("00000000-0000-4000-8000-000000000000"),
    "list": lambda rooms: list(rooms.list()),
    "create_many": lambda rooms: rooms.create_many(asked_for(2)),
    "stream_many": lambda rooms: rooms.stream_many(asked_for(2)).__enter__(),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("used_before", [False, True])
def test_a_closed_client_raises(
    sandbox: Sandbox, rooms: RoomsClient, use: str, used_before: bool
) -> None:
    """Each operation raises immediately; closing again is harmless."""
    if used_before:
        rooms.create()
    rooms.close()
    rooms.close()
    sent = sandbox.requests
    with pytest.raises(ConfigurationError, match="closed"):
        USES[use](rooms)
    assert sandbox.requests == sent


def test_a_pager_ends_with_its_client(rooms: RoomsClient) -> None:
    """Fetching a page after the client closed raises, and does not hang."""
    rooms.create_many(asked_for(5))
    pages = rooms.list(page_size=2).pages()
    next(pages)
    rooms.close()
    with pytest.raises(ConfigurationError, match="closed"):
        next(pages)


def test_a_stream_ends_with_its_client(rooms: RoomsClient) -> None:
    """Reading a stream of a closed client raises; leaving its block is harmless."""
    with rooms.stream_many(asked_for(1000), concurrency=2) as stream:
        next(stream)
        rooms.close()
        with pytest.raises(ConfigurationError, match="closed"):
            list(stream)


def test_leaving_a_stream_of_a_closed_client_hides_no_exception(rooms: RoomsClient) -> None:
    """The block's own exception reaches the caller."""

    def body() -> None:
        with rooms.stream_many(asked_for(1000)):
            rooms.close()
            raise LookupError

    with pytest.raises(LookupError):
        body()


def test_a_session_is_refused() -> None:
    """A session belongs to another loop, so it is refused when the client is made."""

    async def make() -> None:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(ConfigurationError, match="session"):
                RoomsClient(api_key="key", session=session)

    asyncio.run(make())
    RoomsClient(api_key="key", session=None).close()


def test_a_client_without_a_key_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration is checked when the client is made; a refused client leaves nothing."""
    monkeypatch.delenv("TELNYX_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="no API key"):
        RoomsClient()


def test_a_client_can_be_neither_pickled_nor_copied(rooms: RoomsClient) -> None:
    """It holds a key and a thread, which must not leave the process."""
    for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="pickle"):
            duplicate(rooms)


def test_a_client_shows_its_address_but_not_its_key(sandbox: Sandbox, rooms: RoomsClient) -> None:
    """Its repr is safe to log."""
    assert repr(rooms) == f"<RoomsClient at {sandbox.url}>"
    assert sandbox.api_key not in repr(vars(rooms))
