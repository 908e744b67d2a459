"""Rows 30 and 31: deletes and updates whose answers are lost."""

from __future__ import annotations

import pytest

from matrix.scene import Scene
from matrix.stage import Stage
from telnyx_video import NotFoundError, OutcomeUnknownError

THEIRS = {"unique_name": "standup", "max_participants": 5}


def room_id(scene: Scene) -> str:
    """The id of the only room."""
    return str(scene.room_ids[0])


@pytest.mark.parametrize("fault", ["lost", "lost_reset", "garbage", "dropped", "late"])
@pytest.mark.parametrize("times", [1, 2])
def test_row_30_delete_whose_answer_is_lost(stage: Stage, fault: str, times: int) -> None:
    """A delete is sent again, and "not found" then says that it had been done."""

    async def scene() -> None:
        plan = {"on": "DELETE /rooms/{id}", "faults": [fault] * times}
        async with stage.scene(plan, rooms=[THEIRS]) as scene:
            await scene.rooms.delete(room_id(scene))
            assert scene.count("DELETE /v2/rooms/{id}") == 1 + times
            scene.sent(posts=0, rooms=0)

    stage.run(scene())


def test_row_30_delete_of_a_room_that_was_not_there(stage: Stage) -> None:
    """Without a lost answer before it "not found" is an error."""

    async def scene() -> None:
        async with stage.scene(rooms=[THEIRS]) as scene:
            known = room_id(scene)
            await scene.rooms.delete(known)
            with pytest.raises(NotFoundError):
                await scene.rooms.delete(known)
            assert scene.count("DELETE /v2/rooms/{id}") == 2
            scene.sent(posts=0, rooms=0)

    stage.run(scene())


@pytest.mark.parametrize("fault", ["lost", "lost_reset", "garbage", "empty", "dropped", 503])
def test_row_31_update_whose_answer_is_lost(stage: Stage, fault: object) -> None:
    """An update is not sent again by itself: nobody knows, until the room is read again."""

    async def scene() -> None:
        plan = {"on": "PATCH /rooms/{id}", "faults": [fault]}
        async with stage.scene(plan, rooms=[THEIRS]) as scene:
            known = room_id(scene)
            with pytest.raises(OutcomeUnknownError):
                await scene.rooms.update(known, max_participants=7)
            assert scene.count("PATCH /v2/rooms/{id}") == 1
            scene.sent(posts=0, rooms=1)
            applied = fault not in ("dropped", 503)
            assert (await scene.rooms.get(known)).max_participants == (7 if applied else 5)

    stage.run(scene())
