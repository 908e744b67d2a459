"""Which operations are retried after a lost reply, and which are not. On a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from support.clients import client
from support.scripted_server import Act, answer, cut, serve
from support.virtual_time import virtual_time
from telnyx_video import (
    AsyncRoomsClient,
    NotFoundError,
    Outcome,
    OutcomeUnknownError,
    RetryPolicy,
)
from telnyx_video.models import RoomComposition

OK = answer(200, {"data": {"result": "ok"}})
TOKEN = answer(201, {"data": {"token": "eyJ", "token_expires_at": "2024-02-29T12:00:00Z"}})
OBJECT = answer(200, {"data": {"id": "a"}})
PAGE = answer(200, {"data": [{"id": "a"}], "meta": {"page_number": 1, "total_pages": 1}})
GONE = answer(204)
BUSY = answer(503, {"errors": [{"code": "10007"}]})
HTML = answer(200, b"<h1>Wait</h1>")
WAIT = answer(429, {"errors": [{"code": "10011"}]}, {"Retry-After": "1"})
REFUSED = answer(422, {"errors": [{"code": "10015", "detail": "has ended"}]})
ABSENT = answer(404, {"code": "10005", "title": "Resource not found"})
ENDED = answer(200, {"data": {"id": "a", "active": False}})
GOING_ON = answer(200, {"data": {"id": "a", "active": True}})

Operation = Callable[[AsyncRoomsClient], Coroutine[Any, Any, object]]


async def listing(rooms: AsyncRoomsClient) -> object:
    """Read a list to its end."""
    return [one async for one in rooms.participants.list()]


REPEATED: dict[str, tuple[Operation, Act]] = {
    "end": (lambda rooms: rooms.sessions.end("a"), OK),
    "kick": (lambda rooms: rooms.sessions.kick("a", "all"), OK),
    "mute": (lambda rooms: rooms.sessions.mute("a", ["b"]), OK),
    "unmute": (lambda rooms: rooms.sessions.unmute("a", ["b"]), OK),
    "join_token": (lambda rooms: rooms.join_token("a"), TOKEN),
    "refresh_join_token": (lambda rooms: rooms.refresh_join_token("a", "b"), TOKEN),
    "get": (lambda rooms: rooms.recordings.get("a"), OBJECT),
    "list": (listing, PAGE),
    "delete recording": (lambda rooms: rooms.recordings.delete("a"), GONE),
    "delete composition": (lambda rooms: rooms.compositions.delete("a"), GONE),
}

ONCE: dict[str, tuple[Operation, str]] = {
    "composition": (
        lambda rooms: rooms.compositions.create(session_id="a"),
        "could create a second composition: call compositions.list",
    ),
    "bulk deletion": (
        lambda rooms: rooms.recordings.delete_many(session_id="a"),
        "could delete recordings made since: call recordings.list",
    ),
}


@pytest.mark.parametrize("name", REPEATED)
@virtual_time
async def test_idempotent_operations_are_retried(name: str) -> None:
    """After a lost reply, a busy server and a rate limit."""
    operation, done = REPEATED[name]
    async with serve(cut, BUSY, WAIT, done) as server, client(server) as rooms:
        await operation(rooms)
        assert len(server.requests) == 4
        assert len({request.body for request in server.requests}) == 1


@pytest.mark.parametrize("lost", [cut, BUSY, HTML], ids=["cut", "503", "html"])
@pytest.mark.parametrize("name", ONCE)
@virtual_time
async def test_other_operations_are_sent_once(name: str, lost: Act) -> None:
    """After an unknown outcome nothing is sent, and the error says how to find out."""
    operation, advice = ONCE[name]
    async with serve(lost) as server, client(server) as rooms:
        with pytest.raises(OutcomeUnknownError, match=advice) as caught:
            await operation(rooms)
        assert caught.value.outcome is Outcome.UNKNOWN
        assert len(server.requests) == 1


@pytest.mark.parametrize("name", ONCE)
@virtual_time
async def test_refused_operations_are_retried(name: str) -> None:
    """A 429 says that nothing was done, so it is safe to wait and send again."""
    operation, _ = ONCE[name]
    done = answer(202, {"data": {"id": "a", "room_recordings": 7}})
    async with serve(WAIT, WAIT, done) as server, client(server) as rooms:
        assert await operation(rooms) in (7, RoomComposition(id="a", extra={"room_recordings": 7}))
        assert len(server.requests) == 3


@pytest.mark.parametrize("name", ["join_token", "refresh_join_token"])
@virtual_time
async def test_the_error_of_a_lost_token_allows_another_call(name: str) -> None:
    """When the attempts are used up it says that the call can be repeated."""
    async with serve(cut) as server, client(server, retry=RetryPolicy(attempts=2)) as rooms:
        with pytest.raises(
            OutcomeUnknownError, match="call it again: a token that was not received"
        ):
            await REPEATED[name][0](rooms)
        assert len(server.requests) == 2


async def kick_alice(rooms: AsyncRoomsClient) -> None:
    """Kick one participant."""
    await rooms.sessions.kick("a", ["alice"])


async def kick_all(rooms: AsyncRoomsClient) -> None:
    """Kick all participants but one."""
    await rooms.sessions.kick("a", "all", exclude=["bob"])


def with_participants(**left_at: str | None) -> Act:
    """Answer with a session and its participants."""
    participants = [{"id": name, "left_at": time} for name, time in left_at.items()]
    return answer(200, {"data": {"id": "a", "participants": participants}})


LEFT = "2024-02-29T12:00:00Z"
CONFIRMED: dict[str, tuple[Operation, Act]] = {
    "ended": (REPEATED["end"][0], ENDED),
    "alice left": (kick_alice, with_participants(alice=LEFT, bob=None)),
    "alice is unknown": (kick_alice, with_participants(bob=None)),
    "all but bob left": (kick_all, with_participants(alice=LEFT, bob=None)),
}
UNCONFIRMED: dict[str, tuple[Operation, Act]] = {
    "going on": (REPEATED["end"][0], GOING_ON),
    "no state": (REPEATED["end"][0], OBJECT),
    "alice is there": (kick_alice, with_participants(alice=None)),
    "somebody is there": (kick_all, with_participants(carol=None, bob=None)),
    "nobody named": (kick_all, OBJECT),
}


@pytest.mark.parametrize("refusal", [REFUSED, ABSENT], ids=["422", "404"])
@pytest.mark.parametrize("name", CONFIRMED)
@virtual_time
async def test_an_action_that_is_refused_on_retry_was_done_before(name: str, refusal: Act) -> None:
    """A participant cannot be kicked twice: if the session confirms it, the call succeeds."""
    operation, session = CONFIRMED[name]
    async with serve(cut, refusal, session) as server, client(server) as rooms:
        await operation(rooms)
        assert server.methods == ["POST", "POST", "GET"]


@pytest.mark.parametrize("name", UNCONFIRMED)
@virtual_time
async def test_an_unconfirmed_action_has_an_unknown_outcome(name: str) -> None:
    """The session does not show its effect."""
    operation, session = UNCONFIRMED[name]
    async with serve(cut, REFUSED, session) as server, client(server) as rooms:
        with pytest.raises(OutcomeUnknownError):
            await operation(rooms)
        assert server.methods == ["POST", "POST", "GET"]


@pytest.mark.parametrize("operation", [REPEATED["end"][0], kick_all], ids=["end", "kick"])
@virtual_time
async def test_an_unanswered_action_is_not_looked_up(operation: Operation) -> None:
    """While the server does not answer, more requests would not help."""
    async with serve(cut) as server, client(server, retry=RetryPolicy(attempts=2)) as rooms:
        with pytest.raises(OutcomeUnknownError):
            await operation(rooms)
        assert server.methods == ["POST", "POST"]


@virtual_time
async def test_an_action_refused_at_first_is_an_error() -> None:
    """A refusal without a lost reply before it is raised immediately."""
    async with serve(ABSENT) as server, client(server) as rooms:
        with pytest.raises(NotFoundError):
            await rooms.sessions.end("a")
        assert len(server.requests) == 1


@virtual_time
async def test_a_delete_whose_reply_was_lost_succeeds() -> None:
    """The 404 of the retry is the wanted result, for recordings and compositions."""
    async with serve(cut, ABSENT, cut, ABSENT) as server, client(server) as rooms:
        await rooms.recordings.delete("a")
        await rooms.compositions.delete("a")
        assert server.methods == ["DELETE"] * 4
