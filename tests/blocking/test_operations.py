"""Each operation of the blocking client does what the awaited one does, and looks like it."""

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
    """Return the public names of a client, or a group, that can be called."""
    return [name for name in dir(client) if callable(getattr(client, name)) and name[0] != "_"]


OPERATIONS = [
    (awaited, blocking, name)
    for awaited, blocking in GROUPS
    for name in operations_of(blocking)
    if name != "close"
]


def awaited(sandbox: Sandbox, room_id: str) -> Room:
    """Read a room with the awaited client."""

    async def read() -> Room:
        async with AsyncRoomsClient(base_url=sandbox.url, api_key=sandbox.api_key) as rooms:
            return await rooms.get(room_id)

    return asyncio.run(read())


def test_both_clients_have_the_same_operations() -> None:
    """Whatever can be awaited can be called; only closing has a name of its own."""
    for awaited, blocking in GROUPS:
        assert set(operations_of(awaited)) - {"aclose"} == set(operations_of(blocking)) - {"close"}
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    listed = set(
        re.findall(rf"`((?:{'|'.join(blocking.__name__ for _, blocking in GROUPS)})\.\w+)`", page)
    )
    assert listed <= {f"{blocking.__name__}.{name}" for _, blocking, name in OPERATIONS}


@pytest.mark.parametrize(("awaited", "blocking", "name"), OPERATIONS)
def test_an_operation_looks_like_the_awaited_one(awaited: type, blocking: type, name: str) -> None:
    """Arguments, docstring and name are those of the coroutine, for people and for tools."""
    ours, theirs = getattr(blocking, name), getattr(awaited, name)
    assert inspect.signature(ours).parameters == inspect.signature(theirs).parameters
    assert [*ours.__annotations__] == [*theirs.__annotations__]
    assert ours.__doc__.partition("Args:")[2] == theirs.__doc__.partition("Args:")[2]
    assert ours.__name__ == name
    assert not inspect.iscoroutinefunction(ours)


@pytest.mark.parametrize(("blocking", "name"), [row[1:] for row in OPERATIONS])
def test_help_for_those_who_do_not_await_is_theirs(blocking: type, name: str) -> None:
    """`help(RoomsClient.list)` shows what blocking code writes, and what it gets."""
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
def test_the_annotation_is_what_is_returned(blocking: type, name: str, returns: str) -> None:
    """Tools that read signatures see the room, the list or the stream, and nothing to await."""
    operation = getattr(blocking, name)
    assert inspect.signature(operation).return_annotation == returns
    assert operation.__annotations__["return"] == returns


def test_the_example_of_a_stream_can_be_taken_over() -> None:
    """The code in its docstring is what blocking code writes."""
    assert "with rooms.stream_many(requests) as stream:\n" in (
        RoomsClient.stream_many.__doc__ or ""
    )
    assert "``for room in rooms.list()``" in (RoomsClient.list.__doc__ or "")


def test_without_docstrings_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under ``python -OO`` the blocking operation has no docstring, as the awaited one has none."""
    monkeypatch.setattr(AsyncRoomsClient.get, "__doc__", None)
    assert copy_signature(AsyncRoomsClient.get)(lambda: None).__doc__ is None


def test_the_constructor_looks_like_the_awaited_one() -> None:
    """`help(RoomsClient)` shows which arguments there are."""
    assert inspect.signature(RoomsClient).parameters == (
        inspect.signature(AsyncRoomsClient).parameters
    )


def test_a_room_is_made_read_changed_and_deleted(sandbox: Sandbox, rooms: RoomsClient) -> None:
    """A room's whole life goes through the blocking client, and the awaited one sees the same."""
    room = rooms.create(unique_name="standup", max_participants=3)
    assert room.max_participants == 3
    assert rooms.get(room.id) == awaited(sandbox, room.id) == room
    changed = rooms.update(room.id, max_participants=4)
    assert changed.max_participants == 4
    assert rooms.get(room.id) == awaited(sandbox, room.id) == changed
    assert rooms.create(CreateRoomRequest(unique_name="standup"), if_exists="return") == changed
    rooms.delete(room.id)
    assert sandbox.rooms == []


def test_errors_are_the_awaited_ones(rooms: RoomsClient) -> None:
    """What is refused here, there or by the server raises the same error, which says the same."""
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
    """The async client, of which the caller has never heard, is not mentioned."""
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
    """`help(create)` alone says what a room may be."""
    shown = pydoc.plain(pydoc.render_doc(client.create))  # type: ignore[attr-defined] # both have it
    for attribute in attrs.fields(CreateRoomRequest):
        assert f"- ``{attribute.name}``: " in shown
    for bound in ("2 to 50", "0 to 30", "2000 characters", "default is 10", "default is false"):
        assert bound in shown


def test_a_list_gives_each_room_and_each_page(sandbox: Sandbox, rooms: RoomsClient) -> None:
    """A pager can be looped over again and again, by room or by page, and asks as it goes."""
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
    told: list[Progress] = []
    outcomes = rooms.create_many(asked_for(50), concurrency=7, on_progress=told.append)
    assert [outcome.request for outcome in outcomes] == asked_for(50)
    assert all(outcome.room is not None for outcome in outcomes)
    assert [progress.done for progress in told] == list(range(1, 51))
    assert sandbox.max_in_flight <= 7


def test_a_stream_gives_outcomes_as_they_come(sandbox: Sandbox, rooms: RoomsClient) -> None:
    """A stream is entered and looped over; at its end, asking again gets the same answer."""
    told: list[Progress] = []
    with rooms.stream_many(asked_for(50), on_progress=told.append) as stream:
        assert sorted(outcome.index for outcome in stream) == list(range(50))
        assert list(stream) == []
    assert list(stream) == []
    assert told[-1] == Progress(50, 50, 0, 0, 50)
    assert stream.stopped is None
    assert len(sandbox.rooms) == 50


def test_a_stream_reports_what_its_journal_has_lost(rooms: RoomsClient, tmp_path: Path) -> None:
    """The count of unreadable lines is that of the awaited stream."""
    journal = tmp_path / "journal.jsonl"
    rooms.create_many(asked_for(2), journal=journal)
    with journal.open("ab") as file:
        file.write(b"garbage\n")
    with rooms.stream_many(asked_for(3), journal=journal) as stream:
        assert len(list(stream)) == 3
        assert stream.unreadable_lines == 1


def test_a_stream_can_be_stopped(sandbox: Sandbox, rooms: RoomsClient) -> None:
    """After `stop` it finishes requests in flight, and says why it ended."""
    with rooms.stream_many(asked_for(1000), concurrency=5) as stream:
        next(stream)
        stream.stop()
        rest = list(stream)
    assert stream.stopped == "asked"
    assert len(sandbox.rooms) == len(rest) + 1 < 1000


def test_the_rate_of_a_running_stream_can_be_changed(rooms: RoomsClient) -> None:
    """A batch whose next request is hours away continues once its rate is raised."""
    requests = [CreateRoomRequest(unique_name=f"room-{number}") for number in range(5)]
    with rooms.stream_many(requests, max_rate=0.0001) as stream:
        next(stream)
        assert stream.max_rate == 0.0001
        stream.max_rate = 1000
        assert len(list(stream)) == 4


def test_leaving_a_stream_early_leaves_nothing_under_way(
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
    """The body's exception is what comes out, and the rest is cancelled."""

    def body() -> None:
        with rooms.stream_many(asked_for(1000)) as stream:
            next(stream)
            raise LookupError

    with pytest.raises(LookupError):
        body()
    assert len(sandbox.rooms) < 1000


def test_a_stream_that_was_not_entered_says_so(rooms: RoomsClient) -> None:
    """Asking it is a clear error at once."""
    stream = rooms.stream_many(asked_for(1))
    with pytest.raises(ConfigurationError, match="enter the stream"):
        next(stream)


def test_a_stream_that_was_left_has_ended(rooms: RoomsClient) -> None:
    """Asking it for more is an end or an error, not a wait without end."""
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
def test_a_closed_client_says_so(
    sandbox: Sandbox, rooms: RoomsClient, use: str, used_before: bool
) -> None:
    """Each operation raises at once; closing again is harmless."""
    if used_before:
        rooms.create()
    rooms.close()
    rooms.close()
    sent = sandbox.requests
    with pytest.raises(ConfigurationError, match="closed"):
        USES[use](rooms)
    assert sandbox.requests == sent


def test_a_pager_ends_with_its_client(rooms: RoomsClient) -> None:
    """Pages that were not fetched before the client closed are an error, not a wait."""
    rooms.create_many(asked_for(5))
    pages = rooms.list(page_size=2).pages()
    next(pages)
    rooms.close()
    with pytest.raises(ConfigurationError, match="closed"):
        next(pages)


def test_a_stream_ends_with_its_client(rooms: RoomsClient) -> None:
    """A stream whose client was closed inside of its block says so; leaving it is harmless."""
    with rooms.stream_many(asked_for(1000), concurrency=2) as stream:
        next(stream)
        rooms.close()
        with pytest.raises(ConfigurationError, match="closed"):
            list(stream)


def test_leaving_a_stream_of_a_closed_client_hides_no_exception(rooms: RoomsClient) -> None:
    """The body's own exception reaches the caller."""

    def body() -> None:
        with rooms.stream_many(asked_for(1000)):
            rooms.close()
            raise LookupError

    with pytest.raises(LookupError):
        body()


def test_a_session_is_refused() -> None:
    """A session belongs to another loop: that is said when the client is made."""

    async def make() -> None:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(ConfigurationError, match="session"):
                RoomsClient(api_key="key", session=session)

    asyncio.run(make())
    RoomsClient(api_key="key", session=None).close()


def test_a_client_without_a_key_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings are checked when the client is made, and nothing is left of a client refused."""
    monkeypatch.delenv("TELNYX_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="no API key"):
        RoomsClient()


def test_a_client_can_be_neither_pickled_nor_copied(rooms: RoomsClient) -> None:
    """It holds a key and a thread: neither leaves the process by accident."""
    for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="pickle"):
            duplicate(rooms)


def test_a_client_shows_its_address_but_not_its_key(sandbox: Sandbox, rooms: RoomsClient) -> None:
    """Its repr is what one wants to see in a log."""
    assert repr(rooms) == f"<RoomsClient at {sandbox.url}>"
    assert sandbox.api_key not in repr(vars(rooms))
