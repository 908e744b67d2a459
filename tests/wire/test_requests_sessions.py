"""Requests for sessions and participants: exact paths, queries and bodies."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from support.words import short
from telnyx_video import InvalidRequestError
from telnyx_video._base.http import HttpRequest
from telnyx_video._wire.requests import (
    act_on_participants,
    end_session,
    get_participant,
    get_session,
    list_participants,
    list_sessions,
)
from telnyx_video.models import DateRange
from wire.served import split

ID = "7b61621f-62e0-4aad-ab11-9fd19e272e73"
PAGE = {"page[number]": "1", "page[size]": "250"}
DAY = date(2024, 2, 29)


def act(**arguments: Any) -> HttpRequest:
    """Act on participants as an unchecked caller would."""
    given: dict[str, Any] = {"action": "kick", "session_id": ID, **arguments}
    return act_on_participants(**given)


@pytest.mark.parametrize(("value", "written"), [(True, "true"), (False, "false")])
def test_participants_can_be_included_or_not(value: bool, written: str) -> None:
    """The boolean is written as in JSON, for one session and for the list."""
    assert get_session(ID).path == f"/room_sessions/{ID}"
    one = split(get_session(ID, include_participants=value))
    assert one == ("GET", f"/room_sessions/{ID}", {"include_participants": written})
    many = split(list_sessions(include_participants=value))
    assert many == ("GET", "/room_sessions", {"include_participants": written} | PAGE)


def test_sessions_are_those_of_the_account_or_of_one_room() -> None:
    """With a room id the room's own list is requested; every filter is sent."""
    filters: dict[str, Any] = {
        "active": True,
        "created_at": DAY,
        "updated_at": DateRange(gte=DAY),
        "ended_at": DateRange(lte=DAY),
    }
    expected = {
        "filter[active]": "true",
        "filter[date_created_at][eq]": "2024-02-29",
        "filter[date_updated_at][gte]": "2024-02-29",
        "filter[date_ended_at][lte]": "2024-02-29",
    }
    assert split(list_sessions(**filters)) == ("GET", "/room_sessions", expected | PAGE)
    of_room = split(list_sessions(ID, page_number=3, page_size=7, **filters))
    page = {"page[number]": "3", "page[size]": "7"}
    assert of_room == ("GET", f"/rooms/{ID}/sessions", expected | page)


def test_participants_are_those_of_the_account_or_of_one_session() -> None:
    """A session can be a filter, or its own list is requested."""
    filters: dict[str, Any] = {
        "context": "Zoë & co",
        "joined_at": DAY,
        "updated_at": DAY,
        "left_at": DAY,
    }
    expected = {
        "filter[context]": "Zoë & co",
        "filter[date_joined_at][eq]": "2024-02-29",
        "filter[date_updated_at][eq]": "2024-02-29",
        "filter[date_left_at][eq]": "2024-02-29",
    }
    of_account = split(list_participants(session_id=ID, **filters))
    session = {"filter[session_id]": ID}
    assert of_account == ("GET", "/room_participants", session | expected | PAGE)
    of_session = split(list_participants(of_session=ID, **filters))
    assert of_session == ("GET", f"/room_sessions/{ID}/participants", expected | PAGE)


def test_an_end_and_a_get_have_a_path_only() -> None:
    """Both requests have the object's path and no body."""
    assert end_session(ID) == HttpRequest(
        "sessions.end", "POST", f"/room_sessions/{ID}/actions/end", None
    )
    assert get_participant(ID) == HttpRequest(
        "participants.get", "GET", f"/room_participants/{ID}", None
    )


@pytest.mark.parametrize("action", ["kick", "mute", "unmute"])
def test_an_action_is_about_all_or_some(action: str) -> None:
    """Participants are "all" or ids in any collection, with optional exceptions."""
    everyone = act(action=action, participants="all")
    assert (everyone.method, everyone.path) == ("POST", f"/room_sessions/{ID}/actions/{action}")
    assert everyone.body == b'{"participants":"all"}'
    but_one = act(action=action, participants="all", exclude=["a"])
    assert json.loads(but_one.body or b"") == {"participants": "all", "exclude": ["a"]}
    assert json.loads(act(participants=("a", "b")).body or b"") == {"participants": ["a", "b"]}
    assert json.loads(act(participants={"a"}, exclude=frozenset("b")).body or b"") == {
        "participants": ["a"],
        "exclude": ["b"],
    }


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        ({"participants": "a"}, ["participants"]),
        ({"participants": "ALL"}, ["participants"]),
        ({"participants": ""}, ["participants"]),
        ({"participants": []}, ["participants"]),
        ({"participants": None}, ["participants"]),
        ({"participants": ["a", "b/c", 7]}, ["participants", "participants"]),
        ({"participants": "all", "exclude": "a"}, ["exclude"]),
        ({"participants": "all", "exclude": []}, ["exclude"]),
        ({"participants": "all", "exclude": None}, ["exclude"]),
        (
            {"session_id": "..", "participants": 7, "exclude": [""]},
            ["session_id", "participants", "exclude"],
        ),
    ],
    ids=short,
)
def test_an_action_without_participants_is_refused(
    arguments: dict[str, Any], fields: list[str]
) -> None:
    """A string is not a list of ids, and an empty list is not "all"."""
    with pytest.raises(InvalidRequestError) as caught:
        act(**arguments)
    assert [problem.field for problem in caught.value.details] == fields


REFUSALS: list[tuple[Callable[..., HttpRequest], dict[str, Any], list[str]]] = [
    (
        get_session,
        {"session_id": "a/b", "include_participants": 1},
        ["session_id", "include_participants"],
    ),
    (end_session, {"session_id": ".."}, ["session_id"]),
    (get_participant, {"participant_id": ""}, ["participant_id"]),
    (
        list_sessions,
        {"room_id": "a?b", "active": "yes", "created_at": "today", "page_number": 0},
        ["room_id", "active", "created_at", "page_number"],
    ),
    (
        list_participants,
        {"session_id": None, "context": "", "joined_at": 7, "page_size": 251},
        ["session_id", "context", "joined_at", "page_size"],
    ),
    (list_participants, {"of_session": "a b"}, ["session_id"]),
]


@pytest.mark.parametrize(
    ("build", "arguments", "fields"),
    REFUSALS,
    ids=[build.__name__ + fields[-1] for build, _, fields in REFUSALS],
)
def test_arguments_that_cannot_be_sent_are_refused(
    build: Callable[..., HttpRequest], arguments: dict[str, Any], fields: list[str]
) -> None:
    """One error lists every problem, and no request is built."""
    with pytest.raises(InvalidRequestError) as caught:
        build(**arguments)
    assert [problem.field for problem in caught.value.details] == fields
