"""The server of its own: where it listens, what it receives, and how it ends."""

import asyncio
import socket

import aiohttp
import pytest

from support.hooks import PUBLIC_KEY
from telnyx_video import ConfigurationError
from telnyx_video.testing import SignedDelivery
from telnyx_video.webhooks import WebhookEvent
from telnyx_video.webhooks.aiohttp import webhook_server


async def post(url: str, delivery: SignedDelivery) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=delivery.body, headers=delivery.headers) as answer,
    ):
        return answer.status


async def test_events_arrive_at_its_url_and_below(signed: SignedDelivery) -> None:
    """It can be given to a room as it is, or with a path that tells the rooms apart."""
    events: list[WebhookEvent] = []

    async def on_event(event: WebhookEvent) -> None:
        events.append(event)

    async with webhook_server(on_event, public_key=PUBLIC_KEY) as url:
        assert await post(url, signed) == 200
        assert await post(f"{url}rooms/standup", signed) == 200
        assert await post(url, SignedDelivery(signed.body, {})) == 401
    assert [event.id for event in events] == ["event-1", "event-1"]
    with pytest.raises(aiohttp.ClientConnectorError):
        await post(url, signed)


async def test_an_event_that_is_being_dealt_with_is_finished(signed: SignedDelivery) -> None:
    """Leaving waits for what has begun, so that it is answered and not delivered again."""
    entered, release = asyncio.Event(), asyncio.Event()

    async def on_event(_: WebhookEvent) -> None:
        entered.set()
        await release.wait()

    async with webhook_server(on_event, public_key=PUBLIC_KEY) as url:
        answer = asyncio.create_task(post(url, signed))
        await entered.wait()
        asyncio.get_running_loop().call_later(0.01, release.set)
    assert await answer == 200


async def test_an_address_that_cannot_be_had_is_an_error() -> None:
    """A port that is taken, and a key that is none, are told before anything is received."""

    async def on_event(_: WebhookEvent) -> None: ...

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"on port {port} of 127.0.0.1: Address already in"):
            await webhook_server(on_event, port=port, public_key=PUBLIC_KEY).__aenter__()
    with pytest.raises(OSError, match="on port 0 of ::1%nowhere: "):
        await webhook_server(on_event, host="::1%nowhere", public_key=PUBLIC_KEY).__aenter__()
    with pytest.raises(ConfigurationError, match="public_key"):
        await webhook_server(on_event, public_key="no key").__aenter__()


async def test_an_ipv6_address_is_served(signed: SignedDelivery) -> None:
    """An IPv6 address is put in brackets, as URLs need it."""

    async def on_event(_: WebhookEvent) -> None: ...

    try:
        async with webhook_server(on_event, host="::1", public_key=PUBLIC_KEY) as url:
            assert url.startswith("http://[::1]:")
            assert await post(url, signed) == 200
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
