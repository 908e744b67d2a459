"""The handler and the server for aiohttp, over real sockets."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict

from support.hooks import PUBLIC_KEY, SIGNER, TIMESTAMP, Inbox
from telnyx_video import ConfigurationError
from telnyx_video.testing import SignedDelivery, WebhookSigner, make_event
from telnyx_video.webhooks import ParticipantLeft, WebhookEvent
from telnyx_video.webhooks.aiohttp import webhook_handler, webhook_server

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def serving(
    handler: Callable[[web.Request], Awaitable[web.Response]],
    *middlewares: Any,
    client_max_size: int = 1024**2,
) -> AsyncGenerator[Client]:
    """Serve the handler at `/hook`."""
    app = web.Application(middlewares=middlewares, client_max_size=client_max_size)
    app.router.add_post("/hook", handler)
    async with TestClient(TestServer(app)) as client:
        yield client


async def post(client: Client, delivery: SignedDelivery, twice: str = "") -> tuple[int, str]:
    """Deliver, with one of the headers repeated, and return the answer's status and text."""
    headers = CIMultiDict(delivery.headers)
    headers.extend((name, value) for name, value in delivery.headers.items() if name == twice)
    async with client.post("/hook", data=delivery.body, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_a_genuine_event_is_answered_200(inbox: Inbox, signed: SignedDelivery) -> None:
    """The event reaches the callback, and the answer is 200."""
    async with serving(webhook_handler(inbox, public_key=PUBLIC_KEY)) as client:
        assert await post(client, signed) == (200, "")
    (event,) = inbox.events
    assert isinstance(event, ParticipantLeft)
    assert event.id == "event-1"


async def test_the_answer_waits_for_the_callback(signed: SignedDelivery) -> None:
    """Telnyx does not get its 200 before the callback has returned."""
    entered, release = asyncio.Event(), asyncio.Event()

    async def on_event(_: WebhookEvent) -> None:
        entered.set()
        await release.wait()

    async with serving(webhook_handler(on_event, public_key=PUBLIC_KEY)) as client:
        answer = asyncio.create_task(post(client, signed))
        await entered.wait()
        assert not answer.done()
        release.set()
        assert await answer == (200, "")


async def test_a_plain_function_is_a_callback(signed: SignedDelivery) -> None:
    """A callback need not be a coroutine function."""
    events: list[WebhookEvent] = []
    async with serving(webhook_handler(events.append, public_key=PUBLIC_KEY)) as client:
        assert await post(client, signed) == (200, "")
    assert len(events) == 1


async def test_an_exception_of_the_callback_is_answered_500(
    caplog: pytest.LogCaptureFixture, signed: SignedDelivery
) -> None:
    """aiohttp logs the exception, and Telnyx delivers again."""

    async def on_event(_: WebhookEvent) -> None:
        raise LookupError("the database is away")

    async with serving(webhook_handler(on_event, public_key=PUBLIC_KEY)) as client:
        status, _ = await post(client, signed)
    assert status == 500
    assert "the database is away" in caplog.text


async def test_a_refused_delivery_does_not_reach_the_callback(
    inbox: Inbox, caplog: pytest.LogCaptureFixture, signed: SignedDelivery
) -> None:
    """Without a valid signature the answer is 401; if the body is not an event, 400."""
    caplog.set_level(logging.INFO, "telnyx_video")
    async with serving(webhook_handler(inbox, public_key=PUBLIC_KEY)) as client:
        unsigned = await post(client, SignedDelivery(signed.body, {}))
        strange = await post(client, WebhookSigner().sign(make_event(ParticipantLeft)))
        old = await post(client, SIGNER.sign(signed.body, timestamp=1))
        repeated = await post(client, signed, twice=TIMESTAMP)
        garbage = await post(client, SIGNER.sign(b"{}"))
    answers = [unsigned, strange, old, repeated, garbage]
    assert [status for status, _ in answers] == [401, 401, 401, 401, 400]
    reasons = ["is missing", "does not match", "in the past", "more than once", "unreadable"]
    for (_, text), reason in zip(answers, reasons, strict=True):
        assert reason in text
    assert inbox.events == []
    assert caplog.messages == [f"webhook refused with {status}: {text}" for status, text in answers]


async def in_chunks(body: bytes) -> AsyncIterator[bytes]:
    """Send a body without a Content-Length."""
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_above_the_limit_is_answered_413(
    inbox: Inbox, announced: bool, signed: SignedDelivery
) -> None:
    """With or without a Content-Length; the application's own limit does not count."""
    limit = len(signed.body)
    handler = webhook_handler(inbox, public_key=PUBLIC_KEY, max_body=limit)
    async with serving(handler, client_max_size=limit // 2) as client:
        assert await post(client, signed) == (200, "")
        large = signed.body + b" " * 5000
        data = large if announced else in_chunks(large)
        async with client.post("/hook", data=data, headers=signed.headers) as answer:
            assert answer.status == 413
            assert str(limit) in await answer.text()
    assert len(inbox.events) == 1


async def test_an_endless_body_is_not_read_on(inbox: Inbox) -> None:
    """The answer is sent at the limit, and little more is read."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield bytes(65_536)

    handler = webhook_handler(inbox, public_key=PUBLIC_KEY, max_body=100_000)
    async with serving(handler) as client:
        with suppress(aiohttp.ClientError):  # what is still being sent may break the connection
            async with client.post("/hook", data=endless()) as answer:
                assert answer.status == 413
    assert sent < 100 * 1024**2


async def test_a_middleware_may_read_the_body_first(inbox: Inbox, signed: SignedDelivery) -> None:
    """Middlewares that log bodies do not make genuine deliveries fail."""

    @web.middleware
    async def reads(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        await request.read()
        return await handler(request)

    handler = webhook_handler(inbox, public_key=PUBLIC_KEY, max_body=len(signed.body))
    async with serving(handler, reads) as client:
        assert await post(client, signed) == (200, "")
        assert (await post(client, SIGNER.sign(signed.body + b" ")))[0] == 413


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Send the head of a delivery and the beginning of its body, and keep the connection open."""
    port = int(url.rstrip("/").rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        yield reader, writer
    finally:
        writer.close()


async def test_a_slow_body_is_answered_408(inbox: Inbox, caplog: pytest.LogCaptureFixture) -> None:
    """A sender that stops in the middle of the body does not keep the receiver busy."""
    async with (
        webhook_server(inbox, public_key=PUBLIC_KEY, body_timeout=0.01) as url,
        connected(url) as (reader, _),
    ):
        assert await reader.readline() == b"HTTP/1.1 408 Request Timeout\r\n"
    reason = "webhook refused with 408: the body took more than 0.01 s to arrive"
    assert caplog.messages == [reason]
    assert inbox.events == []


async def test_an_aborted_body_is_one_log_line(
    inbox: Inbox, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender that disconnects is not an error of the service: no traceback."""
    logged = asyncio.Event()

    def note(_: logging.LogRecord) -> bool:
        logged.set()
        return True

    monkeypatch.setattr(logging.getLogger("telnyx_video.webhooks"), "filters", [note])
    async with webhook_server(inbox, public_key=PUBLIC_KEY) as url:
        async with connected(url) as (_, writer):
            writer.transport.abort()
        await logged.wait()
    (record,) = caplog.records
    assert record.name == "telnyx_video.webhooks"
    assert record.message == "webhook not received: the body ended early or is badly encoded"
    assert record.exc_info is None
    assert inbox.events == []


async def deliver(url: str, delivery: SignedDelivery) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=delivery.body, headers=delivery.headers) as answer,
    ):
        return answer.status


async def test_the_server_receives_at_its_url_and_below(signed: SignedDelivery) -> None:
    """A room can have the URL itself, or a path below it."""
    events: list[WebhookEvent] = []

    async def on_event(event: WebhookEvent) -> None:
        events.append(event)

    async with webhook_server(on_event, public_key=PUBLIC_KEY) as url:
        assert await deliver(url, signed) == 200
        assert await deliver(f"{url}rooms/standup", signed) == 200
        assert await deliver(url, SignedDelivery(signed.body, {})) == 401
    assert [event.id for event in events] == ["event-1", "event-1"]
    with pytest.raises(aiohttp.ClientConnectorError):
        await deliver(url, signed)


async def test_the_server_finishes_what_is_in_progress(signed: SignedDelivery) -> None:
    """Leaving the block waits for a handler that runs, so that Telnyx gets its answer."""
    entered, release = asyncio.Event(), asyncio.Event()

    async def on_event(_: WebhookEvent) -> None:
        entered.set()
        await release.wait()

    async with webhook_server(on_event, public_key=PUBLIC_KEY) as url:
        answer = asyncio.create_task(deliver(url, signed))
        await entered.wait()
        asyncio.get_running_loop().call_later(0.01, release.set)
    assert await answer == 200


async def test_an_unavailable_address_is_an_error() -> None:
    """A port in use, an unknown host and a bad key are reported before the block is entered."""

    async def on_event(_: WebhookEvent) -> None: ...

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"on port {port} of 127.0.0.1: Address already in"):
            await webhook_server(on_event, port=port, public_key=PUBLIC_KEY).__aenter__()
    with pytest.raises(OSError, match="on port 0 of ::1%nowhere: "):
        await webhook_server(on_event, host="::1%nowhere", public_key=PUBLIC_KEY).__aenter__()
    with pytest.raises(ConfigurationError, match="public_key"):
        await webhook_server(on_event, public_key="no key").__aenter__()


async def test_the_server_listens_on_ipv6(signed: SignedDelivery) -> None:
    """The URL has an IPv6 address in brackets."""

    async def on_event(_: WebhookEvent) -> None: ...

    try:
        async with webhook_server(on_event, host="::1", public_key=PUBLIC_KEY) as url:
            assert url.startswith("http://[::1]:")
            assert await deliver(url, signed) == 200
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
