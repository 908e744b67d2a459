"""Behaviour that the receivers share: settings, keys, no secret in tracebacks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from math import nan
from traceback import TracebackException
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from support.hooks import PUBLIC_KEY, SIGNER, Inbox
from telnyx_video import ConfigurationError, ResponseDecodeError, WebhookVerificationError
from telnyx_video.testing import SignedDelivery, WebhookSigner, make_event
from telnyx_video.webhooks import Delivery, RecordingCompleted, verify_and_parse
from telnyx_video.webhooks.aiohttp import webhook_handler
from telnyx_video.webhooks.asgi import WebhookApp
from telnyx_video.webhooks.receive import Receiver

RECEIVERS: list[Callable[..., object]] = [webhook_handler, WebhookApp]

SECRET = "hunter2"  # in the URL that Telnyx delivers to, and so in the headers, too


@pytest.fixture
def secret() -> SignedDelivery:
    """A delivery to `https://user:hunter2@host`, with the URL of a file."""
    event = make_event(RecordingCompleted, download_url=f"https://files.example/{SECRET}")
    event.delivery = Delivery(1, f"https://user:{SECRET}@hooks.example.com/")
    signed = SIGNER.sign(event)
    return SignedDelivery(signed.body, {**signed.headers, "authorization": SECRET})


def frames_of_ours(error: BaseException) -> str:
    """Return the traceback with the local variables of each frame of the package."""
    report = TracebackException.from_exception(error, capture_locals=True)
    ours = [frame for frame in report.stack if "/telnyx_video/" in frame.filename]
    assert ours
    return str([(frame.filename, frame.name, frame.locals) for frame in ours])


BAD: dict[str, Callable[[SignedDelivery], tuple[bytes, Mapping[str, str], dict[str, Any]]]] = {
    "no signature": lambda it: (it.body, {"authorization": SECRET}, {}),
    "another body": lambda it: (it.body + b" ", it.headers, {}),
    "no public key": lambda it: (it.body, it.headers, {"public_key": []}),
    "a tolerance": lambda it: (it.body, it.headers, {"tolerance": 0}),
    "not bytes": lambda it: (str(it.body), it.headers, {}),  # type: ignore[dict-item,return-value] # on purpose
    "not headers": lambda it: (it.body, f"authorization: {SECRET}", {}),  # type: ignore[dict-item,return-value] # on purpose
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_an_error_has_no_secret_in_its_frames(
    bad: Callable[..., Any], secret: SignedDelivery
) -> None:
    """Crash reporters that record local variables get neither the body nor the headers."""
    call: Callable[..., object] = verify_and_parse
    body, headers, options = bad(secret)
    with pytest.raises((ConfigurationError, WebhookVerificationError)) as caught:
        call(body, headers, **({"public_key": PUBLIC_KEY} | options))
    assert SECRET not in frames_of_ours(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("body", [b"{%b", b'{"data": {"id": 5, "x": "%b"}}', b'["%b"]'])
def test_an_unreadable_body_is_in_no_frame(body: bytes) -> None:
    """The body is in no frame and not in the message; only `body` of the error has it."""
    signed = SIGNER.sign(body % SECRET.encode())
    with pytest.raises(ResponseDecodeError) as caught:
        verify_and_parse(signed.body, signed.headers, public_key=PUBLIC_KEY)
    assert SECRET not in frames_of_ours(caught.value)
    assert SECRET not in str(caught.value)
    assert SECRET.encode() in (caught.value.body or b"")


def test_the_environment_is_in_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the key keeps no other variable in a frame."""
    monkeypatch.setenv("DATABASE_URL", f"postgres://user:{SECRET}@db")
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", "not a key")
    with pytest.raises(ConfigurationError) as caught:
        verify_and_parse(b"{}", {})
    assert SECRET not in frames_of_ours(caught.value)


@pytest.mark.parametrize("kind", ["aiohttp", "asgi"])
async def test_an_exception_of_the_callback_has_no_secret_in_our_frames(
    kind: str, secret: SignedDelivery
) -> None:
    """While the callback runs, no frame of the receiver holds the body or the headers."""
    caught: list[LookupError] = []

    async def on_event(_: object) -> None:
        raise LookupError("the database is away")

    @web.middleware
    async def catching(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except LookupError as error:
            caught.append(error)
            raise

    if kind == "aiohttp":
        app = web.Application(middlewares=[catching])
        app.router.add_post("/", webhook_handler(on_event, public_key=PUBLIC_KEY))
        async with TestClient(TestServer(app)) as client:
            response = await client.post("/", data=secret.body, headers=secret.headers)
            assert response.status == 500
    else:
        asgi = WebhookApp(on_event, public_key=PUBLIC_KEY)

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": secret.body}

        async def send(_: object) -> None:
            raise NotImplementedError

        headers = [(name.encode(), value.encode()) for name, value in secret.headers.items()]
        scope = {"type": "http", "method": "POST", "headers": headers}
        with pytest.raises(LookupError) as raised:
            await asgi(scope, receive, send)
        caught.append(raised.value)
    (error,) = caught
    assert SECRET not in frames_of_ours(error)


async def chunks(body: bytes) -> AsyncGenerator[bytes]:
    yield body


def receiver(inbox: Inbox, **options: Any) -> Receiver:
    """Return a receiver with the defaults of the public ones."""
    defaults: dict[str, Any] = {"public_key": None, "tolerance": 300, "body_timeout": 10}
    return Receiver(on_event=inbox, max_body=10_000, **(defaults | options))


async def test_the_environment_is_read_for_each_delivery(
    inbox: Inbox, signed: SignedDelivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver made at import time uses the key that is set afterwards."""
    monkeypatch.delenv("TELNYX_PUBLIC_KEY", raising=False)
    made = receiver(inbox)
    with pytest.raises(ConfigurationError, match="TELNYX_PUBLIC_KEY"):
        await made.receive(chunks(signed.body), signed.headers)
    statuses: list[object] = []
    for key in (PUBLIC_KEY, WebhookSigner().public_key, PUBLIC_KEY):
        monkeypatch.setenv("TELNYX_PUBLIC_KEY", key)
        answer = await made.receive(chunks(signed.body), signed.headers)
        statuses.append(answer and answer.status)
    assert statuses == [200, 401, 200]
    assert len(inbox.events) == 2


async def test_a_key_argument_is_checked_when_the_receiver_is_made(
    inbox: Inbox, signed: SignedDelivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A malformed key is refused, and a valid one beats the environment."""
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", WebhookSigner().public_key)
    answer = await receiver(inbox, public_key=[PUBLIC_KEY]).receive(
        chunks(signed.body), signed.headers
    )
    assert answer is not None
    assert answer.status == 200
    with pytest.raises(ConfigurationError, match="public_key is not"):
        receiver(inbox, public_key="x")


@pytest.mark.parametrize("make", RECEIVERS)
def test_settings_are_checked_when_the_receiver_is_made(
    make: Callable[..., object], inbox: Inbox
) -> None:
    """An invalid setting is reported before the first delivery."""
    with pytest.raises(ConfigurationError, match="on_event must be a function"):
        make(None, public_key=PUBLIC_KEY)
    with pytest.raises(ConfigurationError, match="tolerance must be seconds"):
        make(inbox, public_key=PUBLIC_KEY, tolerance=0)
    for max_body in (0, nan, 1.5, True, "x", None):
        with pytest.raises(ConfigurationError, match="max_body must be bytes, 1 or more, not"):
            make(inbox, public_key=PUBLIC_KEY, max_body=max_body)
    for body_timeout in (0, -1, nan, True, "x", None):
        with pytest.raises(ConfigurationError, match="body_timeout must be seconds, above 0, not"):
            make(inbox, public_key=PUBLIC_KEY, body_timeout=body_timeout)
    with pytest.raises(ConfigurationError, match="public_key"):
        make(inbox, public_key=[PUBLIC_KEY, "x"])
