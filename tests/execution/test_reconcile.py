"""Each decision by itself: what happened, and the one step that follows from it."""

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


def test_what_was_not_applied_is_sent_again_after_a_wait() -> None:
    """A refused connection sends nothing, so the create is sent again."""
    for create in (delivery(), delivery(ASKED_NAMELESS)):
        assert after_wait(fail(create, REFUSED)) == Send()
        end = create.created(OURS)
        assert end == CreateResult(OURS, attempts=2)
        assert isinstance(end, CreateResult)
        assert end.room is OURS


def test_what_cannot_help_is_not_repeated() -> None:
    """A bad certificate, a wrong key or a closed client end the create as they are."""
    for error in (
        TransportError("bad certificate", retryable=False),
        AuthenticationError(401),
        ApiError(413),
        ConfigurationError("this client is closed"),
        UnprocessableEntityError(422, (ErrorDetail("no", pointer="/max_participants"),)),
    ):
        assert error_of(fail(delivery(), error)) is error
        assert error_of(fail(delivery(ASKED_NAMELESS), error)) is error


def test_a_lost_answer_of_a_nameless_create_is_the_end() -> None:
    """Without a name nobody can tell what became of the create, and the error says what to do."""
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


def test_a_name_that_a_nameless_create_cannot_have_is_no_reason_to_look_up() -> None:
    """A nameless create that is refused for a name just fails: there is nothing to look up."""
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
def test_a_lost_answer_of_a_named_create_is_looked_into(error: TelnyxVideoError) -> None:
    """Whatever leaves the outcome open, the name is looked up before anything else is sent."""
    assert after_wait(fail(delivery(), error)) == LookUp("standup")


def test_a_room_that_was_made_is_found() -> None:
    """A room of the name, as asked and young enough, is the one whose answer was lost."""
    assert find(lost(), OURS) == CreateResult(OURS, recovered=True)


def test_a_room_that_was_not_made_is_asked_for_again() -> None:
    """If the look-up finds nothing the create is sent again, since the name cannot be had twice."""
    create = lost()
    assert find(create) == Send()
    assert create.created(OURS) == CreateResult(OURS, attempts=2)


@pytest.mark.parametrize("ahead", [-5, 0, 5])
def test_clocks_may_differ_by_five_seconds(ahead: int) -> None:
    """A room that seems to be 5 s older than the create is still taken for the one it made."""
    room = attrs.evolve(OURS, created_at=NOW - timedelta(seconds=1.5 + ahead))
    assert find(lost(), room, now=1.5) == CreateResult(room, recovered=True)


def test_an_older_room_is_reported_and_not_claimed() -> None:
    """A room that seems older than the create may be another's; time is no proof that it is."""
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
    """A time without seconds, or without hours, stands for a minute or a day."""
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


def test_a_setting_that_the_server_rewrites_is_no_difference() -> None:
    """A field that replies have shown to be kept in another form does not make a room another's."""
    profile = ServerProfile()
    clamped = attrs.evolve(OURS, id="room-9", max_participants=5)
    profile.check(ASKED, clamped, HttpReply(201, {"date": "Thu, 01 Jan 2026 12:00:00 GMT"}, b""))
    room = attrs.evolve(OURS, max_participants=5)
    create = attrs.evolve(lost(), profile=profile)
    assert find(create, room) == CreateResult(
        room, recovered=True, differences=("max_participants",)
    )


@pytest.mark.parametrize("room_name", ["Standup", " standup", "\uff53tandup"])
def test_a_name_that_the_server_folds_is_named(room_name: str) -> None:
    """If the name is taken by one that the server does not tell from it, the error names both."""
    create = delivery(if_exists="return")
    assert fail(create, TAKEN) == LookUp("standup")
    error = error_of(find(create, attrs.evolve(OLD, unique_name=room_name)))
    assert isinstance(error, NameTakenError)
    assert error.outcome is Outcome.NOT_APPLIED
    assert repr(room_name) in str(error)
    assert "'standup'" in str(error)


@pytest.mark.parametrize("server_time", [None, NOW])
def test_a_room_of_unknown_age_is_taken_for_ours(server_time: datetime | None) -> None:
    """If the server tells no time or no age, settings as asked are all there is to go by."""
    room = OLD if server_time is None else attrs.evolve(OURS, created_at=None)
    assert lost().looked_up([room], server_time, 1.5, 0.5) == CreateResult(room, recovered=True)


def test_an_earlier_run_counts() -> None:
    """A create that an earlier run began is looked up first, and judged by when that run began."""
    create = delivery()
    create.began = -60.0
    assert create.resumed() == LookUp("standup")
    assert find(create, attrs.evolve(OURS, created_at=NOW - timedelta(seconds=60)), now=0.5) == (
        CreateResult(attrs.evolve(OURS, created_at=NOW - timedelta(seconds=60)), recovered=True)
    )


def test_an_earlier_run_of_a_nameless_create_cannot_be_resumed() -> None:
    """A nameless create that an earlier run began may have made a room: it is not sent again."""
    error = error_of(delivery(ASKED_NAMELESS).resumed())
    assert isinstance(error, OutcomeUnknownError)
    assert "may exist (an earlier run ended before the answer)" in str(error)


@pytest.mark.parametrize("create", [delivery(), lost()])
def test_a_name_taken_long_ago_is_an_error_that_has_the_room(create: Reconciler) -> None:
    """By default a name that is taken is an error, with the server's words and the room itself."""
    assert fail(create, TAKEN) == LookUp("standup")
    error = error_of(find(create, OTHER))
    assert isinstance(error, NameTakenError)
    assert (error.room, error.details, error.request_id) == (OTHER, TAKEN.details, "id-1")
    in_doubt = create.unresolved_error is not None
    assert error.outcome is (Outcome.UNKNOWN if in_doubt else Outcome.NOT_APPLIED)


def test_a_name_taken_by_our_own_earlier_try_is_a_success() -> None:
    """A name that is taken after a lost answer was, as its age shows, taken by that very try."""
    create = lost()
    assert find(create) == Send()
    assert fail(create, TAKEN) == LookUp("standup")
    assert after_wait(find(create)) == LookUp("standup")
    assert find(create, OURS) == CreateResult(OURS, attempts=2, recovered=True)


def test_a_room_that_exists_is_returned_if_that_is_wanted() -> None:
    """With "return" a room of the name is as good as a new one, and its differences are told."""
    create = delivery(if_exists="return")
    assert fail(create, TAKEN) == LookUp("standup")
    assert find(create, OTHER) == CreateResult(
        OTHER, existed=True, differences=("max_participants",)
    )


def test_a_room_that_is_as_asked_is_not_updated() -> None:
    """With "update" a room that is already as asked is returned as it is."""
    create = delivery(if_exists="update")
    fail(create, TAKEN)
    assert find(create, OLD) == CreateResult(OLD, existed=True)


def test_a_room_that_differs_is_updated() -> None:
    """With "update" a room that differs is changed, and the differences there were are told."""
    end = updating().updated(OLD)
    assert end == CreateResult(OLD, existed=True, differences=("max_participants",))


@pytest.mark.parametrize("room_name", ["Standup", " standup", "\uff53tandup"])
def test_a_room_of_ours_whose_name_the_server_folds_is_found(room_name: str) -> None:
    """After a lost answer, a young room of the folded name is the one that this call made."""
    create = lost()
    assert find(create) == Send()
    assert fail(create, TAKEN) == LookUp("standup")
    room = attrs.evolve(OURS, unique_name=room_name)
    end = find(create, room)
    assert end == CreateResult(room, attempts=2, recovered=True, differences=("unique_name",))


def test_an_old_room_of_a_folded_name_is_reported_and_not_claimed() -> None:
    """After a lost answer, an older room of the folded name is named, and the doubt stays."""
    create = lost()
    find(create)
    fail(create, TAKEN)
    old = attrs.evolve(OLD, unique_name="Standup", created_at=NOW - timedelta(seconds=70))
    error = error_of(find(create, old))
    assert isinstance(error, NameTakenError)
    assert error.outcome is Outcome.UNKNOWN
    assert "'Standup'" in str(error)


def test_a_room_is_made_by_one_call_only() -> None:
    """A room that one call of a client recovered, no other call of it claims."""
    profile = ServerProfile()
    first, second, resumed = (attrs.evolve(lost(), profile=profile) for _ in range(3))
    assert find(first, OURS) == CreateResult(OURS, recovered=True)
    error = error_of(find(second, OURS))
    assert isinstance(error, NameTakenError)
    assert error.outcome is Outcome.UNKNOWN
    resumed.resumed()
    assert find(resumed, OURS) == CreateResult(OURS, attempts=2, recovered=True)


def test_a_rewritten_setting_is_learned_from_each_reply() -> None:
    """Also from the second reply of one second of the server's clock."""
    profile = ServerProfile()
    reply = HttpReply(201, {"date": "Thu, 01 Jan 2026 12:00:00 GMT"}, b"")
    profile.check(ASKED, attrs.evolve(OURS, id="room-8"), reply)
    profile.check(ASKED, attrs.evolve(OURS, id="room-9", max_participants=5), reply)
    assert profile.rewritten == {"max_participants"}
