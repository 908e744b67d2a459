"""The ASGI application: message by message, and on uvicorn over real sockets."""

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
    """Return a `receive` that yields a body in these parts."""
    last = len(bodies) - 1
    return [
        {"type": "http.request", "body": body, "more_body": number < last}
        for number, body in enumerate(bodies)
    ]


async def call(
    app: WebhookApp,
    messages: Iterable[Message],
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
) -> list[dict[str, Any]]:
    """Serve one request, and return the messages that the application sends."""
    incoming = iter(messages)
    sent: list[dict[str, Any]] = []

    async def receive() -> Message:
        return next(incoming)

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    await app({"type": "http", "method": method, "headers": raw}, receive, send)
    return sent


async def test_a_genuine_event_is_answered_200(inbox: Inbox, signed: SignedDelivery) -> None:
    """The response has a status, headers with the length, and a body."""
    app = WebhookApp(inbox, public_key=PUBLIC_KEY)
    start, body = await call(app, parts(signed.body), signed.headers)
    assert (start["type"], start["status"]) == ("http.response.start", 200)
    assert (b"content-length", b"0") in start["headers"]
    assert body == {"type": "http.response.body", "body": b""}
    assert [event.id for event in inbox.events] == ["event-1"]


async def test_a_body_may_arrive_in_parts(inbox: Inbox, signed: SignedDelivery) -> None:
    """A body in parts is verified as a whole."""
    app = WebhookApp(inbox, public_key=PUBLIC_KEY)
    pieces = parts(signed.body[:7], b"", signed.body[7:])
    start, _ = await call(app, pieces, signed.headers)
    assert start["status"] == 200
    assert len(inbox.events) == 1


async def test_an_aborted_body_is_one_log_line(
    inbox: Inbox, caplog: pytest.LogCaptureFixture, signed: SignedDelivery
) -> None:
    """There is neither a response nor a traceback."""
    app = WebhookApp(inbox, public_key=PUBLIC_KEY)
    messages = [*parts(signed.body[:7], b"")[:1], {"type": "http.disconnect"}]
    assert await call(app, messages, signed.headers) == []
    assert inbox.events == []
    assert caplog.messages == ["webhook not received: the body ended early or is badly encoded"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "post"])
async def test_another_method_is_answered_405(inbox: Inbox, method: str) -> None:
    """The response names the method that is allowed."""
    app = WebhookApp(inbox, public_key=PUBLIC_KEY)
    start, _ = await call(app, [], method=method)
    assert start["status"] == 405
    assert (b"allow", b"POST") in start["headers"]


async def test_a_refused_delivery_does_not_reach_the_callback(
    inbox: Inbox, signed: SignedDelivery
) -> None:
    """401 without a valid signature, 400 if it is not an event, 413 if it is too large."""
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


async def test_an_exception_of_the_callback_propagates(signed: SignedDelivery) -> None:
    """The server logs it and answers 500; nothing was sent before."""

    async def on_event(_: WebhookEvent) -> None:
        raise LookupError("the database is away")

    app = WebhookApp(on_event, public_key=PUBLIC_KEY)
    with pytest.raises(LookupError):
        await call(app, parts(signed.body), signed.headers)


async def test_a_websocket_is_refused(inbox: Inbox) -> None:
    """Webhooks are sent over HTTP only."""
    app = WebhookApp(inbox, public_key=PUBLIC_KEY)

    async def never(*_: object) -> Any:
        raise NotImplementedError

    with pytest.raises(ConfigurationError, match="websocket"):
        await app({"type": "websocket", "headers": []}, never, never)


async def test_a_slow_body_is_answered_408(inbox: Inbox) -> None:
    """A sender that stops in the middle of the body does not keep the receiver busy."""
    app = WebhookApp(inbox, public_key=PUBLIC_KEY, body_timeout=0.01)
    sent: list[dict[str, object]] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise NotImplementedError

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await app({"type": "http", "method": "POST", "headers": []}, receive, send)
    assert sent[0]["status"] == 408
    assert inbox.events == []


async def lifespan(app: WebhookApp, *events: str) -> list[dict[str, object]]:
    """Send these events of the lifespan protocol, and return the replies."""
    incoming = iter(events)
    sent: list[dict[str, object]] = []

    async def receive() -> Message:
        return {"type": f"lifespan.{next(incoming)}"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await app({"type": "lifespan"}, receive, send)
    return sent


async def test_it_does_not_start_without_a_key(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a key startup fails with a message; a key may disappear before shutdown."""
    monkeypatch.delenv("TELNYX_PUBLIC_KEY", raising=False)
    (failed,) = await lifespan(WebhookApp(inbox), "startup")
    assert failed["type"] == "lifespan.startup.failed"
    assert "TELNYX_PUBLIC_KEY" in str(failed["message"])
    started = await lifespan(WebhookApp(inbox, public_key=PUBLIC_KEY), "startup", "shutdown")
    kinds = ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert [reply["type"] for reply in started] == kinds
    (stopped,) = await lifespan(WebhookApp(inbox), "shutdown")
    assert stopped["type"] == "lifespan.shutdown.complete"


@asynccontextmanager
async def serving(app: WebhookApp) -> AsyncGenerator[str]:
    """Run the application on uvicorn with the lifespan protocol required; yield its URL."""
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


async def test_it_runs_alone_on_a_real_server(inbox: Inbox, signed: SignedDelivery) -> None:
    """Without a framework: accepted, refused and too large, one after the other."""
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
