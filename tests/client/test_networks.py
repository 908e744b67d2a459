"""Company networks: private authorities, client certificates, proxies with passwords."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from support.authority import Authority
from support.clients import client
from support.proxies import proxy
from support.scripted_server import created, cut, listed, room, serve
from support.secrets import leaks
from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    Outcome,
    OutcomeUnknownError,
    RetryPolicy,
    RoomsClient,
    TransportError,
)
from telnyx_video._transport.session import _tls_context
from telnyx_video.sandbox import Sandbox

ONCE = RetryPolicy(attempts=1)
PASSWORD = "h1dden-p4ssword"


@pytest.fixture
def ca_file(authority: Authority, tmp_path: Path) -> Path:
    return authority.write(tmp_path / "authority.pem")


async def test_an_unknown_authority_is_refused_once(tls_sandbox: Sandbox) -> None:
    """Nothing is sent, and a retry would not help."""
    async with client(tls_sandbox) as rooms:
        with pytest.raises(TransportError, match="the certificates that you trust") as raised:
            await rooms.create(unique_name="standup")
    assert (raised.value.outcome, raised.value.retryable) == (Outcome.NOT_APPLIED, False)


async def test_an_authority_in_a_file(tls_sandbox: Sandbox, ca_file: Path) -> None:
    """Servers with its certificates are trusted."""
    async with client(tls_sandbox, ca_file=ca_file) as rooms:
        await rooms.create(unique_name="standup")
    async with client(tls_sandbox, ca_file=str(ca_file)) as rooms:
        await rooms.get_by_name("standup")


def test_the_systems_authorities_are_still_trusted(ca_file: Path) -> None:
    """Recordings are downloaded from hosts whose certificates another authority signed."""
    context = _tls_context([], None, ca_file)
    assert context is not None
    system = ssl.create_default_context()
    assert context.cert_store_stats()["x509_ca"] == system.cert_store_stats()["x509_ca"] + 1
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


async def test_mutual_tls(authority: Authority) -> None:
    """A server that demands a certificate gets the one in the given context."""
    context = authority.trusting()
    async with Sandbox(ssl_context=authority.demanding("127.0.0.1")) as sandbox:
        async with client(sandbox, ssl_context=context, retry=ONCE) as rooms:
            with pytest.raises((TransportError, OutcomeUnknownError)):
                await rooms.get("1")
        assert sandbox.rooms == []
        authority.identify(context, "crm@example.com")
        async with client(sandbox, ssl_context=context) as rooms:
            await rooms.create(unique_name="standup")
        assert len(sandbox.rooms) == 1


async def test_a_tunnel_through_a_proxy_with_a_password(
    tls_sandbox: Sandbox, ca_file: Path
) -> None:
    """The proxy gets its password, and neither the key nor the request."""
    async with proxy("crm", PASSWORD) as through:
        url = through.url.replace("//", f"//crm:{PASSWORD}@")
        async with client(tls_sandbox, ca_file=ca_file, proxy=url) as rooms:
            await rooms.create(unique_name="standup")
    (request,) = through.requests
    assert request.method == "CONNECT"
    assert request.header("Authorization") == []
    assert len(tls_sandbox.rooms) == 1


@pytest.mark.parametrize("user", ["crm", "c'rm"])
async def test_a_refused_tunnel_shows_no_password(
    tls_sandbox: Sandbox, ca_file: Path, user: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong password is reported once, without the password, as a retry would not help."""
    caplog.set_level("DEBUG")
    async with proxy("crm", "another") as through:
        url = through.url.replace("//", f"//{user}:{PASSWORD}@")
        async with client(tls_sandbox, ca_file=ca_file, proxy=url) as rooms:
            with pytest.raises(TransportError, match="the proxy refused to connect: 407") as raised:
                await rooms.create(unique_name="standup")
            assert PASSWORD not in repr(rooms)
    assert "check the proxy, and its user and password" in str(raised.value)
    assert (raised.value.outcome, raised.value.retryable) == (Outcome.NOT_APPLIED, False)
    assert leaks(raised.value, PASSWORD) == []
    assert PASSWORD not in caplog.text
    assert len(through.requests) == 1


def test_the_blocking_client_has_the_same(authority: Authority, ca_file: Path) -> None:
    """Proxy, authority, middlewares and trace configs work in the blocking client, too."""
    seen: list[str] = []

    async def ended(*details: Any) -> None:
        seen.append(f"trace {details[2].response.status}")

    async def middleware(
        request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        seen.append(f"middleware {request.method}")
        return await send(request)

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(ended)
    with (
        Sandbox(ssl_context=authority.serving("127.0.0.1")) as sandbox,
        RoomsClient(
            api_key=sandbox.api_key,
            base_url=sandbox.url,
            ca_file=ca_file,
            middlewares=[middleware],
            trace_configs=[trace],
        ) as rooms,
    ):
        made = rooms.create(unique_name="standup")
        rooms.get(made.id)
    assert seen == ["middleware POST", "trace 201", "middleware GET", "trace 200"]


async def test_a_middleware_cannot_double_a_room() -> None:
    """Its second send is refused; the create finds out itself whether the first was applied."""

    async def again(
        request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        try:
            return await send(request)
        except aiohttp.ClientError:
            return await send(request)

    async with serve(cut, listed(room())) as server, client(server, middlewares=[again]) as rooms:
        assert (await rooms.create(unique_name="standup")).unique_name == "standup"
    assert server.methods == ["POST", "GET"]


async def test_a_middleware_may_add_a_header() -> None:
    """The header is sent; a known outcome stays known."""

    async def add(
        request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        request.headers["X-Signature"] = "abc"
        return await send(request)

    async with serve(created()) as server, client(server, middlewares=[add]) as rooms:
        await rooms.create(unique_name="standup")
    assert server.requests[0].header("X-Signature") == ["abc"]


async def test_invalid_arguments_are_refused(
    tmp_path: Path, ca_file: Path, session: aiohttp.ClientSession
) -> None:
    """Each is named in a sentence."""
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate")
    context = ssl.create_default_context()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"ca_file": tmp_path / "none.pem"}, "none.pem cannot be read: No such file"),
        ({"ca_file": empty}, "empty.pem has no certificates in PEM format"),
        ({"ca_file": 5}, "ca_file: must be a path"),
        ({"ssl_context": True}, "ssl_context: must be an ssl.SSLContext, not bool"),
        ({"ssl_context": context, "ca_file": ca_file}, "ssl_context: has its own authorities"),
        ({"middlewares": [5]}, "middlewares: must be a list of aiohttp middlewares"),
        ({"middlewares": print}, "middlewares: must be a list of aiohttp middlewares"),
        ({"session": session, "ssl_context": context}, "session: is yours: give TLS settings"),
        ({"session": session, "middlewares": [print]}, "session: is yours: give TLS settings"),
        ({"session": session, "ca_file": ca_file}, "session: is yours: give TLS settings"),
    ]
    for arguments, sentence in wrong:
        with pytest.raises(ConfigurationError) as raised:
            AsyncRoomsClient(api_key="key0123", **arguments)
        assert sentence in str(raised.value)
