"""A caller's headers, and views of a client with other options."""

from __future__ import annotations

import gc
import warnings
from typing import Any

import pytest

from support.clients import client
from support.scripted_server import answer, created, serve, stall
from support.secrets import leaks
from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    CreateRoomRequest,
    InvalidRequestError,
    RequestTimeoutError,
    RetryPolicy,
    RoomsClient,
    ServerError,
)
from telnyx_video.sandbox import Sandbox

ONCE = RetryPolicy(attempts=1)
SECRET = "t0k3n-of-the-gateway-0123456789"


async def test_default_headers_and_app_info_are_in_every_request() -> None:
    """Requests of all kinds carry them; the package's own User-Agent stays in front."""
    headers = {"X-Gateway": "blue"}
    arguments: dict[str, Any] = {"default_headers": headers, "app_info": "crm/2.1"}
    async with serve(created()) as server, client(server, **arguments) as rooms:
        headers["X-Gateway"] = "changed later"
        room = await rooms.create(unique_name="standup")
        await rooms.create_many([CreateRoomRequest(unique_name="retro")])
        await rooms.get(room.id)
        await rooms.request("POST", "/rooms", json={"unique_name": "a"})
    for sent in server.requests:
        assert sent.header("X-Gateway") == ["blue"]
        (agent,) = sent.header("User-Agent")
        assert agent.startswith("telnyx-video/")
        assert agent.endswith(" crm/2.1")
        assert sent.header("Authorization") == ["Bearer key0123"]
    assert server.methods == ["POST", "POST", "GET", "POST"]


async def test_a_view_has_its_own_headers() -> None:
    """They are added to the client's, and replace those of the same name."""
    async with serve(created()) as server, client(server, default_headers={"A": "1"}) as rooms:
        view = rooms.with_options(headers={"a": "2", "B": "3"})
        await view.create(unique_name="standup")
        await view.recordings.delete("1")
        await view.with_options(headers={"b": "4"}).get("1", timeout=5)
        await rooms.get("1")
    seen = [(sent.header("A"), sent.header("B")) for sent in server.requests]
    assert seen == [(["2"], ["3"]), (["2"], ["3"]), (["2"], ["4"]), (["1"], [])]


async def test_a_view_has_its_own_time_out_and_policy() -> None:
    """Other options are the client's; a call's own options come first."""
    async with serve(answer(500), answer(500), stall) as server, client(server) as rooms:
        view = rooms.with_options(retry=ONCE)
        with pytest.raises(ServerError):
            await view.get("1")
        assert len(server.requests) == 1
        with pytest.raises(ServerError):
            await view.with_options(timeout=30).get("1")
        with pytest.raises(RequestTimeoutError):
            await view.with_options(timeout=0.05).get("1", retry=ONCE)
        with pytest.raises(RequestTimeoutError):
            await view.sessions.get("1", timeout=0.05)
    assert len(server.requests) == 4


async def test_a_view_shares_the_connections() -> None:
    """One pool serves both, and closing one closes both."""
    async with serve(created()) as server, client(server) as rooms:
        assert rooms.sessions is not rooms.with_options().sessions
        for one in (rooms, rooms.with_options(timeout=3), rooms.with_options(retry=ONCE)):
            await one.create(unique_name="standup")
        assert server.connections == 1
        await rooms.with_options().aclose()
        with pytest.raises(ConfigurationError, match="this client is closed"):
            await rooms.get("1")


async def test_a_forgotten_view_closes_nothing() -> None:
    """Closing a view leaves the client open without a warning; a view keeps its client alive."""
    async with serve(created()) as server:
        rooms = client(server)
        await rooms.with_options().create(unique_name="standup")
        view = rooms.with_options(timeout=3)
        del rooms
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            gc.collect()
            await view.create(unique_name="retro")
        assert server.connections == 1
        await view.aclose()


def test_blocking_clients_have_views(telnyx_sandbox: Sandbox) -> None:
    """They run in the client's thread, keep it alive, and close it."""
    rooms = RoomsClient(api_key=telnyx_sandbox.api_key, base_url=telnyx_sandbox.url)
    view = rooms.with_options(timeout=5, headers={"X-Gateway": "blue"})
    del rooms
    gc.collect()
    room = view.create(unique_name="standup")
    assert view.sessions.list().first() is None
    assert view.with_options(retry=ONCE).get(room.id).id == room.id
    assert repr(view) == f"<RoomsClient at {telnyx_sandbox.url}>"
    view.close()
    with pytest.raises(ConfigurationError, match="closed"):
        view.get(room.id)


def test_invalid_options_are_refused() -> None:
    """All of them are named; a header's value is neither shown nor kept."""
    with pytest.raises(ConfigurationError) as refused:
        AsyncRoomsClient(
            api_key="key0123",
            default_headers={"Authorization": SECRET},
            app_info="my crm",
        )
    assert "default_headers: Authorization is set by the client" in str(refused.value)
    assert "app_info: must be a name and a version, such as crm/2.1" in str(refused.value)
    assert leaks(refused.value, SECRET) == []
    rooms = AsyncRoomsClient(api_key="key0123")
    blocking = RoomsClient(api_key="key0123")
    for one in (rooms, blocking):
        with pytest.raises(InvalidRequestError) as raised:
            one.with_options(timeout=-1, headers={"X": f"{SECRET}\n"})
        assert "timeout: must be" in str(raised.value)
        assert "headers: the value of X must be a string" in str(raised.value)
        assert leaks(raised.value, SECRET) == []
