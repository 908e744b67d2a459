"""Each operation against the sandbox: its arguments and its results."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from support.clients import client
from support.scripted_server import answer, listed, room, serve
from telnyx_video import (
    UNSET,
    AsyncRoomsClient,
    AuthenticationError,
    CreateRoomRequest,
    InvalidRequestError,
    NameTakenError,
    NotFoundError,
    Outcome,
    ResponseDecodeError,
)
from telnyx_video._execution.reconcile import IfExists
from telnyx_video.models import DateRange, RoomFields
from telnyx_video.sandbox import Sandbox

NOBODY = "00000000-0000-4000-8000-000000000000"


async def test_a_room_is_created_as_requested(rooms: AsyncRoomsClient, sandbox: Sandbox) -> None:
    """Create returns the server's room, with every requested setting."""
    room = await rooms.create(
        unique_name="standup",
        max_participants=7,
        enable_recording=True,
        webhook_event_url="https://example.com/hook?a=1&b=ü",
        webhook_event_failover_url=None,
        webhook_timeout_secs=30,
    )
    assert [held["id"] for held in sandbox.rooms] == [room.id]
    assert (room.unique_name, room.max_participants, room.enable_recording) == ("standup", 7, True)
    assert room.webhook_event_url == "https://example.com/hook?a=1&b=ü"
    assert not room.webhook_event_failover_url
    assert room.webhook_timeout_secs == 30
    assert room.created_at is not None
    assert datetime.now(UTC) - room.created_at < timedelta(minutes=1)


async def test_a_request_object_works_like_keywords(rooms: AsyncRoomsClient) -> None:
    """The same fields may be given as one request object."""
    room = await rooms.create(CreateRoomRequest(unique_name="retro", max_participants=3))
    assert (room.unique_name, room.max_participants) == ("retro", 3)


async def test_unset_fields_are_left_to_the_server(rooms: AsyncRoomsClient) -> None:
    """UNSET works as if the field were not given: the API's default applies."""
    room = await rooms.create(unique_name=UNSET, max_participants=UNSET)
    assert (room.unique_name, room.max_participants) == (None, 10)


async def test_nameless_rooms_are_all_different(rooms: AsyncRoomsClient, sandbox: Sandbox) -> None:
    """Each nameless create makes a separate room."""
    made = {(await rooms.create()).id for _ in range(3)}
    assert {held["id"] for held in sandbox.rooms} == made
    assert len(made) == 3


async def test_auto_name_names_the_nameless(sandbox: Sandbox) -> None:
    """With ``auto_name`` a nameless create gets a UUID as its name; a given name is kept."""
    async with client(sandbox, auto_name=True) as rooms:
        first, second = await rooms.create(), await rooms.create()
        named = await rooms.create(unique_name="mine")
    assert UUID(first.unique_name).version == UUID(second.unique_name).version == 4
    assert first.unique_name != second.unique_name
    assert named.unique_name == "mine"


async def test_a_taken_name_is_an_error_with_the_room(rooms: AsyncRoomsClient) -> None:
    """By default a second create of a name fails, and its error has the room and the request id."""
    room = await rooms.create(unique_name="standup")
    with pytest.raises(NameTakenError) as raised:
        await rooms.create(unique_name="standup")
    assert raised.value.room == room
    assert raised.value.outcome is Outcome.NOT_APPLIED
    assert raised.value.request_id
    assert room.id in str(raised.value)


@pytest.mark.parametrize("if_exists", ["return", "update"])
async def test_an_existing_room_is_returned(
    rooms: AsyncRoomsClient, sandbox: Sandbox, if_exists: IfExists
) -> None:
    """With "return" and "update" a create can be run again, and changes nothing."""
    asked = CreateRoomRequest(unique_name="standup", max_participants=5)
    first = await rooms.create(asked, if_exists=if_exists)
    again = await rooms.create(asked, if_exists=if_exists)
    assert first == again
    assert sandbox.requests["PATCH /v2/rooms/{id}"] == 0


async def test_an_existing_room_that_differs_is_returned_unchanged(rooms: AsyncRoomsClient) -> None:
    """With "return", whatever its settings."""
    first = await rooms.create(unique_name="standup", max_participants=5)
    assert await rooms.create(unique_name="standup", if_exists="return") == first


async def test_a_room_that_differs_is_updated(rooms: AsyncRoomsClient, sandbox: Sandbox) -> None:
    """With "update" the existing room gets the requested settings; others are unchanged."""
    first = await rooms.create(unique_name="standup", max_participants=5, enable_recording=True)
    changed = await rooms.create(unique_name="standup", max_participants=6, if_exists="update")
    assert changed.id == first.id
    assert (changed.max_participants, changed.enable_recording) == (6, True)
    assert sandbox.rooms[0]["max_participants"] == 6


async def test_a_room_can_be_read(rooms: AsyncRoomsClient) -> None:
    """Get returns the room that create returned, with its sessions on request."""
    room = await rooms.create(unique_name="standup")
    assert await rooms.get(room.id) == room
    assert (await rooms.get(room.id, include_sessions=True)).sessions == []
    assert (await rooms.get(room.id, include_sessions=False)).sessions is None


async def test_a_room_can_be_changed(rooms: AsyncRoomsClient) -> None:
    """Update changes the given fields; a request object works as well."""
    room = await rooms.create(unique_name="standup", max_participants=5)
    changed = await rooms.update(room.id, enable_recording=True, webhook_timeout_secs=None)
    assert (changed.max_participants, changed.enable_recording) == (5, True)
    renamed = await rooms.update(room.id, CreateRoomRequest(unique_name="retro"))
    assert (await rooms.get(room.id)) == renamed
    assert renamed.unique_name == "retro"


async def test_a_room_cannot_get_the_name_of_another(rooms: AsyncRoomsClient) -> None:
    """Renaming a room to a taken name raises ``NameTakenError``."""
    await rooms.create(unique_name="standup")
    room = await rooms.create(unique_name="retro")
    with pytest.raises(NameTakenError):
        await rooms.update(room.id, unique_name="standup")


async def test_a_room_can_be_deleted(rooms: AsyncRoomsClient, sandbox: Sandbox) -> None:
    """Delete removes the room; a second delete of it fails, since that one did not delete it."""
    room = await rooms.create(unique_name="standup")
    await rooms.delete(room.id)
    assert sandbox.rooms == []
    with pytest.raises(NotFoundError):
        await rooms.delete(room.id)


async def test_an_unknown_room_is_not_found(rooms: AsyncRoomsClient) -> None:
    """The ``NotFoundError`` says to check the id."""
    for call in (rooms.get(NOBODY), rooms.update(NOBODY, max_participants=3), rooms.delete(NOBODY)):
        with pytest.raises(NotFoundError, match=r"404 .* - check the id"):
            await call


async def test_a_room_is_read_by_its_name(rooms: AsyncRoomsClient, sandbox: Sandbox) -> None:
    """One list request finds it, with its sessions on request."""
    made = [await rooms.create(unique_name=name) for name in ("standup", "stand", "Standup")]
    assert await rooms.get_by_name("standup") == made[0]
    assert sandbox.requests["GET /v2/rooms"] == 1
    sandbox.join(made[0].id)
    found = await rooms.get_by_name("standup", include_sessions=True)
    assert len(found.sessions or ()) == 1


async def test_a_name_is_compared_exactly() -> None:
    """Whatever the filter lets through, only the room of exactly this name counts."""
    alike = [room("Standup", id="1"), room("standup-2", id="2"), room(None, id="3")]
    wanted = room("standup", id="4")
    meta = {"page_size": 3, "total_pages": 2, "total_results": 4}
    first = answer(200, {"data": alike, "meta": meta | {"page_number": 1}})
    second = answer(200, {"data": [wanted], "meta": meta | {"page_number": 2}})
    async with serve(first, second, listed(*alike)) as server, client(server) as rooms:
        assert (await rooms.get_by_name("standup")).id == "4"
        with pytest.raises(NotFoundError, match="no room has the name 'standup' - check the id or"):
            await rooms.get_by_name("standup")


async def test_a_name_of_two_rooms_is_an_error() -> None:
    """The error lists both; neither is chosen."""
    two = listed(room("standup", id="1"), room("standup", id="2"))
    async with serve(two) as server, client(server) as rooms:
        with pytest.raises(ResponseDecodeError, match="2 rooms have the name 'standup': 1; 2"):
            await rooms.get_by_name("standup")


@pytest.mark.parametrize("wrong", ["", None, 7])
async def test_an_invalid_name_is_not_looked_up(
    rooms: AsyncRoomsClient, sandbox: Sandbox, wrong: Any
) -> None:
    """It is refused before anything is sent."""
    with pytest.raises(InvalidRequestError, match="unique_name"):
        await rooms.get_by_name(wrong)
    assert not sandbox.requests


async def test_a_list_has_every_room(rooms: AsyncRoomsClient, sandbox: Sandbox) -> None:
    """A list is read to its end, page by page, each room once."""
    made = [await rooms.create(unique_name=f"room {number}") for number in range(7)]
    listed = [room async for room in rooms.list(page_size=3)]
    assert sorted(room.id for room in listed) == sorted(room.id for room in made)
    assert sandbox.requests["GET /v2/rooms"] == 3


async def test_pages_have_their_totals(rooms: AsyncRoomsClient) -> None:
    """Pages have their numbers and the totals of the list."""
    for number in range(3):
        await rooms.create(unique_name=f"room {number}")
    pages = [page async for page in rooms.list(page_size=2).pages()]
    assert [len(page.items) for page in pages] == [2, 1]
    assert [page.page_number for page in pages] == [1, 2]
    assert {(page.total_pages, page.total_results) for page in pages} == {(2, 3)}


async def test_a_list_can_be_filtered(rooms: AsyncRoomsClient) -> None:
    """Filters by name and by days reach the server, and sessions are included on request."""
    room = await rooms.create(unique_name="a&b=c d/ü%26+")
    await rooms.create(unique_name="other")
    today = datetime.now(UTC).date()
    week = DateRange(gte=today - timedelta(days=7), lte=today + timedelta(days=1))
    past = DateRange(lte=today - timedelta(days=7))
    assert [found async for found in rooms.list(unique_name="a&b=c d/ü%26+")] == [room]
    assert len([found async for found in rooms.list(created_at=week, updated_at=week)]) == 2
    assert [found async for found in rooms.list(created_at=past)] == []
    assert [found async for found in rooms.list(updated_at=past)] == []
    long_ago = today - timedelta(days=400)
    assert [found async for found in rooms.list(created_at=long_ago)] == []
    sessions = [found.sessions async for found in rooms.list(include_sessions=True)]
    assert sessions == [[], []]


@pytest.mark.parametrize(
    "wrong",
    [{"unique_name": ""}, {"max_participants": 1}, {"webhook_event_url": "no"}, {"retries": 3}],
)
async def test_invalid_fields_are_refused_unsent(
    rooms: AsyncRoomsClient, sandbox: Sandbox, wrong: RoomFields
) -> None:
    """A field out of its bounds is refused immediately; nothing is sent."""
    for call in (rooms.create(**wrong), rooms.update(NOBODY, **wrong)):
        with pytest.raises((InvalidRequestError, TypeError)):
            await call
    assert not sandbox.requests


async def test_a_request_and_fields_exclude_each_other(
    rooms: AsyncRoomsClient, sandbox: Sandbox
) -> None:
    """The fields are given in one way only, and a request must be one."""
    request = CreateRoomRequest(unique_name="standup")
    with pytest.raises(InvalidRequestError, match="either a request or fields, not both"):
        await rooms.create(request, max_participants=3)
    with pytest.raises(InvalidRequestError, match="must be a CreateRoomRequest, not str"):
        await rooms.create("standup")  # type: ignore[arg-type]  # what untyped callers do
    with pytest.raises(InvalidRequestError, match="must be a CreateRoomRequest, not int"):
        await rooms.create(5)  # type: ignore[arg-type]  # as above
    with pytest.raises(InvalidRequestError, match="must be a CreateRoomRequest, not dict"):
        await rooms.update(NOBODY, {"max_participants": 3})  # type: ignore[arg-type]  # as above
    assert not sandbox.requests


async def test_a_wrong_choice_is_refused(rooms: AsyncRoomsClient, sandbox: Sandbox) -> None:
    """``if_exists`` has three values; any other is refused before anything is sent."""
    with pytest.raises(InvalidRequestError, match=r'must be "error", "return" or "update", not'):
        await rooms.create(if_exists="ignore")  # type: ignore[arg-type]  # what untyped callers do
    assert not sandbox.requests


async def test_ids_cannot_change_the_path(rooms: AsyncRoomsClient, sandbox: Sandbox) -> None:
    """An invalid id cannot turn a call into one for another resource."""
    for wrong in ("", "../balance", "a/b", "x?y=1", "a b", "%2e%2e"):
        for call in (rooms.get(wrong), rooms.update(wrong), rooms.delete(wrong)):
            with pytest.raises(InvalidRequestError, match="must be an id"):
                await call
    assert not sandbox.requests


async def test_list_filters_are_checked_immediately(
    rooms: AsyncRoomsClient, sandbox: Sandbox
) -> None:
    """An invalid filter is refused when the list is created, not when it is read."""
    with pytest.raises(InvalidRequestError, match="page_size"):
        rooms.list(page_size=251)
    with pytest.raises(InvalidRequestError, match="created_at"):
        rooms.list(created_at=datetime.now(UTC))
    assert not sandbox.requests


async def test_a_wrong_key_is_an_error(sandbox: Sandbox) -> None:
    """``AuthenticationError``, without a retry, for every operation."""
    async with client(sandbox, api_key="wrong-key") as rooms:
        for call in (rooms.create(), rooms.get(NOBODY), rooms.update(NOBODY), rooms.delete(NOBODY)):
            with pytest.raises(AuthenticationError, match="check the API key"):
                await call
        with pytest.raises(AuthenticationError):
            await anext(aiter(rooms.list()))
    assert sum(sandbox.requests.values()) == 5


async def test_replies_have_their_request_id_and_limit() -> None:
    """A room has the request id and the rate-limit figures of its reply."""
    async with (
        Sandbox(rate_limit=1000) as sandbox,
        client(sandbox) as rooms,
    ):
        made = await rooms.create(unique_name="standup")
        for room in (made, await rooms.get(made.id), await rooms.update(made.id)):
            assert room.reply is not None
            assert room.reply.request_id
            assert room.reply.rate_limit is not None
            assert room.reply.rate_limit.limit == 1000
            assert room.reply.rate_limit.remaining is not None
        pages = [page async for page in rooms.list().pages()]
        assert pages[0].reply.request_id
        with pytest.raises(NameTakenError) as raised:
            await rooms.create(unique_name="standup")
    assert raised.value.request_id
    assert raised.value.rate_limit is not None
    assert raised.value.rate_limit.limit == 1000
