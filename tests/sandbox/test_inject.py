"""The seam for faults: a `Serve` function that acts between the steps of an exchange."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing

import aiohttp
import pytest
from aiohttp import web

from telnyx_video.sandbox.access import CrossSiteGuard
from telnyx_video.sandbox.app import Api, App, Exchange, Serve, serve_unchanged
from telnyx_video.sandbox.listener import Port, listening
from telnyx_video.sandbox.replies import Reply
from telnyx_video.sandbox.state.store import Store

KEY = {"Authorization": "Bearer key"}


def cut(exchange: Exchange) -> web.StreamResponse:
    """Cut the connection; the returned response is not sent."""
    assert exchange.request.transport is not None
    exchange.request.transport.abort()
    return exchange.respond(Reply(500))


async def cut_before_reading(exchange: Exchange) -> web.StreamResponse:
    return cut(exchange)


async def cut_before_committing(exchange: Exchange) -> web.StreamResponse:
    await exchange.read()
    return cut(exchange)


async def cut_after_committing(exchange: Exchange) -> web.StreamResponse:
    await exchange.read()
    exchange.commit()
    return cut(exchange)


async def commit_and_answer_503(exchange: Exchange) -> web.StreamResponse:
    await exchange.read()
    exchange.commit()
    return exchange.respond(Reply(503, b"{}"))


async def truncate(exchange: Exchange) -> web.StreamResponse:
    await exchange.read()
    reply = exchange.commit()
    response = web.StreamResponse(status=reply.status)
    response.content_length = len(reply.body)
    await response.prepare(exchange.request)
    await response.write(reply.body[:-1])
    cut(exchange)
    return response


async def answer_with_a_broken_header(exchange: Exchange) -> web.StreamResponse:
    await exchange.read()
    return exchange.respond(Reply(200, headers={"x-broken": "a\r\nb"}))


@asynccontextmanager
async def served(serve: Serve) -> AsyncGenerator[tuple[str, Store]]:
    """Serve with this function; yield the server's address and its store."""
    with closing(Store()) as store:
        app = App(Api(store, api_key="key"), CrossSiteGuard(frozenset()), serve)
        async with listening(app.serve, app.refuse_bytes, Port("127.0.0.1")) as number:
            yield f"http://127.0.0.1:{number}", store


@pytest.mark.parametrize(
    ("serve", "rooms"),
    [
        (cut_before_reading, 0),
        (cut_before_committing, 0),
        (cut_after_committing, 1),
        (truncate, 1),
    ],
)
async def test_a_cut_loses_the_answer_but_not_the_commit(
    session: aiohttp.ClientSession,
    serve: Callable[[Exchange], Awaitable[web.StreamResponse]],
    rooms: int,
) -> None:
    """The client gets no complete answer; the room exists if the cut came after the commit."""
    async with served(serve) as (url, store):
        with pytest.raises(aiohttp.ClientError):
            async with session.post(f"{url}/v2/rooms", json={}, headers=KEY) as reply:
                await reply.read()
        assert len(store.rooms.table) == rooms


async def test_an_answer_can_be_replaced(session: aiohttp.ClientSession) -> None:
    """It still has the common headers."""
    async with served(commit_and_answer_503) as (url, store):
        async with session.post(f"{url}/v2/rooms", json={}, headers=KEY) as reply:
            assert reply.status == 503
            assert reply.headers["x-request-id"]
        assert len(store.rooms.table) == 1


async def test_control_requests_get_no_fault(session: aiohttp.ClientSession) -> None:
    """They are answered, even if every other request is cut."""
    async with (
        served(cut_before_reading) as (url, _),
        session.get(f"{url}/_sandbox/nothing") as reply,
    ):
        assert reply.status == 404


async def test_an_answer_that_cannot_be_written_is_logged(
    session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets no answer, and the log has the reason."""
    async with served(answer_with_a_broken_header) as (url, _):
        with pytest.raises(aiohttp.ClientError):
            await session.post(f"{url}/v2/rooms", json={}, headers=KEY)
    assert [record.name for record in caplog.records] == ["telnyx_video.sandbox.http"]


async def test_without_faults_an_exchange_is_answered(
    session: aiohttp.ClientSession,
) -> None:
    """`serve_unchanged` reads, commits and answers."""
    async with (
        served(serve_unchanged) as (url, _),
        session.post(f"{url}/v2/rooms", json={}, headers=KEY) as reply,
    ):
        assert reply.status == 201
