"""The number of objects that a sandbox holds is bounded."""

from collections.abc import Iterator
from unittest.mock import patch

import aiohttp
import pytest

from sandbox.http_driver import HttpDriver
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.state import database


@pytest.fixture(autouse=True)
def low_bounds() -> Iterator[None]:
    """Lower the bounds so that a test can reach them."""
    with (
        patch.dict(database.LIMITS, dict.fromkeys(database.LIMITS, 2)),
        patch.dict(database.HISTORY, {"events": 5, "deliveries": 3}),
    ):
        yield


async def test_rooms_and_participants_are_bounded(session: aiohttp.ClientSession) -> None:
    """A further one is refused until one is deleted."""
    async with Sandbox() as sandbox:
        http = HttpDriver(session, sandbox)
        first, second = [(await http.create()).data["id"] for _ in range(2)]
        refused = await http.create()
        assert refused.status == 422
        assert refused.body["errors"][0]["detail"] == (
            "The sandbox holds at most 2 rooms: reset it."
        )
        await http.send("DELETE", f"/rooms/{first}")
        assert (await http.create()).status == 201
        for _ in range(2):
            sandbox.join(second)
        with pytest.raises(ValueError, match="at most 2 participants"):
            sandbox.join(second)


async def test_history_is_bounded(session: aiohttp.ClientSession) -> None:
    """The oldest events and deliveries are deleted."""
    async with Sandbox() as sandbox:
        http = HttpDriver(session, sandbox)
        room = (await http.create(webhook_event_url="http://127.0.0.1:9/")).data["id"]
        for _ in range(2):
            sandbox.leave(sandbox.join(room))
        kinds = [str(event["type"]).removeprefix("video.room.") for event in sandbox.events]
        assert (
            kinds
            == [
                "participant.joined",
                "participant.left",
                "session.ended",
                "session.started",
                "participant.joined",
                "participant.left",
                "session.ended",
            ][-5:]
        )
        assert len(sandbox.deliveries) == 3
