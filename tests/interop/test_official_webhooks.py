"""Webhooks and the official SDK: both accept and refuse the same deliveries."""

import json
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
import telnyx
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from nacl.signing import SigningKey

from support.hooks import IDS, PUBLIC_KEY, envelope
from support.receivers import receiving
from telnyx_video import AsyncRoomsClient
from telnyx_video.sandbox import Sandbox
from telnyx_video.testing import SignedDelivery, WebhookSigner, make_event
from telnyx_video.webhooks import ParticipantLeft, SessionEnded, WebhookEvent
from telnyx_video.webhooks.aiohttp import webhook_handler

KEY = {"Authorization": "Bearer sandbox-key"}
SEED = bytes(range(32))


def official(public_key: str) -> telnyx.Telnyx:
    """Return the official client, which checks with this key."""
    return telnyx.Telnyx(api_key="unused", public_key=public_key)


def signed_by_its_library(body: bytes) -> dict[str, str]:
    """Return the headers of a body signed by PyNaCl, the official SDK's library."""
    timestamp = str(int(time.time()))
    signature = SigningKey(SEED).sign(timestamp.encode() + b"|" + body).signature
    return {
        "Telnyx-Timestamp": timestamp,
        "Telnyx-Signature-Ed25519": b64encode(signature).decode(),
    }


async def deliver(
    handler: Callable[[web.Request], Awaitable[web.Response]], body: bytes, headers: dict[str, str]
) -> int:
    """Serve the handler, post a delivery to it, and return the status of the answer."""
    app = web.Application()
    app.router.add_post("/", handler)
    async with (
        TestClient(TestServer(app)) as client,
        client.post("/", data=body, headers=headers) as answer,
    ):
        return answer.status


@pytest.mark.parametrize("cls", [ParticipantLeft, SessionEnded])
def test_the_official_sdk_accepts_what_we_sign(cls: type[ParticipantLeft | SessionEnded]) -> None:
    """The official SDK verifies a delivery that `WebhookSigner` signed."""
    signer = WebhookSigner()
    event = make_event(cls)
    signed = signer.sign(event)
    with official(signer.public_key) as client:
        unwrapped = client.webhooks.unwrap(signed.body.decode(), headers=signed.headers)
    assert unwrapped.data is not None
    assert unwrapped.data.id == event.id


def altered(signed: SignedDelivery) -> SignedDelivery:
    """Return the delivery with one byte of its body changed."""
    return SignedDelivery(signed.body.replace(b"event", b"Event", 1), signed.headers)


def test_the_official_sdk_refuses_what_we_refuse() -> None:
    """It refuses a changed body, an old delivery and another key."""
    signer = WebhookSigner()
    event = make_event(ParticipantLeft)
    bad = [
        altered(signer.sign(event)),
        signer.sign(event, timestamp=time.time() - 310),
        WebhookSigner().sign(event),
    ]
    with official(signer.public_key) as client:
        for signed in bad:
            with pytest.raises(ValueError, match=r"[Ss]ignature|timestamp"):
                client.webhooks.unwrap(signed.body.decode(), headers=signed.headers)


async def test_the_official_sdk_accepts_what_the_sandbox_delivers() -> None:
    """The official SDK verifies every event of a recorded session and its composition."""
    async with (
        receiving() as receiver,
        Sandbox(composition_delay=0) as sandbox,
        AsyncRoomsClient(base_url=sandbox.url, api_key=sandbox.api_key) as rooms,
    ):
        room = await rooms.create(webhook_event_url=receiver.url, enable_recording=True)
        participant = sandbox.join(room.id, context="Alice")
        async with aiohttp.ClientSession(headers=KEY) as session:
            wanted = {"session_id": sandbox.participants[0]["session_id"]}
            async with session.post(f"{sandbox.url}/room_compositions", json=wanted) as answer:
                assert answer.status == 202
        sandbox.leave(participant)
        received: list[object] = []
        happened = sandbox.events
        with official(sandbox.public_key) as client:
            for event in happened:
                arrival = await receiver.next()
                unwrapped = client.webhooks.unwrap(arrival.body.decode(), headers=arrival.headers)
                assert unwrapped.data is not None
                received.append(unwrapped.data.id)
                assert unwrapped.data.event_type == event["type"]
                with pytest.raises(ValueError, match=r"[Ss]ignature"):
                    client.webhooks.unwrap(arrival.body.decode() + " ", headers=arrival.headers)
    assert received == [event["id"] for event in happened]
    assert len(received) == 9


async def test_our_receiver_accepts_what_its_library_signs() -> None:
    """Our receiver accepts a signature made by PyNaCl."""
    events: list[WebhookEvent] = []

    async def on_event(event: WebhookEvent) -> None:
        events.append(event)

    body = json.dumps(envelope("video.room.session.ended", {**IDS, "duration_secs": 84})).encode()
    headers = signed_by_its_library(body)
    with official(PUBLIC_KEY) as client:
        client.webhooks.unwrap(body.decode(), headers=headers)
    handler = webhook_handler(on_event, public_key=PUBLIC_KEY)
    assert await deliver(handler, body, headers) == 200
    assert await deliver(handler, body + b" ", headers) == 401
    (event,) = events
    assert isinstance(event, SessionEnded)
    assert event.payload.duration_secs == 84
