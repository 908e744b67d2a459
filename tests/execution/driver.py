"""Carries out the reconciler's steps against the model, as the client does against a server."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import assert_never

import attrs

from execution.model import ASKED, ASKED_NAMELESS, EARLIER, Server, World
from telnyx_video import Outcome, RateLimitError, RetryPolicy, TelnyxVideoError
from telnyx_video._execution.reconcile import (
    CreateResult,
    IfExists,
    LookUp,
    Reconciler,
    Send,
    Step,
    Update,
    Wait,
)
from telnyx_video._execution.retry import RetryBudget, RetryState

MOST_STEPS = 5000
"""More than fit into any deadline here, as each request takes a tenth of a second."""


@attrs.define
class Course:
    """The course of one create: its end, and its requests."""

    server: Server
    policy: RetryPolicy
    quota: RetryBudget
    posts: int = 0
    refusals: int = 0
    """POSTs that were refused with 429."""
    patch_refusals: int = 0
    known_applied: bool = False
    """Whether a reply said that a room was made, though not with which settings."""
    unresolved: int = 0
    """POSTs and PATCHes of unknown outcome."""
    posts_after_unknown: int = 0
    look_ups_after_unknown: int = 0
    """Reset by each POST of unknown outcome."""
    steps: int = 0
    post_unresolved: bool = False
    end: CreateResult = attrs.field(factory=CreateResult)

    def note_post(self, error: TelnyxVideoError) -> None:
        """Count a POST that failed."""
        self.refusals += isinstance(error, RateLimitError)
        self.known_applied |= error.outcome is Outcome.APPLIED
        if error.outcome is Outcome.UNKNOWN:
            self.unresolved += 1
            self.post_unresolved = True
            self.look_ups_after_unknown = 0

    def note_patch(self, error: TelnyxVideoError) -> None:
        """Count a PATCH that failed."""
        self.patch_refusals += isinstance(error, RateLimitError)
        self.unresolved += error.outcome is Outcome.UNKNOWN


def deliver(
    world: World,
    if_exists: IfExists = "error",
    policy: RetryPolicy | None = None,
    randoms: Sequence[float] = (0.5,),
) -> Course:
    """Run one create to its end."""
    policy = policy or RetryPolicy()
    course = Course(Server(world), policy, RetryBudget(policy.quota))
    draw = itertools.cycle(randoms)
    request = ASKED if world.named else ASKED_NAMELESS
    began = 0.0 if world.earlier is None else -EARLIER
    delivery = Reconciler(request, if_exists, RetryState(policy, course.quota, 0.0), began)
    step: Step = Send()
    if world.earlier is not None:
        course.unresolved = course.posts = 1
        step = delivery.resumed()
    while not isinstance(step, CreateResult):
        course.steps += 1
        assert course.steps < MOST_STEPS, "a call that never ends"
        step = _take(step, delivery, course, next(draw))
    course.end = step
    return course


def _take(step: Step, delivery: Reconciler, course: Course, random: float) -> Step:
    try:
        return _act(step, delivery, course, random)
    except TelnyxVideoError as error:
        return _fail(step, error, delivery, course, random)


def _act(step: Step, delivery: Reconciler, course: Course, random: float) -> Step:
    server, deadline = course.server, course.policy.deadline
    match step:
        case Wait():
            server.sleep(step.seconds)
            return step.then
        case Send():
            course.posts += 1
            course.posts_after_unknown += course.post_unresolved
            return delivery.created(server.post(course.policy.sending_time))
        case LookUp():
            course.look_ups_after_unknown += 1
            rooms, date = server.get(deadline)
            return delivery.looked_up(rooms, date, server.now, random)
        case Update():
            return delivery.updated(server.patch(step.room, deadline))
        case CreateResult():
            return step
        case _:
            assert_never(step)


def _fail(
    step: Step, error: TelnyxVideoError, delivery: Reconciler, course: Course, random: float
) -> Step:
    now = course.server.now
    match step:
        case Wait():
            return delivery.interrupted(error)
        case Send():
            course.note_post(error)
            return delivery.failed(error, now, random)
        case LookUp():
            return delivery.look_up_failed(error, now, random)
        case Update():
            course.note_patch(error)
            return delivery.update_failed(error, now, random)
        case CreateResult():
            return step
        case _:
            assert_never(step)
