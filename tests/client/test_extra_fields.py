"""`extra` sends fields that this version does not know, checked only for being JSON."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from math import nan
from pathlib import Path
from typing import Any

import pytest

from support.clients import client
from support.scripted_server import answer, created, cut, listed, room, serve
from support.secrets import leaks
from telnyx_video import (
    UNSET,
    CreateCompositionRequest,
    CreateRoomRequest,
    InvalidRequestError,
    RetryPolicy,
    VideoRegion,
)

QUICK = RetryPolicy(backoff=0.001, backoff_max=0.001)
EXTRA: dict[str, object] = {"layout": {"grid": [2, None, 0.5]}, "region": "eu"}
Make = Callable[..., Any]
BOTH = pytest.mark.parametrize("make", [CreateRoomRequest, CreateCompositionRequest])


async def test_extra_fields_are_sent_with_the_others() -> None:
    """In a create, an update and the create of a composition."""
    made = answer(200, {"data": {"id": "1"}})
    async with serve(created(), created(), made) as server, client(server) as rooms:
        await rooms.create(unique_name="standup", extra=EXTRA)
        await rooms.update("1", max_participants=5, extra={"region": None})
        layout = {"left": VideoRegion(width=100)}
        await rooms.compositions.create(session_id="1", video_layout=layout, extra=EXTRA)
    bodies = [sent.json for sent in server.requests]
    assert bodies == [
        {"unique_name": "standup", **EXTRA},
        {"max_participants": 5, "region": None},
        {"session_id": "1", "video_layout": {"left": {"width": 100}}, **EXTRA},
    ]


async def test_extra_fields_do_not_decide_whose_a_room_is() -> None:
    """After a lost reply the room is found, whether or not it shows the extra fields."""
    acts = (cut, listed(room(region="us")))
    async with serve(*acts) as server, client(server, retry=QUICK) as rooms:
        made = await rooms.create(unique_name="standup", extra=EXTRA)
    assert made.extra == {"region": "us"}
    assert server.methods == ["POST", "GET"]


async def test_an_update_sends_extra_fields_even_without_differences() -> None:
    """Whether a room has them is not visible, so `if_exists="update"` always sends them."""
    taken = answer(422, {"errors": [{"code": "10015", "title": "taken"}]})
    old = room(created_at="2020-01-01T00:00:00Z")
    acts = (taken, listed(old), answer(200, {"data": old}))
    async with serve(*acts) as server, client(server, retry=QUICK) as rooms:
        await rooms.create(unique_name="standup", if_exists="update", extra=EXTRA)
    assert server.methods == ["POST", "GET", "PATCH"]
    assert server.requests[-1].json == {"unique_name": "standup", **EXTRA}


async def test_a_journal_keeps_extra_fields(tmp_path: Path) -> None:
    """A resumed batch sends the recorded fields, and recognizes the same input."""
    path = tmp_path / "journal.jsonl"
    requests = [CreateRoomRequest(unique_name=name, extra=EXTRA) for name in ("a", "b")]
    once = RetryPolicy(attempts=1)
    async with serve(created(), answer(403, {})) as server:
        async with client(server, retry=once) as rooms:
            first = await rooms.create_many(requests, journal=path, concurrency=1)
        server.acts[:] = [created()]
        async with client(server) as rooms:
            second = await rooms.create_many(requests, journal=path, concurrency=1)
    assert [outcome.status for outcome in first] == ["made", "failed"]
    assert [outcome.status for outcome in second] == ["made", "made"]
    assert [outcome.request for outcome in second] == requests
    assert [sent.json for sent in server.requests] == [
        {"unique_name": name, **EXTRA} for name in ("a", "b", "b")
    ]


@BOTH
def test_a_request_copies_its_extra_fields(make: Make) -> None:
    """It stays as it was checked, and can be compared, hashed, pickled, written and read."""
    given = json.loads(json.dumps(EXTRA))
    request = make(extra=given)
    given["layout"]["grid"].clear()
    assert request.extra == EXTRA
    assert request == make(extra=EXTRA) != make()
    assert hash(request) == hash(make(extra=EXTRA))
    assert pickle.loads(pickle.dumps(request)) == request
    assert "eu" not in repr(request)
    assert make(extra={}).extra is UNSET
    assert make(extra=UNSET) == make()


def test_a_row_may_have_extra_fields() -> None:
    """`from_dict` reads what `to_dict` writes; an unknown name outside of it is an error."""
    request = CreateRoomRequest(unique_name="standup", extra=EXTRA)
    assert request.to_dict() == {"unique_name": "standup", "extra": EXTRA}
    assert CreateRoomRequest.from_dict(request.to_dict()) == request
    with pytest.raises(InvalidRequestError, match="region: not a field"):
        CreateRoomRequest.from_dict({"region": "eu"})


SECRET = "pa55-0123456789"
WRONG: dict[str, tuple[Any, str]] = {
    "no mapping": ([SECRET], "must be a mapping of names to JSON values, not list"),
    "none": (None, "must be a mapping of names to JSON values, not NoneType"),
    "a number": ({"a": nan, "b": SECRET}, "must be JSON: objects with string keys"),
    "a set": ({"a": {SECRET}}, "must be JSON: objects with string keys"),
    "a surrogate": ({"a": f"\ud800{SECRET}"}, "must be JSON: objects with string keys"),
    "a key": ({1: SECRET}, "must be JSON: objects with string keys"),
    "a known field": ({"webhook_event_url": SECRET}, "webhook_event_url is a field of its own"),
    "itself": ({"extra": SECRET}, "extra is a field of its own"),
}


@BOTH
@pytest.mark.parametrize("what", WRONG)
def test_invalid_extra_fields_are_refused(make: Make, what: str) -> None:
    """The error quotes no value, as any of them may be a secret."""
    extra, sentence = WRONG[what]
    with pytest.raises(InvalidRequestError) as raised:
        make(extra=extra)
    assert f"extra: {sentence}" in str(raised.value)
    assert SECRET not in str(raised.value)
    assert all(detail.pointer == "/extra" for detail in raised.value.details)


def test_depth_is_bounded() -> None:
    """Objects that are nested too deeply for servers are refused."""
    deep: dict[str, object] = {}
    for _ in range(300):
        deep = {"a": deep}
    with pytest.raises(InvalidRequestError, match="must be JSON"):
        CreateRoomRequest(extra=deep)


async def test_a_refused_call_keeps_no_value() -> None:
    """No frame of the error holds the arguments."""
    async with serve(created()) as server, client(server) as rooms:
        with pytest.raises(InvalidRequestError) as raised:
            await rooms.create(extra={"unique_name": SECRET})
    assert leaks(raised.value, SECRET) == []
