"""The router calls each handler once; its deduplicator has bounded memory."""

import asyncio
import logging
import tracemalloc
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from math import inf, nan
from typing import Any, cast

import aiohttp
import pytest
from httpx2 import ASGITransport, AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from support.hooks import PUBLIC_KEY
from support.words import short
from telnyx_video import ConfigurationError, Room
from telnyx_video.testing import SignedDelivery, make_event
from telnyx_video.webhooks import (
    Deduplicator,
    Event,
    EventRouter,
    ParticipantJoined,
    ParticipantLeft,
    SessionEnded,
    SessionStarted,
    UnknownEvent,
    WebhookEvent,
)
from telnyx_video.webhooks.aiohttp import webhook_server
from telnyx_video.webhooks.asgi import WebhookApp


class Calls:
    """Handlers that record their calls, by name and event id."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def note(self, event: Event) -> None:
        self.made.append(event.id)


@pytest.fixture
def calls() -> Calls:
    return Calls()


async def test_each_event_reaches_the_handlers_of_its_class() -> None:
    """Functions and coroutine functions, in the order in which they were registered."""
    router = EventRouter()
    made: list[str] = []

    @router.on(ParticipantLeft)
    async def first(event: ParticipantLeft) -> None:
        await asyncio.sleep(0)
        made.append(f"first {event.payload.duration_secs}")

    @router.on(ParticipantLeft)
    def second(event: ParticipantLeft) -> None:
        made.append(f"second {event.payload.left_reason}")

    @router.on(SessionEnded)
    def ended(event: SessionEnded) -> None:
        made.append(f"ended {event.payload.ended_reason}")

    await router(make_event(ParticipantLeft, duration_secs=12, left_reason="kicked"))
    await router(make_event(SessionEnded, ended_reason="empty"))
    assert made == ["first 12", "second kicked", "ended empty"]
    second(make_event(ParticipantLeft, left_reason=None))  # the decorator returns the function
    assert made[3:] == ["second None"]


async def test_a_base_class_matches_every_event(calls: Calls) -> None:
    """A handler for `Event` is called in addition to those of the class."""
    router = EventRouter()
    router.on(Event)(calls.note)
    router.on(SessionStarted)(calls.note)
    await router(make_event(SessionStarted, id="1"))
    await router(make_event(UnknownEvent, id="2"))
    assert calls.made == ["1", "1", "2"]


async def test_the_default_handler_gets_unhandled_events(
    calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a default handler such an event is accepted."""
    caplog.set_level(logging.DEBUG, "telnyx_video")
    router = EventRouter()
    router.on(SessionEnded)(lambda _: None)
    event = make_event(ParticipantJoined, id="1")
    await router(event)
    assert caplog.messages == ["no handler for video.room.participant.joined 1"]
    router.default(calls.note)
    await router(event)
    await router(make_event(UnknownEvent, id="2"))
    await router(make_event(SessionEnded, id="3"))
    assert calls.made == ["1", "2"]
    assert len(caplog.messages) == 1


class Flaky:
    """A handler that raises `problem`, if it is set."""

    def __init__(self, problem: Exception | None) -> None:
        self.problem = problem
        self.calls = 0

    async def __call__(self, _: Event) -> None:
        self.calls += 1
        if self.problem is not None:
            raise self.problem


async def test_only_failed_handlers_run_again() -> None:
    """The other handlers run; on redelivery only the failed one runs again."""
    router = EventRouter()
    away, good, broken = Flaky(LookupError("away")), Flaky(None), Flaky(ValueError("broken"))
    for handler in (away, good, broken):
        router.on(SessionEnded)(handler)
    event = make_event(SessionEnded, id="event-1")
    with pytest.raises(ExceptionGroup) as caught:
        await router(event)
    said = "2 of 3 handlers failed on video.room.session.ended event-1"
    assert caught.value.message == said
    assert caught.value.exceptions == (away.problem, broken.problem)
    assert away.problem is not None
    assert away.problem.__notes__ == ["raised by the webhook handler Flaky"]
    away.problem = broken.problem = None
    await router(event)
    await router(event)
    assert (away.calls, good.calls, broken.calls) == (2, 1, 2)


async def test_deduplication_can_be_off(calls: Calls) -> None:
    """Then each delivery reaches the handlers."""
    for router, times in ((EventRouter(), 1), (EventRouter(deduplicate=False), 2)):
        calls.made.clear()
        router.on(SessionEnded)(calls.note)
        event = make_event(SessionEnded)
        await router(event)
        await router(event)
        assert calls.made == [event.id] * times


async def test_a_concurrent_duplicate_waits() -> None:
    """A redelivery during a slow handler does not run it twice."""
    router = EventRouter()
    entered, release = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    @router.on(SessionEnded)
    async def slow(event: SessionEnded) -> None:
        entered.set()
        await release.wait()
        done.append(event.id)

    event, other = make_event(SessionEnded, id="1"), make_event(SessionEnded, id="2")
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(router(event))
        await entered.wait()
        duplicate = tasks.create_task(router(event))
        tasks.create_task(router(other))
        await asyncio.sleep(0)
        assert not first.done()
        assert not duplicate.done()
        release.set()
    assert sorted(done) == ["1", "2"]


async def test_cancellation_is_not_an_error_of_the_handler() -> None:
    """It propagates immediately, and the event does not count as handled."""
    router = EventRouter()
    calls = 0

    @router.on(SessionEnded)
    async def handler(_: SessionEnded) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise asyncio.CancelledError

    event = make_event(SessionEnded)
    with pytest.raises(asyncio.CancelledError):
        await router(event)
    await router(event)
    assert calls == 2


@pytest.mark.parametrize("cls", [int, None, Room, "x", short])
def test_a_class_that_is_not_of_events_is_refused(cls: Any) -> None:
    """So is `@router.on` without its argument."""
    with pytest.raises(ConfigurationError, match=r"as in @router.on\(ParticipantLeft\), not "):
        EventRouter().on(cls)


def test_a_handler_that_cannot_be_called_is_refused() -> None:
    """It is reported when it is registered."""
    router = EventRouter()
    for register in (router.on(SessionEnded), router.default):
        with pytest.raises(ConfigurationError, match="a handler must take an event, unlike 5"):
            register(cast("Any", 5))
    router.default(print)
    with pytest.raises(ConfigurationError, match="has a default handler already"):
        router.default(print)


async def test_a_router_is_a_callback_of_the_receivers(signed: SignedDelivery) -> None:
    """It is passed to the aiohttp receivers and to the ASGI application as `on_event`."""
    router = EventRouter(deduplicate=False)
    events: list[WebhookEvent] = []
    router.on(ParticipantLeft)(events.append)
    async with (
        webhook_server(router, public_key=PUBLIC_KEY) as url,
        aiohttp.ClientSession() as session,
        session.post(url, data=signed.body, headers=signed.headers) as answer,
    ):
        assert answer.status == 200
    transport = ASGITransport(app=cast("Any", WebhookApp(router, public_key=PUBLIC_KEY)))
    async with AsyncClient(transport=transport, base_url="http://x") as http:
        response = await http.post("/", content=signed.body, headers=signed.headers)
    assert response.status_code == 200
    assert [event.id for event in events] == ["event-1", "event-1"]


def test_an_event_is_a_duplicate_once_added() -> None:
    """An id is a duplicate once it was added."""
    seen = Deduplicator()
    assert "event-1" not in seen
    seen.add("event-1")
    assert "event-1" in seen
    assert "event-2" not in seen
    assert len(seen) == 1


@given(
    capacity=st.integers(1, 5),
    added=st.lists(st.sampled_from("abcdefgh"), max_size=30),
)
def test_the_oldest_ids_are_dropped(capacity: int, added: list[str]) -> None:
    """It remembers the ids that were added last, up to its capacity."""
    seen = Deduplicator(capacity)
    order: OrderedDict[str, None] = OrderedDict()
    for event_id in added:
        seen.add(event_id)
        order[event_id] = None
        order.move_to_end(event_id)
    last = list(order)[-capacity:]
    assert [event_id for event_id in sorted(set("abcdefgh")) if event_id in seen] == sorted(last)
    assert len(seen) == len(last)


def test_memory_is_bounded_for_ids_of_any_length() -> None:
    """A thousand ids of a kilobyte take at most 200 bytes each."""
    seen = Deduplicator(capacity=1000)
    tracemalloc.start()
    try:
        for number in range(3000):
            seen.add(str(number) * 250)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(seen) == 1000
    assert size < 300 * 1000


def test_threads_can_share_a_deduplicator() -> None:
    """Threads can add concurrently, and the capacity holds."""
    seen = Deduplicator(capacity=10)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(seen.add, map(str, range(2000))))
    assert len(seen) == 10


@pytest.mark.parametrize("capacity", [0, -1, nan, inf, 1.5, True, "x", None])
def test_an_invalid_capacity_is_refused(capacity: Any) -> None:
    """The capacity is an integer of at least 1."""
    with pytest.raises(ConfigurationError, match="capacity must be a number of ids"):
        Deduplicator(capacity)


@pytest.mark.parametrize("event_id", [None, 7, b"event-1", make_event(SessionEnded)], ids=range(4))
def test_only_a_string_is_an_id(event_id: Any) -> None:
    """Only strings can be added or looked up."""
    seen = Deduplicator()
    with pytest.raises(ConfigurationError, match="event_id must be the id of an event"):
        seen.add(event_id)
    with pytest.raises(ConfigurationError, match="event_id must be the id of an event"):
        assert event_id not in seen
    assert len(seen) == 0


def test_any_string_is_an_id() -> None:
    """Even a string that cannot be encoded as UTF-8."""
    seen = Deduplicator()
    seen.add("\ud800")
    assert "\ud800" in seen
    assert "\ud801" not in seen
