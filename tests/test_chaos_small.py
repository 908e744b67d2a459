"""A small chaos run with one seed, and the checks of its results."""

from collections.abc import Mapping, Sequence

import pytest

from chaos import ours, plans
from chaos.judging import Answer, Ask, asks, judge
from chaos.runs import run
from chaos.tables import CHAOS, LOST_ANSWERS, OURS, Column, Figure, table
from telnyx_video import AsyncRoomsClient, OutcomeUnknownError

CREATES = 60


@pytest.mark.parametrize("normalising", [False, True])
@pytest.mark.parametrize("named", [True, False])
def test_no_room_is_duplicated_or_misreported(named: bool, normalising: bool) -> None:
    """With a fault on every third request, each room matches the client's report."""
    asked = asks(CREATES, named=named)
    names = [ask.name for ask in asked if named]
    plan = plans.chaos(1, 0.3, names, normalising=normalising)
    count, stories = run(
        ours.create_all,
        asked,
        plan,
        timeout=1,
        latest_commit=plans.LATEST_COMMIT,
        outage_after=0.5,
        normalising=normalising,
    )
    assert stories == []
    assert (count.duplicates, count.false_failures, count.false_successes) == (0, 0, 0)
    assert count.made + count.unknown + count.not_applied == CREATES
    assert count.recovered if named else count.unknown, "the faults did not reach the client"


def test_a_resend_after_a_lost_reply_is_detected() -> None:
    """A client that posts again without a look-up creates extra rooms, which the run reports."""

    async def careless(
        url: str, asked: Sequence[Ask], *, timeout: float, concurrency: int
    ) -> Mapping[str, Answer]:
        answers: dict[str, Answer] = {}
        async with AsyncRoomsClient(base_url=url, api_key="sandbox-key", timeout=timeout) as rooms:
            for ask in asked:
                try:
                    room = await rooms.create(**ask.fields())
                except OutcomeUnknownError:
                    room = await rooms.create(**ask.fields())
                answers[ask.key] = Answer("made", room.id)
        return answers

    plan = [{"on": "POST /rooms", "faults": ["lost"]}]
    count, (story,) = run(careless, asks(2, named=False), plan)
    assert (count.rooms, count.duplicates, count.posts) == (3, 1, 3)
    first, *events = story.splitlines()
    assert first == "duplicate: room-0: 2 rooms"
    assert [event.split(" s  ")[1] for event in events] == [
        "POST arrives",
        "POST /rooms meets [lost], commit before",
        "POST is over",
        "POST arrives",
        "POST is answered 201",
    ]


@pytest.mark.parametrize(
    ("answer", "exists", "found"),
    [
        (Answer("made", "id"), True, None),
        (Answer("made"), True, None),
        (Answer("made", "another"), True, "false success"),
        (Answer("made"), False, "false success"),
        (Answer("failed"), False, None),
        (Answer("failed"), True, "false failure"),
        (Answer("unknown"), True, None),
        (Answer("unknown"), False, None),
        (None, False, "no answer"),
    ],
)
def test_reports_are_compared_with_existing_rooms(
    answer: Answer | None, exists: bool, found: str | None
) -> None:
    """Each wrong report is one breach, and a right one is not."""
    (ask,) = asks(1, named=True)
    answers = {} if answer is None else {ask.key: answer}
    count = judge([ask], answers, [{"id": "id", **ask.fields()}] if exists else [])
    assert [breach.kind for breach in count.breaches] == ([found] if found else [])
    assert count.false_failures + count.false_successes + count.unanswered == len(count.breaches)


def test_an_unrequested_room_is_a_breach() -> None:
    """Every room must belong to a request."""
    count = judge([], {}, [{"id": "id", "webhook_event_url": "https://elsewhere.example.com"}])
    assert [breach.kind for breach in count.breaches] == ["stray room"]


@pytest.mark.parametrize("figures", [CHAOS, LOST_ANSWERS])
def test_the_tables_fit_into_80_columns(figures: Sequence[tuple[str, Figure]]) -> None:
    """With figures of a full run, each line has the same width, and no more than 80."""
    asked = asks(1, named=True)
    count = judge(asked, {}, [])
    for _ in range(14):
        count += count
    columns = {
        Column(client, named): count for named in (True, False) for client in (OURS, "official")
    }
    lines = table("all seeds", figures, columns).splitlines()
    assert lines[0].split("|")[2:-1] == [
        " ours, named ",
        " nameless ",
        " official, named ",
        " nameless ",
    ]
    assert len({*map(len, lines)}) == 1
    assert len(lines[0]) <= 80
