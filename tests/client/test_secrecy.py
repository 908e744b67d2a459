"""The key is sent to the API and shown nowhere else, whatever the server does."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace

import aiohttp
import pytest

from support.clients import client
from support.scripted_server import (
    Act,
    Visit,
    answer,
    closed_port,
    cut,
    listed,
    room,
    say,
    serve,
    stall,
)
from support.secrets import leaks
from telnyx_video import AsyncRoomsClient, ConfigurationError, RetryPolicy, Room, TelnyxVideoError

KEY = "KEY018F5C0FFEE0123456789ABCDEF_t0k3nT0k3n"

ESCAPED = "".join(f"\\u{ord(character):04x}" for character in KEY)
"""The key with JSON escapes."""

ONCE = RetryPolicy(attempts=1, deadline=0.5)


async def echo_as_json(visit: Visit) -> None:
    """Refuse the key, quoting it wherever a reply has text."""
    await answer(401, {"errors": [refusal(KEY)]}, {"x-request-id": KEY, "Date": KEY})(visit)


def refusal(text: str) -> dict[str, object]:
    """Return an error with the same text everywhere."""
    source = {"pointer": f"/{text}", "parameter": text}
    return {"code": text, "title": text, "detail": text, "source": source, "meta": {text: text}}


ECHOES: dict[str, Act] = {
    "in an error": echo_as_json,
    "in a page": answer(403, f"<html><title>{KEY}</title>{KEY}</html>".encode()),
    "in plain text": answer(400, f"no such key: {KEY}".encode()),
    "in an unusual shape": answer(422, {"errors": {KEY: [KEY]}}),
    "in an escaped error": answer(401, f'{{"detail": "{ESCAPED}"}}'.encode()),
    "in an escaped room": answer(201, f'{{"data": {{"id": ["{ESCAPED}"]}}}}'.encode()),
    "in broken JSON": answer(400, f'{{"detail": "{ESCAPED}"'.encode()),
    "in a server error": answer(500, {"message": KEY}, {"x-request-id": KEY}),
    "in a redirect": answer(307, headers={"Location": f"http://127.0.0.1:9/?key={KEY}"}),
    "in a limit": answer(429, {"detail": KEY}, {"retry-after": KEY, "x-ratelimit-limit": KEY}),
    "in garbage": say(f"{KEY} is not HTTP\r\n\r\n".encode(), close=True),
    "in a bad header": say(
        f"HTTP/1.1 201 Created\r\n{KEY}\r\nX: {KEY}\r\n\r\n".encode(), close=True
    ),
    "in a bad status": say(f"HTTP/1.1 {KEY} {KEY}\r\n\r\n".encode(), close=True),
    "in a bad length": say(
        f"HTTP/1.1 201 Created\r\nContent-Length: {KEY}\r\n\r\n".encode(), close=True
    ),
    "in a bad chunk": say(
        f"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n{KEY}\r\n".encode(), close=True
    ),
    "in no JSON": answer(201, KEY.encode()),
    "in a wrong type": answer(201, {"data": room(max_participants=KEY)}),
    "in the place of the id": answer(201, {"data": {"id": [KEY]}}),
    "not at all": cut,
}


@pytest.mark.parametrize("where", ECHOES)
async def test_no_error_has_the_key(where: str, caplog: pytest.LogCaptureFixture) -> None:
    """No error, log, traceback or pickle shows the key, even if the server sends it back."""
    caplog.set_level(logging.DEBUG)
    async with serve(ECHOES[where]) as server, client(server, api_key=KEY, retry=ONCE) as rooms:
        found: list[str] = []
        for call in (
            rooms.create(),
            rooms.create(unique_name="standup"),
            rooms.update("1"),
            rooms.get("1"),
            rooms.delete("1"),
            anext(aiter(rooms.list())),
        ):
            try:
                await call
            except TelnyxVideoError as error:
                found += leaks(error, KEY)
    assert found == []
    assert KEY not in caplog.text
    assert all(leaks(record.args, KEY) == [] for record in caplog.records)


@pytest.mark.parametrize("before", [61, 80, 97])
async def test_no_error_has_a_part_of_the_key(before: int) -> None:
    """An excerpt of a reply may end within the key, which is then not found as a whole."""
    value = f"{'x' * before}{KEY}{'x' * 9000}"
    echo = say(f"HTTP/1.1 200 OK\r\nX-Echo: {value}\r\n\r\n".encode(), close=True)
    async with serve(echo) as server, client(server, api_key=KEY, retry=ONCE) as rooms:
        with pytest.raises(TelnyxVideoError) as raised:
            await rooms.get("1")
    assert leaks(raised.value, KEY[:3]) == []


async def test_no_room_has_the_key() -> None:
    """A room and its reply's facts do not show the key, even if the server sends it back."""
    echo = answer(201, {"data": room(echo=KEY)}, {"x-request-id": KEY})
    async with (
        serve(echo, answer(200, {"data": [room(echo=KEY)]}, {"x-request-id": KEY})) as server,
        client(server, api_key=KEY) as rooms,
    ):
        assert leaks(await rooms.create(), KEY) == []
        pages = [page async for page in rooms.list(page_size=1).pages()]
        assert leaks(pages, KEY) == []


async def test_a_short_key_does_not_spoil_replies() -> None:
    """A key such as "test" may occur in a name by chance: rooms are returned unchanged."""
    async with (
        serve(cut, listed(room("test room"))) as server,
        client(server, api_key="test", retry=ONCE) as rooms,
    ):
        assert (await rooms.create(unique_name="test room")).unique_name == "test room"
    async with (
        serve(answer(201, {"data": room("standup")})) as server,
        client(server, api_key="data", retry=ONCE) as rooms,
    ):
        assert (await rooms.create()).unique_name == "standup"


async def test_a_failure_to_connect_does_not_show_the_key(caplog: pytest.LogCaptureFixture) -> None:
    """The causes, which hold the request's headers, are not chained."""
    caplog.set_level(logging.DEBUG)
    url = f"http://127.0.0.1:{closed_port()}"
    async with AsyncRoomsClient(base_url=url, api_key=KEY, retry=ONCE) as rooms:
        with pytest.raises(TelnyxVideoError) as raised:
            await rooms.create(unique_name="standup")
        assert raised.value.__cause__ is raised.value.__context__ is None
        assert leaks(raised.value, KEY) == []
    assert KEY not in caplog.text


async def test_a_cancellation_does_not_show_the_key() -> None:
    """A cancelled call's exception has neither the key nor anything that holds it."""
    async with serve(stall) as server, client(server, api_key=KEY) as rooms:
        call = asyncio.create_task(rooms.create())
        await server.arrived(1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as raised:
            await call
        assert leaks(raised.value, KEY) == []


async def test_a_line_break_in_a_header_does_not_show_the_key() -> None:
    """An error about the headers does not show them."""

    async def inject(
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        start: aiohttp.TraceRequestStartParams,
    ) -> None:
        start.headers["Authorization"] += "\r\nX-Injected: yes"

    tracing = aiohttp.TraceConfig()
    tracing.on_request_start.append(inject)
    async with (
        serve(stall) as server,
        client(server, api_key=KEY, trace_configs=[tracing]) as rooms,
    ):
        with pytest.raises(ConfigurationError) as raised:
            await rooms.create()
        assert leaks(raised.value, KEY) == []


async def test_the_key_is_in_no_url() -> None:
    """The key is sent in one header, and never in a target or a body."""
    async with serve(answer(201, {"data": room()})) as server:
        async with client(server, api_key=KEY) as rooms:
            await rooms.create(unique_name="standup")
        [request] = server.requests
        assert [name for name, value in request.headers if KEY in value] == ["Authorization"]
        assert KEY not in request.target
        assert KEY.encode() not in request.body


def test_the_client_does_not_show_the_key() -> None:
    """The reprs of a client and of its parts do not have the key."""
    rooms = AsyncRoomsClient(api_key=KEY)
    assert KEY not in repr(rooms)
    assert KEY not in str(vars(rooms))


async def test_the_search_for_secrets_finds_them() -> None:
    """It finds a key in causes, in attributes, and in other objects."""
    hidden = ValueError("no")
    hidden.__context__ = KeyError(b"xx" + KEY.encode())
    error = TelnyxVideoError("harmless")
    error.__cause__ = hidden
    found = " ".join(leaks(error, KEY))
    assert "__cause__.__context__" in found
    assert "traceback" in found
    assert leaks(Room(id="1", extra={"a": [{"b": KEY}]}), KEY) != []
    assert leaks(TelnyxVideoError("harmless"), KEY) == []
