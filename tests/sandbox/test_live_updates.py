"""The stream of updates for the page: no request is lost, and an idle server sends little."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

import aiohttp
import pytest

from sandbox.http_driver import HttpDriver
from telnyx_video.sandbox import Sandbox, page

STREAM = "/_sandbox/stream"


class Stream:
    """Reads updates."""

    def __init__(self, reply: aiohttp.ClientResponse) -> None:
        self._reply = reply
        self.last_id = ""

    async def next(self) -> Any:
        """Return the next update."""
        event = (await self._reply.content.readuntil(b"\n\n")).decode()
        if event.startswith(":"):
            return event.strip()
        fields = dict(line.split(": ", 1) for line in event.strip().splitlines())
        self.last_id = fields["id"]
        return json.loads(fields["data"])

    async def requests(self, count: int) -> list[int]:
        """Return the numbers of this many requests."""
        numbers = list[int]()
        while len(numbers) < count:
            numbers += [request["number"] for request in (await self.next())["requests"]]
        return numbers


@asynccontextmanager
async def streaming(http: HttpDriver, last_id: str = "") -> AsyncGenerator[Stream]:
    """Open a stream."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with http.raw("GET", STREAM, headers=headers) as reply:
        assert reply.content_type == "text/event-stream"
        yield Stream(reply)


async def test_a_page_gets_the_state_and_then_changes(http: HttpDriver) -> None:
    """The first update has everything; later ones have the changes."""
    await http.create(unique_name="a" * 200)
    async with streaming(http) as stream:
        first = await stream.next()
        assert (first["fresh"], first["total"], first["missed"]) == (True, 1, 0)
        assert sorted(first["changed"]) == ["deliveries", "faults", "outage", "rooms"]
        (request,) = first["requests"]
        assert (request["operation"], request["name"]) == ("POST /rooms", "a" * 100)
        assert "body" not in request
        await http.create()
        while not (update := await stream.next())["requests"]:
            pass
        assert (update["fresh"], update["changed"]) == (False, ["rooms"])
        assert [request["number"] for request in update["requests"]] == [2]


async def test_a_lost_connection_loses_no_request(http: HttpDriver) -> None:
    """The browser sends the id of its last update; after a restart of the server it starts over."""
    async with streaming(http) as stream:
        await http.create()
        assert await stream.requests(1) == [1]
    for _ in range(3):
        await http.create()
    async with streaming(http, stream.last_id) as again:
        update = await again.next()
        assert update["fresh"] is False
        assert [request["number"] for request in update["requests"]] == [2, 3, 4]
    for foreign in ("other-3", "x"):
        async with streaming(http, foreign) as other:
            update = await other.next()
            assert (update["fresh"], len(update["requests"])) == (True, 4)


async def test_requests_that_left_the_log_are_counted(session: aiohttp.ClientSession) -> None:
    """A page shows how many it missed."""
    async with Sandbox(log_size=2) as sandbox:
        http = HttpDriver(session, sandbox)
        async with streaming(http) as stream:
            await stream.next()
        for _ in range(5):
            await http.create()
        async with streaming(http, stream.last_id) as again:
            update = await again.next()
            assert (len(update["requests"]), update["missed"]) == (2, 3)
            sandbox.reset()
            while (update := await again.next())["cleared"] == 0:
                pass
            assert (update["cleared"], update["total"], update["missed"]) == (5, 0, 0)


@pytest.mark.parametrize("part", ["faults", "outage", "deliveries"])
async def test_a_change_is_reported(http: HttpDriver, sandbox: Sandbox, part: str) -> None:
    """The page then fetches that part."""
    async with streaming(http) as stream:
        await stream.next()
        if part == "faults":
            sandbox.faults = [{"on": "*", "faults": [503]}]
        elif part == "outage":
            sandbox.pause("503")
        else:
            room = (await http.create(webhook_event_url="http://127.0.0.1:9/")).data["id"]
            sandbox.join(room)
        while part not in (await stream.next())["changed"]:
            pass


async def test_an_idle_stream_sends_comments(http: HttpDriver) -> None:
    """They detect lost connections, and are not updates."""
    with patch.object(page, "PING", 0.05), patch.object(page, "INTERVAL", 0.01):
        async with streaming(http) as stream:
            while await stream.next() != ": ping":
                pass


async def test_streams_are_bounded(http: HttpDriver) -> None:
    """A further one is answered with 503 until another one ends."""
    with patch.object(page, "MAX_STREAMS", 1), patch.object(page, "PING", 0.0):
        async with streaming(http) as stream:
            await stream.next()
            async with http.raw("GET", STREAM) as reply:
                assert reply.status == 503
        status = 503
        while status == 503:
            async with http.raw("GET", STREAM) as reply:
                status = reply.status
        async with http.raw("POST", STREAM, b"{}", {"Content-Type": "application/json"}) as reply:
            assert reply.status == 405


async def test_outcomes_are_counted_by_second(session: aiohttp.ClientSession) -> None:
    """The chart shows how requests ended."""
    plan = [{"on": "GET /rooms", "faults": [503, 302]}]
    async with Sandbox(faults=plan) as sandbox:
        http = HttpDriver(session, sandbox)
        await http.create(unique_name="a")
        await http.create(unique_name="a")
        for _ in range(2):
            async with http.raw("GET", "/v2/rooms", headers=bearer()) as reply:
                await reply.read()
        async with streaming(http) as stream:
            outcomes = (await stream.next())["outcomes"]
    sums = dict[str, int]()
    for second in outcomes:
        for name, count in second.items():
            sums[name] = sums.get(name, 0) + count
    assert sums == {"ok": 1, "refused": 1, "failed": 2}


def bearer() -> dict[str, str]:
    """Return the header with the default key."""
    return {"Authorization": "Bearer sandbox-key"}
