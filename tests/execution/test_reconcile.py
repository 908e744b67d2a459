"""Each decision alone: an event, and the step that follows."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime

import attrs
import pytest

from execution.model import ASKED, ASKED_NAMELESS
from execution.steps import (
    LOST,
    NOW,
    OLD,
    OTHER,
    OURS,
    REFUSED,
    TAKEN,
    after_wait,
    delivery,
    error_of,
    fail,
    find,
    lost,
    updating,
)
from telnyx_video import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    ErrorDetail,
    NameTakenError,
    Outcome,
    OutcomeUnknownError,
    RequestTimeoutError,
    ResponseDecodeError,
    ServerError,
    TelnyxVideoError,
    TransportError,
    UnprocessableEntityError,
)
from telnyx_video._base.http import HttpReply
from telnyx_video._execution.evidence import ServerProfile
from telnyx_video._execution.reconcile import (
    CreateResult,
    LookUp,
    Reconciler,
    Send,
)


def test_a_create_that_was_not_applied_is_sent_again_after_a_wait() -> None:
    """A refused connection sends nothing, so the create is sent again."""
    for create in (delivery(), delivery(ASKED_NAMELESS)):
        assert after_wait(fail(create, REFUSED)) == Send()
        end = create.created(OURS)
        assert end == CreateResult(OURS, attempts=2)
        assert isinstance(end, CreateResult)
        assert end.room is OURS


def test_a_permanent_failure_is_not_retried() -> None:
    """A bad certificate, a wrong key or a closed client end the create with their error."""
    for error in (
        TransportError("bad certificate", retryable=False),
        AuthenticationError(401),
        ApiError(413),
        ConfigurationError("this client is closed"),
        UnprocessableEntityError(422, (ErrorDetail("no", pointer="/max_participants"),)),
    ):
        assert error_of(fail(delivery(), error)) is error
        assert error_of(fail(delivery(ASKED_NAMELESS), error)) is error


def test_a_lost_reply_ends_a_nameless_create() -> None:
    """Without a name the outcome cannot be found out, and the error says what to do."""
    error = error_of(fail(delivery(ASKED_NAMELESS), LOST))
    assert isinstance(error, OutcomeUnknownError)
    assert error.request is ASKED_NAMELESS
    assert error.last_error is LOST
    assert str(error) == (
        "a room without a name was asked for once and may exist (POST /rooms failed: Server "
        "disconnected) - it was not sent again, as that could make a second room: compare "
        "list(created_at=...) first; with a unique_name, or auto_name=True, this can be found out "
        "for you"
    )


def test_a_refused_name_does_not_make_a_nameless_create_look_up() -> None:
    """There is no name to look up, so the create just fails."""
    assert error_of(fail(delivery(ASKED_NAMELESS), TAKEN)) is TAKEN


@pytest.mark.parametrize(
    "error",
    [
        LOST,
        RequestTimeoutError("no answer", Outcome.UNKNOWN),
        ResponseDecodeError("unreadable", Outcome.UNKNOWN),
        ServerError(503),
        ApiError(408),
        ApiError(302),
    ],
)
def test_a_lost_reply_of_a_named_create_leads_to_a_look_up(error: TelnyxVideoError) -> None:
    """Whatever leaves the outcome unknown, the name is looked up before anything else is sent."""
    assert after_wait(fail(delivery(), error)) == LookUp("standup")


def test_the_room_of_a_lost_reply_is_found() -> None:
    """A room of the name with the requested settings, and young enough, is ours."""
    assert find(lost(), OURS) == CreateResult(OURS, recovered=True)


def test_a_create_is_sent_again_if_the_look_up_finds_nothing() -> None:
    """A second room of the name cannot result."""
    create = lost()
    assert find(create) == Send()
    assert create.created(OURS) == CreateResult(OURS, attempts=2)


@pytest.mark.parametrize("ahead", [-5, 0, 5])
def test_clocks_may_differ_by_five_seconds(ahead: int) -> None:
    """A room that seems to be 5 s older than the create is still taken for the one it made."""
    room = attrs.evolve(OURS, created_at=NOW - timedelta(seconds=1.5 + ahead))
    assert find(lost(), room, now=1.5) == CreateResult(room, recovered=True)


def test_an_older_room_is_reported_and_not_claimed() -> None:
    """A room that seems older than the create may be another client's; times are no proof."""
    room = attrs.evolve(OURS, created_at=NOW - timedelta(seconds=6.6))
    error = error_of(find(lost(), room, now=1.5))
    assert isinstance(error, NameTakenError)
    assert error.room is room
    assert error.outcome is Outcome.UNKNOWN
    assert "room room-1 has this name" in str(error)
    assert "it may be this call's own" in str(error)


@pytest.mark.parametrize(
    "created_at",
    [
        NOW.replace(second=0, microsecond=0) - timedelta(seconds=55),
        NOW.replace(hour=0, minute=0, second=0, microsecond=0),
    ],
    ids=["minutes", "days"],
)
def test_times_may_be_rounded(created_at: datetime) -> None:
    """A time without seconds, or without hours, may be any of that minute or day."""
    room = attrs.evolve(OURS, created_at=created_at.replace(second=0))
    assert find(lost(), room) == CreateResult(room, recovered=True)


def test_the_offset_of_the_clocks_is_learned() -> None:
    """Once a reply has shown how far ``created_at`` lies behind ``Date``, that is allowed for."""
    create = lost()
    late = attrs.evolve(OURS, created_at=NOW - timedelta(hours=2))
    assert isinstance(error_of(find(create, late)), NameTakenError)
    profile = ServerProfile()
    reply = HttpReply(201, {"date": format_datetime(NOW, usegmt=True)}, b"")
    other = attrs.evolve(OURS, id="room-9", created_at=NOW - timedelta(hours=2))
    profile.check(ASKED, other, reply)
    create = attrs.evolve(lost(), profile=profile)
    assert find(create, late) == CreateResult(late, recovered=True)


def test_a_field_that_the_server_rewrites_is_no_contradiction() -> None:
    """A field that replies have shown to be rewritten does not make a room another client's."""
    profile = ServerProfile()
    clamped = attrs.evolve(OURS, id="room-9", max_participants=5)
    profile.check(ASKED, clamped, HttpReply(201, {"date": "Thu, 01 Jan 2026 12:00:00 GMT"}, b""))
    room = attrs.evolve(OURS, max_participants=5)
    create = attrs.evolve(lost(), profile=profile)
    assert find(create, room) == CreateResult(
        room, recovered=True, differences=("max_participants",)
    )


@pytest.mark.parametrize("room_name", ["Standup", " standup", "\uff53tandup"])
def test_the_error_names_the_folded_name(room_name: str) -> None:
    """If the server treats another room's name as the same, the error has both names."""
    create = delivery(if_exists="return")
    assert fail(create, TAKEN) == LookUp("standup")
    error = error_of(find(create, attrs.evolve(OLD, unique_name=room_name)))
    assert isinstance(error, NameTakenError)
    assert error.outcome is Outcome.NOT_APPLIED
    assert repr(room_name) in str(error)
    assert "'standup'" in str(error)


@pytest.mark.parametrize("server_time", [None, NOW])
def test_a_room_of_unknown_age_counts_as_ours(server_time: datetime | None) -> None:
    """If the server reports no time or no age, only the settings decide."""
    room = OLD if server_time is None else attrs.evolve(OURS, created_at=None)
    assert lost().looked_up([room], server_time, 1.5, 0.5) == CreateResult(room, recovered=True)


def test_the_age_of_an_earlier_run_counts() -> None:
    """Its create is looked up first, and rooms are judged by when that run began."""
    create = delivery()
    create.began = -60.0
    assert create.resumed() == LookUp("standup")
    assert find(create, attrs.evolve(OURS, created_at=NOW - timedelta(seconds=60)), now=0.5) == (
        CreateResult(attrs.evolve(OURS, created_at=NOW - timedelta(seconds=60)), recovered=True)
    )


def test_an_earlier_run_of_a_nameless_create_cannot_be_resumed() -> None:
    """A nameless create of an earlier run may have made a room: it is not sent again."""
    error = error_of(delivery(ASKED_NAMELESS).resumed())
    assert isinstance(error, OutcomeUnknownError)
    assert "may exist (an earlier run ended before the answer)" in str(error)


@pytest.mark.parametrize("create", [delivery(), lost()])
def test_a_taken_name_is_an_error_with_the_room(create: Reconciler) -> None:
    """By default, with the server's details and the room itself."""
    assert fail(create, TAKEN) == LookUp("standup")
    error = error_of(find(create, OTHER))
    assert isinstance(error, NameTakenError)
    assert (error.room, error.details, error.request_id) == (OTHER, TAKEN.details, "id-1")
    unresolved = create.state.unresolved_error is not None
    assert error.outcome is (Outcome.UNKNOWN if unresolved else Outcome.NOT_APPLIED)


def test_a_name_taken_by_our_earlier_attempt_is_a_success() -> None:
    """As the room's age shows after a lost reply."""
    create = lost()
    assert find(create) == Send()
    assert fail(create, TAKEN) == LookUp("standup")
    assert after_wait(find(create)) == LookUp("standup")
    assert find(create, OURS) == CreateResult(OURS, attempts=2, recovered=True)


def test_if_exists_return_returns_the_room() -> None:
    """With its differences from the request."""
    create = delivery(if_exists="return")
    assert fail(create, TAKEN) == LookUp("standup")
    assert find(create, OTHER) == CreateResult(
        OTHER, existed=True, differences=("max_participants",)
    )


def test_a_room_without_differences_is_not_updated() -> None:
    """With "update" a room that is as requested is returned as it is."""
    create = delivery(if_exists="update")
    fail(create, TAKEN)
    assert find(create, OLD) == CreateResult(OLD, existed=True)


def test_a_room_that_differs_is_updated() -> None:
    """With "update" a room that differs is changed, and the differences are reported."""
    end = updating().updated(OLD)
    assert end == CreateResult(OLD, existed=True, differences=("max_participants",))


@pytest.mark.parametrize("room_name", ["Standup", " standup", "\uff53tandup"])
def test_our_room_is_found_by_a_folded_name(room_name: str) -> None:
    """After a lost reply, a young room of the folded name is ours."""
    create = lost()
    assert find(create) == Send()
    assert fail(create, TAKEN) == LookUp("standup")
    room = attrs.evolve(OURS, unique_name=room_name)
    end = find(create, room)
    assert end == CreateResult(room, attempts=2, recovered=True, differences=("unique_name",))


def test_an_older_room_of_a_folded_name_is_reported_and_not_claimed() -> None:
    """After a lost reply its name is reported, and the outcome stays unknown."""
    create = lost()
    find(create)
    fail(create, TAKEN)
    old = attrs.evolve(OLD, unique_name="Standup", created_at=NOW - timedelta(seconds=70))
    error = error_of(find(create, old))
    assert isinstance(error, NameTakenError)
    assert error.outcome is Outcome.UNKNOWN
    assert "'Standup'" in str(error)


def test_a_room_is_recovered_by_one_call_only() -> None:
    """No other call of the client claims a room that one of them recovered."""
    profile = ServerProfile()
    first, second, resumed = (attrs.evolve(lost(), profile=profile) for _ in range(3))
    assert find(first, OURS) == CreateResult(OURS, recovered=True)
    error = error_of(find(second, OURS))
    assert isinstance(error, NameTakenError)
    assert error.outcome is Outcome.UNKNOWN
    resumed.resumed()
    assert find(resumed, OURS) == CreateResult(OURS, attempts=2, recovered=True)


def test_a_rewritten_field_is_learned_from_each_reply() -> None:
    """Also from the second reply within one second of the server's clock."""
    profile = ServerProfile()
    reply = HttpReply(201, {"date": "Thu, 01 Jan 2026 12:00:00 GMT"}, b"")
    profile.check(ASKED, attrs.evolve(OURS, id="room-8"), reply)
    profile.check(ASKED, attrs.evolve(OURS, id="room-9", max_participants=5), reply)
    assert profile.rewritten == {"max_participants"}
