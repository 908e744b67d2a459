"""`request` sends to any endpoint, with the client's key, pacing, retries and errors."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from support.clients import client
from support.scripted_server import answer, cut, serve
from support.secrets import leaks
from telnyx_video import (
    InvalidRequestError,
    NotFoundError,
    Outcome,
    OutcomeUnknownError,
    RawResponse,
    ResponseDecodeError,
    RetryPolicy,
    RoomsClient,
    ServerError,
)
from telnyx_video.sandbox import Sandbox

KEY = "KEY018F5C0FFEE0123456789ABCDEF_t0k3nT0k3n"
QUICK = RetryPolicy(attempts=3, backoff=0.001, backoff_max=0.001)


async def test_a_request_returns_the_raw_reply(sandbox: Sandbox) -> None:
    """Status, headers, content, request id and rate limit are the server's."""
    async with client(sandbox) as rooms:
        made = await rooms.request("POST", "/rooms", json={"unique_name": "standup"})
        assert made.status == 201
        assert made.headers["content-type"] == made.headers["Content-Type"]
        assert made.request_id is not None
        assert made.json() == json.loads(made.body)
        found = await rooms.request(
            "GET", "/rooms", params={"filter[unique_name]": "standup", "page[size]": 5}
        )
        assert [one["id"] for one in found.json()["data"]] == [made.json()["data"]["id"]]
        gone = await rooms.request("DELETE", f"/rooms/{made.json()['data']['id']}")
        assert (gone.status, gone.body) == (204, b"")
    assert repr(made) == f"RawResponse(201, {len(made.body)} bytes)"


def test_the_blocking_client_sends_it_too(telnyx_sandbox: Sandbox) -> None:
    """The blocking client has the same method."""
    with RoomsClient(api_key=telnyx_sandbox.api_key, base_url=telnyx_sandbox.url) as rooms:
        reply = rooms.request("GET", "/rooms")
    assert isinstance(reply, RawResponse)
    assert reply.json()["data"] == []


async def test_the_request_is_sent_as_given() -> None:
    """Query, body and headers are sent as given, together with the client's own headers."""
    async with (
        serve(answer(200, {}, {"x-ratelimit-limit": "7"})) as server,
        client(server) as rooms,
    ):
        reply = await rooms.request(
            "PUT",
            "/new?a=b",
            json=[None, {"ä": 1.5}],
            params={"q": "x y&z", "flag": True, "n": [1, 2]},
            headers={"x-gateway": "blue", "accept": "text/plain"},
        )
        await rooms.request("POST", "/new", json={}, headers={"content-type": "a/b+json"})
        await rooms.request("POST", "/new", params={"one": 1})
    sent, typed, empty = server.requests
    assert (sent.method, sent.target) == ("PUT", "/v2/new?a=b&q=x%20y%26z&flag=true&n=1&n=2")
    assert sent.json == [None, {"ä": 1.5}]
    assert sent.header("Authorization") == ["Bearer key0123"]
    assert sent.header("Content-Type") == ["application/json"]
    assert (sent.header("X-Gateway"), sent.header("Accept")) == (["blue"], ["text/plain"])
    assert typed.header("Content-Type") == ["a/b+json"]
    assert (empty.target, empty.body, empty.header("Content-Type")) == ("/v2/new?one=1", b"", [])
    assert reply.rate_limit is not None
    assert reply.rate_limit.limit == 7


async def test_headers_are_sent_in_a_session_of_the_caller() -> None:
    """That session has none of the client's headers as defaults; all are in the request."""
    async with (
        serve(answer(200, {})) as server,
        aiohttp.ClientSession() as session,
        client(server, session=session) as rooms,
    ):
        await rooms.request("POST", "/new", json={}, headers={"X-Gateway": "blue"})
        await rooms.request("GET", "/new", headers={"X-Gateway": "blue"})
    for sent in server.requests:
        assert sent.header("X-Gateway") == ["blue"]
        assert sent.header("Authorization") == ["Bearer key0123"]


async def test_errors_are_those_of_every_call() -> None:
    """An error reply is raised as its class; a body that is not JSON fails when it is read."""
    async with serve(answer(404, {}), answer(200, b"<html>")) as server, client(server) as rooms:
        with pytest.raises(NotFoundError):
            await rooms.request("GET", "/none")
        page = await rooms.request("GET", "/page")
    with pytest.raises(ResponseDecodeError, match=r"status 200\) is not JSON") as raised:
        page.json()
    assert (raised.value.outcome, raised.value.body) == (Outcome.APPLIED, b"<html>")


async def test_only_idempotent_requests_are_retried() -> None:
    """After a lost reply, a request is repeated if it only reads or is declared idempotent."""
    done = answer(200, {})
    async with (
        serve(cut, done, cut, done, cut, done) as server,
        client(server, retry=QUICK) as rooms,
    ):
        await rooms.request("GET", "/a")
        await rooms.request("POST", "/b", json={}, idempotent=True)
        with pytest.raises(OutcomeUnknownError, match="look whether it was, before"):
            await rooms.request("POST", "/c", json={})
    assert server.methods == ["GET", "GET", "POST", "POST", "POST"]


async def test_an_idempotent_request_of_unknown_outcome_can_be_repeated() -> None:
    """When all attempts fail, the error says so."""
    async with serve(answer(500)) as server, client(server, retry=QUICK) as rooms:
        with pytest.raises(OutcomeUnknownError, match="repeat the call"):
            await rooms.request("PUT", "/a", json={}, idempotent=True)
        with pytest.raises(ServerError):
            await rooms.request("GET", "/a")


WRONG: dict[str, tuple[tuple[Any, Any], dict[str, Any], str]] = {
    "method": (("HEAD", "/a"), {}, 'method: must be "GET"'),
    "no slash": (("GET", "rooms"), {}, "path: must be a percent-encoded path"),
    "another host": (("GET", "@evil.example/"), {}, "path: must be a percent-encoded path"),
    "a space": (("GET", "/a b"), {}, "path: must be a percent-encoded path"),
    "a fragment": (("GET", "/a#b"), {}, "path: must be a percent-encoded path"),
    "no text": (("GET", None), {}, "path: must be a percent-encoded path"),
    "a body to get": (("GET", "/a"), {"json": {}}, "json: a GET has no body"),
    "no JSON": (("POST", "/a"), {"json": {1}}, "json: must be JSON"),
    "no number": (("POST", "/a"), {"json": float("nan")}, "json: must be JSON"),
    "half a character": (("POST", "/a"), {"json": ["\ud800"]}, "json: must be JSON"),
    "no text key": (("POST", "/a"), {"json": [{1: 2}]}, "json: must be JSON"),
    "no mapping": (("POST", "/a"), {"params": 1}, "params: must be a mapping"),
    "params": (("GET", "/a"), {"params": {"a": None}}, "'a': must be a string, a number or a boo"),
    "a surrogate": (("GET", "/a"), {"params": {"a": "\ud800"}}, "params: has a lone surrogate"),
    "a name": (("GET", "/a"), {"params": {1: "a"}}, "params: 1: must be a string"),
    "headers": (("GET", "/a"), {"headers": "a: b"}, "headers: must be a mapping of names to val"),
    "the key": (("GET", "/a"), {"headers": {"authorization": "x"}}, "authorization is set by the"),
    "a line break": (
        ("GET", "/a"),
        {"headers": {"a": "b\r\nc: d"}},
        "value of a must be a str",
    ),
    "a bad name": (("GET", "/a"), {"headers": {"a b": "c"}}, "'a b' is not the name of a header"),
    "twice": (("GET", "/a"), {"headers": {"a": "1", "A": "2"}}, "A is given twice"),
    "idempotent": (("GET", "/a"), {"idempotent": "yes"}, "idempotent: must be true or false"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_invalid_arguments_are_refused(what: str) -> None:
    """Each is named in a sentence, and nothing is sent."""
    place, named, sentence = WRONG[what]
    async with serve(answer(200, {})) as server, client(server) as rooms:
        with pytest.raises(InvalidRequestError) as raised:
            await rooms.request(*place, **named)
    assert sentence in str(raised.value)
    assert server.requests == []


async def test_no_reply_has_the_key() -> None:
    """Whatever header or content repeats the key, it is not shown."""
    echo = answer(200, {"echo": KEY}, {"x-request-id": KEY, "x-echo": f"<{KEY}>"})
    async with serve(echo) as server, client(server, api_key=KEY) as rooms:
        reply = await rooms.request("POST", "/echo", json={})
    assert leaks(reply, KEY) == []
    assert reply.headers["X-Echo"] == "<[API key]>"
    assert reply.json() == {"echo": "[API key]"}


async def test_secrets_of_a_refused_request_are_not_shown() -> None:
    """A header's value is not quoted, nor kept by a frame of this package."""
    async with serve(answer(200, {})) as server, client(server) as rooms:
        with pytest.raises(InvalidRequestError) as raised:
            await rooms.request("POST", "/a", json={"p": KEY}, headers={"x": f"{KEY}\n"})
    assert leaks(raised.value, KEY) == []
