"""Rows 20, 26, 27 and 28: stale connections, cancellation, closing and the retry quota."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import attrs
import pytest

from matrix.case import MatrixCase, Rule, connector_of, has_idle_connection, on_create
from matrix.conftest import MATRIX_ENVS
from matrix.env import QUICK, Detour, MatrixEnv
from support.scripted_server import closed_port, unreachable
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
"""Seconds after which a call counts as hanging."""

SENT = "was sent, and may have been applied"

on_reused_connections = pytest.mark.parametrize(
    "matrix_env", [env for env in MATRIX_ENVS if env.reused], indirect=True, ids=str
)


def request(name: str | None) -> CreateRoomRequest:
    """Return a request with this name, or without a name."""
    return CreateRoomRequest() if name is None else CreateRoomRequest(unique_name=name)


def begin(case: MatrixCase, name: str | None) -> asyncio.Task[Any]:
    """Start a create, as a single call or as a batch of one."""
    if case.in_batch:
        return asyncio.create_task(case.rooms.create_many([request(name)], if_exists="error"))
    return asyncio.create_task(case.rooms.create(request(name)))


async def ended(task: asyncio.Task[Any]) -> TelnyxVideoError | asyncio.CancelledError | None:
    """Wait for a create to end, and return its error."""
    done, _ = await asyncio.wait([task], timeout=HANGING)
    assert done, "the create hangs"
    try:
        result = task.result()
    except (TelnyxVideoError, asyncio.CancelledError) as error:
        return error
    return cast("list[CreateOutcome]", result)[0].error if isinstance(result, list) else None


@on_reused_connections
def test_row_20_stale_connection_after_the_write(matrix_env: MatrixEnv, name: str | None) -> None:
    """A connection closed when the create arrives counts as a lost reply."""

    async def run_case() -> None:
        async with matrix_env.case(used={"on": "GET /rooms", "faults": ["closed_next"]}) as case:
            ending = await case.create(name)
            if name is None:
                case.is_unknown(ending, rooms=0)
            else:
                case.is_made(ending, posts=2)

    matrix_env.run(run_case())


@on_reused_connections
def test_row_20_stale_connection_before_the_write(matrix_env: MatrixEnv, name: str | None) -> None:
    """A connection closed while idle is not used, so the outcome is known."""
    closing: Rule = {"on": "GET /rooms", "faults": ["closed_idle"]}

    async def run_case() -> None:
        async with matrix_env.case(used=closing) as case:
            await case.until(lambda: not has_idle_connection(case.rooms))
            ending = await case.create(name)
            case.is_made(ending, posts=1)

    matrix_env.run(run_case())


def test_row_26_cancelled_before_sending(matrix_env: MatrixEnv, name: str | None) -> None:
    """A create cancelled before it has a connection was not sent, and its error has no note."""

    async def waiting_for_a_connection() -> None:
        async with matrix_env.case(on_create("hang")) as case:
            first = begin(case, None)
            await case.until(lambda: case.posts)
            second = begin(case, name)
            for _ in range(10):
                await asyncio.sleep(0)
            for call in (second, first):
                call.cancel()
                error = await ended(call)
                assert type(error) is asyncio.CancelledError
                assert (SENT in notes(error)) == (call is first and not matrix_env.in_batch)
            case.sent(posts=1, rooms=1)

    async def connecting() -> None:
        with unreachable() as address:
            detour = Detour(*([0] if matrix_env.reused else []), int(address.partition(":")[2]))
            used: Rule = {"on": "GET /rooms", "faults": ["close"]}
            async with matrix_env.case(resolver=detour, used=used) as case:
                asked = detour.asked
                call = begin(case, name)
                await case.until(lambda: detour.asked > asked)
                call.cancel()
                error = await ended(call)
                assert type(error) is asyncio.CancelledError
                assert not notes(error)
                case.sent(posts=0, rooms=0)

    matrix_env.run(waiting_for_a_connection(), connecting())


@pytest.mark.parametrize("fault", ["hang", "hang_uncommitted"])
def test_row_26_cancelled_after_sending(
    matrix_env: MatrixEnv, name: str | None, fault: str
) -> None:
    """A create cancelled in flight has a note that it may have been applied."""

    async def run_case() -> None:
        async with matrix_env.case(on_create(fault)) as case:
            call = begin(case, name)
            await case.until(lambda: case.posts)
            call.cancel()
            error = await ended(call)
            assert type(error) is asyncio.CancelledError
            # The journal of a batch records which creates were sent.
            assert matrix_env.in_batch or SENT in notes(error)
            await case.until(lambda: len(case.sandbox.rooms) == (fault == "hang"))
            case.sent(posts=1, rooms=int(fault == "hang"))

    matrix_env.run(run_case())


@pytest.mark.parametrize("fault", ["hang", "hang_uncommitted"])
def test_row_27_closed_in_flight(matrix_env: MatrixEnv, name: str | None, fault: str) -> None:
    """Closing the client ends calls in flight immediately, with an unknown outcome."""

    async def run_case() -> None:
        async with matrix_env.case(on_create(fault), leaves_nothing=False, timeout=60) as case:
            call = begin(case, name)
            await case.until(lambda: case.posts)
            connector = connector_of(case.rooms)
            await case.rooms.aclose()
            error = await ended(call)
            assert type(error) is OutcomeUnknownError
            assert error.attempts == 1
            case.sent(posts=1, rooms=int(fault == "hang"))
            assert not connector._acquired
            with pytest.raises(ConfigurationError):
                await case.rooms.create()

    matrix_env.run(run_case())


def test_row_27_closed_and_cancelled_concurrently(matrix_env: MatrixEnv, name: str | None) -> None:
    """Closing does not swallow the caller's cancellation."""

    async def run_case() -> None:
        async with matrix_env.case(on_create("hang"), leaves_nothing=False) as case:
            call = begin(case, name)
            await case.until(lambda: case.posts)
            call.cancel()
            await case.rooms.aclose()
            assert type(await ended(call)) is asyncio.CancelledError
            case.sent(posts=1, rooms=1)

    matrix_env.run(run_case())


def test_row_27_closed_while_waiting(matrix_env: MatrixEnv, name: str | None) -> None:
    """Closing ends a create that waits for its retry immediately, as not applied."""

    async def run_case() -> None:
        refused = {"status": 429, "headers": {"Retry-After": "20"}}
        async with matrix_env.case(on_create(refused), leaves_nothing=False) as case:
            call = begin(case, name)
            await case.until(lambda: case.posts and not connector_of(case.rooms)._acquired)
            await case.rooms.aclose()
            error = await ended(call)
            assert isinstance(error, TelnyxVideoError)
            assert error.outcome is Outcome.NOT_APPLIED
            case.sent(posts=1, rooms=0)

    matrix_env.run(run_case())


NO_QUOTA = attrs.evolve(QUICK, quota=0)


def by_itself(matrix_env: MatrixEnv) -> MatrixEnv:
    """Return the environment for single creates; batches wait for the server instead."""
    return attrs.evolve(matrix_env, in_batch=False)


@pytest.mark.parametrize("fault", ["dropped", "lost", 503])
def test_row_28_quota_exhausted(matrix_env: MatrixEnv, name: str | None, fault: object) -> None:
    """Without quota nothing is posted again, but a lost reply is still looked up."""

    async def run_case() -> None:
        async with by_itself(matrix_env).case(on_create(fault), retry=NO_QUOTA) as case:
            ending = await case.create(name)
            if name and fault == "lost":
                case.is_made(ending, posts=1)
            else:
                case.is_unknown(ending, rooms=int(fault == "lost"))
            assert case.look_ups == (name is not None)

    matrix_env.run(run_case())


def test_row_28_quota_exhausted_before_sending(matrix_env: MatrixEnv, name: str | None) -> None:
    """Without quota a create that was not sent is not retried either."""

    async def run_case() -> None:
        detour = Detour(*([0] if matrix_env.reused else []), closed_port())
        used: Rule = {"on": "GET /rooms", "faults": ["close"]}
        async with by_itself(matrix_env).case(resolver=detour, used=used, retry=NO_QUOTA) as case:
            ending = await case.create(name)
            error = case.failed(ending, TransportError, posts=0, rooms=0)
            assert error.outcome is Outcome.NOT_APPLIED

    matrix_env.run(run_case())


def test_row_28_quota_is_shared_and_runs_out(matrix_env: MatrixEnv) -> None:
    """All creates of a client share one quota; once it is exhausted each is sent once."""

    async def run_case() -> None:
        few = attrs.evolve(QUICK, quota=10)
        plan = on_create({"status": 503}, repeat=True)
        async with by_itself(matrix_env).case(plan, retry=few) as case:
            posts = 0
            for tries in (3, 1, 1):
                ending = await case.create("standup")
                assert type(ending.error) is OutcomeUnknownError
                assert isinstance(ending.error.last_error, ServerError)
                posts += tries
                case.sent(posts=posts, rooms=0)

    matrix_env.run(run_case())


def notes(error: BaseException) -> str:
    """Return the notes of an error."""
    return " ".join(getattr(error, "__notes__", []))
