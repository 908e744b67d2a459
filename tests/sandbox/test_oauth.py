"""The token endpoint: which clients get a token, and how long it is valid."""

from __future__ import annotations

import asyncio
from base64 import b64encode

import aiohttp
import pytest

from support.clients import client
from telnyx_video import AuthenticationError, Outcome, RetryPolicy, RoomsClient
from telnyx_video.config import OAuthCredentials
from telnyx_video.sandbox import Sandbox

TOKENS = "POST /v2/oauth/token"


def basic(client_id: str, secret: str) -> str:
    """Return credentials in the format of RFC 7617."""
    return "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()


async def ask(
    sandbox: Sandbox, authorization: str, grant: str = "client_credentials"
) -> tuple[int, dict[str, object]]:
    """Request a token; return the status and the content."""
    url, headers = f"{sandbox.url}/oauth/token", {"Authorization": authorization}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data={"grant_type": grant}, headers=headers) as reply,
    ):
        return reply.status, await reply.json()


async def test_a_token_serves_many_calls() -> None:
    """The client requests one token, and creates rooms with it."""
    async with Sandbox() as sandbox:
        oauth = OAuthCredentials("crm", sandbox.api_key)
        async with client(sandbox, api_key=oauth) as rooms:
            await asyncio.gather(*(rooms.create(unique_name=f"{n}") for n in range(20)))
        assert sandbox.requests[TOKENS] == 1
        assert len(sandbox.rooms) == 20


async def test_an_expired_token_is_refused_and_replaced() -> None:
    """No call fails: the server's clock advances a second with each request here."""
    async with Sandbox(seed_random=1, access_token_ttl=20) as sandbox:
        oauth = OAuthCredentials("crm", sandbox.api_key, f"{sandbox.url}/oauth/token")
        async with client(sandbox, api_key=oauth) as rooms:
            for number in range(50):
                await rooms.create(unique_name=f"{number}")
        assert len(sandbox.rooms) == 50
        assert sandbox.requests[TOKENS] >= 3


async def test_a_token_is_valid_until_it_expires() -> None:
    """Not a second longer."""
    async with Sandbox(seed_random=1, access_token_ttl=3) as sandbox:
        status, content = await ask(sandbox, basic("crm", sandbox.api_key))
        assert (status, content["token_type"], content["expires_in"]) == (200, "Bearer", 3)
        headers = {"Authorization": f"Bearer {content['access_token']}"}
        seen: list[int] = []
        async with aiohttp.ClientSession(headers=headers) as session:
            for _ in range(4):
                async with session.get(f"{sandbox.url}/rooms") as reply:
                    seen.append(reply.status)
        assert seen == [200, 200, 401, 401]


def test_a_blocking_client_can_use_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of the environment."""
    with Sandbox() as sandbox:
        monkeypatch.setenv("TELNYX_CLIENT_ID", "crm")
        monkeypatch.setenv("TELNYX_CLIENT_SECRET", sandbox.api_key)
        with RoomsClient(base_url=sandbox.url) as rooms:
            rooms.create(unique_name="standup")
        assert sandbox.requests[TOKENS] == 1


async def test_a_wrong_secret_gets_no_token() -> None:
    """The error says so, and no room request is sent."""
    async with Sandbox() as sandbox:
        oauth = OAuthCredentials("crm", "guessed")
        async with client(sandbox, api_key=oauth, retry=RetryPolicy(attempts=1)) as rooms:
            with pytest.raises(AuthenticationError, match="refused the OAuth client") as raised:
                await rooms.create(unique_name="standup")
        assert raised.value.outcome is Outcome.NOT_APPLIED
        assert sandbox.requests.keys() == {TOKENS}


async def test_other_token_requests_are_refused() -> None:
    """As in section 5.2 of RFC 6749."""
    async with Sandbox() as sandbox:
        good = basic("crm", sandbox.api_key)
        assert await ask(sandbox, good, "password") == (400, {"error": "unsupported_grant_type"})
        digest = good.replace("Basic", "Digest")
        bearer = f"Bearer {sandbox.api_key}"
        for wrong in ("", "Basic !", basic("", sandbox.api_key), basic("crm", "x"), digest, bearer):
            assert await ask(sandbox, wrong) == (401, {"error": "invalid_client"})
