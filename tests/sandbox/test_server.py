"""The lifecycle of a sandbox: on the caller's loop or in its own thread."""

import asyncio
import gc
import ssl
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack

import aiohttp
import pytest
import trustme
from yarl import URL

from sandbox.http_driver import HttpDriver, create_blocking
from sandbox.raw_connection import connected
from telnyx_video.sandbox import Sandbox


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType] # it also takes pyOpenSSL's
    return context


@pytest.fixture
def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType] # as above
    return context


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Fail a test that leaves threads or unclosed resources."""
    threads = threading.active_count()
    yield
    gc.collect()
    assert threading.active_count() == threads


def test_blocking_code_is_served_from_a_thread() -> None:
    """A plain `with` serves blocking code, and shows it the state."""
    with Sandbox() as sandbox:
        room = create_blocking(sandbox.url)
        assert sandbox.rooms == [room]
        assert sandbox.requests == {"POST /v2/rooms": 1}
        assert sandbox.max_in_flight == 1
        sandbox.reset()
        assert sandbox.rooms == []


async def test_a_thread_serves_a_coroutine(
    session: aiohttp.ClientSession,
) -> None:
    """A plain `with` works inside a coroutine too."""
    with Sandbox() as sandbox:
        assert (await HttpDriver(session, sandbox).create()).status == 201


def test_the_url_has_host_port_and_version(unused_tcp_port: int) -> None:
    """The port is free or chosen."""
    with Sandbox(port=unused_tcp_port) as sandbox:
        assert sandbox.url == f"http://127.0.0.1:{unused_tcp_port}/v2"
    with Sandbox(host="localhost") as sandbox, Sandbox() as another:
        assert URL(sandbox.url).host == "localhost"
        assert sandbox.url != another.url
        create_blocking(sandbox.url)


def test_an_ipv6_address_is_served() -> None:
    """The URL has the address in brackets."""
    try:
        with Sandbox(host="::1") as sandbox:
            assert sandbox.url.startswith("http://[::1]:")
            create_blocking(sandbox.url)
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


async def test_a_port_in_use_is_an_error() -> None:
    """In both ways of entering, the message names the port."""
    async with Sandbox() as first:
        port = URL(first.url).port
        assert port is not None
        second = Sandbox(port=port)
        with pytest.raises(OSError, match=f"cannot listen on port {port} of 127.0.0.1: .*in use"):
            await second.__aenter__()
        with pytest.raises(OSError, match="cannot listen on port"), second:
            pass
    with second:
        assert second.rooms == []


async def test_a_sandbox_is_entered_once_at_a_time() -> None:
    """Entering it again while it serves is an error, and it continues to serve."""
    async with Sandbox() as sandbox:
        url = sandbox.url
        with pytest.raises(RuntimeError, match="already serving"), sandbox:
            pass
        with pytest.raises(RuntimeError, match="already serving"):
            await sandbox.__aenter__()
        assert sandbox.url == url
    with sandbox, pytest.raises(RuntimeError, match="already serving"):
        await sandbox.__aenter__()


def test_the_state_needs_a_running_sandbox() -> None:
    """The key can be read at any time."""
    sandbox = Sandbox()
    with sandbox:
        pass
    for ask in ("url", "rooms", "requests", "max_in_flight"):
        with pytest.raises(RuntimeError, match="not serving"):
            getattr(sandbox, ask)
    with pytest.raises(RuntimeError, match="not serving"):
        sandbox.reset()
    assert sandbox.api_key == "sandbox-key"


def test_an_error_inside_the_context_propagates() -> None:
    """It stops the sandbox and reaches the caller unchanged."""
    sandbox = Sandbox()
    with pytest.raises(ZeroDivisionError), sandbox:
        raise ZeroDivisionError
    with pytest.raises(RuntimeError, match="not serving"):
        _ = sandbox.url


async def hold_connections(stack: AsyncExitStack, sandbox: Sandbox) -> None:
    """Open an idle connection, a used one, and one in the middle of a create."""
    await stack.enter_async_context(connected(sandbox))
    used = await stack.enter_async_context(connected(sandbox))
    await used.start_create()
    await used.send(b"{}")
    await used.answer()
    await (await stack.enter_async_context(connected(sandbox))).start_create()


@pytest.mark.timeout(10)
async def test_leaving_does_not_wait_for_open_connections() -> None:
    """Idle connections and requests in flight are cut; no task is left."""
    async with AsyncExitStack() as stack:
        async with Sandbox() as sandbox:
            await hold_connections(stack, sandbox)
        assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.timeout(10)
async def test_leaving_a_thread_does_not_wait_for_open_connections() -> None:
    """The thread ends, whatever its connections are doing."""
    async with AsyncExitStack() as stack:
        with Sandbox() as sandbox:
            await hold_connections(stack, sandbox)


async def test_https_is_served(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    """With a TLS context the URL is https, and requests are answered there."""
    connector = aiohttp.TCPConnector(ssl=client_tls)
    async with (
        Sandbox(ssl_context=server_tls) as sandbox,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        assert sandbox.url.startswith("https://127.0.0.1:")
        assert (await HttpDriver(session, sandbox).create()).status == 201


@pytest.mark.timeout(10)
@pytest.mark.parametrize("threaded", [False, True])
async def test_leaving_cuts_tls_connections_too(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext, threaded: bool
) -> None:
    """Neither an idle connection nor an unfinished handshake delays it."""
    async with AsyncExitStack() as stack:
        sandbox = Sandbox(ssl_context=server_tls)
        serving = AsyncExitStack()
        if threaded:
            serving.enter_context(sandbox)
        else:
            await serving.enter_async_context(sandbox)
        async with serving:
            await stack.enter_async_context(connected(sandbox))
            wire = await stack.enter_async_context(connected(sandbox, client_tls))
            await wire.start_create()
        assert asyncio.all_tasks() == {asyncio.current_task()}


def test_a_sandbox_serves_on_uvloop() -> None:
    """It runs on another event loop."""
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")

    async def serve() -> None:
        async with AsyncExitStack() as stack, Sandbox() as sandbox:
            await hold_connections(stack, sandbox)
            assert len(sandbox.rooms) == 1

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
