"""Rows 30 and 31: deletes and updates whose replies are lost."""

from __future__ import annotations

import pytest

from matrix.case import MatrixCase
from matrix.env import MatrixEnv
from telnyx_video import NotFoundError, OutcomeUnknownError

THEIRS = {"unique_name": "standup", "max_participants": 5}


def room_id(case: MatrixCase) -> str:
    """The id of the only room."""
    return str(case.room_ids[0])


@pytest.mark.parametrize("fault", ["lost", "lost_reset", "garbage", "dropped", "late"])
@pytest.mark.parametrize("times", [1, 2])
def test_row_30_delete_whose_answer_is_lost(matrix_env: MatrixEnv, fault: str, times: int) -> None:
    """A delete is sent again, and "not found" then counts as success."""

    async def run_case() -> None:
        plan = {"on": "DELETE /rooms/{id}", "faults": [fault] * times}
        async with matrix_env.case(plan, rooms=[THEIRS]) as case:
            await case.rooms.delete(room_id(case))
            assert case.count("DELETE /v2/rooms/{id}") == 1 + times
            case.sent(posts=0, rooms=0)

    matrix_env.run(run_case())


def test_row_30_delete_of_a_missing_room(matrix_env: MatrixEnv) -> None:
    """Without a lost reply before it, "not found" is an error."""

    async def run_case() -> None:
        async with matrix_env.case(rooms=[THEIRS]) as case:
            known = room_id(case)
            await case.rooms.delete(known)
            with pytest.raises(NotFoundError):
                await case.rooms.delete(known)
            assert case.count("DELETE /v2/rooms/{id}") == 2
            case.sent(posts=0, rooms=0)

    matrix_env.run(run_case())


@pytest.mark.parametrize("fault", ["lost", "lost_reset", "garbage", "empty", "dropped", 503])
def test_row_31_update_whose_answer_is_lost(matrix_env: MatrixEnv, fault: object) -> None:
    """An update is not repeated: its outcome is unknown until the room is read again."""

    async def run_case() -> None:
        plan = {"on": "PATCH /rooms/{id}", "faults": [fault]}
        async with matrix_env.case(plan, rooms=[THEIRS]) as case:
            known = room_id(case)
            with pytest.raises(OutcomeUnknownError):
                await case.rooms.update(known, max_participants=7)
            assert case.count("PATCH /v2/rooms/{id}") == 1
            case.sent(posts=0, rooms=1)
            applied = fault not in ("dropped", 503)
            assert (await case.rooms.get(known)).max_participants == (7 if applied else 5)

    matrix_env.run(run_case())
