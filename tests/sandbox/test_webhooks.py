"""Webhooks of the sandbox: signed, in order, retried, and only to allowed hosts."""

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.http_driver import HttpDriver
from support.receivers import HANG, Arrival, Receiver, receiving
from support.virtual_time import virtual_time
from telnyx_video.sandbox import Sandbox
from telnyx_video.testing import WebhookSigner
from telnyx_video.webhooks import (
    CompositionCompleted,
    ParticipantJoined,
    ParticipantLeft,
    RecordingCompleted,
    SessionEnded,
    UnknownEvent,
    WebhookEvent,
    verify_and_parse,
)

ALL = [
    "session.started",
    "participant.joined",
    "recording.started",
    "recording.started",
    "recording.completed",
    "recording.completed",
    "participant.left",
    "session.ended",
]
NOBODY = "http://127.0.0.1:9/"


def parsed(arrival: Arrival, sandbox: Sandbox) -> WebhookEvent:
    """Verify and parse a delivery as a service does."""
    return verify_and_parse(arrival.body, arrival.headers, public_key=sandbox.public_key)


async def room_with(http: HttpDriver, receiver: Receiver | str, **fields: object) -> str:
    """Create a room whose events are sent to a URL, and return its id."""
    url = receiver if isinstance(receiver, str) else receiver.url
    return str((await http.create(webhook_event_url=url, **fields)).data["id"])


def states(sandbox: Sandbox) -> list[object]:
    return [delivery["state"] for delivery in sandbox.deliveries]


async def finished_deliveries(sandbox: Sandbox, count: int) -> list[dict[str, Any]]:
    """Wait until this many deliveries have finished, and return them."""
    while len(states(sandbox)) < count or "pending" in states(sandbox):  # noqa: ASYNC110 # there is no event to wait for
        await asyncio.sleep(0.001)
    return sandbox.deliveries


async def test_events_of_a_session_are_delivered_in_order(
    http: HttpDriver, sandbox: Sandbox, session: aiohttp.ClientSession
) -> None:
    """Every event is delivered, signed and complete, in order of time."""
    async with receiving() as receiver:
        room = await room_with(http, receiver, enable_recording=True)
        sandbox.leave(sandbox.join(room, context="Alice"))
        events = [parsed(await receiver.next(), sandbox) for _ in ALL]
        assert [event.event_type.removeprefix("video.room.") for event in events] == ALL
        assert [event.id for event in events] == [event["id"] for event in sandbox.events]
        assert not any(isinstance(event, UnknownEvent) for event in events)
        joined, recorded, left, ended = events[1], events[4], events[6], events[7]
        assert isinstance(joined, ParticipantJoined)
        assert joined.payload.context == "Alice"
        assert isinstance(left, ParticipantLeft)
        assert (left.payload.participant_id, left.payload.duration_secs) == (
            joined.payload.participant_id,
            0,
        )
        assert isinstance(ended, SessionEnded)
        assert (ended.payload.room_id, ended.payload.duration_secs) == (room, 0)
        assert isinstance(recorded, RecordingCompleted)
        assert recorded.payload.codec == "opus"
        async with session.get(str(recorded.payload.download_url)) as file:
            assert file.status == 200
        await finished_deliveries(sandbox, len(ALL))
        assert set(states(sandbox)) == {"delivered"}


async def test_a_composition_is_delivered_when_it_is_complete(
    session: aiohttp.ClientSession,
) -> None:
    """It is sent to its own URL, or else to its room's, and its file exists by then."""
    async with receiving() as receiver, receiving() as other, Sandbox(composition_delay=0.05) as it:
        http = HttpDriver(session, it)
        room = await room_with(http, receiver)
        it.join(room)
        wanted: dict[str, object] = {"session_id": it.participants[0]["session_id"]}
        await http.send("POST", "/room_compositions", wanted)
        await http.send("POST", "/room_compositions", {**wanted, "webhook_event_url": other.url})
        assert await receiver.event_types(2) == ALL[:2]
        own, its_room = parsed(await other.next(), it), parsed(await receiver.next(), it)
        for event in (own, its_room):
            assert isinstance(event, CompositionCompleted)
            async with session.get(str(event.payload.download_url)) as file:
                assert file.content_type == "video/mp4"


async def test_a_composition_deleted_before_completion_is_not_delivered(
    session: aiohttp.ClientSession,
) -> None:
    """Its planned event is deleted."""
    async with receiving() as receiver, Sandbox(composition_delay=60) as sandbox:
        http = HttpDriver(session, sandbox)
        sandbox.join(await room_with(http, receiver))
        wanted = {"session_id": sandbox.participants[0]["session_id"]}
        made = (await http.send("POST", "/room_compositions", wanted)).data
        await http.send("DELETE", f"/room_compositions/{made['id']}")
        assert await receiver.event_types(2) == ALL[:2]
        assert len(await finished_deliveries(sandbox, 2)) == 2


async def test_a_room_without_a_webhook_url_delivers_nothing(
    http: HttpDriver, sandbox: Sandbox
) -> None:
    """Events are stored, and no task runs for webhooks."""
    sandbox.join((await http.create()).data["id"])
    assert len(sandbox.events) == 2
    assert sandbox.deliveries == []


async def test_the_failover_url_is_next_when_the_retries_are_used_up(
    session: aiohttp.ClientSession,
) -> None:
    """Attempts are numbered, have their URL, and can be read afterwards."""
    async with (
        receiving(503, 302) as first,
        receiving(500) as second,
        Sandbox(webhook_retries=[0.001]) as sandbox,
    ):
        http = HttpDriver(session, sandbox)
        room = await room_with(http, first, webhook_event_failover_url=second.url)
        sandbox.join(room)
        arrivals = [
            await first.next(),
            await first.next(),
            await second.next(),
            await second.next(),
        ]
        assert len({arrival.content["data"]["id"] for arrival in arrivals}) == 1
        assert [arrival.content["meta"] for arrival in arrivals] == [
            {"attempt": 1, "delivered_to": first.url},
            {"attempt": 2, "delivered_to": first.url},
            {"attempt": 3, "delivered_to": second.url},
            {"attempt": 4, "delivered_to": second.url},
        ]
        shown = (await finished_deliveries(sandbox, 2))[0]
        assert shown["state"] == "delivered"
        assert [attempt["status"] for attempt in shown["attempts"]] == [503, 302, 500, 200]
        answer = await http.send("GET", "//_sandbox/deliveries", headers={"Authorization": ""})
        assert answer.body == {"deliveries": sandbox.deliveries}


async def test_a_delivery_that_is_never_accepted_ends(
    session: aiohttp.ClientSession,
) -> None:
    """After the last attempt the next event is sent; the attempts have the reasons."""
    async with Sandbox(webhook_retries=()) as sandbox:
        http = HttpDriver(session, sandbox)
        sandbox.join(await room_with(http, NOBODY))
        shown = await finished_deliveries(sandbox, 2)
        assert [delivery["state"] for delivery in shown] == ["failed", "failed"]
        (attempt,) = shown[0]["attempts"]
        assert attempt["url"] == NOBODY
        assert "Cannot connect" in attempt["error"]


@virtual_time
async def test_the_timeout_of_the_room_applies() -> None:
    """A receiver that does not answer in time is retried."""
    async with (
        receiving(HANG, 200, 200, HANG) as receiver,
        Sandbox(webhook_retries=[5]) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        http = HttpDriver(session, sandbox)
        for seconds in (30, 0):
            room = await room_with(http, receiver, webhook_timeout_secs=seconds)
            sandbox.join(room)
            assert await receiver.event_types(3) == ["session.started", *ALL[:2]]
        shown = await finished_deliveries(sandbox, 4)
        errors = [delivery["attempts"][0]["error"] for delivery in shown[::2]]
        assert errors == ["no answer within 30 s", "no answer within 10 s"]


async def test_rooms_do_not_wait_for_each_other(http: HttpDriver, sandbox: Sandbox) -> None:
    """A receiver that hangs delays the events of its own room only; leaving does not wait."""
    async with receiving(HANG) as slow, receiving() as quick:
        sandbox.join(await room_with(http, slow))
        assert await slow.event_types(1) == ["session.started"]
        sandbox.join(await room_with(http, quick))
        assert await quick.event_types(2) == ALL[:2]
        assert slow.is_empty
        await sandbox.__aexit__()
        others = {task for task in asyncio.all_tasks() if "Dispatcher" in repr(task)}
        await sandbox.__aenter__()
    assert others == set()


async def test_other_hosts_are_not_called(http: HttpDriver, sandbox: Sandbox) -> None:
    """Webhooks go to this machine only: others are recorded with the reason."""
    room = await room_with(
        http, "https://example.com/hook", webhook_event_failover_url="ftp://127.0.0.1/"
    )
    sandbox.join(room)
    for delivery in await finished_deliveries(sandbox, 2):
        assert delivery["state"] == "not_sent"
        assert [(attempt["url"], attempt["error"]) for attempt in delivery["attempts"]] == [
            ("https://example.com/hook", "not sent: not a loopback address"),
            ("ftp://127.0.0.1/", "not sent: not an HTTP address"),
        ]


async def test_without_cryptography_rooms_work_and_webhooks_say_what_is_missing(
    http: HttpDriver,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The reason is in the log, once, and in each delivery."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.ed25519", None)
    sandbox.join(await room_with(http, NOBODY))
    shown = await finished_deliveries(sandbox, 2)
    assert [delivery["state"] for delivery in shown] == ["not_sent", "not_sent"]
    assert "pip install 'telnyx-video[webhooks]'" in shown[0]["attempts"][0]["error"]
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    (warning,) = warnings
    assert "Webhooks are not delivered" in warning.message
    with pytest.raises(ModuleNotFoundError, match="webhooks"):
        _ = sandbox.public_key


async def test_a_sandbox_can_have_its_own_webhook_key(session: aiohttp.ClientSession) -> None:
    """Its signatures are valid for its public key."""
    key = b"a key for tests of 32 bytes long"
    async with receiving() as receiver, Sandbox(webhook_key=key) as sandbox:
        assert sandbox.public_key == WebhookSigner(key).public_key != Sandbox().public_key
        sandbox.join(await room_with(HttpDriver(session, sandbox), receiver))
        assert parsed(await receiver.next(), sandbox).event_type == "video.room.session.started"


async def test_the_next_server_makes_pending_deliveries(
    session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """With a file, a delivery in flight when the server stopped is made again."""
    db = tmp_path / "rooms.db"
    async with receiving(HANG) as receiver:
        async with Sandbox(db=db) as sandbox:
            sandbox.join(await room_with(HttpDriver(session, sandbox), receiver))
            cut = await receiver.next()
        async with Sandbox(db=db) as sandbox:
            again = await receiver.next()
            assert again.content["data"] == cut.content["data"]
            assert await receiver.event_types(1) == ["participant.joined"]
            await finished_deliveries(sandbox, 2)
            sandbox.leave(str(sandbox.participants[0]["id"]))  # delivered by the next server
        async with Sandbox(db=db) as sandbox:
            assert await receiver.event_types(2) == ALL[-2:]
            assert {delivery["state"] for delivery in await finished_deliveries(sandbox, 4)} == {
                "delivered"
            }
    assert receiver.is_empty


@virtual_time
async def test_a_reset_cancels_pending_deliveries() -> None:
    """No delivery from before a reset arrives after it."""
    async with (
        receiving(503) as receiver,
        Sandbox(webhook_retries=[30]) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        sandbox.join(await room_with(HttpDriver(session, sandbox), receiver))
        assert await receiver.event_types(1) == ["session.started"]
        await asyncio.sleep(10)
        assert states(sandbox) == ["pending", "pending"]
        sandbox.reset()
        await asyncio.sleep(60)
        assert receiver.is_empty
        assert sandbox.deliveries == []


async def test_a_deleted_room_delivers_its_last_events(http: HttpDriver, sandbox: Sandbox) -> None:
    """The receiver gets the last participant's leave although the room is deleted."""
    async with receiving() as receiver:
        room = await room_with(http, receiver)
        sandbox.join(room)
        await http.send("DELETE", f"/rooms/{room}")
        assert await receiver.event_types(4) == [
            "session.started",
            "participant.joined",
            "participant.left",
            "session.ended",
        ]


async def test_a_request_that_is_not_committed_delivers_nothing(
    http: HttpDriver, sandbox: Sandbox
) -> None:
    """A request that is not committed delivers no webhooks."""
    async with receiving() as receiver:
        room = await room_with(http, receiver)
        sandbox.join(room)
        sandbox.faults = [{"on": "DELETE /rooms/{id}", "faults": [503]}]
        assert (await http.send("DELETE", f"/rooms/{room}")).status == 503
        assert (await http.send("DELETE", f"/rooms/{room}")).status == 204
        assert await receiver.event_types(4) == ALL[:2] + ALL[-2:]
        await finished_deliveries(sandbox, 4)
        assert receiver.is_empty


async def test_a_sandbox_in_a_thread_delivers_too(session: aiohttp.ClientSession) -> None:
    """Events of participants who join from blocking code are delivered."""
    async with receiving() as receiver:
        with Sandbox() as sandbox:
            room = await room_with(HttpDriver(session, sandbox), receiver)
            sandbox.leave(sandbox.join(room))
            assert await receiver.event_types(4) == ALL[:2] + ALL[-2:]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from([200, 500]), max_size=12))
def test_each_event_is_accepted_once_and_in_order(answers: list[int]) -> None:
    """However often receivers fail."""

    async def meet() -> None:
        async with (
            receiving(*answers) as receiver,
            Sandbox(webhook_retries=[0] * len(answers)) as sandbox,
            aiohttp.ClientSession() as session,
        ):
            room = await room_with(HttpDriver(session, sandbox), receiver, enable_recording=True)
            sandbox.leave(sandbox.join(room))
            accepted = list[str]()
            for status in [*answers, *[200] * len(ALL)]:
                if len(accepted) < len(ALL):
                    arrival = await receiver.next()
                    accepted += [arrival.content["data"]["id"]] * (status == 200)
            assert accepted == [event["id"] for event in sandbox.events]
            await finished_deliveries(sandbox, len(ALL))
            assert receiver.is_empty

    asyncio.run(meet())
