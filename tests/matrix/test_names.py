"""Rows 15 to 18, 23 and 24: refusals before and after a lost reply, and rooms of others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from matrix.case import Ending, MatrixCase, on_create, on_look_up
from matrix.env import MatrixEnv
from telnyx_video import (
    NameTakenError,
    Outcome,
    OutcomeUnknownError,
    RetryPolicy,
    UnprocessableEntityError,
)
from telnyx_video._execution.reconcile import IfExists

OTHERS = {"unique_name": "standup", "max_participants": 5}

HURRIED = RetryPolicy(deadline=1, backoff=0.01, backoff_max=0.05)


def is_taken(case: MatrixCase, ending: Ending, *, posts: int = 1) -> None:
    """Check that the create ended with `NameTakenError`, which carries the only room."""
    error = case.failed(ending, NameTakenError, posts=posts, rooms=1)
    assert error.room is not None
    assert [error.room.id] == case.room_ids


@pytest.mark.parametrize("refusal", [None, "duplicate", "duplicate_map"])
def test_row_15_name_taken_at_the_first_attempt(matrix_env: MatrixEnv, refusal: str | None) -> None:
    """A taken name raises an error that carries the existing room."""

    async def run_case() -> None:
        async with matrix_env.case(on_create(refusal), rooms=[OTHERS]) as case:
            is_taken(case, await case.create("standup"))

    matrix_env.run(run_case())


@pytest.mark.parametrize("if_exists", ["return", "update"])
def test_row_15_existing_room_is_returned_or_updated(
    matrix_env: MatrixEnv, if_exists: IfExists
) -> None:
    """With `if_exists` the existing room is returned or updated, and reported as existing."""

    async def run_case() -> None:
        async with matrix_env.case(rooms=[OTHERS]) as case:
            ending = await case.create("standup", if_exists=if_exists, max_participants=7)
            assert ending.room is not None
            assert [ending.room.id] == case.room_ids
            assert ending.room.max_participants == (7 if if_exists == "update" else 5)
            case.sent(posts=1, rooms=1)
            if ending.outcome is not None:
                assert ending.outcome.existed
                assert not ending.outcome.recovered
                assert ending.outcome.differences == ("max_participants",)

    matrix_env.run(run_case())


@pytest.mark.parametrize("lost", ["lost", 503])
@pytest.mark.parametrize("unseen", [1, 4])
def test_row_16_name_taken_after_an_unknown_outcome(
    matrix_env: MatrixEnv, lost: object, unseen: int
) -> None:
    """A room that lists do not show yet is looked up until they do, and is recovered."""

    async def run_case() -> None:
        fault = {"status": lost, "commit": "before"} if lost == 503 else lost
        async with matrix_env.case(on_create(fault), on_look_up(*["list_empty"] * unseen)) as case:
            ending = await case.create("standup")
            case.is_made(ending, posts=2, recovered=True)
            assert case.look_ups == unseen + 1

    matrix_env.run(run_case())


def test_row_16_never_visible(matrix_envs: list[MatrixEnv]) -> None:
    """If no list shows the room until the deadline, the outcome is unknown."""

    async def run_case(matrix_env: MatrixEnv) -> None:
        async with matrix_env.case(
            on_create("lost"), on_look_up("list_empty", repeat=True), retry=HURRIED
        ) as case:
            case.is_unknown(await case.create("standup"), posts=2, rooms=1)
            assert case.look_ups > 2

    matrix_envs[0].run(*map(run_case, matrix_envs))


@pytest.mark.parametrize("before", [None, 429, "dropped"])
def test_row_17_another_field_is_refused(
    matrix_env: MatrixEnv, name: str | None, before: object
) -> None:
    """An invalid field is reported immediately, whatever happened before."""

    async def run_case() -> None:
        if name is None and before == "dropped":
            return  # not sent again: row 4
        faults = ["duplicate_other"] if before is None else [before, "duplicate_other"]
        async with matrix_env.case(on_create(*faults)) as case:
            ending = await case.create(name)
            error = case.failed(ending, UnprocessableEntityError, posts=len(faults), rooms=0)
            unknown = before == "dropped"  # the refusal says nothing about the dropped attempt
            assert error.outcome is (Outcome.UNKNOWN if unknown else Outcome.NOT_APPLIED)
            assert case.look_ups == unknown

    matrix_env.run(run_case())


@pytest.mark.parametrize("refusal", [401, 403, 404])
def test_row_18_refused_after_an_unknown_outcome(matrix_env: MatrixEnv, refusal: int) -> None:
    """A refusal says nothing about earlier attempts: the room is found."""

    async def run_case() -> None:
        async with matrix_env.case(on_create("lost", refusal), on_look_up("list_empty")) as case:
            ending = await case.create("standup")
            case.is_made(ending, posts=2, recovered=True)

    matrix_env.run(run_case())


@pytest.mark.parametrize("refusal", [401, 403, 404])
@pytest.mark.parametrize("where", ["create", "look-up"])
def test_row_18_refusal_without_a_listed_room(
    matrix_env: MatrixEnv, refusal: int, where: str
) -> None:
    """If the room is not listed, a refusal does not prove that it does not exist."""

    async def run_case() -> None:
        if where == "create":
            plan = on_create("lost", refusal), on_look_up("list_empty", repeat=True)
        else:
            plan = on_create("lost"), on_look_up(refusal, repeat=True)
        async with matrix_env.case(*plan, retry=HURRIED) as case:
            ending = await case.create("standup")
            error = case.is_unknown(ending, posts=2 if where == "create" else 1, rooms=1)
            assert getattr(error.last_error, "status", None) == refusal

    matrix_env.run(run_case())


def test_row_23_two_rooms_with_the_same_name(matrix_env: MatrixEnv) -> None:
    """If two rooms have the name, the error names both and returns neither."""

    async def run_case() -> None:
        async with matrix_env.case(on_create("lost"), on_look_up("list_doubled")) as case:
            ending = await case.create("standup")
            error = case.failed(ending, OutcomeUnknownError, posts=1, rooms=1)
            ids = [word.strip(",") for word in str(error).split() if word.count("-") == 4]
            assert len(set(ids)) == 2
            assert case.room_ids[0] in ids

    matrix_env.run(run_case())


@pytest.mark.parametrize("if_exists", ["error", "return"])
@pytest.mark.parametrize("lost", ["dropped", "lost", "lost_reset"])
def test_row_24_other_settings(matrix_env: MatrixEnv, lost: str, if_exists: IfExists) -> None:
    """A room with other settings was not created by this call, though it has the name."""

    async def run_case() -> None:
        async with matrix_env.case(on_create(lost), rooms=[OTHERS]) as case:
            ending = await case.create("standup", if_exists=if_exists, max_participants=7)
            if if_exists == "error":
                is_taken(case, ending)
                return
            assert ending.room is not None
            assert ending.room.max_participants == 5
            case.sent(posts=1, rooms=1)
            if ending.outcome is not None:
                assert (ending.outcome.existed, ending.outcome.recovered) == (True, False)
                assert ending.outcome.differences == ("max_participants",)

    matrix_env.run(run_case())


@pytest.mark.parametrize("if_exists", ["error", "return"])
def test_row_24_older_than_the_first_attempt(matrix_env: MatrixEnv, if_exists: IfExists) -> None:
    """A room older than the first attempt was not created by this call."""

    async def run_case() -> None:
        async with matrix_env.case(rooms=[OTHERS]) as case:
            made = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
            data = [{**room, "created_at": made} for room in case.sandbox.rooms]
            shown = on_look_up({"body": {"json": {"data": data}}}, repeat=True)
            case.sandbox.faults = [on_create("dropped"), shown]
            ending = await case.create("standup", if_exists=if_exists, max_participants=5)
            if if_exists == "error":
                is_taken(case, ending)
                return
            assert ending.room is not None
            case.sent(posts=1, rooms=1)
            assert ending.outcome is None or ending.outcome.existed
            assert ending.outcome is None or not ending.outcome.differences

    matrix_env.run(run_case())
