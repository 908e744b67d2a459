"""When a create is given up, and what is said then: only what is known, and what to do."""

from __future__ import annotations

import attrs
import pytest

from execution.steps import (
    BUSY,
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
)
from telnyx_video import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    CreateRoomRequest,
    ErrorDetail,
    NameTakenError,
    NotFoundError,
    Outcome,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimit,
    RateLimitError,
    ResponseDecodeError,
    RetryPolicy,
    Room,
    ServerError,
    TelnyxVideoError,
    TransportError,
    UnprocessableEntityError,
)
from telnyx_video._execution.evidence import differing_fields
from telnyx_video._execution.reconcile import (
    FULL_SEARCH,
    MAX_LOOK_UPS,
    CreateResult,
    IfExists,
    LookUp,
    Reconciler,
    Send,
    Wait,
)
from telnyx_video.models import RoomFields


def test_attempts_are_kept() -> None:
    """The policy's attempts are all there are, be the create in doubt or not."""
    policy = RetryPolicy(attempts=2)
    create = delivery(policy=policy)
    assert after_wait(fail(create, REFUSED)) == Send()
    assert error_of(fail(create, REFUSED)) is REFUSED

    create = lost(policy=policy)
    assert find(create) == Send()
    assert after_wait(fail(create, LOST)) == LookUp("standup")
    assert isinstance(error_of(find(create)), OutcomeUnknownError)


def test_a_spent_quota_forbids_sending_but_not_looking() -> None:
    """Without tokens nothing is sent again, but a lost answer is still looked into."""
    policy = RetryPolicy(quota=0)
    assert error_of(fail(delivery(policy=policy), REFUSED)) is REFUSED
    assert find(lost(policy=policy), OURS) == CreateResult(OURS, recovered=True)
    error = error_of(find(lost(policy=policy)))
    assert isinstance(error, OutcomeUnknownError)
    assert str(error) == (
        "room 'standup' was asked for once and may exist (POST /rooms failed: Server "
        'disconnected) - the same create with if_exists="return" can safely be repeated'
    )


def test_being_told_to_wait_costs_nothing() -> None:
    """A 429 is waited out for as long as the deadline allows, without attempts and quota."""
    policy = RetryPolicy(attempts=2, quota=0)
    create = delivery(policy=policy)
    for _ in range(20):
        assert after_wait(fail(create, BUSY)) == Send()
    assert error_of(fail(create, BUSY, now=60.0)) is BUSY


def test_being_told_to_wait_in_doubt_costs_nothing() -> None:
    """A 429 is waited out for free after a lost answer, too; meanwhile the name is looked up."""
    create = lost(policy=RetryPolicy(attempts=2, quota=5))
    for _ in range(20):
        assert find(create) == Send()
        assert after_wait(fail(create, BUSY)) == LookUp("standup")


def test_whoever_wants_one_attempt_is_not_made_to_wait() -> None:
    """With one attempt a 429 is the end."""
    assert error_of(fail(delivery(policy=RetryPolicy.none()), BUSY)) is BUSY


def test_what_the_server_says_is_waited() -> None:
    """After a 429 the wait is what its ``Retry-After`` says, and a little more."""
    busy = RateLimitError(429, rate_limit=RateLimit(retry_after=7.0))
    step = fail(delivery(), busy)
    assert isinstance(step, Wait)
    assert 7.0 <= step.seconds <= 7.1


@pytest.mark.parametrize("error", [REFUSED, BUSY])
def test_at_the_deadline_the_last_failure_is_told(error: TelnyxVideoError) -> None:
    """When no wait fits before the deadline, the create ends with what it knows: not applied."""
    end = error_of(fail(delivery(), error, now=59.99))
    assert end is error
    assert end.outcome is Outcome.NOT_APPLIED


def test_time_is_left_to_look_into_a_lost_answer() -> None:
    """However long the next wait would be, a look-up is made before the deadline."""
    create = delivery(policy=RetryPolicy(deadline=10.0, backoff=8.0))
    step = create.failed(LOST, now=7.0, random=0.9)
    assert after_wait(step) == LookUp("standup")
    assert isinstance(step, Wait)
    assert 7.0 + step.seconds < 10.0


def test_time_is_left_to_look_into_each_lost_answer() -> None:
    """The last look-up that fits before the deadline is due to every lost answer."""
    create = delivery(policy=RetryPolicy(deadline=10.0, backoff=8.0))
    assert after_wait(create.failed(LOST, 3.0, 0.99)) == LookUp("standup")
    assert find(create, now=7.0) == Send()
    assert after_wait(create.failed(LOST, 7.5, 0.99)) == LookUp("standup")


def test_a_long_retry_after_does_not_keep_from_looking() -> None:
    """A create in doubt that is told to come back after the deadline looks the name up before."""
    create = lost()
    assert find(create) == Send()
    busy = RateLimitError(429, rate_limit=RateLimit(retry_after=120.0))
    step = fail(create, busy)
    assert after_wait(step) == LookUp("standup")


def test_a_refused_connection_in_doubt_leads_to_a_look_up() -> None:
    """In doubt a POST that was not sent is not just sent again: first the name is looked up."""
    create = lost()
    assert find(create) == Send()
    assert after_wait(fail(create, REFUSED)) == LookUp("standup")


@pytest.mark.parametrize(
    "refusal",
    [
        BadRequestError(400),
        AuthenticationError(401),
        PermissionDeniedError(403),
        NotFoundError(404),
        UnprocessableEntityError(422),
    ],
)
def test_a_refusal_does_not_undo_what_is_in_doubt(refusal: ApiError) -> None:
    """After a lost answer a refusal leads to a look-up, and never to "not applied"."""
    create = lost()
    find(create)
    assert fail(create, refusal) == LookUp("standup")
    assert find(create, OURS) == CreateResult(OURS, attempts=2, recovered=True)

    create = lost()
    find(create)
    fail(create, refusal)
    step = find(create)
    if isinstance(
        refusal, BadRequestError | UnprocessableEntityError
    ):  # it may mean the name: look until the end
        assert after_wait(step) == LookUp("standup")
        step = find(create, now=60.0)
    error = error_of(step)
    assert isinstance(error, OutcomeUnknownError)
    assert "was asked for 2 times and may exist" in str(error)


def test_a_refused_field_ends_even_what_is_in_doubt() -> None:
    """A field that is refused now was refused before: no room was made, and none will be."""
    create = lost()
    find(create)
    detail = ErrorDetail("must be a URL", pointer="/webhook_event_url")
    refusal = UnprocessableEntityError(422, (detail,))
    assert error_of(fail(create, refusal)) is refusal


@pytest.mark.parametrize("pointer", [None, "/unique_name"])
def test_a_refusal_that_may_mean_the_name_is_looked_into(pointer: str | None) -> None:
    """The API's words for a name taken are undocumented: in doubt, any that may mean it counts."""
    create = lost()
    find(create)
    refusal = UnprocessableEntityError(422, (ErrorDetail("no", pointer=pointer),))
    assert fail(create, refusal) == LookUp("standup")


@pytest.mark.parametrize(
    "error", [TransportError("certificate", retryable=False), ConfigurationError("closed")]
)
def test_what_ends_a_create_in_doubt_leaves_it_in_doubt(error: TelnyxVideoError) -> None:
    """In doubt, a failure to send again is no answer: the outcome stays unknown."""
    create = lost()
    find(create)
    assert isinstance(error_of(fail(create, error)), OutcomeUnknownError)
    assert isinstance(error_of(lost().interrupted(error)), OutcomeUnknownError)


def test_a_room_that_was_made_is_not_forgotten() -> None:
    """A reply of which only the room's id can be read means APPLIED: the room is looked up."""
    unreadable = ResponseDecodeError("unreadable", Outcome.APPLIED, 201, room_id="room-1")
    nameless = delivery(CreateRoomRequest(max_participants=2))
    assert error_of(fail(nameless, unreadable)) is unreadable

    for create in (delivery(), lost()):
        assert fail(create, unreadable) == LookUp("standup")
        assert find(create, OURS) == CreateResult(OURS, attempts=create.state.sent, recovered=True)

    for create in (delivery(), lost()):
        step = fail(create, unreadable)
        while not isinstance(step, CreateResult):
            step = find(create)
        assert error_of(step) is unreadable
        assert create.look_ups <= MAX_LOOK_UPS

    another = delivery()
    fail(another, unreadable)
    assert error_of(find(another, attrs.evolve(OURS, id="room-2"))) is unreadable


def test_waiting_is_over_when_the_client_is_closed() -> None:
    """A create that was waiting to be sent when the client was closed was not applied."""
    closed = ConfigurationError("this client is closed")
    create = delivery()
    fail(create, REFUSED)
    assert error_of(create.interrupted(closed)) is closed


def test_a_failed_look_up_is_repeated() -> None:
    """A look-up that fails in a way that may pass is made again, quota or not."""
    create = lost(policy=RetryPolicy(attempts=1, quota=0))
    for error in (BUSY, REFUSED, ServerError(503, outcome=Outcome.NOT_APPLIED)):
        assert after_wait(create.look_up_failed(error, 2.0, 0.5)) == LookUp("standup")
    assert find(create, OURS) == CreateResult(OURS, recovered=True)


def test_a_look_up_that_must_fail_leaves_the_doubt() -> None:
    """If the key may not list rooms, what became of the create cannot be found out."""
    error = error_of(lost().look_up_failed(PermissionDeniedError(403), 2.0, 0.5))
    assert isinstance(error, OutcomeUnknownError)
    assert error.outcome is Outcome.UNKNOWN


def test_a_name_taken_is_certain_without_the_room() -> None:
    """A few look-ups are spent on finding the room that has the name, then the error does."""
    create = delivery()
    step = fail(create, TAKEN)
    for _ in range(MAX_LOOK_UPS - 1):
        assert step == LookUp("standup")
        step = after_wait(find(create))
    assert step == LookUp(None)
    error = error_of(create.look_up_failed(BUSY, 2.0, 0.5))
    assert error is TAKEN
    assert TAKEN.room is None


@pytest.mark.parametrize("if_exists", ["return", "update"])
def test_the_room_that_is_wanted_is_looked_for_until_the_deadline(if_exists: IfExists) -> None:
    """Whoever wants the room that exists gets it as soon as a look-up shows it."""
    create = delivery(if_exists=if_exists)
    step = fail(create, TAKEN)
    for number in range(1, 10):
        assert step == LookUp(None if number == FULL_SEARCH else "standup")
        step = after_wait(find(create))
    assert find(create, OLD) == CreateResult(OLD, existed=True)
    assert error_of(find(create, now=59.99)).outcome is Outcome.NOT_APPLIED


@pytest.mark.parametrize("if_exists", ["return", "update"])
def test_nobody_is_told_to_do_what_he_did(if_exists: IfExists) -> None:
    """If the room that exists cannot be found, the error does not advise to return it."""
    create = delivery(if_exists=if_exists)
    fail(create, TAKEN)
    error = error_of(create.look_up_failed(PermissionDeniedError(403), 2.0, 0.5))
    assert 'pass if_exists="' not in str(error)


@pytest.mark.parametrize("create", [delivery(), lost()])
def test_two_rooms_of_a_name_are_an_error_that_names_both(create: Reconciler) -> None:
    """If the server did not keep the name unique, no room is chosen; the error names them all."""
    fail(create, TAKEN)
    error = error_of(find(create, OURS, attrs.evolve(OURS, id="room-2")))
    assert isinstance(error, OutcomeUnknownError)
    assert str(error) == (
        "2 rooms have the name 'standup': room-1 and room-2 - the server did not keep it unique; "
        "delete all but one, then repeat the create"
    )


def test_a_long_name_does_not_fill_the_message() -> None:
    """Where nobody knows which room is whose, or whether there is one, the name is cut short."""
    long = CreateRoomRequest(unique_name="x" * 4000, max_participants=10)
    ours, other = (attrs.evolve(room, unique_name="x" * 4000) for room in (OURS, OTHER))
    policy = RetryPolicy(quota=0)
    doubtful = delivery(long, policy=policy)
    fail(doubtful, LOST)
    doubled = delivery(long)
    fail(doubled, TAKEN)
    updated = delivery(long, if_exists="update", policy=policy)
    fail(updated, TAKEN)
    find(updated, other)
    fail_update(updated, LOST)
    for step in (
        find(doubtful),
        find(doubled, ours, attrs.evolve(ours, id="room-2")),
        find(updated, other),
    ):
        error = error_of(step)
        assert isinstance(error, OutcomeUnknownError)
        assert "'xxx" in str(error)
        assert len(str(error)) < 300


def test_a_room_of_ours_that_another_changed_is_not_called_not_applied() -> None:
    """A room made since the create began may be ours, even if its settings are others by now."""
    room = attrs.evolve(OURS, max_participants=50)
    error = error_of(find(lost(), room))
    assert isinstance(error, NameTakenError)
    assert error.room is room
    assert error.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("asked", "found", "differences"),
    [
        ({"max_participants": 10}, {"max_participants": 11}, ("max_participants",)),
        ({"max_participants": 10}, {}, ()),
        ({"enable_recording": False}, {"enable_recording": True}, ("enable_recording",)),
        ({"webhook_event_failover_url": ""}, {}, ()),
        ({"webhook_event_failover_url": None}, {"webhook_event_failover_url": ""}, ()),
        ({"webhook_event_url": "https://a.example"}, {}, ("webhook_event_url",)),
        ({"webhook_timeout_secs": 0}, {}, ("webhook_timeout_secs",)),
        ({}, {"max_participants": 50, "enable_recording": True}, ()),
    ],
)
def test_only_what_was_asked_can_differ(
    asked: RoomFields, found: dict[str, object], differences: tuple[str, ...]
) -> None:
    """Fields not asked for, and the many ways of saying "none", are no difference."""
    room = Room.from_dict({"id": "room-1", **found})
    assert differing_fields(CreateRoomRequest(**asked), room) == differences
