"""Replies with tokens, actions, bulk deletions and compositions."""

import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from support.samples import HEADERS, sample
from support.words import is_one_line, short
from telnyx_video import ApiError, Outcome, RateLimit, ResponseDecodeError
from telnyx_video._base.http import HttpReply
from telnyx_video._wire.replies import (
    found,
    join_token_for,
    listed,
    read_action,
    read_composition_made,
    read_deleted_count,
    read_join_token,
)
from telnyx_video.models import (
    JoinToken,
    Reply,
    RoomComposition,
    RoomParticipant,
    RoomRecording,
    RoomSession,
)

REPLY = Reply("req-9c1b", RateLimit(100, 7, 3.0))
SECRET = "eyJhbGciOiJFZDI1NTE5In0.e30.c2ln"
TOKEN = {"token": SECRET, "token_expires_at": "2024-02-29T12:00:00Z"}


def reply_of(status: int, body: object) -> HttpReply:
    """Return a reply with this JSON."""
    return HttpReply(status, HEADERS, json.dumps(body).encode())


@pytest.mark.parametrize("read", [read_join_token, join_token_for(SECRET)])
def test_a_token_is_read_with_the_facts_of_its_reply(
    read: Callable[[HttpReply], JoinToken],
) -> None:
    """A token has its secrets, its expiry and the facts of the reply."""
    token = read(reply_of(201, {"data": TOKEN}))
    assert (token.token, token.refresh_token) == (SECRET, None)
    assert token.token_expires_at == datetime(2024, 2, 29, 12, tzinfo=UTC)
    assert token.reply == REPLY


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (f'{{"data": {{"token": "{SECRET}'.encode(), "expected an object of JSON @ $"),
        (f'"{SECRET}"'.encode(), "expected an object of JSON @ $"),
        (json.dumps({"data": SECRET}).encode(), "expected an object, got a string @ $.data"),
        (json.dumps({"data": {"token": SECRET}}).encode(), "missing @ $.data.token_expires_at"),
        (json.dumps({"data": TOKEN | {"token": ""}}).encode(), "empty @ $.data.token"),
    ],
    ids=short,
)
def test_a_token_that_cannot_be_read_is_not_shown(body: bytes, problem: str) -> None:
    """A truncated reply is neither kept nor quoted, as it may hold a secret."""
    with pytest.raises(ResponseDecodeError) as caught:
        read_join_token(HttpReply(201, HEADERS, body))
    error = caught.value
    assert problem in str(error)
    assert (error.outcome, error.request_id) == (Outcome.UNKNOWN, "req-9c1b")
    assert SECRET[:8].encode() not in pickle.dumps(error)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"errors": [{"code": "10015", "detail": f"{SECRET} has expired"}]}).encode(),
        json.dumps({"message": SECRET}).replace("eyJ", "\\u0065yJ").encode(),
        f"<h1>{SECRET}</h1>".encode(),
        b"[" * 400 + f'"{SECRET}"'.encode() + b"]" * 400,
    ],
    ids=["json", "escaped", "html", "deep"],
)
def test_a_refresh_token_that_is_refused_is_not_repeated(body: bytes) -> None:
    """The error does not repeat the token that was sent."""
    with pytest.raises(ApiError) as caught:
        join_token_for(SECRET)(HttpReply(403, HEADERS, body))
    assert SECRET.encode() not in pickle.dumps(caught.value)
    assert is_one_line(str(caught.value))


def test_a_short_token_is_not_replaced_in_messages() -> None:
    """A token of one letter, as in a test, is not replaced: it occurs in every word."""
    with pytest.raises(ApiError, match="a bad token"):
        join_token_for("a")(reply_of(403, {"message": "a bad token"}))


def test_an_action_is_done_if_the_api_says_so() -> None:
    """Any object is a confirmation, since the API documents it by an example only."""
    read_action(reply_of(200, {"data": {"result": "ok"}}))
    read_action(reply_of(202, {"data": {}}))


@pytest.mark.parametrize("read", [read_action, read_deleted_count])
@pytest.mark.parametrize("path", ["empty/204.txt", "gateway/200.html", "not_an_object/200.json"])
def test_a_success_of_a_gateway_leaves_an_action_unknown(
    read: Callable[[HttpReply], object], path: str
) -> None:
    """A success that is not from the API leaves the outcome unknown."""
    with pytest.raises(ResponseDecodeError) as caught:
        read(sample(path))
    assert caught.value.outcome is Outcome.UNKNOWN


def test_a_bulk_deletion_returns_the_count() -> None:
    """The result has the number of recordings and the facts of the reply."""
    deleted = read_deleted_count(reply_of(201, {"data": {"room_recordings": 5}}))
    assert (deleted.count, deleted.reply) == (5, REPLY)


@pytest.mark.parametrize(
    "data", [None, [], {}, {"room_recordings": "5"}, {"room_recordings": True}]
)
def test_a_bulk_deletion_without_a_count_is_unknown(data: object) -> None:
    """Without a number in the reply the outcome is unknown."""
    with pytest.raises(ResponseDecodeError, match=r"expected an integer @ \$\.data\.room_recordin"):
        read_deleted_count(reply_of(201, {"data": data}))


def test_a_composition_is_read_with_the_facts_of_its_reply() -> None:
    """A composition has its id, its status and the facts of the reply."""
    made = read_composition_made(reply_of(202, {"data": {"id": "a", "status": "enqueued"}}))
    assert made == RoomComposition(id="a", status="enqueued")
    assert made.reply == REPLY


def test_a_composition_of_wrong_types_exists_if_its_id_can_be_read() -> None:
    """A readable id proves that the composition exists; the error has it."""
    with pytest.raises(ResponseDecodeError, match="composition a exists; only") as caught:
        read_composition_made(reply_of(202, {"data": {"id": "a", "status": 7}}))
    error = caught.value
    assert (error.outcome, error.composition_id, error.room_id) == (Outcome.APPLIED, "a", None)


@pytest.mark.parametrize("cls", [RoomSession, RoomParticipant, RoomRecording, RoomComposition])
def test_every_kind_of_object_is_found_and_listed(
    cls: type[RoomSession | RoomParticipant | RoomRecording | RoomComposition],
) -> None:
    """Objects of every class are read alone and in pages."""
    one = found(cls)(reply_of(200, {"data": {"id": "a", "later": 1}}))
    assert (one, one.reply) == (cls(id="a", extra={"later": 1}), REPLY)
    page = listed(cls)(reply_of(200, {"data": [{"id": "a"}], "meta": {"total_results": 1}}))
    assert (page.items, page.total_results, page.reply) == ([cls(id="a")], 1, REPLY)
    with pytest.raises(ResponseDecodeError) as caught:
        found(cls)(reply_of(200, {"data": {"id": 7}}))
    assert caught.value.outcome is Outcome.NOT_APPLIED
    with pytest.raises(
        ResponseDecodeError, match=r"expected a string, got an integer @ \$\.data\[0\]"
    ):
        listed(cls)(reply_of(200, {"data": [{"id": 7}]}))
