"""The ASGI application: by the letter of the protocol, and served by uvicorn over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import uvicorn

from support.hooks import PUBLIC_KEY, SIGNER, Inbox
from telnyx_video import ConfigurationError
from telnyx_video.testing import SignedDelivery, WebhookSigner, make_event
from telnyx_video.webhooks import ParticipantLeft, WebhookEvent
from telnyx_video.webhooks.asgi import WebhookApp

Message = Mapping[str, object]


def parts(*bodies: bytes) -> list[Message]:
    """Return a body as a server hands it over, in these parts."""
    last = len(bodies) - 1
    return [
        {"type": "http.request", "body": body, "more_body": number < last}
        for number, body in enumerate(bodies)
    ]


async def call(
    app: WebhookApp,
    messages: Iterable[Message],
    headers: Mapping[str, str],
    method: str = "POST",
) -> list[dict[str, Any]]:
    """Serve one request, and return the messages that the application sends."""
    incoming = iter(messages)
    sent: list[dict[str, Any]] = []

    async def receive() -> Message:
        return next(incoming)

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await app({"type": "http", "method": method, "headers": raw}, receive, send)
    return sent


async def test_a_genuine_event_is_handed_on_and_answered_200(
    inbox: Inbox, signed: SignedDelivery
) -> None:
    """The answer is a whole one: status, headers with the length, and a body."""
    app = WebhookApp(inbox, public_key=PUBLIC_KEY)
    start, body = await call(app, parts(signed.body), signed.headers)
    assert (start["type"], start["status"]) == ("http.response.start", 200)
    assert (b"content-length", b"0") in start["headers"]
    assert body == {"type": "http.response.body", "body": b""}
    assert [event.id for event in inbox.events] == ["event-1"]


async def test_a_body_may_come_in_parts(inbox: Inbox, signed: SignedDelivery) -> None:
    """However a server cuts a body up, it is checked as a whole."""
    app = WebhookApp(inbox, public_key=PUBLIC_KEY)
    pieces = parts(signed.body[:7], b"", signed.body[7:])
    start, _ = await call(app, pieces, signed.headers)
    assert start["status"] == 200
    assert len(inbox.events) == 1


async def test_a_request_that_breaks_off_is_not_answered(
    inbox: Inbox, signed: SignedDelivery
) -> None:
    """If the sender is gone before its body is whole, there is nothing to judge."""
    app = WebhookApp(inbox, public_key=PUBLIC_KEY)
    broken = [*parts(signed.body[:7], b"")[:1], {"type": "http.disconnect"}]
    assert await call(app, broken, signed.headers) == []
    assert inbox.events == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "post"])
async def test_webhooks_come_by_post(inbox: Inbox, method: str) -> None:
    """Other methods are answered 405, and told which one is right."""
    app = WebhookApp(inbox, public_key=PUBLIC_KEY)
    start, _ = await call(app, [], {}, method)
    assert start["status"] == 405
    assert (b"allow", b"POST") in start["headers"]


async def test_what_is_refused_is_not_handed_on(inbox: Inbox, signed: SignedDelivery) -> None:
    """A delivery without a good signature is answered 401, no event 400, and too much 413."""
    app = WebhookApp(inbox, public_key=PUBLIC_KEY, max_body=len(signed.body))
    strange = WebhookSigner().sign(signed.body)
    empty = SIGNER.sign(b"{}")
    answers = [
        await call(app, parts(signed.body), {}),
        await call(app, parts(strange.body), strange.headers),
        await call(app, parts(b"", b""), signed.headers),
        await call(app, parts(empty.body), empty.headers),
        await call(app, parts(signed.body, b" ", b" "), signed.headers),
    ]
    assert [start["status"] for start, _ in answers] == [401, 401, 401, 400, 413]
    assert inbox.events == []


async def test_what_the_coroutine_raises_goes_on_to_the_server(signed: SignedDelivery) -> None:
    """A failure of the service is the server's to log and to answer; nothing was sent before."""

    async def on_event(_: WebhookEvent) -> None:
        raise LookupError("the database is away")

    app = WebhookApp(on_event, public_key=PUBLIC_KEY)
    with pytest.raises(LookupError):
        await call(app, parts(signed.body), signed.headers)


async def test_a_connection_of_another_kind_is_refused(inbox: Inbox) -> None:
    """A websocket is not mistaken for a delivery."""
    app = WebhookApp(inbox, public_key=PUBLIC_KEY)

    async def never(*_: object) -> Any:
        raise NotImplementedError

    with pytest.raises(ConfigurationError, match="websocket"):
        await app({"type": "websocket", "headers": []}, never, never)


async def test_a_service_without_its_key_does_not_start(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, signed: SignedDelivery
) -> None:
    """The environment names the key; without one the application cannot be made."""
    monkeypatch.delenv("TELNYX_PUBLIC_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="TELNYX_PUBLIC_KEY"):
        WebhookApp(inbox)
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", PUBLIC_KEY)
    start, _ = await call(WebhookApp(inbox), parts(signed.body), signed.headers)
    assert start["status"] == 200


@asynccontextmanager
async def serving(app: WebhookApp) -> AsyncGenerator[str]:
    """Serve the application by uvicorn, which insists on its start and its end; yield its URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(app, lifespan="on", ws="none", log_config=None)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/any/path"
        server.should_exit = True
        await task
        assert server.started


async def test_it_runs_alone_under_a_real_server(inbox: Inbox, signed: SignedDelivery) -> None:
    """Without any framework: accepted, refused and too large, one after the other."""
    app = WebhookApp(inbox, public_key=PUBLIC_KEY, max_body=1000)
    deliveries = [
        signed,
        SignedDelivery(signed.body, {}),
        SIGNER.sign(bytes(2000)),
        SIGNER.sign(make_event(ParticipantLeft, id="event-2")),
    ]
    statuses: list[int] = []
    async with serving(app) as url:
        for delivery in deliveries:
            async with (
                aiohttp.ClientSession() as session,
                session.post(url, data=delivery.body, headers=delivery.headers) as answer,
            ):
                statuses.append(answer.status)
    assert statuses == [200, 401, 413, 200]
    assert [event.id for event in inbox.events] == ["event-1", "event-2"]
