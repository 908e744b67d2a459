"""What is logged: a line for each request and one for its reply, at the level of debugging."""

from __future__ import annotations

import logging
import re

import pytest

from support.clients import client
from support.peers import Visit, answer, created, cut, peer, room
from telnyx_video import BadRequestError, OutcomeUnknownError

LOGGER = "telnyx_video"


@pytest.fixture(autouse=True)
def debugging(caplog: pytest.LogCaptureFixture) -> None:
    """Log everything."""
    caplog.set_level(logging.DEBUG, LOGGER)


async def test_a_request_and_its_reply_are_a_line_each(caplog: pytest.LogCaptureFixture) -> None:
    """A call logs what is sent, and what came back in which time, but not what."""
    reply = answer(201, {"data": room()}, {"x-request-id": "id-1"})
    async with peer(reply) as server, client(server) as rooms:
        await rooms.create(unique_name="confidential")
    sent, received = caplog.messages
    assert sent == "POST /rooms, 30 bytes"
    pattern = r"POST /rooms -> 201 in \d+ ms, \d+ bytes, request id id-1"
    assert re.fullmatch(pattern, received)
    assert {record.levelno for record in caplog.records} == {logging.DEBUG}
    assert {record.name for record in caplog.records} == {LOGGER}


async def test_a_refusal_is_a_line_as_well(caplog: pytest.LogCaptureFixture) -> None:
    """An error status is logged like any reply."""
    async with peer(answer(400)) as server, client(server) as rooms:
        with pytest.raises(BadRequestError):
            await rooms.delete("1")
    sent, received = caplog.messages
    assert sent == "DELETE /rooms/1, 0 bytes"
    assert received.startswith("DELETE /rooms/1 -> 400 in ")


async def test_a_failure_is_a_line_as_well(caplog: pytest.LogCaptureFixture) -> None:
    """A request without a reply logs why there is none."""
    async with peer(cut) as server, client(server) as rooms:
        with pytest.raises(OutcomeUnknownError):
            await rooms.create()
    sent, failed = caplog.messages
    assert sent == "POST /rooms, 2 bytes"
    assert failed.startswith("POST /rooms failed: ")
    assert "\n" not in failed


async def test_nothing_is_logged_unless_asked(caplog: pytest.LogCaptureFixture) -> None:
    """Above the level of debugging a client is silent."""
    caplog.set_level(logging.INFO, LOGGER)
    async with peer(created(), cut) as server, client(server) as rooms:
        await rooms.create()
        with pytest.raises(OutcomeUnknownError):
            await rooms.create()
    assert caplog.messages == []


async def test_the_level_may_change_under_way(caplog: pytest.LogCaptureFixture) -> None:
    """Logging that is turned on or off while a call is under way does not harm the call."""

    async def turn_on(visit: Visit) -> None:
        caplog.set_level(logging.DEBUG, LOGGER)
        await created()(visit)

    async def turn_off(visit: Visit) -> None:
        caplog.set_level(logging.INFO, LOGGER)
        await created()(visit)

    async with peer(turn_off, turn_on) as server, client(server) as rooms:
        await rooms.create()
        await rooms.create()
    assert caplog.messages == ["POST /rooms, 2 bytes"]
