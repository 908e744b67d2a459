"""With "update": a room that has the name is changed to the requested settings."""

from __future__ import annotations

import attrs

from execution.steps import (
    LOST,
    OLD,
    OTHER,
    OURS,
    REFUSED,
    TAKEN,
    after_wait,
    delivery,
    error_of,
    fail,
    fail_update,
    find,
    lost,
    updating,
)
from telnyx_video import (
    AuthenticationError,
    Outcome,
    OutcomeUnknownError,
    PermissionDeniedError,
    RetryPolicy,
)
from telnyx_video._execution.reconcile import (
    CreateResult,
    LookUp,
    Send,
    Update,
)


def test_an_update_is_repeated_after_transient_failures() -> None:
    """While the room, which is read again after each failure, still differs."""
    create = updating()
    assert after_wait(fail_update(create, REFUSED)) == LookUp("standup")
    assert find(create, OTHER) == Update(OTHER)
    assert after_wait(fail_update(create, LOST)) == LookUp("standup")
    assert find(create, OTHER) == Update(OTHER)
    assert after_wait(fail_update(create, LOST)) == LookUp("standup")
    assert find(create, OLD) == CreateResult(OLD, existed=True, differences=("max_participants",))


def test_a_refused_update_ends_the_create() -> None:
    """With the API's error."""
    refusal = PermissionDeniedError(403)
    assert error_of(fail_update(updating(), refusal)) is refusal


def test_the_error_of_an_unknown_update_says_so() -> None:
    """It advises a call that reads the room before it repeats the update."""
    create = updating()
    error = error_of(fail_update(create, LOST, now=59.99))
    assert isinstance(error, OutcomeUnknownError)
    assert str(error) == (
        "room 'standup' existed, and whether it was updated is unknown (POST /rooms failed: Server "
        'disconnected) - repeat the create with if_exists="update", which reads the room first'
    )


def test_a_refusal_after_a_lost_update_leaves_the_outcome_unknown() -> None:
    """A later refusal does not undo an update that may have been applied."""
    create = updating()
    fail_update(create, LOST)
    find(create, OTHER)
    assert error_of(fail_update(create, AuthenticationError(401))).outcome is Outcome.UNKNOWN


def test_an_update_that_cannot_be_sent_is_the_error() -> None:
    """The error says why the room was not updated, not that its name is taken."""
    create = updating()
    error = error_of(fail_update(create, REFUSED, now=59.99))
    assert error is REFUSED


def test_a_room_made_after_the_other_was_deleted_is_ours() -> None:
    """If the room to update is gone and the create makes a new one, that did not exist before."""
    create = lost("update")
    assert find(create, OTHER) == Update(OTHER)
    assert after_wait(fail_update(create, LOST)) == LookUp("standup")
    assert find(create) == Send()
    assert after_wait(fail(create, LOST)) == LookUp("standup")
    step = find(create, OURS)
    assert isinstance(step, CreateResult)
    assert (step.room, step.existed) == (OURS, False)


def test_updates_count_as_attempts() -> None:
    """An update whose reply is lost each time is given up like any other request."""
    create = delivery(if_exists="update", policy=RetryPolicy(attempts=2))
    fail(create, TAKEN)
    step = find(create, OTHER)
    for _ in range(3):
        if step != Update(OTHER):
            break
        assert after_wait(fail_update(create, LOST)) == LookUp("standup")
        step = find(create, OTHER)
    assert isinstance(error_of(step), OutcomeUnknownError)


def test_a_refused_update_of_a_room_that_may_be_ours_leaves_the_outcome_unknown() -> None:
    """If a lost POST may have made the room, a refused PATCH does not undo that."""
    create = lost("update")
    room = attrs.evolve(OURS, max_participants=50)
    assert find(create, room) == Update(room)
    assert error_of(fail_update(create, AuthenticationError(401))).outcome is Outcome.UNKNOWN
