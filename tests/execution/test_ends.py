"""When a create is given up, and what its error says: the known facts, and what to do."""

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


def test_attempts_are_bounded() -> None:
    """The policy's attempts are never exceeded, whether or not the outcome is unknown."""
    policy = RetryPolicy(attempts=2)
    create = delivery(policy=policy)
    assert after_wait(fail(create, REFUSED)) == Send()
    assert error_of(fail(create, REFUSED)) is REFUSED

    create = lost(policy=policy)
    assert find(create) == Send()
    assert after_wait(fail(create, LOST)) == LookUp("standup")
    assert isinstance(error_of(find(create)), OutcomeUnknownError)


def test_a_spent_quota_forbids_sending_but_not_looking_up() -> None:
    """Without tokens nothing is sent again, but a lost reply is still looked up."""
    policy = RetryPolicy(quota=0)
    assert error_of(fail(delivery(policy=policy), REFUSED)) is REFUSED
    assert find(lost(policy=policy), OURS) == CreateResult(OURS, recovered=True)
    error = error_of(find(lost(policy=policy)))
    assert isinstance(error, OutcomeUnknownError)
    assert str(error) == (
        "room 'standup' was asked for once and may exist (POST /rooms failed: Server "
        'disconnected) - the same create with if_exists="return" can safely be repeated'
    )


def test_a_429_costs_neither_attempts_nor_quota() -> None:
    """A 429 is waited out for as long as the deadline allows."""
    policy = RetryPolicy(attempts=2, quota=0)
    create = delivery(policy=policy)
    for _ in range(20):
        assert after_wait(fail(create, BUSY)) == Send()
    assert error_of(fail(create, BUSY, now=60.0)) is BUSY


def test_a_429_after_a_lost_reply_costs_nothing() -> None:
    """It is waited out for free, and the name is looked up afterwards."""
    create = lost(policy=RetryPolicy(attempts=2, quota=5))
    for _ in range(20):
        assert find(create) == Send()
        assert after_wait(fail(create, BUSY)) == LookUp("standup")


def test_with_one_attempt_a_429_is_final() -> None:
    """The create does not wait."""
    assert error_of(fail(delivery(policy=RetryPolicy.none()), BUSY)) is BUSY


def test_retry_after_is_respected() -> None:
    """After a 429 the wait is its ``Retry-After``, and a little more."""
    busy = RateLimitError(429, rate_limit=RateLimit(retry_after=7.0))
    step = fail(delivery(), busy)
    assert isinstance(step, Wait)
    assert 7.0 <= step.seconds <= 7.1


@pytest.mark.parametrize("error", [REFUSED, BUSY])
def test_at_the_deadline_the_last_failure_is_reported(error: TelnyxVideoError) -> None:
    """If no wait fits before the deadline, the create ends with its last error: not applied."""
    end = error_of(fail(delivery(), error, now=59.99))
    assert end is error
    assert end.outcome is Outcome.NOT_APPLIED


def test_time_is_left_to_look_up_a_lost_reply() -> None:
    """However long the next wait would be, the name is looked up before the deadline."""
    create = delivery(policy=RetryPolicy(deadline=10.0, backoff=8.0))
    step = create.failed(LOST, now=7.0, random=0.9)
    assert after_wait(step) == LookUp("standup")
    assert isinstance(step, Wait)
    assert 7.0 + step.seconds < 10.0


def test_time_is_left_to_look_up_each_lost_reply() -> None:
    """Each lost reply has its own last look-up before the deadline."""
    create = delivery(policy=RetryPolicy(deadline=10.0, backoff=8.0))
    assert after_wait(create.failed(LOST, 3.0, 0.99)) == LookUp("standup")
    assert find(create, now=7.0) == Send()
    assert after_wait(create.failed(LOST, 7.5, 0.99)) == LookUp("standup")


def test_a_long_retry_after_does_not_prevent_the_look_up() -> None:
    """If a 429 says to wait beyond the deadline, the name is looked up before."""
    create = lost()
    assert find(create) == Send()
    busy = RateLimitError(429, rate_limit=RateLimit(retry_after=120.0))
    step = fail(create, busy)
    assert after_wait(step) == LookUp("standup")


def test_a_refused_connection_after_a_lost_reply_leads_to_a_look_up() -> None:
    """The POST is not just sent again: the name is looked up first."""
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
def test_a_refusal_does_not_resolve_a_lost_reply(refusal: ApiError) -> None:
    """After a lost reply a refusal leads to a look-up, and never to "not applied"."""
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
    ):  # it may be about the name: look up until the end
        assert after_wait(step) == LookUp("standup")
        step = find(create, now=60.0)
    error = error_of(step)
    assert isinstance(error, OutcomeUnknownError)
    assert "was asked for 2 times and may exist" in str(error)


def test_a_refused_field_resolves_a_lost_reply() -> None:
    """The field was refused before as well: no room was made, and none will be."""
    create = lost()
    find(create)
    detail = ErrorDetail("must be a URL", pointer="/webhook_event_url")
    refusal = UnprocessableEntityError(422, (detail,))
    assert error_of(fail(create, refusal)) is refusal


@pytest.mark.parametrize("pointer", [None, "/unique_name"])
def test_a_refusal_that_may_be_about_the_name_leads_to_a_look_up(pointer: str | None) -> None:
    """The API's words for a taken name are undocumented, so any that may mean it counts."""
    create = lost()
    find(create)
    refusal = UnprocessableEntityError(422, (ErrorDetail("no", pointer=pointer),))
    assert fail(create, refusal) == LookUp("standup")


@pytest.mark.parametrize(
    "error", [TransportError("certificate", retryable=False), ConfigurationError("closed")]
)
def test_a_permanent_failure_leaves_the_outcome_unknown(error: TelnyxVideoError) -> None:
    """After a lost reply, a failure to send again is no answer."""
    create = lost()
    find(create)
    assert isinstance(error_of(fail(create, error)), OutcomeUnknownError)
    assert isinstance(error_of(lost().interrupted(error)), OutcomeUnknownError)


def test_a_room_known_by_its_id_is_looked_up() -> None:
    """A reply of which only the room's id can be read means APPLIED."""
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


def test_closing_the_client_ends_the_wait() -> None:
    """A create that was waiting to be sent was not applied."""
    closed = ConfigurationError("this client is closed")
    create = delivery()
    fail(create, REFUSED)
    assert error_of(create.interrupted(closed)) is closed


def test_a_failed_look_up_is_repeated() -> None:
    """A transient failure of a look-up is retried, whatever the quota."""
    create = lost(policy=RetryPolicy(attempts=1, quota=0))
    for error in (BUSY, REFUSED, ServerError(503, outcome=Outcome.NOT_APPLIED)):
        assert after_wait(create.look_up_failed(error, 2.0, 0.5)) == LookUp("standup")
    assert find(create, OURS) == CreateResult(OURS, recovered=True)


def test_a_forbidden_look_up_leaves_the_outcome_unknown() -> None:
    """If the key may not list rooms, the outcome of the create cannot be found out."""
    error = error_of(lost().look_up_failed(PermissionDeniedError(403), 2.0, 0.5))
    assert isinstance(error, OutcomeUnknownError)
    assert error.outcome is Outcome.UNKNOWN


def test_a_taken_name_is_reported_even_without_the_room() -> None:
    """After a few look-ups that do not find the room, the error has none."""
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
def test_a_wanted_room_is_looked_up_until_the_deadline(if_exists: IfExists) -> None:
    """With ``if_exists`` "return" or "update" the room counts as soon as a look-up shows it."""
    create = delivery(if_exists=if_exists)
    step = fail(create, TAKEN)
    for number in range(1, 10):
        assert step == LookUp(None if number == FULL_SEARCH else "standup")
        step = after_wait(find(create))
    assert find(create, OLD) == CreateResult(OLD, existed=True)
    assert error_of(find(create, now=59.99)).outcome is Outcome.NOT_APPLIED


@pytest.mark.parametrize("if_exists", ["return", "update"])
def test_the_error_does_not_advise_what_was_done(if_exists: IfExists) -> None:
    """If the existing room cannot be found, the error does not advise ``if_exists="return"``."""
    create = delivery(if_exists=if_exists)
    fail(create, TAKEN)
    error = error_of(create.look_up_failed(PermissionDeniedError(403), 2.0, 0.5))
    assert 'pass if_exists="' not in str(error)


@pytest.mark.parametrize("create", [delivery(), lost()])
def test_two_rooms_of_a_name_are_an_error_that_names_both(create: Reconciler) -> None:
    """If the server did not keep the name unique, no room is chosen; the error names all."""
    fail(create, TAKEN)
    error = error_of(find(create, OURS, attrs.evolve(OURS, id="room-2")))
    assert isinstance(error, OutcomeUnknownError)
    assert str(error) == (
        "2 rooms have the name 'standup': room-1 and room-2 - the server did not keep it unique; "
        "delete all but one, then repeat the create"
    )


def test_a_long_name_is_truncated_in_messages() -> None:
    """Also if it is unknown whose a room is, or whether there is one."""
    long = CreateRoomRequest(unique_name="x" * 4000, max_participants=10)
    ours, other = (attrs.evolve(room, unique_name="x" * 4000) for room in (OURS, OTHER))
    policy = RetryPolicy(quota=0)
    unresolved = delivery(long, policy=policy)
    fail(unresolved, LOST)
    doubled = delivery(long)
    fail(doubled, TAKEN)
    updated = delivery(long, if_exists="update", policy=policy)
    fail(updated, TAKEN)
    find(updated, other)
    fail_update(updated, LOST)
    for step in (
        find(unresolved),
        find(doubled, ours, attrs.evolve(ours, id="room-2")),
        find(updated, other),
    ):
        error = error_of(step)
        assert isinstance(error, OutcomeUnknownError)
        assert "'xxx" in str(error)
        assert len(str(error)) < 300


def test_a_changed_room_that_may_be_ours_is_not_called_not_applied() -> None:
    """A room made since the create began may be ours, even if its settings have changed since."""
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
def test_only_requested_fields_can_differ(
    asked: RoomFields, found: dict[str, object], differences: tuple[str, ...]
) -> None:
    """Other fields, and the various ways to write "none", are no difference."""
    room = Room.from_dict({"id": "room-1", **found})
    assert differing_fields(CreateRoomRequest(**asked), room) == differences
