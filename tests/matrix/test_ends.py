"""Rows 20, 26, 27 and 28: stale connections, and creates that are cut short by their caller."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import attrs
import pytest

from matrix.conftest import STAGES
from matrix.scene import Rule, Scene, connector_of, has_idle_connection, on_create
from matrix.stage import QUICK, Detour, Stage
from support.peers import closed_port, unreachable
from telnyx_video import (
    ConfigurationError,
    CreateOutcome,
    CreateRoomRequest,
    Outcome,
    OutcomeUnknownError,
    ServerError,
    TelnyxVideoError,
    TransportError,
)

HANGING = 15.0
"""Seconds after which a call that should have ended counts as hanging."""

SENT = "was sent, and may have been applied"

on_reused_connections = pytest.mark.parametrize(
    "stage", [stage for stage in STAGES if stage.reused], indirect=True, ids=str
)


def request(name: str | None) -> CreateRoomRequest:
    """A request with this name, or with none."""
    return CreateRoomRequest() if name is None else CreateRoomRequest(unique_name=name)


def begin(scene: Scene, name: str | None) -> asyncio.Task[Any]:
    """Begin a create, by itself or as a batch of one."""
    if scene.in_batch:
        return asyncio.create_task(scene.rooms.create_many([request(name)], if_exists="error"))
    return asyncio.create_task(scene.rooms.create(request(name)))


async def ended(task: asyncio.Task[Any]) -> TelnyxVideoError | asyncio.CancelledError | None:
    """Wait for the end of what was begun, and return its error."""
    done, _ = await asyncio.wait([task], timeout=HANGING)
    assert done, "it hangs"
    try:
        result = task.result()
    except (TelnyxVideoError, asyncio.CancelledError) as error:
        return error
    return cast("list[CreateOutcome]", result)[0].error if isinstance(result, list) else None


@on_reused_connections
def test_row_20_stale_connection_after_the_write(stage: Stage, name: str | None) -> None:
    """A connection that is closed when the create arrives on it counts as a lost answer."""

    async def scene() -> None:
        async with stage.scene(used={"on": "GET /rooms", "faults": ["closed_next"]}) as scene:
            ending = await scene.create(name)
            if name is None:
                scene.is_unknown(ending, rooms=0)
            else:
                scene.is_made(ending, posts=2)

    stage.run(scene())


@on_reused_connections
def test_row_20_stale_connection_before_the_write(stage: Stage, name: str | None) -> None:
    """A connection that ended while it was idle is not used, so that nothing is in doubt."""
    closing: Rule = {"on": "GET /rooms", "faults": ["closed_idle"]}

    async def scene() -> None:
        async with stage.scene(used=closing) as scene:
            await scene.until(lambda: not has_idle_connection(scene.rooms))
            ending = await scene.create(name)
            scene.is_made(ending, posts=1)

    stage.run(scene())


def test_row_26_cancelled_before_sending(stage: Stage, name: str | None) -> None:
    """A create that is cancelled while it has no connection was not sent, and no note says so."""

    async def waiting_for_a_connection() -> None:
        async with stage.scene(on_create("hang")) as scene:
            first = begin(scene, None)
            await scene.until(lambda: scene.posts)
            second = begin(scene, name)
            for _ in range(10):
                await asyncio.sleep(0)
            for call in (second, first):
                call.cancel()
                error = await ended(call)
                assert type(error) is asyncio.CancelledError
                assert (SENT in notes(error)) == (call is first and not stage.in_batch)
            scene.sent(posts=1, rooms=1)

    async def connecting() -> None:
        with unreachable() as address:
            detour = Detour(*([0] if stage.reused else []), int(address.partition(":")[2]))
            used: Rule = {"on": "GET /rooms", "faults": ["close"]}
            async with stage.scene(resolver=detour, used=used) as scene:
                asked = detour.asked
                call = begin(scene, name)
                await scene.until(lambda: detour.asked > asked)
                call.cancel()
                error = await ended(call)
                assert type(error) is asyncio.CancelledError
                assert not notes(error)
                scene.sent(posts=0, rooms=0)

    stage.run(waiting_for_a_connection(), connecting())


@pytest.mark.parametrize("fault", ["hang", "hang_uncommitted"])
def test_row_26_cancelled_after_sending(stage: Stage, name: str | None, fault: str) -> None:
    """A create that is cancelled in flight ends with a note that it may have been applied."""

    async def scene() -> None:
        async with stage.scene(on_create(fault)) as scene:
            call = begin(scene, name)
            await scene.until(lambda: scene.posts)
            call.cancel()
            error = await ended(call)
            assert type(error) is asyncio.CancelledError
            # A batch is many creates: the journal tells which of them were sent.
            assert stage.in_batch or SENT in notes(error)
            await scene.until(lambda: len(scene.sandbox.rooms) == (fault == "hang"))
            scene.sent(posts=1, rooms=int(fault == "hang"))

    stage.run(scene())


@pytest.mark.parametrize("fault", ["hang", "hang_uncommitted"])
def test_row_27_closed_in_flight(stage: Stage, name: str | None, fault: str) -> None:
    """Closing the client ends calls in flight at once, with an unknown outcome."""

    async def scene() -> None:
        async with stage.scene(on_create(fault), leaves_nothing=False, timeout=60) as scene:
            call = begin(scene, name)
            await scene.until(lambda: scene.posts)
            connector = connector_of(scene.rooms)
            await scene.rooms.aclose()
            error = await ended(call)
            assert type(error) is OutcomeUnknownError
            assert error.attempts == 1
            scene.sent(posts=1, rooms=int(fault == "hang"))
            assert not connector._acquired
            with pytest.raises(ConfigurationError):
                await scene.rooms.create()

    stage.run(scene())


def test_row_27_closed_and_cancelled_at_once(stage: Stage, name: str | None) -> None:
    """A cancellation of the caller's is not lost among the ends that closing brings."""

    async def scene() -> None:
        async with stage.scene(on_create("hang"), leaves_nothing=False) as scene:
            call = begin(scene, name)
            await scene.until(lambda: scene.posts)
            call.cancel()
            await scene.rooms.aclose()
            assert type(await ended(call)) is asyncio.CancelledError
            scene.sent(posts=1, rooms=1)

    stage.run(scene())


def test_row_27_closed_while_waiting(stage: Stage, name: str | None) -> None:
    """Closing the client while a create waits to be sent again ends it at once, not applied."""

    async def scene() -> None:
        refused = {"status": 429, "headers": {"Retry-After": "20"}}
        async with stage.scene(on_create(refused), leaves_nothing=False) as scene:
            call = begin(scene, name)
            await scene.until(lambda: scene.posts and not connector_of(scene.rooms)._acquired)
            await scene.rooms.aclose()
            error = await ended(call)
            assert isinstance(error, TelnyxVideoError)
            assert error.outcome is Outcome.NOT_APPLIED
            scene.sent(posts=1, rooms=0)

    stage.run(scene())


NO_QUOTA = attrs.evolve(QUICK, quota=0)


def by_itself(stage: Stage) -> Stage:
    """The same stage for creates outside of batches: these wait for the server instead."""
    return attrs.evolve(stage, in_batch=False)


@pytest.mark.parametrize("fault", ["dropped", "lost", 503])
def test_row_28_quota_spent(stage: Stage, name: str | None, fault: object) -> None:
    """Without a token nothing is posted again; but a lost answer is looked up all the same."""

    async def scene() -> None:
        async with by_itself(stage).scene(on_create(fault), retry=NO_QUOTA) as scene:
            ending = await scene.create(name)
            if name and fault == "lost":
                scene.is_made(ending, posts=1)
            else:
                scene.is_unknown(ending, rooms=int(fault == "lost"))
            assert scene.look_ups == (name is not None)

    stage.run(scene())


def test_row_28_quota_spent_before_sending(stage: Stage, name: str | None) -> None:
    """Without a token even what was not sent is not tried again."""

    async def scene() -> None:
        detour = Detour(*([0] if stage.reused else []), closed_port())
        used: Rule = {"on": "GET /rooms", "faults": ["close"]}
        async with by_itself(stage).scene(resolver=detour, used=used, retry=NO_QUOTA) as scene:
            ending = await scene.create(name)
            error = scene.failed(ending, TransportError, posts=0, rooms=0)
            assert error.outcome is Outcome.NOT_APPLIED

    stage.run(scene())


def test_row_28_quota_is_shared_and_runs_out(stage: Stage) -> None:
    """Creates of one client spend the same tokens, after which each is sent once."""

    async def scene() -> None:
        few = attrs.evolve(QUICK, quota=10)
        plan = on_create({"status": 503}, repeat=True)
        async with by_itself(stage).scene(plan, retry=few) as scene:
            posts = 0
            for tries in (3, 1, 1):
                ending = await scene.create("standup")
                assert type(ending.error) is OutcomeUnknownError
                assert isinstance(ending.error.last_error, ServerError)
                posts += tries
                scene.sent(posts=posts, rooms=0)

    stage.run(scene())


def notes(error: BaseException) -> str:
    """What is noted on an error."""
    return " ".join(getattr(error, "__notes__", []))
