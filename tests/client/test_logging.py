"""The log: a line for each request and one for its reply, and the results of calls."""

from __future__ import annotations

import logging
import re
import subprocess
import sys

import pytest

from support.clients import client
from support.scripted_server import Visit, answer, created, cut, listed, room, serve
from support.virtual_time import virtual_time
from telnyx_video import (
    BadRequestError,
    NotFoundError,
    OutcomeUnknownError,
    RetryPolicy,
)

LOGGER = "telnyx_video"
CALLS = "telnyx_video.calls"
FAST = RetryPolicy(backoff=0.001)
PREFIX = "telnyx_video_"


def facts(record: logging.LogRecord) -> dict[str, object]:
    """Return the extra attributes of a record, by name."""
    return {
        name.removeprefix(PREFIX): value
        for name, value in vars(record).items()
        if name.startswith(PREFIX)
    }


def about_calls(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return the lines about the results of calls."""
    return [record for record in caplog.records if record.name == CALLS]


@pytest.fixture(autouse=True)
def debugging(caplog: pytest.LogCaptureFixture) -> None:
    """Log everything."""
    caplog.set_level(logging.DEBUG, LOGGER)


async def test_a_request_and_its_reply_are_a_line_each(caplog: pytest.LogCaptureFixture) -> None:
    """The sizes and the duration are logged, the contents are not."""
    reply = answer(201, {"data": room("confidential")}, {"x-request-id": "id-1"})
    async with serve(reply) as server, client(server) as rooms:
        await rooms.create(unique_name="confidential")
    sent, received = caplog.messages
    assert sent == "POST /rooms, 30 bytes"
    pattern = r"POST /rooms -> 201 in \d+ ms, \d+ bytes, request id id-1"
    assert re.fullmatch(pattern, received)
    assert {record.levelno for record in caplog.records} == {logging.DEBUG}
    assert {record.name for record in caplog.records} == {LOGGER}
    first, second = map(facts, caplog.records)
    assert first == {"method": "POST", "path": "/rooms", "size": 30}
    duration, size = second.pop("duration"), second.pop("size")
    assert isinstance(duration, float)
    assert f"{duration * 1000:.0f} ms, {size} bytes" in received
    assert second == {"method": "POST", "path": "/rooms", "status": 201, "request_id": "id-1"}


async def test_a_refusal_is_a_line_as_well(caplog: pytest.LogCaptureFixture) -> None:
    """An error status is logged like any reply."""
    async with serve(answer(400)) as server, client(server) as rooms:
        with pytest.raises(BadRequestError):
            await rooms.delete("1")
    sent, received = caplog.messages
    assert sent == "DELETE /rooms/1, 0 bytes"
    assert received.startswith("DELETE /rooms/1 -> 400 in ")


async def test_a_failure_is_a_line_as_well(caplog: pytest.LogCaptureFixture) -> None:
    """A request without a reply logs the reason."""
    async with serve(cut) as server, client(server) as rooms:
        with pytest.raises(OutcomeUnknownError):
            await rooms.create()
    sent, failed, _ = caplog.messages
    assert sent == "POST /rooms, 2 bytes"
    assert failed.startswith("POST /rooms failed: ")
    assert "\n" not in failed
    logged = {"method": "POST", "path": "/rooms", "error": "TransportError"}
    assert facts(caplog.records[1]) == logged


async def test_nothing_is_logged_above_debug_by_default(caplog: pytest.LogCaptureFixture) -> None:
    """As long as nothing is retried or unknown."""
    caplog.set_level(logging.INFO, LOGGER)
    async with serve(created(), answer(404)) as server, client(server) as rooms:
        await rooms.create()
        with pytest.raises(NotFoundError):
            await rooms.create()
    assert caplog.messages == []


async def test_retries_and_recoveries_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """At INFO; the look-up between them is at DEBUG."""
    async with serve(cut, listed(room())) as server, client(server, retry=FAST) as rooms:
        await rooms.create(unique_name="standup")
    retried, looked_up, recovered = about_calls(caplog)
    assert retried.levelno == recovered.levelno == logging.INFO
    assert looked_up.levelno == logging.DEBUG
    pattern = r"rooms\.create: look up in 0\.00 s after POST /rooms failed: .*"
    assert re.fullmatch(pattern, retried.getMessage())
    create = {"operation": "rooms.create", "unique_name": "standup"}
    logged = facts(retried)
    assert 0 <= float(str(logged.pop("wait"))) <= 0.001
    error = {"error": "TransportError", "status": None, "request_id": None}
    assert logged == create | error
    assert facts(looked_up) == {"unique_name": "standup", "found": 1}
    assert facts(recovered) == create
    assert recovered.getMessage() == "room 'standup' exists, though its answer was lost"


async def test_other_calls_log_their_retries_too(caplog: pytest.LogCaptureFixture) -> None:
    """A refusal that is waited out is logged with its status and its request id."""
    wait = answer(429, headers={"retry-after": "0", "x-request-id": "id-1"})
    async with serve(wait, listed()) as server, client(server, retry=FAST) as rooms:
        assert [room async for room in rooms.list()] == []
    (retried,) = about_calls(caplog)
    logged = facts(retried)
    del logged["wait"]
    assert logged == {
        "operation": "rooms.list",
        "unique_name": None,
        "error": "RateLimitError",
        "status": 429,
        "request_id": "id-1",
    }


async def test_an_unknown_outcome_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """It has a higher level than events that the client handles itself."""
    async with serve(cut) as server, client(server, retry=FAST) as rooms:
        with pytest.raises(OutcomeUnknownError) as created:
            await rooms.create()
        with pytest.raises(OutcomeUnknownError) as updated:
            await rooms.update("1", max_participants=3)
    warnings = about_calls(caplog)
    assert {record.levelno for record in warnings} == {logging.WARNING}
    assert caplog.messages[2] == f"rooms.create: {created.value}"
    assert [facts(record)["operation"] for record in warnings] == ["rooms.create", "rooms.update"]
    assert warnings[1].getMessage() == f"rooms.update: {updated.value}"


async def test_a_delete_that_was_applied_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    """A 404 after a lost reply is a success, and logged only as a retry."""
    async with serve(cut, answer(404)) as server, client(server, retry=FAST) as rooms:
        await rooms.delete("1")
    assert [record.levelno for record in about_calls(caplog)] == [logging.INFO]


@virtual_time
async def test_a_wait_for_the_limit_is_a_line() -> None:
    """At DEBUG, with its duration."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Keep()
    logging.getLogger(CALLS).addHandler(handler)
    full = {"x-ratelimit-limit": "9", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"}
    try:
        async with (
            serve(answer(201, {"data": room()}, full), created()) as server,
            client(server) as rooms,
        ):
            await rooms.create()
            await rooms.create()
    finally:
        logging.getLogger(CALLS).removeHandler(handler)
    (paced,) = records
    assert paced.levelno == logging.DEBUG
    assert facts(paced)["reason"] == "rate limit"
    assert 1 < float(str(facts(paced)["wait"])) < 3


WITHOUT_LOGGING = """
from telnyx_video import OutcomeUnknownError, RoomsClient
from telnyx_video.sandbox import Sandbox
faults = [{"on": "POST /rooms", "faults": [500]}]
with Sandbox(faults=faults) as sandbox:
    with RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key) as rooms:
        try:
            rooms.create()
        except OutcomeUnknownError:
            print("unknown")
"""


def test_a_program_without_logging_prints_nothing() -> None:
    """Errors that are raised are not also printed to stderr if logging is not set up."""
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_LOGGING], capture_output=True, text=True, check=True
    )
    assert (ended.stdout, ended.stderr) == ("unknown\n", "")


async def test_the_level_may_change_during_a_call(caplog: pytest.LogCaptureFixture) -> None:
    """Turning logging on or off while a call is in flight does not harm the call."""

    async def turn_on(visit: Visit) -> None:
        caplog.set_level(logging.DEBUG, LOGGER)
        await created()(visit)

    async def turn_off(visit: Visit) -> None:
        caplog.set_level(logging.INFO, LOGGER)
        await created()(visit)

    async with serve(turn_off, turn_on) as server, client(server) as rooms:
        await rooms.create()
        await rooms.create()
    assert caplog.messages == ["POST /rooms, 2 bytes"]
