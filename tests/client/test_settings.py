"""Arguments of a client: each has its effect, or is refused with a sentence."""

from __future__ import annotations

import copy
import gzip
import json
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from yarl import URL

from support.clients import client
from support.proxies import proxy
from support.scripted_server import answer, closed_port, created, room, serve
from support.secrets import leaks
from support.words import short
from telnyx_video import (
    AsyncRoomsClient,
    AuthenticationError,
    ConfigurationError,
    CreateRoomRequest,
    InvalidRequestError,
    Outcome,
    RetryPolicy,
    ServerError,
    TelnyxVideoError,
    TransportError,
)
from telnyx_video._transport.session import Proxies
from telnyx_video.sandbox import Sandbox


async def test_key_and_base_url_may_come_from_the_environment(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are used without arguments."""
    monkeypatch.setenv("TELNYX_API_KEY", sandbox.api_key)
    monkeypatch.setenv("TELNYX_BASE_URL", sandbox.url)
    async with AsyncRoomsClient() as rooms:
        await rooms.create(unique_name="standup")
    assert len(sandbox.rooms) == 1


def test_a_client_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one it is refused when it is created, with a hint."""
    monkeypatch.delenv("TELNYX_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match=r"no API key: pass api_key=\.\.\., or set"):
        AsyncRoomsClient()


def test_the_key_is_not_sent_in_the_clear() -> None:
    """Plain HTTP to another machine has to be allowed explicitly."""
    with pytest.raises(ConfigurationError, match="in the clear"):
        AsyncRoomsClient(api_key="key0123", base_url="http://example.com/v2")
    AsyncRoomsClient(api_key="key0123", base_url="http://example.com/v2", allow_insecure=True)


def test_all_wrong_arguments_are_named_together() -> None:
    """Invalid arguments are listed in one error, each with its name, however many there are.

    What is wrong with one does not hide what is wrong with another, wherever it is used.
    """
    with pytest.raises(ConfigurationError) as raised:
        AsyncRoomsClient(
            api_key="",
            base_url="x",
            timeout=-1,
            concurrency=0,
            session="yours",  # type: ignore[arg-type]  # what untyped callers do
            proxy="not a proxy",
            hooks=(print, 5),  # type: ignore[arg-type]  # as above
            allow_insecure="no",  # type: ignore[arg-type]  # as above
            trust_env="no",  # type: ignore[arg-type]  # as above
            auto_name="yes",  # type: ignore[arg-type]  # as above
            retry=3,  # type: ignore[arg-type]  # as above
        )
    for name in (
        "no API key",
        "base_url is not an HTTP URL",
        "allow_insecure: ",
        "concurrency: ",
        "timeout: ",
        "session: ",
        "the proxy must be ",
        "trust_env: ",
        "auto_name: ",
        "retry: must be a RetryPolicy, not int",
        "hooks: must be callable, not 5",
    ):
        assert name in str(raised.value)


async def test_the_policy_of_a_call_is_checked() -> None:
    """Anything other than a policy is refused."""
    async with AsyncRoomsClient(api_key="key0123") as rooms:
        with pytest.raises(TelnyxVideoError, match="must be a RetryPolicy, not int"):
            await rooms.create(retry=3)  # type: ignore[arg-type]  # what untyped callers do


async def test_all_problems_of_a_create_are_named_together() -> None:
    """A field out of bounds does not hide the problems of other arguments."""
    wrong: dict[str, Any] = {"if_exists": "no", "timeout": -1, "retry": 5}
    async with AsyncRoomsClient(api_key="key0123") as rooms:
        with pytest.raises(InvalidRequestError) as raised:
            await rooms.create(unique_name="", max_participants=99, **wrong)
        fields = [detail.field for detail in raised.value.details]
        assert fields == ["unique_name", "max_participants", "if_exists", "timeout", "retry"]
        assert raised.value.__context__ is None
        with pytest.raises(InvalidRequestError) as raised:
            await rooms.create(CreateRoomRequest(), **wrong)
        assert [detail.field for detail in raised.value.details] == fields[2:]


async def test_a_policy_may_be_the_clients_or_the_calls() -> None:
    """A call's own policy comes first."""
    async with serve(answer(503)) as server:
        twice = RetryPolicy(attempts=2, backoff=0.001)
        async with client(server, retry=twice) as rooms:
            for policy, tries in ((None, 2), (RetryPolicy(attempts=3, backoff=0.001), 3)):
                server.requests.clear()
                with pytest.raises(ServerError):
                    await rooms.get("0ccc7b54", retry=policy)
                assert len(server.requests) == tries
                server.requests.clear()
                with pytest.raises(ServerError):
                    await anext(aiter(rooms.list(retry=policy)))
                assert len(server.requests) == tries


def test_a_client_does_not_show_its_key() -> None:
    """A client's repr has the URL, not the key; it cannot be pickled, as it holds the key."""
    rooms = AsyncRoomsClient(api_key="key0123", base_url="https://api.telnyx.eu/v2")
    assert repr(rooms) == "<AsyncRoomsClient at https://api.telnyx.eu/v2>"
    for give_away in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="holds the API key"):
            give_away(rooms)


async def test_requests_go_through_a_proxy(sandbox: Sandbox) -> None:
    """With a proxy, plain requests are sent to it with the whole URL."""
    async with (
        proxy() as through,
        client(sandbox, proxy=through.url) as rooms,
    ):
        await rooms.create(unique_name="standup")
        [request] = through.requests
        assert (request.method, request.target) == ("POST", f"{sandbox.url}/rooms")
    assert len(sandbox.rooms) == 1


async def test_https_goes_through_a_tunnel(
    tls_sandbox: Sandbox, session: aiohttp.ClientSession
) -> None:
    """With a proxy, HTTPS goes through a tunnel: the proxy sees neither key nor request."""
    async with (
        proxy() as through,
        client(
            tls_sandbox,
            proxy=through.url,
            session=session,
        ) as rooms,
    ):
        await rooms.create(unique_name="standup")
        [request] = through.requests
        assert request.method == "CONNECT"
        assert request.header("Authorization") == []
    assert len(tls_sandbox.rooms) == 1


async def test_a_proxy_that_is_down_sends_nothing() -> None:
    """The request is not applied, and the error names the proxy, without its password."""
    async with AsyncRoomsClient(
        api_key="key0123",
        base_url="http://127.0.0.1:9/v2",
        proxy=f"http://user:hidden@127.0.0.1:{closed_port()}",
        retry=RetryPolicy.none(),
    ) as rooms:
        with pytest.raises(TransportError, match="nothing was sent") as raised:
            await rooms.create(unique_name="standup")
        assert leaks(raised.value, "hidden") == []


async def test_a_proxy_that_refuses_the_tunnel_sends_nothing(
    tls_sandbox: Sandbox, session: aiohttp.ClientSession
) -> None:
    """If a proxy refuses the tunnel, nothing was sent to the API."""
    async with (
        serve(answer(403)) as refusing,
        client(
            tls_sandbox,
            proxy=f"http://127.0.0.1:{refusing.port}",
            session=session,
            retry=RetryPolicy.none(),
        ) as rooms,
    ):
        with pytest.raises(TransportError, match="nothing was sent") as raised:
            await rooms.create(unique_name="standup")
        assert raised.value.outcome is Outcome.NOT_APPLIED
        assert leaks(raised.value, tls_sandbox.api_key) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"session": "x"}, "session: must be an aiohttp.ClientSession, not str"),
        ({"session": aiohttp.ClientSession}, "session: must be an aiohttp.ClientSession, not type"),
        ({"session": 0}, "session: must be an aiohttp.ClientSession, not int"),
        ({"proxy": 5}, "the proxy must be a string, a URL such as http://"),
        ({"proxy": 0}, "the proxy must be a string, a URL such as http://"),
        (
            {"proxy": URL("http://u:hidden@host")},
            "the proxy must be a string, a URL such as http://",
        ),
        ({"base_url": URL("http://u:hidden@host")}, "base_url must be a string, not URL; it must"),
        ({"trace_configs": [1]}, "trace_configs: must be a list of aiohttp.TraceConfig, not [1]"),
        ({"trace_configs": None}, "trace_configs: must be a list of aiohttp.TraceConfig, not None"),
        (
            {"trace_configs": aiohttp.TraceConfig()},
            "trace_configs: must be a list of aiohttp.TraceConfig, not <aiohttp.",
        ),
    ],
    ids=short,
)
def test_arguments_of_wrong_types_are_refused_immediately(wrong: Any, message: str) -> None:
    """When the client is created, not at each of its calls."""
    with pytest.raises(ConfigurationError) as raised:
        AsyncRoomsClient(api_key="key0123", **wrong)
    assert str(raised.value).startswith(message)
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_proxy_means_none(value: str | None) -> None:
    """Requests are sent directly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("https_proxy", "http://proxy.example.com:3128")
        assert Proxies(value, trust_env=False).for_url("https://api.example.com/v2") is None
    AsyncRoomsClient(api_key="key0123", proxy=value)


@pytest.mark.parametrize(
    "address",
    ["not a proxy", "u:hidden@host:1", "https://u:hidden@[bad", "foo://u:hidden@x", "http://x:0"],
)
def test_an_invalid_proxy_is_refused(address: str) -> None:
    """The client is not created; the proxy's password is not shown."""
    with pytest.raises(ConfigurationError, match=r"http://proxy\.example\.com") as raised:
        AsyncRoomsClient(api_key="key0123", proxy=address)
    assert "hidden" not in str(raised.value)


def test_a_proxy_of_the_environment_may_lack_its_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    """``HTTPS_PROXY=host:3128`` is common, and other tools understand it."""
    monkeypatch.setenv("https_proxy", "proxy.example.com:3128")
    proxies = Proxies(None, trust_env=True)
    assert proxies.for_url("https://api.example.com/v2") == "http://proxy.example.com:3128"


def test_an_invalid_proxy_of_the_environment_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When the client is created, without showing the password."""
    monkeypatch.setenv("https_proxy", "ftp://u:hidden@proxy.example.com")
    with pytest.raises(ConfigurationError, match="the proxy must be a string, a URL") as raised:
        AsyncRoomsClient(api_key="key0123", trust_env=True)
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize("trust_env", [True, False])
async def test_the_environments_proxy_is_used_if_trusted(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, trust_env: bool
) -> None:
    """Only with ``trust_env``."""
    async with proxy() as through:
        monkeypatch.setenv("http_proxy", through.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with client(sandbox, trust_env=trust_env) as rooms:
            await rooms.create(unique_name="standup")
        assert len(through.requests) == trust_env
    assert len(sandbox.rooms) == 1


async def test_the_environment_can_exempt_hosts_from_its_proxy(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ``trust_env`` requests to an exempt host are sent directly."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("no_proxy", "example.com,127.0.0.1")
    async with client(sandbox, trust_env=True) as rooms:
        await rooms.create(unique_name="standup")
    assert len(sandbox.rooms) == 1


async def test_the_key_takes_precedence_over_netrc(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With ``trust_env`` a netrc entry for the host does not replace the key."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with client(sandbox, trust_env=True) as rooms:
        await rooms.create(unique_name="standup")
    assert len(sandbox.rooms) == 1


async def test_requests_can_be_traced(sandbox: Sandbox) -> None:
    """Trace configs see each request, its retries and look-ups included, and may add headers."""
    seen: list[str] = []

    async def on_start(
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        start: aiohttp.TraceRequestStartParams,
    ) -> None:
        seen.append(start.method)
        start.headers["traceparent"] = "00-1-2-01"

    tracing = aiohttp.TraceConfig()
    tracing.on_request_start.append(on_start)
    async with (
        serve(created(), answer(422, {"errors": []})) as server,
        client(server, trace_configs=[tracing]) as rooms,
        client(sandbox, trace_configs=[tracing]) as others,
    ):
        await rooms.create()
        made = await others.create(unique_name="standup")
        assert await others.create(unique_name="standup", if_exists="return") == made
        assert server.requests[0].header("traceparent") == ["00-1-2-01"]
    assert seen == ["POST", "POST", "POST", "GET"]


async def test_a_callers_session_is_not_changed(sandbox: Sandbox) -> None:
    """It is used, gets none of our headers, and is not closed."""
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with client(sandbox, session=session) as rooms:
                await rooms.create()
            assert not session.closed
        assert not session.headers
    assert len(sandbox.rooms) == 2


async def test_two_clients_may_share_a_session(sandbox: Sandbox) -> None:
    """Clients with different keys can share a session, since their keys are not in it."""
    async with (
        aiohttp.ClientSession() as session,
        client(sandbox, api_key="wrong", session=session) as others,
        client(sandbox, session=session) as rooms,
    ):
        await rooms.create()
        with pytest.raises(AuthenticationError):
            await others.create()
        await rooms.create()


async def test_headers_of_a_callers_session_do_not_duplicate_ours() -> None:
    """The session's own headers are sent, too; ours replace those of the same name."""
    yours = {
        "X-Team": "video",
        "authorization": "Basic nonsense",
        "accept": "text/html",
        "user-agent": "mine",
        "content-type": "text/plain",
    }
    async with serve(created()) as server, aiohttp.ClientSession(headers=yours) as session:
        async with client(server, session=session) as rooms:
            await rooms.create()
        [request] = server.requests
        assert request.header("X-Team") == ["video"]
        assert request.header("Authorization") == ["Bearer key0123"]
        assert request.header("Accept") == ["application/json"]
        assert request.header("Content-Type") == ["application/json"]
        assert len(request.header("User-Agent")) == 1


async def test_a_session_that_raises_for_statuses_changes_nothing(sandbox: Sandbox) -> None:
    """A session that raises for error statuses does not make a clear refusal unknown."""
    async with (
        aiohttp.ClientSession(raise_for_status=True) as session,
        client(sandbox, api_key="wrong-key", session=session) as rooms,
    ):
        with pytest.raises(AuthenticationError):
            await rooms.create()


async def test_a_session_that_does_not_decompress_changes_nothing() -> None:
    """A session that does not decompress does not make replies unreadable."""
    body = gzip.compress(json.dumps({"data": room()}).encode())
    compressed = answer(201, body, {"Content-Encoding": "gzip"})
    async with (
        serve(compressed) as server,
        aiohttp.ClientSession(auto_decompress=False) as session,
        client(server, session=session) as rooms,
    ):
        assert (await rooms.create()).unique_name == "standup"


async def test_the_base_url_of_a_session_changes_nothing(sandbox: Sandbox) -> None:
    """A session's base URL, cookies and redirects do not change our requests."""
    async with (
        aiohttp.ClientSession(base_url="http://127.0.0.1:9/elsewhere/") as session,
        client(sandbox, session=session) as rooms,
    ):
        await rooms.create()
    assert len(sandbox.rooms) == 1


async def test_a_closed_session_is_a_clear_error(sandbox: Sandbox) -> None:
    """The error says that the session was closed."""
    session = aiohttp.ClientSession()
    rooms = client(sandbox, session=session)
    await rooms.create()
    await session.close()
    with pytest.raises(ConfigurationError, match="the session passed to this client is closed"):
        await rooms.create()
    await rooms.aclose()


async def test_settings_of_a_session_are_refused_next_to_one() -> None:
    """They have to be given to the session."""
    async with aiohttp.ClientSession() as session:
        wanted = "session: is yours: give TLS settings"
        with pytest.raises(ConfigurationError, match=wanted):
            AsyncRoomsClient(api_key="key0123", session=session, trust_env=True)
        tracing = [aiohttp.TraceConfig()]
        with pytest.raises(ConfigurationError, match=wanted):
            AsyncRoomsClient(api_key="key0123", session=session, trace_configs=tracing)
