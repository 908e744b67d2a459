"""How requests come onto the connection: in one piece, in company, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar, cast

import aiohttp
import pytest
from aiohttp.connector import Connection
from aiohttp.http import StreamWriter

from support.clients import client
from support.peers import Received, Visit, created, listed, peer, stall
from telnyx_video import (
    AsyncRoomsClient,
    Outcome,
    OutcomeUnknownError,
    RetryPolicy,
    Room,
    TelnyxVideoError,
    TransportError,
)
from telnyx_video._transport.direct import DirectRequest, request_class

T = TypeVar("T")

ONCE = RetryPolicy.none()


async def echo(visit: Visit) -> None:
    """Make the room that is asked for."""
    assert visit.request is not None
    await created(unique_name=name_in(visit.request))(visit)


def name_in(request: Received) -> str | None:
    """The name that is asked for."""
    return cast("dict[str, str]", request.json).get("unique_name")


class Twice:
    """Answers as ``echo``; and says the same once more, when nobody has asked for anything."""

    def __init__(self) -> None:
        self._visit: Visit | None = None

    async def __call__(self, visit: Visit) -> None:
        """Make the room that is asked for."""
        self._visit = visit
        await echo(visit)

    async def again(self) -> None:
        """Say it again, and let it arrive."""
        assert self._visit is not None
        await echo(self._visit)
        await asyncio.sleep(0.05)


async def together(rooms: AsyncRoomsClient, *names: str) -> list[Room | BaseException]:
    """Make rooms at the same time."""
    calls = (rooms.create(unique_name=name) for name in names)
    return await asyncio.gather(*calls, return_exceptions=True)


@pytest.fixture(params=["own session", "lent session"])
def lent(request: pytest.FixtureRequest) -> bool:
    """Whether the session is the caller's."""
    return cast("str", request.param) == "lent session"


@pytest.mark.parametrize("names", [["b"], ["b", "c", "d"]], ids=["alone", "in company"])
async def test_an_answer_that_nobody_asked_for_is_nobodys(names: list[str], lent: bool) -> None:
    """It is not taken for the answer to the next create, which goes by another connection."""
    twice = Twice()
    async with (
        peer(twice, echo) as server,
        aiohttp.ClientSession() as session,
        client(server, session=session if lent else None) as rooms,
    ):
        await rooms.create(unique_name="a")
        await twice.again()
        made = await together(rooms, *names)
        assert [room.unique_name for room in made if isinstance(room, Room)] == names
        assert server.methods == ["POST"] * (len(names) + 1)


async def test_nor_is_it_the_answer_to_another_question() -> None:
    """A look-up, too, goes by another connection."""
    twice = Twice()
    async with peer(twice, listed()) as server, client(server) as rooms:
        await rooms.create(unique_name="a")
        await twice.again()
        assert await rooms.list().first() is None


async def test_a_connection_that_is_not_fit_has_got_nothing(lent: bool) -> None:
    """Whoever wants one attempt only is told that nothing was sent."""
    twice = Twice()
    async with (
        peer(twice) as server,
        aiohttp.ClientSession() as session,
        client(server, session=session if lent else None, retry=ONCE) as rooms,
    ):
        await rooms.create(unique_name="a")
        await twice.again()
        with pytest.raises(TransportError, match="nothing was sent"):
            await rooms.create(unique_name="b")
        assert len(server.requests) == 1


class Eager(aiohttp.ClientRequest):
    """Has its body written before it looks for an answer, as with an eager task."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send it."""
        assert conn.protocol is not None
        assert self.body
        await self.body.write_with_length(StreamWriter(conn.protocol, self.loop), None)
        return await super().send(conn)


async def test_nothing_is_written_after_what_nobody_had_asked_for() -> None:
    """Whenever aiohttp asks for the body: newer Pythons do it at once."""
    twice = Twice()
    async with (
        peer(twice) as server,
        aiohttp.ClientSession() as session,
        client(server, session=session, retry=ONCE) as rooms,
    ):
        await rooms.create(unique_name="a")
        await twice.again()
        session._request_class = Eager
        with pytest.raises(TransportError, match="nobody had asked for"):
            await rooms.create(unique_name="b")
        assert len(server.requests) == 1


async def test_the_callers_session_may_look_at_bodies() -> None:
    """A middleware of theirs reads what will be sent, such as to sign it."""
    seen: list[tuple[bytes, str]] = []

    async def look(
        request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        assert request.body
        seen.append((await request.body.as_bytes(), request.body.decode()))
        return await send(request)

    async with (
        peer(echo) as server,
        aiohttp.ClientSession(middlewares=[look]) as session,
        client(server, session=session) as rooms,
    ):
        await rooms.create(unique_name="a")
    assert seen == [(b'{"unique_name":"a"}', '{"unique_name":"a"}')]


async def test_requests_of_one_turn_leave_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one is written at once; those that come meanwhile, right one after another."""
    steps: list[str] = []

    def noted(step: str, method: Callable[..., T]) -> Callable[..., T]:
        def note(*args: object) -> T:
            steps.append(step)
            return method(*args)

        return note

    async with peer(echo) as server, client(server) as rooms:
        await together(rooms, "a", "b", "c")
        for name in ("write_headers", "_writelines"):
            monkeypatch.setattr(StreamWriter, name, noted(name, getattr(StreamWriter, name)))
        await together(rooms, "d", "e", "f")
    one, two = ["write_headers", "_writelines"], ["write_headers"] * 2 + ["_writelines"] * 2
    assert steps == one + two


async def test_what_was_not_written_when_the_client_was_closed_is_not_applied() -> None:
    """Only the request that was on its way is in doubt."""
    async with peer(echo, echo, stall) as server:
        rooms = AsyncRoomsClient(base_url=server.url, api_key="key0123")
        await together(rooms, "a", "b")
        calls = asyncio.gather(
            rooms.create(unique_name="c"), rooms.create(), return_exceptions=True
        )
        await asyncio.sleep(0)  # the first is written, the other is about to be
        await rooms.aclose()
        first, second = await calls
        assert isinstance(first, OutcomeUnknownError)
        assert is_not_applied(second)
        await server.arrived(3)
        await server.all_closed()
        assert [name_in(request) for request in server.requests[2:]] == ["c"]


async def test_what_was_not_written_when_the_session_was_closed_is_not_applied() -> None:
    """A connection that the caller closes before anything is written on it has carried nothing."""
    async with peer(echo) as server:
        session = aiohttp.ClientSession()
        async with client(server, session=session, retry=ONCE) as rooms:
            await together(rooms, "a", "b")
            calls = asyncio.gather(rooms.create(), rooms.create(), return_exceptions=True)
            await asyncio.sleep(0)
            await session.close()
            assert all(map(is_not_applied, await calls))
        await server.all_closed()
        assert len(server.requests) == 2


def is_not_applied(result: Room | BaseException) -> bool:
    """Whether a create is known to have made nothing."""
    return isinstance(result, TelnyxVideoError) and result.outcome is Outcome.NOT_APPLIED


def test_other_versions_of_aiohttp_write_in_their_own_way() -> None:
    """What is built on the insides of one version is not tried on another."""
    assert request_class("3.14.5") is DirectRequest
    assert request_class("3.15.0") is aiohttp.ClientRequest
    assert request_class("4.0.0a1") is aiohttp.ClientRequest
