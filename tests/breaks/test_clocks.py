"""With any clock error, a created room is never reported as not applied."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from breaks.rooms_api import RoomsApi, timestamp
from support.clients import client
from support.scripted_server import Visit, serve
from telnyx_video import AsyncRoomsClient, CreateRoomRequest, NameTakenError, Outcome


def to_minutes(time: datetime) -> str:
    """Return a time rounded down to minutes."""
    return timestamp(time.replace(second=0, microsecond=0))


def date_alone(time: datetime) -> str:
    """Return the date of a time."""
    return time.date().isoformat()


def without_zone(time: datetime) -> str:
    """Return a time without its zone."""
    return time.replace(tzinfo=None).isoformat()


def in_another_zone(time: datetime) -> str:
    """Return the time of another zone, without the zone."""
    return without_zone(time - timedelta(hours=5))


async def claim(rooms: AsyncRoomsClient, api: RoomsApi) -> str:
    """Create a room whose first reply is lost; return the reported outcome."""
    try:
        room = await rooms.create(unique_name="standup")
    except NameTakenError as error:
        taken = error
    else:
        assert [other["id"] for other in api.rooms if other["unique_name"] == "standup"] == [
            room.id
        ]
        return "recovered"
    assert taken.outcome is Outcome.UNKNOWN
    assert taken.room is not None
    assert [other["id"] for other in api.rooms if other["unique_name"] == "standup"] == [
        taken.room.id
    ]
    return "unknown"


@pytest.mark.parametrize(
    ("write_time", "claimed"),
    [
        (timestamp, "recovered"),
        (to_minutes, "recovered"),
        (date_alone, "recovered"),
        (without_zone, "recovered"),
        (in_another_zone, "unknown"),
    ],
)
async def test_created_at_of_any_precision(
    write_time: Callable[[datetime], str], claimed: str
) -> None:
    """A rounded ``created_at`` is accepted; a wrong one leaves the outcome unknown."""
    api = RoomsApi(losses=1, write_time=write_time)
    async with serve(api) as server, client(server) as rooms:
        assert await claim(rooms, api) == claimed


@pytest.mark.parametrize("date", ["Thu, 01 Jan 1970 00:00:00 GMT", "Sat, 01 Jan 0100 00:00:00 GMT"])
@pytest.mark.parametrize(
    "created_at", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]
)
async def test_times_at_the_limits_of_the_calendar(date: str, created_at: str) -> None:
    """Zero times and unset clocks do not break a create, or give it a false outcome."""
    api = RoomsApi(write_time=lambda _: created_at, date=date)
    async with serve(api) as server, client(server) as rooms:
        await rooms.create(unique_name="earlier")
        api.losses = 1
        assert await claim(rooms, api) in ("recovered", "unknown")


@pytest.mark.parametrize("seconds", [6, 60, 3600])
async def test_a_date_header_that_is_ahead(seconds: int) -> None:
    """The outcome is unknown until a reply has shown the offset; then the room is recovered."""
    api = RoomsApi(losses=1, ahead=timedelta(seconds=seconds))
    async with serve(api) as server:
        async with client(server) as rooms:
            assert await claim(rooms, api) == "unknown"
        api.rooms.clear()
        async with client(server) as rooms:
            await rooms.create(unique_name="earlier")
            api.losses = 1
            assert await claim(rooms, api) == "recovered"


async def test_a_create_during_suspend_of_the_machine() -> None:
    """The server's clock advances by an hour, and the loop's does not."""
    api = RoomsApi(losses=1)

    async def sleep_after_the_create(visit: Visit) -> None:
        await api(visit)
        api.ahead = timedelta(hours=1)

    async with serve(sleep_after_the_create) as server, client(server) as rooms:
        assert await claim(rooms, api) == "unknown"


@pytest.mark.parametrize("hours", [1, -1], ids=["back", "ahead"])
async def test_a_clock_change_between_crash_and_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """A resumed batch never reports the room of its earlier run as not applied."""
    api = RoomsApi()

    async def make_and_stall(visit: Visit) -> None:
        api.add(timedelta(hours=max(0, -hours)), unique_name="standup")
        await visit.gone()

    journal = tmp_path / "rooms.jsonl"
    batch = [CreateRoomRequest(unique_name="standup")]
    async with serve(make_and_stall) as server:
        async with client(server) as rooms:
            run = asyncio.ensure_future(rooms.create_many(batch, journal=journal))
            await server.until(lambda: bool(api.rooms))
            run.cancel()
            with suppress(asyncio.CancelledError):
                await run
        clock = SimpleNamespace(time=lambda: time.time() - hours * 3600, monotonic=time.monotonic)
        monkeypatch.setattr("telnyx_video.batch.queue.time", clock)
        server.acts[:] = [api]
        async with client(server) as rooms:
            [outcome] = await rooms.create_many(batch, journal=journal, if_exists="error")
    assert len(api.rooms) == 1
    if outcome.error is None:
        assert outcome.recovered
    else:
        assert outcome.error.outcome is Outcome.UNKNOWN
