"""Each operation is one call of its own name, for any number of requests."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from support.clients import client
from support.scripted_server import Act, answer, cut, say, serve
from telnyx_video import AsyncRoomsClient, NotReadyError, Outcome, OutcomeUnknownError, RetryPolicy
from telnyx_video.models import DownloadProgress
from telnyx_video.observing import (
    CallFinished,
    CallStarted,
    Event,
    Operation,
    RequestStarted,
    Throttled,
)
from telnyx_video.sandbox import Sandbox

FAST = RetryPolicy(backoff=0.001)
REFUSED = answer(422, {"errors": [{"code": "10015", "detail": "has ended"}]})
ENDED = answer(200, {"data": {"id": "a", "active": False}})
GOING_ON = answer(200, {"data": {"id": "a", "active": True}})
LEFT = answer(200, {"data": {"id": "a", "participants": []}})
FILE = say(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")


def located(url: str) -> Act:
    """Answer with a recording whose file has this URL."""
    return answer(200, {"data": {"id": "a", "download_url": url}})


def ended(events: list[Event]) -> list[CallFinished]:
    """Return the `CallFinished` events."""
    return [event for event in events if isinstance(event, CallFinished)]


async def use_sessions(rooms: AsyncRoomsClient, session_id: str, one: str) -> None:
    """Read a session and its participants, and act on them."""
    await rooms.sessions.get(session_id)
    async for _ in rooms.sessions.participants(session_id):
        pass
    async for _ in rooms.participants.list():
        pass
    await rooms.participants.get(one)
    await rooms.sessions.mute(session_id, [one])
    await rooms.sessions.unmute(session_id, "all")
    await rooms.sessions.kick(session_id, [one])
    await rooms.sessions.end(session_id)


async def use_media(rooms: AsyncRoomsClient, session_id: str, path: Path) -> None:
    """Read, download and delete recordings, and a composition of them."""
    recordings = [one.id async for one in rooms.recordings.list(session_id=session_id)]
    await rooms.recordings.get(recordings[0])
    await rooms.recordings.download(recordings[0], path)
    made = await rooms.compositions.create(session_id=session_id)
    async for _ in rooms.compositions.list():
        pass
    await rooms.compositions.get(made.id)
    await rooms.compositions.download(made.id, path)
    await rooms.compositions.delete(made.id)
    await rooms.recordings.delete(recordings[0])
    await rooms.recordings.delete_many(session_id=session_id)


async def test_every_operation_has_its_name(events: list[Event], tmp_path: Path) -> None:
    """Every operation is reported once, under its name."""
    async with (
        Sandbox(composition_delay=0) as sandbox,
        client(sandbox, hooks=events.append) as rooms,
    ):
        room = await rooms.create(enable_recording=True)
        async for _ in rooms.list():
            pass
        await rooms.update(room.id, max_participants=7)
        token = await rooms.join_token(room.id)
        assert token.refresh_token is not None
        await rooms.refresh_join_token(room.id, token.refresh_token)
        alice, _ = sandbox.join(room.id), sandbox.join(room.id)
        session_id = str((await rooms.get(room.id)).active_session_id)
        async for _ in rooms.sessions.list(room.id):
            pass
        await use_sessions(rooms, session_id, alice)
        await use_media(rooms, session_id, tmp_path / "file")
        async for _ in rooms.sessions.list():
            pass
        await rooms.request("GET", f"/rooms/{room.id}")
        await rooms.delete(room.id)
    names = [event.call.operation for event in ended(events)]
    assert names == [event.call.operation for event in events if isinstance(event, CallStarted)]
    assert Counter(names) == Counter([*get_args(Operation), "sessions.list"])
    assert [(event.attempts, event.error) for event in ended(events)] == [(1, None)] * len(names)


@pytest.mark.parametrize(
    ("last", "outcome"), [(ENDED, None), (GOING_ON, Outcome.UNKNOWN)], ids=["ended", "going on"]
)
async def test_finding_out_whether_a_session_was_ended_is_part_of_the_call(
    events: list[Event], caplog: pytest.LogCaptureFixture, last: Act, outcome: Outcome | None
) -> None:
    """The call ends as its caller sees it, with a warning only if the outcome is unknown."""
    async with (
        serve(cut, REFUSED, last) as server,
        client(server, hooks=events.append, retry=FAST) as rooms,
    ):
        try:
            await rooms.sessions.end("a")
        except OutcomeUnknownError as error:
            raised: BaseException | None = error
        else:
            raised = None
    (end,) = ended(events)
    assert (end.call.operation, end.attempts) == ("sessions.end", 2)
    assert (end.error, end.outcome) == (raised, outcome)
    sent = [event.method for event in events if isinstance(event, RequestStarted)]
    assert sent == ["POST", "POST", "GET"]
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == (outcome is not None)


async def test_a_kick_that_an_earlier_attempt_applied_succeeds(
    events: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    """A participant who has left counts as kicked, without a warning."""
    async with (
        serve(cut, REFUSED, LEFT) as server,
        client(server, hooks=events.append, retry=FAST) as rooms,
    ):
        await rooms.sessions.kick("a", ["alice"])
    (end,) = ended(events)
    assert (end.call.operation, end.error) == ("sessions.kick", None)
    assert all(record.levelno < logging.WARNING for record in caplog.records)


async def test_a_download_is_one_call(events: list[Event], tmp_path: Path) -> None:
    """It includes the request for the file's address, which no event shows."""
    async with (
        serve(FILE) as storage,
        serve(located(f"{storage.url}/file?signature=secret")) as server,
        client(server, hooks=events.append) as rooms,
    ):
        await rooms.recordings.download("a", tmp_path / "file")
    (end,) = ended(events)
    assert (end.call.operation, end.attempts) == ("recordings.download", 1)
    assert {event.call for event in events} == {end.call}
    assert "signature" not in repr(events)
    assert storage.url not in repr(events)


async def test_a_download_that_fails_ends_with_its_error(
    events: list[Event], tmp_path: Path
) -> None:
    """A recording without a file is reported as a failure, not applied."""
    async with (
        serve(answer(200, {"data": {"id": "a", "status": "processing"}})) as server,
        client(server, hooks=events.append) as rooms,
    ):
        with pytest.raises(NotReadyError) as raised:
            await rooms.compositions.download("a", tmp_path / "file")
    (end,) = ended(events)
    assert end.call.operation == "compositions.download"
    assert (end.error, end.outcome) == (raised.value, Outcome.NOT_APPLIED)


async def test_a_task_made_during_a_call_makes_calls_of_its_own(
    events: list[Event], tmp_path: Path
) -> None:
    """Calls of a progress callback are not part of the download."""
    tasks: list[asyncio.Task[object]] = []

    async with (
        serve(FILE) as storage,
        serve(located(f"{storage.url}/file"), located(f"{storage.url}/file")) as server,
        client(server, hooks=events.append) as rooms,
    ):

        def look(progress: DownloadProgress) -> None:
            tasks.append(asyncio.create_task(rooms.recordings.get("a")))

        await rooms.recordings.download("a", tmp_path / "file", on_progress=look)
        await asyncio.gather(*tasks)
    assert {event.call.operation for event in ended(events)} == {
        "recordings.download",
        "recordings.get",
    }


async def test_a_download_reports_waiting_for_a_connection(
    events: list[Event], tmp_path: Path
) -> None:
    """A download waits if all connections are in use, and only then."""
    async with (
        serve(FILE) as storage,
        serve(located(f"{storage.url}/file")) as server,
        client(server, hooks=events.append, concurrency=1) as rooms,
    ):
        paths = [tmp_path / str(number) for number in range(12)]
        await rooms.recordings.download("a", paths[0])
        assert not [event for event in events if isinstance(event, Throttled)]
        await asyncio.gather(*(rooms.recordings.download("a", path) for path in paths))
    paced = [event for event in events if isinstance(event, Throttled)]
    assert {(event.call.operation, event.reason) for event in paced} == {
        ("recordings.download", "connection")
    }
