"""How requests are written to the connection: in one piece, together, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TypeVar, cast

import aiohttp
import pytest
import uvloop
from aiohttp.abc import AbstractStreamWriter
from aiohttp.connector import Connection
from aiohttp.http import StreamWriter

from support.clients import client
from support.scripted_server import (
    Act,
    Received,
    ScriptedServer,
    Visit,
    answer,
    created,
    cut,
    listed,
    serve,
    stall,
    turns,
)
from telnyx_video import (
    ApiError,
    AsyncRoomsClient,
    AuthenticationError,
    CreateCompositionRequest,
    Outcome,
    OutcomeUnknownError,
    RetryPolicy,
    Room,
    TelnyxVideoError,
    TransportError,
    VideoRegion,
)
from telnyx_video._transport.payload import (
    KNOWN,
    DirectRequest,
    TrackedPayload,
    middleware_guard,
    request_class,
)

T = TypeVar("T")

ONCE = RetryPolicy.none()


async def echo(visit: Visit) -> None:
    """Create the requested room; a look-up finds nothing."""
    assert visit.request is not None
    if visit.request.method == "GET":
        await listed()(visit)
        return
    await created(unique_name=name_in(visit.request))(visit)


def name_in(request: Received) -> str | None:
    """The requested name."""
    return cast("dict[str, str]", request.json).get("unique_name")


class Twice:
    """Answers as ``echo`` does, and repeats the answer unsolicited."""

    def __init__(self) -> None:
        self._visits: list[Visit] = []

    async def __call__(self, visit: Visit) -> None:
        """Create the requested room."""
        self._visits.append(visit)
        await echo(visit)

    async def again(self) -> None:
        """Repeat the answer on each connection."""
        for visit in self._visits:
            await echo(visit)


async def together(rooms: AsyncRoomsClient, *names: str) -> list[Room | BaseException]:
    """Create rooms concurrently."""
    calls = (rooms.create(unique_name=name) for name in names)
    return await asyncio.gather(*calls, return_exceptions=True)


@pytest.fixture(params=["own session", "in_session session"])
def in_session(request: pytest.FixtureRequest) -> bool:
    """Whether the session is the caller's."""
    return cast("str", request.param) == "in_session session"


@pytest.mark.parametrize("names", [["b"], ["b", "c", "d"]], ids=["alone", "with others"])
async def test_an_unsolicited_response_is_discarded(names: list[str], in_session: bool) -> None:
    """It is not taken for the response to the next create, which uses another connection."""
    twice = Twice()
    async with (
        serve(twice, echo) as server,
        aiohttp.ClientSession() as session,
        client(server, session=session if in_session else None) as rooms,
    ):
        await rooms.create(unique_name="a")
        await twice.again()
        await turns()
        made = await together(rooms, *names)
        assert [room.unique_name for room in made if isinstance(room, Room)] == names
        assert server.methods == ["POST"] * (len(names) + 1)


async def test_an_unsolicited_response_is_not_taken_for_a_look_up() -> None:
    """A look-up uses another connection, too."""
    twice = Twice()
    async with serve(twice, listed()) as server, client(server) as rooms:
        await rooms.create(unique_name="a")
        await twice.again()
        await turns()
        assert await rooms.list().first() is None


async def test_nothing_is_sent_on_a_connection_that_is_not_reusable(in_session: bool) -> None:
    """With a single attempt, the error says that nothing was sent."""
    twice = Twice()
    async with (
        serve(twice) as server,
        aiohttp.ClientSession() as session,
        client(server, session=session if in_session else None, retry=ONCE) as rooms,
    ):
        await rooms.create(unique_name="a")
        await twice.again()
        await turns()
        with pytest.raises(TransportError, match="nothing was sent"):
            await rooms.create(unique_name="b")
        assert len(server.requests) == 1


async def test_nothing_is_written_after_an_unsolicited_response(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whenever aiohttp asks for the body: newer Pythons ask immediately."""
    send = aiohttp.ClientRequest.send

    async def send_eagerly(self: aiohttp.ClientRequest, conn: Connection) -> aiohttp.ClientResponse:
        assert conn.protocol is not None
        assert self.body
        await self.body.write_with_length(StreamWriter(conn.protocol, self.loop), None)
        return await send(self, conn)

    twice = Twice()
    async with (
        serve(twice) as server,
        aiohttp.ClientSession() as session,
        client(server, session=session, retry=ONCE) as rooms,
    ):
        await rooms.create(unique_name="a")
        await twice.again()
        await turns()
        monkeypatch.setattr(aiohttp.ClientRequest, "send", send_eagerly)
        with pytest.raises(TransportError, match="unsolicited response"):
            await rooms.create(unique_name="b")
        assert len(server.requests) == 1


def test_a_response_before_the_request_is_written_is_discarded() -> None:
    """uvloop reads before it runs callbacks: by then bytes may have arrived."""

    async def run() -> None:
        twice = Twice()
        async with serve(twice) as server, client(server) as rooms:
            await together(rooms, "a", "b")
            calls = (rooms.create(unique_name=name, retry=ONCE) for name in "cd")
            _, second, _ = await asyncio.gather(*calls, twice.again(), return_exceptions=True)
            assert isinstance(second, TransportError)
            assert second.outcome is Outcome.NOT_APPLIED
            posts = [request for request in server.requests if request.method == "POST"]
            assert "d" not in map(name_in, posts)
            assert (await rooms.create(unique_name="e")).unique_name == "e"

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


async def test_an_unwritable_body_fails_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call fails immediately, with an unknown outcome."""

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(StreamWriter, "_writelines", fail)
    async with serve(echo) as server, client(server, retry=ONCE) as rooms:
        with pytest.raises(OutcomeUnknownError, match="cannot be written: MemoryError"):
            await rooms.create()


async def test_an_early_response_to_a_long_body_closes_the_connection() -> None:
    """The rest of the body would be read as the next request."""
    request = CreateCompositionRequest(
        video_layout={"main": VideoRegion(video_sources=["n" * 4000] * 1500)}
    )
    visits: list[Visit] = []

    async def refuse_the_first(visit: Visit) -> None:
        visits.append(visit)
        if len(visits) == 1:
            await visit.reader.readuntil(b"\r\n\r\n")
            await answer(413)(visit)
            await visit.gone()

    async with serve(echo, first=refuse_the_first) as server, client(server, retry=ONCE) as rooms:
        with pytest.raises(ApiError, match="413"):
            await rooms.compositions.create(request)
        assert (await rooms.create(unique_name="a")).unique_name == "a"
        assert len(visits) == 2


async def test_trace_configs_see_each_step() -> None:
    """Trace configs see the sent chunks, as in any session."""
    sent: list[bytes] = []

    async def note(
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        params: aiohttp.TraceRequestChunkSentParams,
    ) -> None:
        sent.append(params.chunk)

    tracing = aiohttp.TraceConfig()
    tracing.on_request_chunk_sent.append(note)
    async with serve(echo) as server, client(server, trace_configs=[tracing]) as rooms:
        await rooms.create(unique_name="a")
    assert sent == [b'{"unique_name":"a"}']


@asynccontextmanager
async def through(
    middleware: aiohttp.ClientMiddlewareType, *acts: Act
) -> AsyncGenerator[tuple[ScriptedServer, AsyncRoomsClient]]:
    """Make a client with a caller's session that has this middleware."""
    async with (
        serve(*acts) as server,
        aiohttp.ClientSession(middlewares=[middleware]) as session,
        client(server, session=session) as rooms,
    ):
        yield server, rooms


async def replace(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send the same content in another body, such as a signed one."""
    assert request.body
    await request.update_body(await request.body.as_bytes())
    return await send(request)


async def test_the_response_to_a_replaced_body_is_accepted() -> None:
    """A middleware of the caller's session may replace the body; one room is made."""
    async with through(replace, echo) as (server, rooms):
        assert (await rooms.create(unique_name="a")).unique_name == "a"
        assert server.methods == ["POST"]


async def test_a_replaced_body_counts_as_written() -> None:
    """Its writing cannot be tracked: if it fails, a create without a name is not sent again."""
    async with through(replace, cut) as (server, rooms):
        with pytest.raises(OutcomeUnknownError):
            await rooms.create()
        assert server.methods == ["POST"]


async def test_a_response_from_a_middleware_is_accepted() -> None:
    """A middleware may ask another server."""
    async with serve(echo) as other, aiohttp.ClientSession() as session:

        async def ask_elsewhere(
            request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            assert request.body
            return await session.post(f"{other.url}/rooms", data=await request.body.as_bytes())

        async with through(ask_elsewhere, stall) as (server, rooms):
            assert (await rooms.create(unique_name="a")).unique_name == "a"
            assert server.requests == []


async def test_a_response_to_the_head_alone_is_accepted() -> None:
    """A caller's session may expect a 100 before the body is sent."""

    async def refuse(visit: Visit) -> None:
        await visit.reader.readuntil(b"\r\n\r\n")
        await answer(401)(visit)
        visit.writer.close()

    asking = {"Expect": "100-continue"}
    async with (
        serve(first=refuse) as server,
        aiohttp.ClientSession(headers=asking) as session,
        client(server, session=session) as rooms,
    ):
        with pytest.raises(AuthenticationError):
            await rooms.create(unique_name="a")


async def test_a_middleware_may_read_the_body() -> None:
    """A caller's middleware may read the body, such as to sign it."""
    seen: list[bytes] = []

    async def look(
        request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        assert request.body
        seen.append(await request.body.as_bytes())
        return await send(request)

    async with through(look, echo) as (_, rooms):
        await rooms.create(unique_name="a")
    assert seen == [b'{"unique_name":"a"}']


async def test_requests_of_one_loop_pass_leave_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first one is written immediately, later ones together in the next pass."""
    steps: list[str] = []

    def noted(step: str, method: Callable[..., T]) -> Callable[..., T]:
        def note(*args: object) -> T:
            steps.append(step)
            return method(*args)

        return note

    async with serve(echo) as server, client(server) as rooms:
        await together(rooms, "a", "b", "c")
        for name in ("write_headers", "_writelines"):
            monkeypatch.setattr(StreamWriter, name, noted(name, getattr(StreamWriter, name)))
        await together(rooms, "d", "e", "f")
    one, two = ["write_headers", "_writelines"], ["write_headers"] * 2 + ["_writelines"] * 2
    assert steps == one + two


async def test_a_request_not_written_when_the_client_closes_is_not_applied() -> None:
    """Only the request that was already written has an unknown outcome."""
    async with serve(echo, echo, stall) as server:
        rooms = AsyncRoomsClient(base_url=server.url, api_key="key0123")
        await together(rooms, "a", "b")
        calls = asyncio.gather(
            rooms.create(unique_name="c"), rooms.create(), return_exceptions=True
        )
        await asyncio.sleep(0)  # the first is written, the other is not yet
        await rooms.aclose()
        first, second = await calls
        assert isinstance(first, OutcomeUnknownError)
        assert is_not_applied(second)
        await server.arrived(3)
        await server.all_closed()
        assert [name_in(request) for request in server.requests[2:]] == ["c"]


@pytest.mark.parametrize("requests", [aiohttp.ClientRequest, DirectRequest])
async def test_a_request_not_written_when_the_session_closes_is_not_applied(
    requests: type[aiohttp.ClientRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the caller closes the session before anything is written, nothing was sent."""
    closed = asyncio.Event()
    waiting = list[TrackedPayload]()
    write = TrackedPayload.write_with_length

    async def write_late(
        body: TrackedPayload, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        waiting.append(body)
        await closed.wait()
        await write(body, writer, content_length)

    async with serve(echo) as server:
        session = aiohttp.ClientSession(request_class=requests)
        async with client(server, session=session, retry=ONCE) as rooms:
            await together(rooms, "a", "b")
            monkeypatch.setattr(TrackedPayload, "write_with_length", write_late)
            calls = asyncio.gather(rooms.create(), rooms.create(), return_exceptions=True)
            await turns()
            assert len(waiting) == 2
            closed.set()  # they notice in the loop's next pass
            await session.close()
            assert all(map(is_not_applied, await calls))
        await server.all_closed()
        assert len(server.requests) == 2


def is_not_applied(result: Room | BaseException) -> bool:
    """Whether a create is known to have made nothing."""
    return isinstance(result, TelnyxVideoError) and result.outcome is Outcome.NOT_APPLIED


def test_hidden_middlewares_are_kept() -> None:
    """A session that hides its middlewares applies them, and a body may be written unseen."""
    body = TrackedPayload(b"{}")
    assert middleware_guard(cast("aiohttp.ClientSession", SimpleNamespace()), body) is None
    assert body.written


def test_other_releases_of_aiohttp_use_the_public_way() -> None:
    """Private parts of one release are not relied on in another."""
    for known in KNOWN:
        assert request_class(known) is DirectRequest
    assert request_class("3.14.99") is aiohttp.ClientRequest
    assert request_class("3.15.0") is aiohttp.ClientRequest
    assert request_class("4.0.0a1") is aiohttp.ClientRequest
