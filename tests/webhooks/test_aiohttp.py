"""The handler for aiohttp.web, over real sockets: what it answers, and when."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from math import nan
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict

from support.hooks import PUBLIC_KEY, SIGNER, TIMESTAMP, Inbox
from telnyx_video import ConfigurationError
from telnyx_video.testing import SignedDelivery, WebhookSigner, make_event
from telnyx_video.webhooks import ParticipantLeft, WebhookEvent
from telnyx_video.webhooks.aiohttp import webhook_handler
from telnyx_video.webhooks.receiving import OnEvent

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
    """Deliver, with one of the headers sent twice, and return the answer's status and text."""
    headers = CIMultiDict(delivery.headers)
    headers.extend((name, value) for name, value in delivery.headers.items() if name == twice)
    async with client.post("/hook", data=delivery.body, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_a_genuine_event_is_handed_on_and_answered_200(
    inbox: Inbox, signed: SignedDelivery
) -> None:
    """Telnyx, which takes nothing but 200 for an answer, gets that, and the service its event."""
    async with serving(webhook_handler(inbox, public_key=PUBLIC_KEY)) as client:
        assert await post(client, signed) == (200, "")
    (event,) = inbox.events
    assert isinstance(event, ParticipantLeft)
    assert event.id == "event-1"


async def test_the_answer_waits_until_the_event_was_accepted(signed: SignedDelivery) -> None:
    """Before the service is done with an event, Telnyx is not told that it was delivered."""
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


async def test_a_plain_function_accepts_an_event_by_returning(signed: SignedDelivery) -> None:
    """It has done its work by then: an error would have Telnyx send the event again."""
    events: list[WebhookEvent] = []
    on_event = cast("OnEvent", events.append)
    async with serving(webhook_handler(on_event, public_key=PUBLIC_KEY)) as client:
        assert await post(client, signed) == (200, "")
    assert len(events) == 1


async def test_an_event_that_was_not_accepted_is_no_success(
    caplog: pytest.LogCaptureFixture, signed: SignedDelivery
) -> None:
    """If the service fails, Telnyx is told so, and the failure is logged as any other."""

    async def on_event(_: WebhookEvent) -> None:
        raise LookupError("the database is away")

    async with serving(webhook_handler(on_event, public_key=PUBLIC_KEY)) as client:
        status, _ = await post(client, signed)
    assert status == 500
    assert "the database is away" in caplog.text


async def test_what_is_refused_is_not_handed_on(
    inbox: Inbox, caplog: pytest.LogCaptureFixture, signed: SignedDelivery
) -> None:
    """A delivery without a good signature is answered 401, and one that is no event 400."""
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
    """Send a body whose length is not announced."""
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_has_a_limit(inbox: Inbox, announced: bool, signed: SignedDelivery) -> None:
    """A body above the limit is answered 413, whether or not its length was told beforehand."""
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


async def test_an_endless_body_is_cut_off(inbox: Inbox) -> None:
    """Whoever sends without end is answered at the limit, and not listened to any longer."""
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


async def test_a_body_that_a_middleware_has_read_is_there_all_the_same(
    inbox: Inbox, signed: SignedDelivery
) -> None:
    """Middlewares that log or count bodies do not make genuine deliveries fail."""

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


async def test_a_service_without_its_key_does_not_start(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong settings are told when the receiver is made, not at the first delivery."""
    monkeypatch.delenv("TELNYX_PUBLIC_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="TELNYX_PUBLIC_KEY"):
        webhook_handler(inbox)
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", PUBLIC_KEY)
    webhook_handler(inbox)
    with pytest.raises(ConfigurationError, match="on_event"):
        webhook_handler(cast("OnEvent", None))
    with pytest.raises(ConfigurationError, match="tolerance"):
        webhook_handler(inbox, tolerance=0)
    wrong: list[Any] = [0, nan, 1.5, True, "x", None]
    for max_body in wrong:
        with pytest.raises(ConfigurationError, match="max_body must be bytes, 1 or more, not"):
            webhook_handler(inbox, max_body=max_body)
    with pytest.raises(ConfigurationError, match="public_key"):
        webhook_handler(inbox, public_key=[PUBLIC_KEY, "x"])
