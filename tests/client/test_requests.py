"""Requests on the wire: each to the byte, on as few connections as possible."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from support.clients import client
from support.scripted_server import ScriptedServer, answer, created, cut, listed, room, serve
from telnyx_video import (
    ApiError,
    AsyncRoomsClient,
    NotFoundError,
    OutcomeUnknownError,
    RetryPolicy,
)
from telnyx_video._transport.session import KEEPALIVE, USER_AGENT
from telnyx_video.sandbox import Sandbox

ROOM = "/v2/rooms/0ccc7b54"


def usual(server: ScriptedServer) -> dict[str, str]:
    """Return the headers that every request has."""
    return {
        "Host": f"127.0.0.1:{server.port}",
        "Authorization": "Bearer key0123",
        "Accept": "application/json",
        "User-Agent": USER_AGENT,
    }


async def test_a_create_is_compact_json() -> None:
    """A create is a POST of the fields that are set, in UTF-8, each header sent once."""
    async with serve(created()) as server, client(server) as rooms:
        await rooms.create(unique_name='ü "/\u2028', webhook_event_failover_url=None)
        [request] = server.requests
        body = '{"unique_name":"ü \\"/\u2028","webhook_event_failover_url":null}'.encode()
        assert (request.method, request.target, request.body) == ("POST", "/v2/rooms", body)
        headers = dict(request.headers)
        assert len(headers) == len(request.headers)
        encodings = headers.pop("Accept-Encoding").split(", ")
        assert {"gzip", "deflate"} <= set(encodings)
        assert headers == {
            **usual(server),
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }


async def test_a_create_of_nothing_is_an_empty_object() -> None:
    """A nameless create without settings posts ``{}``."""
    async with serve(created()) as server, client(server) as rooms:
        await rooms.create()
        assert server.requests[0].body == b"{}"


async def test_an_update_is_a_patch() -> None:
    """An update sends the given fields to the room's URL."""
    async with serve(answer(200, {"data": room()})) as server, client(server) as rooms:
        await rooms.update("0ccc7b54", max_participants=3)
        [request] = server.requests
        assert (request.method, request.target) == ("PATCH", ROOM)
        assert request.json == {"max_participants": 3}
        assert request.header("Content-Type") == ["application/json"]
        assert request.header("Content-Length") == [str(len(request.body))]


async def test_a_delete_has_no_body() -> None:
    """It has no content type either."""
    async with serve(answer(204)) as server, client(server) as rooms:
        await rooms.delete("0ccc7b54")
        [request] = server.requests
        assert (request.method, request.target, request.body) == ("DELETE", ROOM, b"")
        assert request.header("Content-Type") == []
        assert request.header("Content-Length") in ([], ["0"])
        assert request.header("Transfer-Encoding") == []


async def test_a_get_has_no_body() -> None:
    """It has only its path and the usual headers."""
    async with serve(answer(200, {"data": room()})) as server, client(server) as rooms:
        await rooms.get("0ccc7b54", include_sessions=True)
        [request] = server.requests
        assert (request.method, request.target) == ("GET", f"{ROOM}?include_sessions=true")
        headers = dict(request.headers)
        del headers["Accept-Encoding"]
        assert headers == usual(server)
        assert len(request.headers) == len(headers) + 1


async def test_a_query_is_encoded_once() -> None:
    """Names reach the server unchanged, whatever characters they have."""
    async with serve(listed()) as server, client(server) as rooms:
        assert [found async for found in rooms.list(unique_name="a&b=c d+%41/ü?#")] == []
        assert server.requests[0].target == (
            "/v2/rooms?filter%5Bunique_name%5D=a%26b%3Dc+d%2B%2541%2F%C3%BC%3F%23"
            "&page%5Bnumber%5D=1&page%5Bsize%5D=250"
        )


async def test_a_trailing_slash_of_the_base_url_does_not_matter() -> None:
    """The base URL may have any path."""
    async with serve(created()) as server:
        url = f"http://localhost:{server.port}/a%20b/v2/"
        async with AsyncRoomsClient(base_url=url, api_key="KEY0123") as rooms:
            await rooms.create()
        assert server.requests[0].target == "/a%20b/v2/rooms"
        assert server.requests[0].header("Host") == [f"localhost:{server.port}"]


async def test_sequential_calls_share_one_connection() -> None:
    """Also after errors."""
    acts = created(), answer(401), answer(200, {"data": room()}), answer(204), listed()
    async with serve(*acts) as server, client(server) as rooms:
        await rooms.create()
        with pytest.raises(ApiError):
            await rooms.create()
        await rooms.get("0ccc7b54")
        await rooms.delete("0ccc7b54")
        assert [found async for found in rooms.list()] == []
        assert (len(server.requests), server.connections) == (5, 1)


async def test_a_closed_connection_is_replaced() -> None:
    """After ``Connection: close``, and when a server closes an idle one."""
    closing = answer(201, {"data": room(id="1")}, {"Connection": "close"}, close=True)
    silent = answer(201, {"data": room(id="2")}, close=True)
    async with serve(closing, silent, created()) as server, client(server) as rooms:
        for number in range(3):
            await rooms.create()
            await server.until(lambda: server.open == 0 or len(server.requests) == 3)
            # The client notices the end in the loop's next pass.
            await asyncio.sleep(0)
            assert server.connections == number + 1
        assert server.methods == ["POST"] * 3


async def test_idle_connections_are_closed_before_the_server_does() -> None:
    """They are kept for less time than servers keep theirs."""
    assert KEEPALIVE < 60


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    """A redirect is an error: it is not followed, and the key reaches no other host."""
    async with serve(created()) as elsewhere:
        moved = answer(status, headers={"Location": f"{elsewhere.url}/rooms"})
        async with serve(moved) as server, client(server) as rooms:
            with pytest.raises(OutcomeUnknownError):
                await rooms.create()
            with pytest.raises(OutcomeUnknownError):
                await rooms.update("0ccc7b54")
            with pytest.raises(ApiError, match="redirects are not followed: check base_url"):
                await rooms.get("0ccc7b54")
            assert server.methods == ["POST", "PATCH", "GET"]
        assert elsewhere.connections == 0


async def test_cookies_are_not_kept() -> None:
    """Cookies that a server sets are not sent back."""
    cookie = answer(201, {"data": room()}, {"Set-Cookie": "session=1; Path=/"})
    async with serve(cookie) as server:
        url = f"http://localhost:{server.port}/v2"
        async with AsyncRoomsClient(base_url=url, api_key="KEY0123") as rooms:
            await rooms.create()
            await rooms.get("1")
        assert [request.header("Cookie") for request in server.requests] == [[], []]


async def test_creates_are_not_resent_by_aiohttp() -> None:
    """A connection that breaks during a POST or a PATCH is not retried unseen."""
    async with serve(created(), cut) as server, client(server) as rooms:
        await rooms.create()
        with pytest.raises(OutcomeUnknownError):
            await rooms.create()
        with pytest.raises(OutcomeUnknownError):
            await rooms.update("0ccc7b54")
        assert server.methods == ["POST", "POST", "PATCH"]


async def test_deletes_are_not_resent_by_aiohttp() -> None:
    """They are repeated only by the policy, so that each attempt is known."""
    async with serve(cut) as server:
        policy = RetryPolicy.none()
        async with client(server, retry=policy) as rooms:
            with pytest.raises(OutcomeUnknownError):
                await rooms.delete("0ccc7b54")
        assert server.methods == ["DELETE"]


async def test_the_user_agent_names_the_versions() -> None:
    """Those of this package, Python and aiohttp."""
    assert aiohttp.__version__ in USER_AGENT
    assert USER_AGENT.startswith("telnyx-video/")
    json.dumps(USER_AGENT)


async def test_a_404_at_a_base_url_without_its_version_suggests_the_version() -> None:
    """Without `/v2` nothing is found: the error says what the base URL lacks."""
    with Sandbox() as sandbox:
        base_url = sandbox.url.removesuffix("/v2")
        async with AsyncRoomsClient(base_url=base_url, api_key=sandbox.api_key) as rooms:
            with pytest.raises(NotFoundError, match=f"did you mean {sandbox.url}[?]"):
                await rooms.list().first()
