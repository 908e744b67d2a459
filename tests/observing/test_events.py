"""Hooks get the events of each call, in order, and cannot break it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from support.clients import client
from support.scripted_server import answer, created, cut, listed, room, serve, stall
from support.secrets import leaks
from support.virtual_time import virtual_time
from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    CreateRoomRequest,
    NameTakenError,
    NotFoundError,
    Outcome,
    OutcomeUnknownError,
    RequestTimeoutError,
    RetryPolicy,
    RoomsClient,
    ServerError,
    TelnyxVideoError,
    TransportError,
)
from telnyx_video.observing import (
    Call,
    CallFinished,
    CallStarted,
    Event,
    LookupFinished,
    RequestFinished,
    RequestStarted,
    RetryScheduled,
    Throttled,
)
from telnyx_video.sandbox import Sandbox

FAST = RetryPolicy(backoff=0.001)


def kinds(events: list[Event]) -> list[str]:
    """Return the names of the events."""
    return [type(event).__name__ for event in events]


def last(events: list[Event]) -> CallFinished:
    """Return the last event of a class."""
    event = events[-1]
    assert isinstance(event, CallFinished)
    return event


async def test_a_create_that_succeeds_has_four_events(
    sandbox: Sandbox, events: list[Event]
) -> None:
    """Start, request, reply and end, each with its fields."""
    async with client(sandbox, hooks=events.append) as rooms:
        made = await rooms.create(unique_name="standup")
    started, sent, received, finished = events
    assert isinstance(started, CallStarted)
    assert (started.call.operation, started.call.unique_name) == ("rooms.create", "standup")
    assert sent == RequestStarted(started.call, "POST", f"{sandbox.url}/rooms", 0)
    assert isinstance(received, RequestFinished)
    assert made.reply is not None
    assert (received.status, received.request_id) == (201, made.reply.request_id)
    assert isinstance(finished, CallFinished)
    assert 0 < received.duration <= finished.duration
    assert finished == CallFinished(started.call, finished.duration, 1)


async def test_a_lost_answer_is_reported_until_the_recovery(events: list[Event]) -> None:
    """The events show the failure, the look-up and the recovery."""
    async with (
        serve(cut, listed(room())) as server,
        client(server, hooks=events.append, retry=FAST) as rooms,
    ):
        await rooms.create(unique_name="standup")
    assert kinds(events) == [
        "CallStarted",
        "RequestStarted",
        "RequestFinished",
        "RetryScheduled",
        "RequestStarted",
        "RequestFinished",
        "LookupFinished",
        "CallFinished",
    ]
    failed, retried, found = events[2], events[3], events[6]
    assert isinstance(failed, RequestFinished)
    assert failed.status is None
    assert isinstance(failed.error, TransportError)
    assert isinstance(retried, RetryScheduled)
    assert retried.error is failed.error
    assert retried.then == "look up"
    assert 0 <= retried.wait <= 0.001
    assert found == LookupFinished(failed.call, 1)
    assert last(events) == CallFinished(failed.call, last(events).duration, 1, recovered=True)


async def test_a_request_that_is_sent_again_is_counted(events: list[Event]) -> None:
    """Each resend has its number, and the attempts of the call are those of its own request."""
    async with (
        serve(cut, listed(), cut, listed(), created()) as server,
        client(server, hooks=events.append, retry=FAST) as rooms,
    ):
        await rooms.create(unique_name="standup")
    sent = [event for event in events if isinstance(event, RequestStarted)]
    assert [(event.method, event.resends) for event in sent] == [
        ("POST", 0),
        ("GET", 0),
        ("POST", 1),
        ("GET", 1),
        ("POST", 2),
    ]
    assert last(events).attempts == 3


async def test_every_operation_is_a_call(sandbox: Sandbox, events: list[Event]) -> None:
    """Each method of the client has its name; each page of a list is a call of its own."""
    async with client(sandbox, hooks=events.append) as rooms:
        made = await rooms.create(unique_name="standup")
        await rooms.create(unique_name="retro")
        await rooms.get(made.id)
        assert len([room async for room in rooms.list(page_size=1)]) == 2
        await rooms.update(made.id, max_participants=3)
        await rooms.delete(made.id)
    ended = [event for event in events if isinstance(event, CallFinished)]
    assert [(event.call.operation, event.attempts) for event in ended] == [
        ("rooms.create", 1),
        ("rooms.create", 1),
        ("rooms.get", 1),
        ("rooms.list", 1),
        ("rooms.list", 1),
        ("rooms.update", 1),
        ("rooms.delete", 1),
    ]
    assert [(event.outcome, event.error) for event in ended] == [(None, None)] * 7
    assert len({event.call.id for event in ended}) == 7


async def test_retries_of_other_calls_are_reported(events: list[Event]) -> None:
    """A read that fails and is repeated is reported."""
    async with (
        serve(answer(503), answer(200, {"data": room()})) as server,
        client(server, hooks=events.append, retry=FAST) as rooms,
    ):
        await rooms.get("1")
    retried = events[3]
    assert isinstance(retried, RetryScheduled)
    assert isinstance(retried.error, ServerError)
    assert retried.then == "send"
    assert last(events).attempts == 2


async def test_an_update_that_is_retried_is_reported(events: list[Event]) -> None:
    """A create that updates an existing room reports its next step after a refusal."""
    taken = answer(422, {"errors": [{"code": "10012", "source": {"pointer": "/unique_name"}}]})
    old = listed(room(max_participants=2))
    wait = answer(429, headers={"retry-after": "0"})
    async with (
        serve(taken, old, wait, old, answer(200, {"data": room(max_participants=9)})) as server,
        client(server, hooks=events.append, retry=FAST) as rooms,
    ):
        await rooms.create(unique_name="standup", max_participants=9, if_exists="update")
    assert [event.then for event in events if isinstance(event, RetryScheduled)] == ["look up"]
    assert last(events).existed


@pytest.mark.parametrize(
    ("status", "error_class", "outcome"),
    [(422, NameTakenError, Outcome.NOT_APPLIED), (404, NotFoundError, Outcome.NOT_APPLIED)],
)
async def test_a_refusal_ends_a_call(
    events: list[Event], status: int, error_class: type[Exception], outcome: Outcome
) -> None:
    """The end has the very error that the caller gets, and whether it was applied."""
    body = {"errors": [{"detail": "is taken", "source": {"pointer": "/unique_name"}}]}
    async with (
        serve(answer(status, body), listed(room())) as server,
        client(server, hooks=events.append, retry=FAST) as rooms,
    ):
        with pytest.raises(error_class) as raised:
            await rooms.create(unique_name="standup")
    assert last(events).error is raised.value
    assert last(events).outcome is outcome
    assert not last(events).recovered


async def test_an_unknown_outcome_ends_a_call(events: list[Event]) -> None:
    """An unknown outcome is reported as unknown."""
    async with serve(cut) as server, client(server, hooks=events.append) as rooms:
        with pytest.raises(OutcomeUnknownError):
            await rooms.create()
        with pytest.raises(OutcomeUnknownError):
            await rooms.update("1", max_participants=3)
    ended = [event for event in events if isinstance(event, CallFinished)]
    assert [event.outcome for event in ended] == [Outcome.UNKNOWN] * 2
    assert ended[0].call.unique_name is None


async def test_a_delete_that_an_earlier_attempt_applied_succeeds(events: list[Event]) -> None:
    """A 404 after a lost answer is reported as a success."""
    async with (
        serve(cut, answer(404)) as server,
        client(server, hooks=events.append, retry=FAST) as rooms,
    ):
        await rooms.delete("1")
    assert last(events) == CallFinished(last(events).call, last(events).duration, 2)


@pytest.mark.parametrize("sent", [True, False])
async def test_a_cancelled_call_ends_too(events: list[Event], sent: bool) -> None:
    """The end of a cancelled call says whether it may have been applied."""
    async with serve(stall) as server, client(server, hooks=events.append) as rooms:
        calling = asyncio.create_task(rooms.create() if sent else rooms.get("1"))
        await server.arrived(1)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
    assert kinds(events)[-2:] == ["RequestFinished", "CallFinished"]
    assert isinstance(last(events).error, asyncio.CancelledError)
    assert last(events).outcome is (Outcome.UNKNOWN if sent else Outcome.NOT_APPLIED)


@virtual_time
async def test_waiting_for_a_limit_is_reported() -> None:
    """A request that the limit of the account delays reports for how long."""
    events: list[Event] = []
    full = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"}
    async with (
        serve(answer(201, {"data": room("first")}, full), created()) as server,
        client(server, hooks=events.append) as rooms,
    ):
        await rooms.create(unique_name="first")
        await rooms.create(unique_name="second")
    (paced,) = [event for event in events if isinstance(event, Throttled)]
    assert paced.call.unique_name == "second"
    assert paced.reason == "rate limit"
    assert 1 < paced.seconds < 3


@virtual_time
async def test_waiting_for_the_end_of_an_outage_is_reported() -> None:
    """In a batch, a request that waits for the end of an outage reports the reason."""
    events: list[Event] = []
    requests = [CreateRoomRequest(unique_name=f"room-{number}") for number in range(3)]
    async with (
        serve(*[answer(429, headers={"retry-after": "0"})], *[answer(503)] * 7, listed()) as server,
        client(server, hooks=events.append, retry=RetryPolicy(deadline=5)) as rooms,
    ):
        await rooms.create_many(requests, give_up_after=20)
    assert {event.reason for event in events if isinstance(event, Throttled)} >= {"outage"}
    assert {event.call for event in events if isinstance(event, CallFinished)} == {
        event.call for event in events if isinstance(event, CallStarted)
    }


async def test_waiting_for_a_connection_is_reported(events: list[Event]) -> None:
    """A call that waits for a connection reports it."""
    async with (
        serve(created()) as server,
        client(server, hooks=events.append, concurrency=1) as rooms,
    ):
        await asyncio.gather(rooms.create(unique_name="1"), rooms.create(unique_name="2"))
    (paced,) = [event for event in events if isinstance(event, Throttled)]
    assert (paced.call.unique_name, paced.reason) == ("2", "connection")
    mine = [event for event in events if event.call is paced.call]
    assert kinds(mine)[:3] == ["CallStarted", "Throttled", "RequestStarted"]


async def test_a_call_that_sends_nothing_has_an_end(events: list[Event]) -> None:
    """A call that fails in the queue has no attempts; its duration is the wait."""
    async with serve(stall) as server, client(server, hooks=events.append, concurrency=1) as rooms:
        first = asyncio.create_task(rooms.create())
        await server.arrived(1)
        with pytest.raises(RequestTimeoutError):
            await rooms.create(retry=RetryPolicy(deadline=0.01))
        assert (last(events).attempts, last(events).outcome) == (0, Outcome.NOT_APPLIED)
        first.cancel()
        await asyncio.wait([first])


async def test_events_of_concurrent_calls_have_their_own_call(
    sandbox: Sandbox, events: list[Event]
) -> None:
    """Each event has its call, also in a batch."""
    sandbox.faults = [{"on": "POST /rooms", "faults": [503, None, None] * 10}]
    requests = [CreateRoomRequest(unique_name=f"room-{number}") for number in range(20)]
    async with client(sandbox, hooks=events.append, retry=FAST) as rooms:
        await rooms.create_many(requests, concurrency=5)
    lives: dict[Call, list[Event]] = {}
    for event in events:
        lives.setdefault(event.call, []).append(event)
    assert sorted(str(call.unique_name) for call in lives) == sorted(
        str(request.unique_name) for request in requests
    )
    for life in lives.values():
        words = kinds(life)
        assert words[0] == "CallStarted"
        assert words[-1] == "CallFinished"
        assert words.count("RequestStarted") == words.count("RequestFinished") >= 1
        assert words.count("CallStarted") == words.count("CallFinished") == 1
    assert any(isinstance(event, RetryScheduled) for event in events)


def test_a_blocking_client_emits_the_same_events(events: list[Event]) -> None:
    """`hooks` works in blocking code."""
    with (
        Sandbox() as sandbox,
        RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key, hooks=events.append) as rooms,
    ):
        rooms.create(unique_name="standup")
    assert kinds(events) == ["CallStarted", "RequestStarted", "RequestFinished", "CallFinished"]


async def test_a_hook_that_fails_harms_neither_the_call_nor_other_hooks(
    sandbox: Sandbox, events: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    """Its exception is logged with its traceback."""

    def fail(event: Event) -> None:
        raise ValueError("the hook's own mistake")

    async with client(sandbox, hooks=[fail, events.append]) as rooms:
        await rooms.create(unique_name="standup")
    assert len(events) == 4
    failures = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in failures] == [
        f"a hook failed on {kind}" for kind in kinds(events)
    ]
    assert "the hook's own mistake" in caplog.text


class Awaited:
    """A coroutine function as a hook."""

    async def __call__(self, event: Event) -> None:
        """Never called."""


async def awaited(event: Event) -> None:
    """Never called."""


@pytest.mark.parametrize("hooks", [awaited, [print, Awaited()], ["print"], 5, "text", b"bytes"])
def test_an_invalid_hook_is_refused(hooks: object) -> None:
    """The error is raised when the client is made, not with the first event."""
    with pytest.raises(ConfigurationError, match="hooks: "):
        AsyncRoomsClient(api_key="key0123", hooks=hooks)  # type: ignore[arg-type] # on purpose


@pytest.mark.parametrize(
    ("hooks", "message"),
    [
        ("x" * 5000, "hooks: must be callable, not 'xxxx"),
        ([5] * 5000, "hooks: must be callable, not 5 (int); hooks: must be callable, not 5"),
    ],
    ids=["text", "list"],
)
def test_many_invalid_hooks_make_a_short_message(hooks: object, message: str) -> None:
    """A string is one invalid hook; of many hooks the first few are named."""
    with pytest.raises(ConfigurationError) as raised:
        AsyncRoomsClient(api_key="key0123", hooks=hooks)  # type: ignore[arg-type] # on purpose
    assert str(raised.value).startswith(message)
    assert len(str(raised.value)) < 500


async def test_no_event_has_the_key(events: list[Event]) -> None:
    """No event contains the key, even if the server repeats it."""
    key = "KEY018F5C0FFEE0123456789ABCDEF_t0k3nT0k3n"
    echo = answer(401, {"detail": key}, {"x-request-id": key})
    async with (
        serve(echo, cut, answer(503, key.encode())) as server,
        client(server, api_key=key, hooks=events.append, retry=RetryPolicy(deadline=0.1)) as rooms,
    ):
        for name in ("a", "b"):
            with pytest.raises(TelnyxVideoError):
                await rooms.create(unique_name=name)
    assert len(events) > 8
    assert leaks(events, key) == []
