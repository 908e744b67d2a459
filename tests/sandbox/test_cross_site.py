"""Requests that a browser sends for pages of other origins are refused, on every route."""

import json
from collections.abc import Mapping

import aiohttp
import pytest

from sandbox.http_driver import HttpDriver
from sandbox.raw_connection import connected
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.access import CrossSiteGuard
from telnyx_video.sandbox.app import Api
from telnyx_video.sandbox.routes import is_control

GUARD = CrossSiteGuard.of("127.0.0.1", ["Sandbox.Test"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "127.0.0.1:8787"},
        {"Host": "localhost"},
        {"Host": "LOCALHOST.:80"},
        {"Host": "app.localhost:8787"},
        {"Host": "127.8.8.8"},
        {"Host": "[::1]:8787"},
        {"Host": "sandbox.test:1"},
        {"Host": "172.17.0.2:8787"},
        {"Host": "localhost:8787", "Origin": "http://localhost:8787"},
        {"Host": "localhost:8787", "Sec-Fetch-Site": "same-origin"},
        {"Host": "localhost:8787", "Sec-Fetch-Site": "none"},
    ],
)
def test_requests_of_programs_and_of_the_page_are_accepted(headers: Mapping[str, str]) -> None:
    """Programs, the page of the sandbox, and addresses that a user types."""
    assert GUARD.refusal(headers, "172.17.0.2") is None


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Host": "evil.example"}, "not known as 'evil.example': allow it with allow_hosts"),
        ({"Host": "localhost.evil.example"}, "not known as"),
        ({"Host": "10.0.0.1"}, "not known as"),
        ({"Host": "[::1"}, "not known as"),
        ({"Host": ""}, "not known as"),
        ({"Host": "localhost", "Origin": "http://evil.example"}, "this one is of 'http://evil"),
        ({"Host": "localhost", "Origin": "http://localhost:3000"}, "of other web pages"),
        ({"Host": "localhost", "Origin": "null"}, "this one is of 'null'"),
        ({"Host": "localhost", "Origin": "http://[x"}, "of other web pages"),
        ({"Host": "localhost", "Sec-Fetch-Site": "cross-site"}, "this one is cross-site"),
        ({"Host": "localhost", "Sec-Fetch-Site": "same-site"}, "this one is same-site"),
    ],
)
def test_cross_site_requests_are_refused_with_the_reason(
    headers: Mapping[str, str], words: str
) -> None:
    """Another origin, or an unknown host name."""
    assert words in str(GUARD.refusal(headers, "172.17.0.2"))


def test_any_host_can_be_allowed() -> None:
    """A container may be reached by names that are not known in advance."""
    guard = CrossSiteGuard.of("0.0.0.0", ["*"])
    assert guard.refusal({"Host": "evil.example"}, "10.0.0.1") is None
    assert guard.refusal({"Host": "a", "Origin": "http://b"}, "10.0.0.1") is not None


FOREIGN: list[dict[str, str]] = [
    {"Origin": "http://evil.example"},
    {"Host": "evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=["origin", "host", "site"])
async def test_every_route_refuses_cross_site_requests(
    session: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    """API, files, control, page and stream; nothing is changed or counted."""
    async with Sandbox() as sandbox:
        http = HttpDriver(session, sandbox)
        await http.create(unique_name="standup")
        before = (sandbox.rooms, sandbox.requests, len(sandbox.log))
        for route, methods in routes(sandbox).items():
            for method in methods:
                path = route.replace("{id}", "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0")
                answer = await http.send(method, f"/{path}", headers=headers)
                assert answer.status == 403, (method, route)
                assert answer.body["errors"][0]["code"] == "10010"
        assert (sandbox.rooms, sandbox.requests, len(sandbox.log)) == before


def routes(sandbox: Sandbox) -> dict[str, list[str]]:
    """Return the methods of every route of a running sandbox."""
    api: Api = sandbox._running.api  # type: ignore[union-attr] # it is running
    found = {route: list(methods) for route, methods in api.routes.items()}
    assert {"/", "/_sandbox/reset", "/v2/rooms", "/media/{id}"} <= found.keys()
    return {**found, "/_sandbox/stream": ["GET"], "/nowhere": ["GET", "POST"]}


async def test_a_host_can_be_allowed(session: aiohttp.ClientSession) -> None:
    """The name of a container is accepted if it is configured."""
    async with Sandbox(allow_hosts=["telnyx"]) as sandbox:
        http = HttpDriver(session, sandbox)
        assert (await http.send("GET", "/rooms", headers={"Host": "telnyx:8787"})).status == 200
        assert (await http.send("GET", "/rooms", headers={"Host": "other"})).status == 403


async def test_a_request_without_a_host_is_served(sandbox: Sandbox) -> None:
    """HTTP/1.0 does not have the header."""
    async with connected(sandbox) as wire:
        await wire.send(b"GET /_sandbox/stats HTTP/1.0\r\n\r\n")
        status, _, body = await wire.answer()
    assert (status, json.loads(body)["rooms"]) == (200, 0)


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"", "", 204),
        (b"", "application/octet-stream", 204),
        (b"", "application/json", 204),
        (b"{}", "application/json; charset=utf-8", 204),
        (b"", "text/plain", 415),
        (b"", "application/x-www-form-urlencoded", 415),
        (b"", "multipart/form-data; boundary=x", 415),
        (b"{}", "text/plain;charset=utf-8", 415),
        (b"{}", "", 415),
        (b"{}", "application/octet-stream", 415),
    ],
)
async def test_control_requests_must_be_json(
    http: HttpDriver, sandbox: Sandbox, body: bytes, media_type: str, status: int
) -> None:
    """A page can send a form to any site without a preflight request, but not JSON."""
    await http.create()
    headers = {"Content-Type": media_type} if media_type else {}
    async with http.raw("POST", "/_sandbox/reset", body, headers) as reply:
        assert reply.status == status
    assert len(sandbox.rooms) == int(status == 415)


def test_the_page_is_a_control_path() -> None:
    """It needs no key."""
    assert is_control("/")
    assert is_control("/_sandbox/stats")
    assert not is_control("/v2/rooms")
