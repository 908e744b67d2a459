"""Tracebacks with local variables, as crash reporters send them, show no secret."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.traceback import Traceback

from support.background import SOON, in_thread
from support.blocking_server import BlockingServer
from support.clients import client
from support.scripted_server import Act, ScriptedServer, answer, closed_port, cut, say, serve, stall
from telnyx_video import (
    AsyncRoomsClient,
    CreateRoomRequest,
    InvalidRequestError,
    RetryPolicy,
    RoomsClient,
    TelnyxVideoError,
)

KEY = "KEY018F5C0FFEE0123456789ABCDEF_t0k3nT0k3n"
PROXY_PASSWORD = "pr0xy-passw0rd"
HOOK_PASSWORD = "h00k-passw0rd"
REFRESH_TOKEN = "r3fr3sh-t0k3n"
TENANT = "t3nant-h3ad3r"
SECRETS = (KEY, PROXY_PASSWORD, HOOK_PASSWORD, REFRESH_TOKEN, TENANT)

HOOK = f"https://user:{HOOK_PASSWORD}@example.com/events"
ONCE = RetryPolicy(attempts=1, deadline=1.0)

Call = Callable[[AsyncRoomsClient], Coroutine[Any, Any, object]]


def shown(error: BaseException) -> str:
    """Show an error with its locals as the standard library and rich do, from our frames on."""
    trace = error.__traceback__
    while trace is not None and "telnyx_video" not in trace.tb_frame.f_globals["__name__"]:
        trace = trace.tb_next
    error = error.with_traceback(trace)
    extracted = Traceback.extract(
        type(error),
        error,
        trace,
        show_locals=True,
        locals_max_length=10_000,
        locals_max_string=10_000,
    )
    nodes = [
        node.render(max_width=10_000)
        for stack in extracted.stacks
        for frame in stack.frames
        for node in (frame.locals or {}).values()
    ]
    standard = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join([*standard.format(), *nodes])


def found(error: BaseException) -> list[str]:
    """Return the secrets that a traceback shows."""
    text = shown(error)
    return [secret for secret in SECRETS if secret in text]


async def consume(rooms: AsyncRoomsClient) -> None:
    """Read a list to its end."""
    async for _ in rooms.list():
        pass


async def read_file(rooms: AsyncRoomsClient) -> None:
    """Open a file."""
    async with rooms.recordings.open("a", retry=ONCE):
        pass


CALLS: dict[str, Call] = {
    "create by fields": lambda rooms: rooms.create(unique_name="a", webhook_event_url=HOOK),
    "create by request": lambda rooms: rooms.create(CreateRoomRequest(webhook_event_url=HOOK)),
    "update": lambda rooms: rooms.update("a", webhook_event_failover_url=HOOK),
    "get": lambda rooms: rooms.get("a"),
    "list": consume,
    "delete": lambda rooms: rooms.delete("a"),
    "join token": lambda rooms: rooms.join_token("a"),
    "refresh": lambda rooms: rooms.refresh_join_token("a", REFRESH_TOKEN),
    "header": lambda rooms: rooms.with_options(headers={"X-Tenant": TENANT}).get("a"),
    "endpoint": lambda rooms: rooms.request("POST", "/a", json={"url": HOOK}),
    "kick": lambda rooms: rooms.sessions.kick("a", "all"),
    "compose": lambda rooms: rooms.compositions.create(session_id="a", webhook_event_url=HOOK),
    "wait": lambda rooms: rooms.recordings.wait("a"),
    "download": lambda rooms: rooms.recordings.download("a", Path("/dev/shm/a"), retry=ONCE),
    "open": read_file,
}

FAULTS: dict[str, Act] = {
    "401": answer(401, {"errors": [{"code": "10009", "detail": KEY}]}),
    "404": answer(404),
    "422": answer(422, {"errors": [{"detail": "no", "source": {"pointer": "/max_participants"}}]}),
    "500": answer(500, b"<html>"),
    "not JSON": answer(200, b"<html>"),
    "no id": answer(201, {"data": {}}),
    "cut": cut,
    "garbage": say(b"garbage\r\n\r\n", close=True),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_error_of_a_call_shows_a_secret(fault: str) -> None:
    """Each operation, by each kind of failure, through the async client."""
    async with (
        serve(FAULTS[fault]) as server,
        client(server, api_key=KEY, retry=ONCE, timeout=SOON) as rooms,
    ):
        calls = (call(rooms) for call in CALLS.values())
        results = await asyncio.gather(*calls, return_exceptions=True)
    errors = [result for result in results if isinstance(result, BaseException)]
    assert len(errors) >= len(CALLS) - 3  # some operations accept any reply
    assert all(isinstance(error, TelnyxVideoError) for error in errors)
    assert [found(error) for error in errors] == [[]] * len(errors)


@pytest.mark.parametrize("name", CALLS)
async def test_no_cancellation_or_time_out_shows_a_secret(name: str) -> None:
    """Nor do a time-out of an attempt, a caller's time-out, and a closed client."""
    async with serve(stall) as server:
        async with client(server, api_key=KEY, retry=ONCE, timeout=0.05) as rooms:
            with pytest.raises(TelnyxVideoError) as timed_out:
                await CALLS[name](rooms)
        assert found(timed_out.value) == []
        async with client(server, api_key=KEY, retry=RetryPolicy(attempts=1)) as rooms:
            begun = len(server.requests)
            cancelled = asyncio.create_task(CALLS[name](rooms))
            ended = asyncio.create_task(CALLS[name](rooms))
            await server.arrived(begun + 2)
            cancelled.cancel()
            with pytest.raises(asyncio.CancelledError) as raised:
                await cancelled
            assert found(raised.value) == []
        with pytest.raises(TelnyxVideoError) as closed:
            await ended
        assert found(closed.value) == []
        with pytest.raises(TelnyxVideoError) as refused:
            await CALLS[name](rooms)
        assert found(refused.value) == []


@pytest.mark.parametrize("name", CALLS)
async def test_no_error_shows_the_password_of_a_proxy(name: str) -> None:
    """Neither of a proxy that refuses or disconnects, nor of an unreachable one."""
    async with AsyncExitStack() as stack:
        through: ScriptedServer = await stack.enter_async_context(serve(cut))
        urls = [
            f"http://user:{PROXY_PASSWORD}@127.0.0.1:{port}"
            for port in (through.port, closed_port())
        ]
        for url in urls:
            for base_url in ("http://127.0.0.1:9/v2", "https://127.0.0.1:9/v2"):
                rooms = await stack.enter_async_context(
                    AsyncRoomsClient(base_url=base_url, api_key=KEY, proxy=url, retry=ONCE)
                )
                with pytest.raises(TelnyxVideoError) as raised:
                    await CALLS[name](rooms)
                assert found(raised.value) == []


async def test_a_download_through_a_proxy_shows_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy of the environment, for the storage host: failing, cancelled, or malformed."""
    stored = answer(200, {"data": {"id": "a", "download_url": "http://storage.test/file"}})
    async with serve(stall) as through, serve(stored) as api:
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setenv("http_proxy", f"http://user:{PROXY_PASSWORD}@127.0.0.1:{through.port}")
        async with client(api, api_key=KEY, trust_env=True, retry=ONCE) as rooms:
            downloading = asyncio.create_task(rooms.recordings.download("a", tmp_path / "a"))
            await through.arrived(1)
            downloading.cancel()
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await downloading
            assert found(cancelled.value) == []
            monkeypatch.setenv("http_proxy", f"ftp://user:{PROXY_PASSWORD}@127.0.0.1")
            with pytest.raises(TelnyxVideoError) as malformed:
                await rooms.recordings.download("a", tmp_path / "a")
            assert found(malformed.value) == []


@pytest.mark.parametrize("cls", [AsyncRoomsClient, RoomsClient])
@pytest.mark.parametrize(
    "arguments",
    [
        {"api_key": KEY, "timeout": -1},
        {"api_key": f"{KEY}\n{KEY}"},
        {"api_key": KEY, "base_url": f"https://user:{HOOK_PASSWORD}@example.com/v2"},
        {"api_key": KEY, "proxy": f"ftp://user:{PROXY_PASSWORD}@proxy.example.com"},
        {"api_key": KEY, "session": object(), "proxy": f"http://user:{PROXY_PASSWORD}@p.test"},
        {"api_key": KEY, "retry": 5, "hooks": 5},
        {"api_key": KEY, "colour": "blue"},
    ],
    ids=["timeout", "key", "base_url", "proxy", "session", "retry", "unknown"],
)
def test_no_error_of_a_constructor_shows_a_secret(cls: Any, arguments: dict[str, Any]) -> None:
    """Nor does the environment, which may have the key of another program."""
    with pytest.raises((TelnyxVideoError, TypeError)) as raised:
        cls(**arguments)
    assert found(raised.value) == []


@pytest.mark.parametrize("cls", [AsyncRoomsClient, RoomsClient])
def test_a_client_that_could_not_be_created_has_a_repr(cls: Any) -> None:
    """A traceback with locals shows it."""
    assert "could not be created" in repr(cls.__new__(cls))


WRONG: dict[str, Callable[[Any], object]] = {
    "bound": lambda rooms: rooms.create(webhook_event_url=HOOK, max_participants=1),
    "update": lambda rooms: rooms.update("a", webhook_event_url=HOOK, max_participants=1),
    "unknown": lambda rooms: rooms.create(webhook_event_url=HOOK, colour="blue"),
    "both": lambda rooms: rooms.create(CreateRoomRequest(), webhook_event_url=HOOK),
    "url": lambda rooms: rooms.create(webhook_event_url=HOOK.replace("https:", "")),
    "options": lambda rooms: rooms.create(webhook_event_url=HOOK, if_exists="x", retry=1),
    "extra": lambda rooms: CreateRoomRequest(extra={"a": TENANT, "b": b""}),
    "extra and URL": lambda rooms: CreateRoomRequest(
        webhook_event_url=HOOK, extra={"a": TENANT, "b": b""}
    ),
    "refresh": lambda rooms: rooms.refresh_join_token("/", REFRESH_TOKEN),
    "header": lambda rooms: rooms.with_options(headers={"X-Tenant": f"{TENANT}\n"}),
    "endpoint": lambda rooms: rooms.request("POST", "a", json=[HOOK], params={"a": TENANT}),
}


@pytest.mark.parametrize("name", WRONG)
async def test_no_refused_argument_shows_a_secret(name: str) -> None:
    """A webhook URL may hold a password, whatever is wrong with the call."""
    async with AsyncRoomsClient(api_key=KEY) as rooms:
        with pytest.raises((InvalidRequestError, TypeError)) as raised:
            await WRONG[name](rooms)  # type: ignore[misc] # pyright: ignore[reportGeneralTypeIssues] # coroutines
        assert found(raised.value) == []
    with RoomsClient(api_key=KEY) as blocking:
        with pytest.raises((InvalidRequestError, TypeError)) as raised:
            WRONG[name](blocking)
        assert found(raised.value) == []


BLOCKING: dict[str, Callable[[RoomsClient], object]] = {
    "create": lambda rooms: rooms.create(unique_name="a", webhook_event_url=HOOK),
    "create by request": lambda rooms: rooms.create(CreateRoomRequest(webhook_event_url=HOOK)),
    "refresh": lambda rooms: rooms.refresh_join_token("a", REFRESH_TOKEN),
    "list": lambda rooms: [*rooms.list()],
    "wait": lambda rooms: rooms.recordings.wait("a"),
    "open": lambda rooms: rooms.recordings.open("a").__enter__(),
    "batch": lambda rooms: [
        outcome.unwrap()
        for outcome in rooms.create_many([CreateRoomRequest(webhook_event_url=HOOK)])
    ],
}


@pytest.mark.parametrize("name", BLOCKING)
def test_no_error_of_a_blocking_call_shows_a_secret(name: str) -> None:
    """Without a listener, without an answer, and with a client that is closed."""
    refused = f"http://127.0.0.1:{closed_port()}/v2"
    with RoomsClient(base_url=refused, api_key=KEY, retry=ONCE) as rooms:
        with pytest.raises(TelnyxVideoError) as raised:
            BLOCKING[name](rooms)
        assert found(raised.value) == []
    with BlockingServer() as server:
        with RoomsClient(base_url=server.url, api_key=KEY, retry=ONCE, timeout=0.05) as rooms:
            with pytest.raises(TelnyxVideoError) as raised:
                BLOCKING[name](rooms)
            assert found(raised.value) == []
        with RoomsClient(base_url=server.url, api_key=KEY) as rooms:
            call = in_thread(partial(BLOCKING[name], rooms))
            server.wait_for(2)
        error = call.exception(SOON)
        assert isinstance(error, TelnyxVideoError)
        assert found(error) == []
        with pytest.raises(TelnyxVideoError) as raised:
            BLOCKING[name](rooms)
        assert found(raised.value) == []


def test_the_search_finds_a_secret_in_locals() -> None:
    """Otherwise these tests would prove nothing."""
    module = {"KEY": KEY, "__name__": "telnyx_video.f"}
    failing = compile("def f(secret): raise ValueError('no')\nf(KEY)", "f.py", "exec")
    with pytest.raises(ValueError, match="no") as raised:
        exec(failing, module)
    assert found(raised.value) == [KEY]
