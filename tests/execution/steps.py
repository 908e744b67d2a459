"""Drives one create step by step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs

from execution.model import ASKED, NAME
from telnyx_video import (
    CreateRoomRequest,
    ErrorDetail,
    NameTakenError,
    Outcome,
    RateLimitError,
    RetryPolicy,
    Room,
    TelnyxVideoError,
    TransportError,
)
from telnyx_video._execution.reconcile import (
    CreateResult,
    IfExists,
    LookUp,
    Reconciler,
    Step,
    Update,
    Wait,
)
from telnyx_video._execution.retry import RetryBudget, RetryState

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
OURS = Room(id="room-1", unique_name=NAME, max_participants=10, created_at=NOW)
OLD = attrs.evolve(OURS, created_at=NOW - timedelta(minutes=1))
OTHER = attrs.evolve(OLD, max_participants=50)

LOST = TransportError("POST /rooms failed: Server disconnected - look first", Outcome.UNKNOWN)
REFUSED = TransportError("POST /rooms failed: Connection refused - try again")
TAKEN = NameTakenError(422, (ErrorDetail("Name taken", "10012", pointer="/unique_name"),), "id-1")
BUSY = RateLimitError(429)


def delivery(
    request: CreateRoomRequest = ASKED,
    if_exists: IfExists = "error",
    policy: RetryPolicy | None = None,
) -> Reconciler:
    """Make a create that began at 0."""
    policy = policy or RetryPolicy()
    return Reconciler(request, if_exists, RetryState(policy, RetryBudget(policy.quota), 0.0), 0.0)


def fail(create: Reconciler, error: TelnyxVideoError, now: float = 1.0) -> Step:
    """Fail its POST."""
    return create.failed(error, now, 0.5)


def find(create: Reconciler, *rooms: Room, now: float = 1.5) -> Step:
    """Answer its look-up with these rooms."""
    return create.looked_up(rooms, NOW, now, 0.5)


def fail_update(create: Reconciler, error: TelnyxVideoError, now: float = 2.0) -> Step:
    """Fail its PATCH."""
    return create.update_failed(error, now, 0.5)


def lost(if_exists: IfExists = "error", policy: RetryPolicy | None = None) -> Reconciler:
    """Make a create whose first reply was lost."""
    create = delivery(ASKED, if_exists, policy)
    assert after_wait(fail(create, LOST)) == LookUp("standup")
    return create


def updating() -> Reconciler:
    """Make a create that found another room of the name, and has to update it."""
    create = delivery(if_exists="update")
    assert fail(create, TAKEN) == LookUp("standup")
    assert find(create, OTHER) == Update(OTHER)
    return create


def after_wait(step: Step) -> Step:
    """Return the step after the wait."""
    assert isinstance(step, Wait)
    assert step.seconds >= 0
    return step.then


def error_of(step: Step) -> TelnyxVideoError:
    """Return the error that a create ends with."""
    assert isinstance(step, CreateResult)
    assert step.error is not None
    assert step.room is None
    return step.error
