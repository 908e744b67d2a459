"""Whether a reply or a room is about the room that was requested."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.model import ASKED_NAMELESS, EPOCH
from telnyx_video import CreateRoomRequest, Outcome, ResponseDecodeError, Room
from telnyx_video._base.http import HttpReply
from telnyx_video._execution.evidence import (
    CLOCK_SLACK,
    RECENT_IDS,
    ServerProfile,
    differing_fields,
    fold,
    is_same_name,
)

REPLY = HttpReply(201, {}, b"{}")
URL = "https://hooks.example.com/events"


def dated(time: datetime) -> HttpReply:
    """Return a reply with a ``Date``."""
    return HttpReply(201, {"date": f"{time:%a, %d %b %Y %H:%M:%S} GMT"}, b"{}")


def test_an_id_is_remembered_for_some_thousand_rooms() -> None:
    """A reply that repeats one of the latest ids is refused; the oldest ids are forgotten."""
    profile = ServerProfile()
    for number in range(RECENT_IDS + 1):
        profile.check(ASKED_NAMELESS, Room(id=str(number)), REPLY)
    for number in (1, RECENT_IDS):
        with pytest.raises(ResponseDecodeError, match="created by an earlier call"):
            profile.check(ASKED_NAMELESS, Room(id=str(number)), REPLY)
    profile.check(ASKED_NAMELESS, Room(id="0"), REPLY)
    assert not profile.knows(Room(id="1"))
    assert profile.knows(Room(id="2"))


@pytest.mark.parametrize(
    ("name", "room", "about"),
    [
        ("a", Room(id="1", unique_name="a"), True),
        ("a", Room(id="1", unique_name=" A "), True),
        ("a", Room(id="1"), True),
        ("a", Room(id="1", null_fields=frozenset({"unique_name"})), False),
        ("a", Room(id="1", unique_name=""), False),
        ("a", Room(id="1", unique_name="b"), False),
        ("a", Room(id="1", unique_name="a", record_type="room"), True),
        ("a", Room(id="1", unique_name="a", record_type="room_session"), False),
        (None, Room(id="1", max_participants=10), True),
        (None, Room(id="1", null_fields=frozenset({"unique_name"})), True),
        (None, Room(id="1", max_participants=9), False),
        (None, Room(id="1", record_type="room_recording"), False),
    ],
)
def test_a_reply_must_match_its_request(name: str | None, room: Room, about: bool) -> None:
    """By name and type; without a name, by its settings."""
    named = CreateRoomRequest(unique_name=name, max_participants=9) if name else ASKED_NAMELESS
    profile = ServerProfile()
    if about:
        profile.check(named, room, REPLY)
        assert profile.knows(room)
    else:
        with pytest.raises(ResponseDecodeError, match="about another room") as raised:
            profile.check(named, room, REPLY)
        assert raised.value.outcome is Outcome.UNKNOWN
        assert not profile.knows(room)


@pytest.mark.parametrize(
    ("wanted", "actual", "contradicts"),
    [
        (URL, URL, False),
        (URL, f" {URL}/", False),
        (URL, "HTTPS://Hooks.Example.com:443/events", False),
        (URL, f"{URL}?a=1", True),
        (URL, "http://hooks.example.com/events", True),
        (URL, "https://hooks.example.com:8443/events", True),
        (URL, "https://[hooks.example.com/events", True),
        (URL, "", True),
        (URL, None, False),
        (None, "", False),
        (None, None, False),
        (None, URL, True),
        ("", URL, True),
    ],
)
def test_urls_are_compared_in_their_normal_form(
    wanted: str | None, actual: str | None, contradicts: bool
) -> None:
    """A URL in another form, or a missing one, is no contradiction; another URL is."""
    request = CreateRoomRequest(webhook_event_failover_url=wanted)
    room = Room(id="a", webhook_event_failover_url=actual)
    shown = ServerProfile().contradictions(request, room)
    assert shown == (("webhook_event_failover_url",) if contradicts else ())


def test_a_null_contradicts_where_an_absent_field_does_not() -> None:
    """A URL that the room explicitly does not have was not sent for it."""
    request = CreateRoomRequest(webhook_event_url=URL, max_participants=4)
    assert ServerProfile().contradictions(request, Room(id="a")) == ()
    null = Room(id="a", null_fields=frozenset({"webhook_event_url", "max_participants"}))
    assert ServerProfile().contradictions(request, null) == ("webhook_event_url",)
    assert differing_fields(request, null) == ("webhook_event_url",)


def test_a_rewritten_field_contradicts_nothing() -> None:
    """It is learned from each reply that matches its request."""
    profile = ServerProfile()
    small = CreateRoomRequest(unique_name="a", max_participants=9)
    assert profile.contradictions(small, Room(id="1", max_participants=5)) == ("max_participants",)
    profile.check(small, Room(id="1", unique_name="a", max_participants=5), REPLY)
    assert profile.contradictions(small, Room(id="2", max_participants=5)) == ()


def test_a_url_in_another_form_does_not_allow_another_url() -> None:
    """A server that adds a slash does not replace whole URLs."""
    profile, request = ServerProfile(), CreateRoomRequest(webhook_event_url=URL)
    profile.check(request, Room(id="1", webhook_event_url=f"{URL}/"), REPLY)
    with pytest.raises(ResponseDecodeError, match="webhook_event_url are not as requested"):
        profile.check(
            request, Room(id="2", webhook_event_url="https://foreign.example.com/"), REPLY
        )


@given(st.integers(-3600, 3600), st.integers(0, 3600), st.integers(0, 60))
def test_only_a_room_that_is_certainly_older_predates_a_create(
    offset: int, age: int, since: int
) -> None:
    """By the server's own clocks, however far they differ once the difference is known."""
    profile, now = ServerProfile(), EPOCH.replace(minute=30, second=1)
    ahead = timedelta(seconds=offset)
    first = Room(id="1", unique_name="a", created_at=now)
    profile.check(CreateRoomRequest(unique_name="a"), first, dated(now + ahead))
    room = Room(id="2", created_at=now - timedelta(seconds=age))
    may = profile.may_postdate(room, now + ahead, since)
    if age <= since:
        assert may
    if offset >= 0:
        assert room.created_at is not None
        precise = bool(room.created_at.second)
        assert may is (age <= since + CLOCK_SLACK.seconds) or not precise


def test_the_largest_clock_offset_is_kept() -> None:
    """A later reply with a smaller offset does not make our rooms look older."""
    profile, made = ServerProfile(), EPOCH.replace(second=1)
    for number, ahead in enumerate((10, 60, 20)):
        room = Room(id=str(number), unique_name="a", created_at=made)
        reply = dated(made + timedelta(seconds=ahead))
        profile.check(CreateRoomRequest(unique_name="a"), room, reply)
    assert profile.clock_offset == timedelta(seconds=-60)


@pytest.mark.parametrize(
    ("time", "precision"),
    [
        ({"hour": 1, "minute": 2, "second": 3}, 0),
        ({"hour": 1, "minute": 2, "microsecond": 3}, 0),
        ({"hour": 1, "minute": 2}, 60),
        ({"hour": 1}, 60),
        ({"minute": 2}, 60),
        ({}, 24 * 3600),
    ],
)
def test_a_rounded_time_covers_its_whole_interval(time: dict[str, int], precision: int) -> None:
    """A date alone may be any moment of the day."""
    created = EPOCH.replace(**time)  # type: ignore[arg-type] # fields of a time
    latest = created + timedelta(seconds=precision) + CLOCK_SLACK
    profile, room = ServerProfile(), Room(id="a", created_at=created)
    assert profile.may_postdate(room, latest, 0)
    assert not profile.may_postdate(room, latest + timedelta(microseconds=1), 0)
    assert profile.may_postdate(room, latest + timedelta(seconds=7), 7)
    assert profile.may_postdate(room, None, 0)
    assert profile.may_postdate(Room(id="a"), latest, 0)


@pytest.mark.parametrize(
    ("name", "other", "same"),
    [
        ("Standup", "standup", True),
        (" stand  up ", "Stand up", True),
        ("stra\u00dfe", "STRASSE", True),
        ("caf\u00e9", "cafe\u0301", True),
        ("standup", "stand-up", False),
        ("standup", "standup2", False),
    ],
)
def test_names_are_compared_without_case_spaces_and_form(name: str, other: str, same: bool) -> None:
    """Only differences that servers may remove are ignored."""
    assert (
        is_same_name(CreateRoomRequest(unique_name=name), Room(id="a", unique_name=other)) is same
    )
    assert (fold(name) == fold(other)) is same
    assert not is_same_name(CreateRoomRequest(unique_name=name), Room(id="a"))
