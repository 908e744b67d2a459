"""The outcomes of a batch, its progress, and items that are not requests."""

import json

import attrs
import pytest

from batch.fake_creator import FAILED, FakeCreator, made, turns
from batch.take import indexes, take
from support.asking import asked, asked_for
from telnyx_video import (
    ConfigurationError,
    CreateRoomRequest,
    ErrorDetail,
    InvalidRequestError,
    Outcome,
    OutcomeUnknownError,
    ResponseDecodeError,
    Room,
    TelnyxVideoError,
)
from telnyx_video._execution.reconcile import CreateResult
from telnyx_video.batch import CreateOutcome, OutcomeStream, Progress, collect

pytestmark = pytest.mark.usefixtures("no_task_is_left")


async def failing_odd_ones(request: CreateRoomRequest) -> CreateResult:
    number = int(str(request.unique_name).removeprefix("room-"))
    return FAILED if number % 2 else made(request)


async def last_first(request: CreateRoomRequest) -> CreateResult:
    """End in the reverse order of a batch of ten."""
    await turns(20 - 2 * int(str(request.unique_name).removeprefix("room-")))
    return made(request)


async def test_outcomes_come_as_they_finish() -> None:
    """The first outcome is that of the first create to end, with its request and index."""
    outcomes = await take(OutcomeStream(FakeCreator(last_first), asked_for(10), concurrency=10))
    assert indexes(outcomes) != sorted(indexes(outcomes))
    assert sorted(indexes(outcomes)) == list(range(10))
    for outcome in outcomes:
        assert outcome.request == asked(outcome.index)
        assert outcome.unwrap().unique_name == f"room-{outcome.index}"


async def test_a_list_of_outcomes_is_in_the_order_of_the_input() -> None:
    """The list is ordered like the requests."""
    outcomes = await collect(OutcomeStream(FakeCreator(last_first), asked_for(10), concurrency=10))
    assert indexes(outcomes) == list(range(10))


async def test_an_outcome_has_the_details_of_its_create() -> None:
    """Attempts, whether the room existed, and how it differs from the request."""

    async def existing(_: CreateRoomRequest) -> CreateResult:
        return CreateResult(
            Room(id="1"),
            attempts=3,
            recovered=True,
            existed=True,
            differences=("enable_recording",),
        )

    (outcome,) = await take(OutcomeStream(FakeCreator(existing), [asked(0)], concurrency=1))
    assert outcome == CreateOutcome(
        index=0,
        request=asked(0),
        room=Room(id="1"),
        attempts=3,
        recovered=True,
        existed=True,
        differences=("enable_recording",),
    )


async def test_a_failure_is_an_outcome_and_does_not_affect_others() -> None:
    """The other rooms are made; unwrapping the failure raises its error."""
    outcomes = await collect(
        OutcomeStream(FakeCreator(failing_odd_ones), asked_for(6), concurrency=2)
    )
    assert [outcome.room is None for outcome in outcomes] == [False, True] * 3
    assert outcomes[1].error is FAILED.error
    with pytest.raises(ConfigurationError, match="not today"):
        outcomes[1].unwrap()


def test_unwrapping_without_room_and_error_raises() -> None:
    """Unwrapping never returns None."""
    with pytest.raises(TelnyxVideoError):
        CreateOutcome(index=0, request=asked(0)).unwrap()


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (CreateResult(Room(id="1")), "made"),
        (CreateResult(Room(id="1"), recovered=True), "recovered"),
        (CreateResult(Room(id="1"), existed=True), "existed"),
        (CreateResult(error=ResponseDecodeError("odd", Outcome.APPLIED)), "unreadable"),
        (CreateResult(error=OutcomeUnknownError("lost")), "unknown"),
        (FAILED, "failed"),
    ],
)
async def test_the_six_statuses_are_counted_separately(result: CreateResult, status: str) -> None:
    """Rooms that were made, may have been made, or were not made are never counted together."""
    seen: list[Progress] = []

    async def make(_: CreateRoomRequest) -> CreateResult:
        return result

    stream = OutcomeStream(FakeCreator(make), [asked(0)], concurrency=1, on_progress=seen.append)
    (outcome,) = await take(stream)
    assert outcome.status == status
    counted = attrs.asdict(seen[0])
    assert counted.pop("done") == counted.pop("total") == 1
    assert {name for name, count in counted.items() if count} == {
        "created" if status == "made" else status
    }


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidRequestError((ErrorDetail("odd"),)), "unknown"),
        (ConfigurationError("odd"), "unknown"),
        (ResponseDecodeError("odd", Outcome.APPLIED), "unreadable"),
    ],
)
async def test_an_error_that_a_create_raises_is_the_outcome_of_its_request(
    error: TelnyxVideoError, status: str
) -> None:
    """It does not affect other creates, and its outcome is unknown."""

    async def make(request: CreateRoomRequest) -> CreateResult:
        if request == asked(1):
            raise error
        return made(request)

    outcomes = await collect(OutcomeStream(FakeCreator(make), asked_for(4), concurrency=2))
    assert [outcome.status for outcome in outcomes] == ["made", status, "made", "made"]
    assert "odd" in str(outcomes[1].error)


def test_a_repr_has_what_is_set() -> None:
    """A list of outcomes can be read in a terminal."""
    outcome = CreateOutcome(index=7, request=asked(7), room=Room(id="1", unique_name="room-7"))
    assert repr(outcome) == (
        "CreateOutcome(index=7, request=CreateRoomRequest(unique_name='room-7'), "
        "room=Room(id='1', unique_name='room-7'))"
    )
    failed = CreateOutcome(index=0, request=CreateRoomRequest(), error=FAILED.error, attempts=0)
    assert repr(failed) == (
        "CreateOutcome(index=0, request=CreateRoomRequest(), "
        "error=ConfigurationError('not today'), attempts=0)"
    )


@pytest.mark.parametrize("sized", [True, False])
async def test_progress_is_reported_after_each_outcome(sized: bool) -> None:
    """The figures add up at each step, and the total is reported if it is known."""
    seen: list[Progress] = []
    deliveries = iter(
        [CreateResult(Room(id="1")), FAILED, CreateResult(Room(id="1"), existed=True)]
    )

    async def make(_: CreateRoomRequest) -> CreateResult:
        return next(deliveries)

    requests = asked_for(3)
    source = requests if sized else iter(requests)
    await take(OutcomeStream(FakeCreator(make), source, concurrency=1, on_progress=seen.append))
    total = 3 if sized else None
    assert seen == [
        Progress(done=1, created=1, existed=0, failed=0, total=total),
        Progress(done=2, created=1, existed=0, failed=1, total=total),
        Progress(done=3, created=1, existed=1, failed=1, total=total),
    ]


async def test_an_invalid_item_fails_alone() -> None:
    """An item of another type has an outcome with an error, and the others are made."""
    wrong: list[CreateRoomRequest] = [asked(0), "room-1", None, asked(3)]  # type: ignore[list-item] # pyright: ignore[reportAssignmentType] # the point
    outcomes = await collect(OutcomeStream(FakeCreator(), wrong, concurrency=2))
    assert [outcome.room is not None for outcome in outcomes] == [True, False, False, True]
    for outcome in outcomes[1:3]:
        assert isinstance(outcome.error, InvalidRequestError)
        assert outcome.attempts == 0


def test_an_outcome_can_be_written_as_json() -> None:
    """Each outcome is an object, with a room or an error."""
    made_room = CreateOutcome(
        index=0, request=asked(0), room=Room(id="1", unique_name="room-0"), differences=("a", "b")
    )
    written = made_room.to_dict()
    assert json.loads(json.dumps(written)) == written
    assert written == {
        "index": 0,
        "request": {"unique_name": "room-0"},
        "room": {"id": "1", "unique_name": "room-0"},
        "error": None,
        "attempts": 1,
        "recovered": False,
        "existed": False,
        "differences": ["a", "b"],
    }
    failed = CreateOutcome(index=1, request=asked(1), error=FAILED.error, attempts=0).to_dict()
    assert failed["room"] is None
    assert failed["error"] == {
        "type": "ConfigurationError",
        "message": "not today",
        "outcome": "not_applied",
    }


async def test_the_outcome_of_an_invalid_item_can_be_written() -> None:
    """Its request is null."""
    wrong: list[CreateRoomRequest] = [object()]  # type: ignore[list-item] # pyright: ignore[reportAssignmentType] # the point
    (outcome,) = await collect(OutcomeStream(FakeCreator(), wrong, concurrency=1))
    assert outcome.to_dict()["request"] is None
