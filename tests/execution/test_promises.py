"""Promises that hold for every create, whatever happens: random courses through the model.

The promises are relative to what the model keeps, above all that the server enforces unique names.
Two things nobody can tell apart from outside: a room of ours, and one that another client made in
the same moment with the same settings; and a room of another's, and one of ours that another
client changed. So who made a room is checked only where others do neither.
"""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from execution.driver import Course, deliver
from execution.model import (
    NAME,
    Answer,
    Deed,
    DeedKind,
    Get,
    GetAnswer,
    Patch,
    PatchAnswer,
    Post,
    World,
)
from telnyx_video import NameTakenError, Outcome, OutcomeUnknownError, RetryPolicy
from telnyx_video._execution.reconcile import IfExists

OVER = 10_000.0
"""By then everything in flight has happened."""

# Values are drawn so that interesting events are frequent: early, and repeated.
latencies = st.sampled_from([0.1, 0.1, 1.0, 20.0])
skews = st.sampled_from([0.0, -2.0, 2.0])
moments = st.sampled_from([0.0, 0.05, 0.15, 0.3, 1.0, 6.0, 40.0])

posts = st.builds(
    Post,
    answer=st.one_of(st.just("lost"), st.sampled_from(get_args(Answer))),
    commit=st.sampled_from([0.0, 0.0, None, 0.5, 30.0]),
    latency=latencies,
    vague=st.booleans(),
)
gets = st.builds(
    Get,
    answer=st.one_of(st.just("rooms"), st.sampled_from(get_args(GetAnswer))),
    hides=st.sampled_from([0.0, 1.0, 60.0]),
    latency=st.sampled_from([0.1, 0.1, 8.0]),
)
patches = st.builds(
    Patch,
    answer=st.one_of(st.just("lost"), st.sampled_from(get_args(PatchAnswer))),
    applied=st.booleans(),
    latency=latencies,
)
policies = st.builds(
    RetryPolicy,
    attempts=st.sampled_from([10, 1, 2, 3]),
    deadline=st.sampled_from([60.0, 5.0, 0.5]),
    backoff=st.sampled_from([0.1, 2.0]),
    quota=st.sampled_from([500, 0, 4, 5, 12]),
)


def worlds(*deeds: DeedKind) -> st.SearchStrategy[World]:
    """Draw a world in which others act like this."""
    deed = st.builds(Deed, at=moments, what=st.sampled_from(deeds))
    return st.builds(
        World,
        named=st.sampled_from([True, True, True, False]),
        earlier=st.one_of(st.none(), st.none(), posts),
        posts=st.lists(posts, max_size=5).map(tuple),
        gets=st.lists(gets, max_size=5).map(tuple),
        patches=st.lists(patches, max_size=4).map(tuple),
        for_ever=st.booleans(),
        before=st.sampled_from([None, "same", "other"]),
        deeds=st.lists(deed, max_size=3).map(tuple),
        refuses_field=st.sampled_from([False, False, False, True]),
        date_skew=skews,
        created_skew=skews,
        closes_at=st.one_of(st.just(OVER), st.just(OVER), st.just(OVER), moments),
    )


def courses(*deeds: DeedKind) -> st.SearchStrategy[Course]:
    """Draw a course of a create in such a world."""
    return st.builds(
        deliver,
        worlds(*deeds),
        st.sampled_from(get_args(IfExists)),
        policies,
        st.lists(st.sampled_from([0.0, 0.3, 0.99]), min_size=1, max_size=4),
    )


whatever_others_do = given(courses(*get_args(DeedKind)))
with_a_known_creator = given(courses("create other", "delete old"))


@whatever_others_do
def test_a_name_never_has_two_rooms(course: Course) -> None:
    """A name never has two rooms, and a nameless create never makes two."""
    course.server.advance(OVER)
    if course.server.world.named:
        assert course.server.most_rooms <= 1
    else:
        assert course.server.made_by_us <= 1


@whatever_others_do
def test_a_nameless_create_of_unknown_outcome_is_not_sent_again(course: Course) -> None:
    """Nothing is posted after a POST that may have been applied."""
    if not course.server.world.named:
        assert course.posts_after_unknown == 0
        assert course.server.gets == course.server.patches == 0


@whatever_others_do
def test_every_call_ends_within_its_deadline(course: Course) -> None:
    """A create ends in time, whatever repeats forever; closing the client ends it immediately."""
    in_time = min(course.policy.deadline, course.server.world.closes_at)
    assert course.server.now <= in_time + 0.01


@whatever_others_do
def test_attempts_and_quota_are_respected(course: Course) -> None:
    """There are no more POSTs than the policy and the quota allow; a 429 counts for neither."""
    tried_before = course.server.world.earlier is not None
    counted = course.posts - course.refusals
    assert counted <= course.policy.attempts + tried_before  # not an earlier run's
    assert 5 * (counted - 1) <= course.policy.quota
    assert course.end.attempts == course.posts
    assert course.server.patches - course.patch_refusals <= course.policy.attempts


@whatever_others_do
def test_a_returned_room_is_on_the_server(course: Course) -> None:
    """It is the room of that name, with the settings that the server has or had."""
    room, error = course.end.room, course.end.error
    assert (room is None) != (error is None)
    if room is not None:
        assert room.id in course.server.made
        assert room.unique_name == (NAME if course.server.world.named else None)


@with_a_known_creator
def test_recovered_and_existed_are_the_truth(course: Course) -> None:
    """``recovered``, ``existed`` and ``NameTakenError`` say correctly who made the room."""
    end, server = course.end, course.server
    if end.room is not None:
        assert server.is_ours(end.room) is not end.existed
        assert not (end.recovered and end.existed)
    if isinstance(end.error, NameTakenError) and end.error.room is not None:
        assert not server.is_ours(end.error.room)


@with_a_known_creator
def test_not_applied_is_the_truth(course: Course) -> None:
    """After NOT_APPLIED the server has nothing of this call, and never will."""
    course.server.advance(OVER)
    if _outcome(course) is Outcome.NOT_APPLIED:
        assert course.server.made_by_us == 0
        assert course.server.patched_by_us == 0


@given(courses("create other", "delete", "change"))
def test_not_applied_is_the_truth_even_if_others_interfere(course: Course) -> None:
    """After NOT_APPLIED no POST was applied, even if another client deleted its room."""
    if _outcome(course) is Outcome.NOT_APPLIED:
        assert course.server.made_by_us == 0


@whatever_others_do
def test_applied_is_the_truth(course: Course) -> None:
    """APPLIED means that this call made a room; a reply that says so is never ignored."""
    if _outcome(course) is Outcome.APPLIED:
        assert course.server.made_by_us
    if course.known_applied:
        assert course.end.room is not None or _outcome(course) is Outcome.APPLIED


@whatever_others_do
def test_unknown_is_reported_only_after_a_lost_reply(course: Course) -> None:
    """Otherwise a call knows its outcome, unless a name has two rooms."""
    if _outcome(course) is Outcome.UNKNOWN:
        assert course.unresolved or "rooms have the name" in str(course.end.error)


@whatever_others_do
def test_a_lost_reply_is_always_looked_up(course: Course) -> None:
    """After each POST of a named create that may have been applied, the name is looked up."""
    if course.server.world.named and course.server.now < course.server.world.closes_at:
        assert not course.post_unresolved or course.look_ups_after_unknown


@whatever_others_do
def test_every_error_is_one_line_with_a_hint(course: Course) -> None:
    """Each error prints one line: what happened and, after a dash, what to do."""
    error = course.end.error
    if isinstance(error, OutcomeUnknownError | NameTakenError):
        assert "\n" not in str(error)
        assert " - " in str(error)


def _outcome(course: Course) -> Outcome | None:
    return course.end.error.outcome if course.end.error is not None else None
