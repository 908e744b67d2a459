"""Keys that change: from a provider, or from a token endpoint, without losing a create."""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from collections.abc import Callable
from typing import Any, cast
from uuid import uuid4

import aiohttp
import pytest

from support.clients import client
from support.scripted_server import (
    Act,
    Visit,
    answer,
    created,
    cut,
    listed,
    room,
    serve,
    stall,
    turns,
)
from support.secrets import leaks
from telnyx_video import (
    AsyncRoomsClient,
    AuthenticationError,
    ConfigurationError,
    CreateRoomRequest,
    Outcome,
    RequestTimeoutError,
    RetryPolicy,
    RoomsClient,
    TelnyxVideoError,
    TransportError,
)
from telnyx_video.config import ApiKey, OAuthCredentials
from telnyx_video.sandbox import Sandbox

KEY = "KEY018F5C0FFEE0123456789ABCDEF_t0k3nT0k3n"
SECRET = "client-s3cret-0123456789abcdef"
ONCE = RetryPolicy(attempts=1)
QUICK = RetryPolicy(backoff=0.001, backoff_max=0.001)

CREATES = int(os.environ.get("TELNYX_VIDEO_ROTATION_CREATES", "400"))
ROTATIONS = 4 if CREATES < 10_000 else 20


class Keys:
    """Provides keys, and counts the calls."""

    def __init__(self) -> None:
        self.accepted = "key-0"
        self.asked = 0

    async def __call__(self) -> str:
        self.asked += 1
        key = self.accepted
        await asyncio.sleep(0)
        return key

    def guard(self, act: Act) -> Act:
        """Apply this to requests with the accepted key; refuse all others."""

        async def guarded(visit: Visit) -> None:
            assert visit.request is not None
            fits = visit.request.header("Authorization") == [f"Bearer {self.accepted}"]
            await (act if fits else answer(401, {}))(visit)

        return guarded


async def test_a_provider_is_called_once() -> None:
    """Its answer is kept, also for many calls that begin at the same time."""
    keys = Keys()
    async with serve(keys.guard(created())) as server, client(server, api_key=keys) as rooms:
        assert keys.asked == 0
        await asyncio.gather(*(rooms.create(unique_name=f"{n}") for n in range(20)))
        await rooms.get("1")
    assert keys.asked == 1
    assert {sent.header("Authorization")[0] for sent in server.requests} == {"Bearer key-0"}


@pytest.mark.parametrize("in_session", [False, True])
async def test_after_a_401_the_provider_is_called_again(in_session: bool) -> None:
    """The request is sent again with the new key, in a caller's session, too."""
    keys = Keys()
    async with aiohttp.ClientSession() as session, serve(keys.guard(created())) as server:
        arguments = {"session": session} if in_session else {}
        async with client(server, api_key=keys, **arguments) as rooms:
            await rooms.create(unique_name="standup")
            keys.accepted = "key-1"
            calls = (rooms.create(unique_name=f"{n}") for n in range(20))
            made = await asyncio.gather(*calls)
            assert [room.unique_name for room in made] == [f"{n}" for n in range(20)]
            await rooms.request("POST", "/rooms", json={}, headers={"X-Gateway": "blue"})
    assert keys.asked == 2
    assert server.requests[-1].header("X-Gateway") == ["blue"]


async def test_a_key_that_stays_refused_is_an_error() -> None:
    """It is requested once more, and not forever; nothing was applied."""
    keys = Keys()
    async with serve(answer(401, {})) as server, client(server, api_key=keys) as rooms:
        with pytest.raises(AuthenticationError) as raised:
            await rooms.create(unique_name="standup")
    assert (keys.asked, len(server.requests)) == (2, 2)
    assert raised.value.outcome is Outcome.NOT_APPLIED
    assert raised.value.__context__ is None


def test_blocking_code_may_have_a_provider(telnyx_sandbox: Sandbox) -> None:
    """A plain function works in both clients."""
    with RoomsClient(api_key=lambda: telnyx_sandbox.api_key, base_url=telnyx_sandbox.url) as rooms:
        rooms.create(unique_name="standup")
        assert telnyx_sandbox.api_key not in repr(rooms)


async def test_rotation_under_load_loses_no_create() -> None:
    """While the accepted key changes, each room of a batch is made once and reported once."""
    keys, names = Keys(), list[str]()
    rooms_made: list[str] = []

    async def make(visit: Visit) -> None:
        assert visit.request is not None
        asked: Any = visit.request.json
        rooms_made.append(asked["unique_name"])
        if len(rooms_made) % (CREATES // ROTATIONS) == 0:
            keys.accepted = f"key-{uuid4()}"
        await created()(visit)

    async with serve(keys.guard(make)) as server, client(server, api_key=keys) as rooms:
        names = [f"room-{n}" for n in range(CREATES)]
        requests = [CreateRoomRequest(unique_name=name) for name in names]
        outcomes = await rooms.create_many(requests, concurrency=20)
    assert [outcome.error for outcome in outcomes if outcome.error is not None] == []
    assert sorted(rooms_made) == sorted(names)
    assert keys.asked >= ROTATIONS


async def test_an_expired_key_is_replaced() -> None:
    """A provider may say for how long its key is valid; it is called again before that ends."""
    answers = [ApiKey("first", valid_for=0.0), ApiKey("second", valid_for=3600.0)]
    async with serve(created()) as server, client(server, api_key=lambda: answers.pop(0)) as rooms:
        for name in ("a", "b", "c"):
            await rooms.create(unique_name=name)
    sent = [request.header("Authorization")[0] for request in server.requests]
    assert sent == ["Bearer first", "Bearer second", "Bearer second"]


async def test_a_provider_that_fails_is_called_again() -> None:
    """A failure is transient, and sends nothing; its text, which may be a secret, is not shown."""
    failures = [OSError(KEY), TimeoutError(KEY)]

    def provide() -> str:
        if failures:
            raise failures.pop()
        return KEY

    async with serve(created()) as server, client(server, api_key=provide, retry=ONCE) as rooms:
        with pytest.raises(TransportError, match=r"provider failed \(TimeoutError\)") as raised:
            await rooms.create(unique_name="standup")
        assert raised.value.outcome is Outcome.NOT_APPLIED
        assert leaks(raised.value, KEY) == []
        await rooms.create(unique_name="standup", retry=QUICK)
    assert server.methods == ["POST"]


async def test_concurrent_calls_share_a_failure() -> None:
    """A provider that is down is not called by each of a thousand calls."""
    asked: list[None] = []
    begun, ready = asyncio.Event(), asyncio.Event()

    async def provide() -> str:
        asked.append(None)
        begun.set()
        await ready.wait()
        raise OSError

    async with serve(created()) as server, client(server, api_key=provide, retry=ONCE) as rooms:
        calls = [asyncio.create_task(rooms.get("1")) for _ in range(20)]
        await begun.wait()
        await turns()
        ready.set()
        results = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(result) for result in results} == {TransportError}
    assert len({id(result) for result in results}) == 20
    assert len(asked) == 1


@pytest.mark.parametrize("key", ["", " a", None, 5, ApiKey("line\nbreak")])
async def test_an_invalid_key_is_refused(key: Any) -> None:
    """A key that cannot be sent in a header is a mistake of the provider."""
    async with serve(created()) as server, client(server, api_key=lambda: key) as rooms:
        with pytest.raises(ConfigurationError, match="provider returned no API key"):
            await rooms.create(unique_name="standup")
    assert server.requests == []


async def test_a_provider_that_hangs_ends_with_the_call() -> None:
    """Neither the time limit nor closing the client waits for it; a cancelled one is replaced."""
    hang = True

    async def provide() -> str:
        if hang:
            await asyncio.Event().wait()
        return KEY

    async with serve(created()) as server, client(server, api_key=provide, retry=ONCE) as rooms:
        with pytest.raises(RequestTimeoutError, match="nothing was sent"):
            await rooms.create(unique_name="standup", timeout=0.05)
        hang = False
        await rooms.create(unique_name="standup")
        assert len(server.requests) == 1
    hang = True
    async with client(server, api_key=provide) as rooms:
        call = asyncio.create_task(rooms.create(unique_name="standup"))
        await turns()
        await rooms.aclose()
        with pytest.raises(TelnyxVideoError):
            await call


async def test_no_reply_shows_a_provided_key() -> None:
    """It is redacted by the key that the request was sent with."""
    echo = answer(403, {"detail": KEY}, {"x-request-id": KEY})
    raw = answer(200, {"echo": KEY}, {"x-echo": KEY})
    async with serve(echo, raw) as server, client(server, api_key=lambda: KEY) as rooms:
        with pytest.raises(TelnyxVideoError) as raised:
            await rooms.get("1")
        assert leaks(await rooms.request("GET", "/echo"), KEY) == []
    assert leaks(raised.value, KEY) == []


class Endpoint:
    """An API that also issues access tokens."""

    def __init__(self, **reply: Any) -> None:
        self.issued = 0
        self.reply = reply

    def __call__(self, tokens: Act | None = None) -> Act:
        async def act(visit: Visit) -> None:
            request = visit.request
            assert request is not None
            if request.target == "/v2/oauth/token":
                self.issued += 1
                token = {"access_token": f"token-{self.issued}", "token_type": "Bearer"}
                await (tokens or answer(200, {**token, **self.reply}))(visit)
            elif request.header("Authorization") != [f"Bearer token-{self.issued}"]:
                await answer(401, {})(visit)
            else:
                await created()(visit)

        return act


async def test_client_credentials_are_exchanged_for_a_token() -> None:
    """By Basic authentication, as in RFC 6749; one token serves until it expires."""
    endpoint, oauth = Endpoint(expires_in=3600), OAuthCredentials("crm", SECRET)
    async with serve(endpoint()) as server, client(server, api_key=oauth) as rooms:
        await asyncio.gather(*(rooms.create(unique_name=f"{n}") for n in range(5)))
        endpoint.issued += 1  # the token is revoked
        await rooms.create(unique_name="after")
    token_request = server.requests[0]
    assert token_request.method == "POST"
    assert token_request.body == b"grant_type=client_credentials"
    credentials = b64encode(f"crm:{SECRET}".encode()).decode()
    assert token_request.header("Authorization") == [f"Basic {credentials}"]
    assert token_request.header("Content-Type") == ["application/x-www-form-urlencoded"]
    assert [sent.target for sent in server.requests].count("/v2/oauth/token") == 2


async def test_an_expired_token_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """No request is sent with it; the credentials may be the environment's."""
    monkeypatch.setenv("TELNYX_CLIENT_ID", "crm")
    monkeypatch.setenv("TELNYX_CLIENT_SECRET", SECRET)
    endpoint = Endpoint(expires_in=0)
    async with serve(endpoint()) as server, AsyncRoomsClient(base_url=server.url) as rooms:
        await rooms.create(unique_name="a")
        await rooms.create(unique_name="b")
    targets = [sent.target for sent in server.requests]
    assert targets == ["/v2/oauth/token", "/v2/rooms"] * 2


TOKEN_FAILURES: dict[str, tuple[Act, type[TelnyxVideoError], str]] = {
    "refused": (answer(401, {"error": SECRET}), AuthenticationError, "refused the OAuth client"),
    "down": (answer(503), TransportError, "status 503 - nothing was sent"),
    "cut": (cut, TransportError, "ServerDisconnectedError - nothing was sent"),
    "no JSON": (answer(200, b"<html>"), TransportError, "no access token in the reply"),
    "no object": (answer(200, [1]), TransportError, "no access token in the reply"),
    "no token": (answer(200, {"access_token": ""}), TransportError, "no access token in the reply"),
    "no time": (
        answer(200, {"access_token": "a", "expires_in": "soon"}),
        TransportError,
        "no access token in the reply",
    ),
    "no answer": (stall, RequestTimeoutError, "nothing was sent"),
}


@pytest.mark.parametrize("what", TOKEN_FAILURES)
async def test_without_a_token_nothing_is_sent(what: str) -> None:
    """The error says what the endpoint answered, and shows neither the secret nor the reply."""
    act, error, sentence = TOKEN_FAILURES[what]
    oauth = OAuthCredentials("crm", SECRET)
    timeout = 0.2 if act is stall else 20.0
    async with (
        serve(Endpoint()(act)) as server,
        client(server, api_key=oauth, retry=ONCE, timeout=timeout) as rooms,
    ):
        with pytest.raises(error, match=sentence) as raised:
            await rooms.create(unique_name="standup")
    assert raised.value.outcome is Outcome.NOT_APPLIED
    assert leaks(raised.value, SECRET) == []
    assert SECRET not in repr(oauth)
    assert {sent.target for sent in server.requests} == {"/v2/oauth/token"}


@pytest.mark.parametrize(
    ("oauth", "sentence"),
    [
        (lambda: OAuthCredentials("", SECRET), "client_id: must be a string without spaces"),
        (lambda: OAuthCredentials("crm", f"{SECRET} "), "client_secret: must be a string without"),
        (lambda: OAuthCredentials("crm", SECRET, "http://example.com"), "token_url http://exam"),
        (lambda: OAuthCredentials("crm", SECRET, cast("Any", 5)), "token_url is not a string"),
    ],
)
def test_invalid_credentials_are_refused(oauth: Callable[[], Any], sentence: str) -> None:
    """Each is named, without the secret."""
    with pytest.raises(ConfigurationError) as raised:
        AsyncRoomsClient(api_key=oauth())
    assert sentence in str(raised.value)
    assert leaks(raised.value, SECRET) == []


async def test_a_lost_create_is_found_with_a_new_key() -> None:
    """The key may change between a create whose reply is lost and its look-up."""
    keys = Keys()

    async def lose(visit: Visit) -> None:
        keys.accepted = "key-1"
        await cut(visit)

    acts = (keys.guard(lose), keys.guard(cut), keys.guard(listed(room())))
    async with serve(*acts) as server, client(server, api_key=keys, retry=QUICK) as rooms:
        assert (await rooms.create(unique_name="standup")).unique_name == "standup"
    assert server.methods == ["POST", "GET", "GET"]
