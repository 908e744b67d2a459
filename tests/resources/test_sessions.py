"""Sessions and participants: read and changed, against the sandbox."""

from datetime import UTC, date, datetime, timedelta

import pytest

from support.sessions import Session
from telnyx_video import (
    AsyncRoomsClient,
    InvalidRequestError,
    NotFoundError,
    UnprocessableEntityError,
)
from telnyx_video.models import DateRange
from telnyx_video.sandbox import Sandbox

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def today() -> date:
    """The day by which the sandbox filters."""
    return datetime.now(UTC).date()


def muted(sandbox: Sandbox) -> dict[object, object]:
    """Return who is muted, by the participants' contexts."""
    return {one["context"]: one["muted"] for one in sandbox.participants}


async def present(rooms: AsyncRoomsClient, session_id: str) -> list[str | None]:
    """Return the contexts of those who are in a session."""
    return [
        one.context async for one in rooms.sessions.participants(session_id) if one.left_at is None
    ]


async def test_sessions_are_listed_of_the_account_or_of_one_room(
    sandbox: Sandbox, rooms: AsyncRoomsClient, session: Session
) -> None:
    """With a room's id only its sessions are listed; both lists have the same filters."""
    other = await rooms.create()
    sandbox.join(other.id)
    of_room = [one.id async for one in rooms.sessions.list(session.room_id)]
    assert of_room == [session.session_id]
    of_account = [one async for one in rooms.sessions.list(active=True, created_at=today())]
    assert {one.room_id for one in of_account} == {session.room_id, other.id}
    yesterday = DateRange(lte=today() - timedelta(days=1))
    assert [one async for one in rooms.sessions.list(room_id=other.id, updated_at=yesterday)] == []
    assert [one async for one in rooms.sessions.list(active=False)] == []
    assert [one async for one in rooms.sessions.list(ended_at=today())] == []


async def test_a_session_is_read_with_or_without_its_participants(
    rooms: AsyncRoomsClient, session: Session
) -> None:
    """Participants are included on request, in lists as well."""
    found = await rooms.sessions.get(session.session_id)
    assert (found.id, found.active, found.participants) == (session.session_id, True, None)
    found = await rooms.sessions.get(session.session_id, include_participants=True)
    assert {one.id for one in found.participants or []} == {session.alice, session.bob}
    (listed,) = [one async for one in rooms.sessions.list(include_participants=True)]
    assert listed == found


async def test_participants_are_listed_and_read(rooms: AsyncRoomsClient, session: Session) -> None:
    """Of one session or of the account, by filters, and one by one."""
    assert await present(rooms, session.session_id) == ["Alice", "Bob"]
    (bob,) = [
        one
        async for one in rooms.participants.list(
            session_id=session.session_id, context="Bob", joined_at=today(), page_size=1
        )
    ]
    assert bob == await rooms.participants.get(session.bob)
    assert [one async for one in rooms.participants.list(left_at=today())] == []
    of_session = rooms.sessions.participants(session.session_id, context="Alice")
    assert [one.id async for one in of_session] == [session.alice]


async def test_participants_are_muted_and_unmuted(
    sandbox: Sandbox, rooms: AsyncRoomsClient, session: Session
) -> None:
    """All of them, all but some, or some."""
    await rooms.sessions.mute(session.session_id, "all", exclude=[session.bob])
    assert muted(sandbox) == {"Alice": True, "Bob": False}
    await rooms.sessions.mute(session.session_id, {session.bob})
    assert muted(sandbox) == {"Alice": True, "Bob": True}
    await rooms.sessions.unmute(session.session_id, "all")
    assert muted(sandbox) == {"Alice": False, "Bob": False}


async def test_participants_are_kicked(rooms: AsyncRoomsClient, session: Session) -> None:
    """The others stay; a session that has ended has no participants."""
    await rooms.sessions.kick(session.session_id, [session.alice])
    assert await present(rooms, session.session_id) == ["Bob"]
    await rooms.sessions.end(session.session_id)
    assert await present(rooms, session.session_id) == []
    ended = await rooms.sessions.get(session.session_id)
    assert (ended.active, ended.ended_at is None) == (False, False)


async def test_missing_objects_are_errors(rooms: AsyncRoomsClient, session: Session) -> None:
    """For unknown ids, and for sessions that have ended."""
    with pytest.raises(NotFoundError):
        await rooms.sessions.get(UNKNOWN)
    with pytest.raises(NotFoundError):
        await rooms.participants.get(UNKNOWN)
    with pytest.raises(NotFoundError):
        await rooms.sessions.end(UNKNOWN)
    with pytest.raises(NotFoundError):
        [one async for one in rooms.sessions.list(UNKNOWN)]
    await rooms.sessions.end(session.session_id)
    with pytest.raises(UnprocessableEntityError):
        await rooms.sessions.kick(session.session_id, "all")


async def test_bad_arguments_are_refused_unsent(sandbox: Sandbox, rooms: AsyncRoomsClient) -> None:
    """A list is refused when it is created, not when it is read."""
    with pytest.raises(InvalidRequestError):
        rooms.sessions.list(page_size=0)
    with pytest.raises(InvalidRequestError):
        rooms.sessions.participants("a/b")
    with pytest.raises(InvalidRequestError):
        rooms.participants.list(context="")
    with pytest.raises(InvalidRequestError):
        await rooms.sessions.mute(UNKNOWN, [])
    assert sandbox.requests == {}


async def test_a_resource_is_always_the_same_object(rooms: AsyncRoomsClient) -> None:
    """Resources can be passed around."""
    assert rooms.sessions is rooms.sessions
    assert rooms.participants is rooms.participants
