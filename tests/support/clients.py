"""Clients for the servers of the tests."""

from __future__ import annotations

from typing import Any

from support.scripted_server import ScriptedServer
from telnyx_video import AsyncRoomsClient, CreateRoomRequest
from telnyx_video.sandbox import Sandbox

WITH_AND_WITHOUT_NAME = (CreateRoomRequest(unique_name="standup"), CreateRoomRequest())


def client(server: ScriptedServer | Sandbox, **arguments: Any) -> AsyncRoomsClient:
    """Return a client of this server; servers that do not check the key get any key."""
    arguments.setdefault("api_key", server.api_key if isinstance(server, Sandbox) else "key0123")
    return AsyncRoomsClient(base_url=server.url, **arguments)
