"""Replies as a room, a page, None, or the right error.

The outcome is what callers act on: UNKNOWN after a write that cannot be read, APPLIED if at least
the room's id can, NOT_APPLIED for every read.
"""

import json
import pickle
import tracemalloc
from collections.abc import Callable

import orjson
import pytest
from hypothesis import example, given, settings

from support.samples import HEADERS, sample, sample_paths
from support.strategies import bodies, headers, statuses
from support.words import is_one_line, short
from telnyx_video import ApiError, Outcome, RateLimit, ResponseDecodeError, Room, TelnyxVideoError
from telnyx_video._base.errors import KEPT_BODY
from telnyx_video._base.http import HttpReply
from telnyx_video._base.json import stdlib_loads
from telnyx_video._wire import replies
from telnyx_video._wire.replies import (
    read_action,
    read_composition_made,
    read_deleted,
    read_deleted_count,
    read_join_token,
    read_room_found,
    read_room_written,
    read_rooms,
)
from telnyx_video.errors import outcome_of_status
from telnyx_video.models import Page, Reply

READERS: list[Callable[[HttpReply], object]] = [
    read_room_found,
    read_room_written,
    read_rooms,
    read_deleted,
    read_composition_made,
    read_join_token,
    read_action,
    read_deleted_count,
]
WRITERS: list[Callable[[HttpReply], object]] = [
    read_room_written,
    read_deleted,
    read_composition_made,
    read_join_token,
    read_action,
    read_deleted_count,
]
REPLY = Reply("req-9c1b", RateLimit(100, 7, 3.0))
ROOM_ID = "4f1d2c60-8a5e-4b58-9a0c-6f1f6b7e0a11"


def reply_of(status: int, body: object) -> HttpReply:
    """Return a reply with this JSON."""
    return HttpReply(status, HEADERS, json.dumps(body).encode())


@pytest.mark.parametrize("read", [read_room_found, read_room_written])
@pytest.mark.parametrize("path", ["created/201.json", "minimal/201.json", "nulls/200.json"])
def test_a_room_is_read_with_the_facts_of_its_reply(
    read: Callable[[HttpReply], Room], path: str
) -> None:
    """A room has the request id and the rate limit of its reply."""
    reply = sample(path)
    room = read(reply)
    assert room == Room.from_dict(json.loads(reply.body)["data"])
    assert room.reply == REPLY


def test_a_page_is_read_with_its_figures() -> None:
    """A page has its rooms in the server's order, its figures, and the facts of its reply."""
    page = read_rooms(sample("listed/200.json"))
    assert [room.max_participants for room in page.items] == [12, 2]
    assert page == Page(
        page.items, REPLY, page_number=2, page_size=2, total_pages=3, total_results=5
    )
    assert page.reply == REPLY


@pytest.mark.parametrize(
    "meta", [None, [], 7, {}, {"page_number": "1", "page_size": 20.0, "total_pages": True}]
)
def test_a_page_may_lack_its_figures(meta: object) -> None:
    """Missing or malformed figures are None."""
    page = read_rooms(reply_of(200, {"data": [{"id": "a"}], "meta": meta}))
    assert page == Page([Room(id="a")], REPLY)
    assert read_rooms(sample("listed_without_meta/200.json")).items == [Room(id=ROOM_ID)]


def test_an_empty_page_is_not_an_error() -> None:
    """A list without rooms is a page without items."""
    page = read_rooms(sample("listed_empty/200.json"))
    assert (page.items, page.total_results) == ([], 0)


@pytest.mark.parametrize(
    "reply",
    [
        sample("empty/204.txt"),
        sample("found/200.json"),
        sample("gateway/200.html"),
        HttpReply(202, {}, b"\xff"),
    ],
    ids=["empty", "json", "html", "garbage"],
)
def test_any_success_of_a_delete_is_a_success(reply: HttpReply) -> None:
    """The body of a successful reply to a delete is ignored."""
    read_deleted(reply)


UNREADABLE = {
    "empty/201.txt": "expected JSON @ $, got an empty body",
    "gateway/200.html": "expected JSON @ $, got We are down for maintenance.",
    "truncated/201.json": "expected JSON @ $, got {",
    "not_an_object/200.json": "expected an object @ $",
    "no_id/201.json": "required field missing @ $.data.id",
    "empty_id/201.json": "empty @ $.data.id",
    "listed/200.json": "expected an object, got an array @ $.data",
}


@pytest.mark.parametrize("path", UNREADABLE)
def test_an_unreadable_room_leaves_a_write_unknown(path: str) -> None:
    """A success without a readable room leaves the outcome of a create unknown."""
    reply = sample(path)
    with pytest.raises(ResponseDecodeError) as caught:
        read_room_written(reply)
    error = caught.value
    assert UNREADABLE[path] in str(error)
    assert (error.outcome, error.room_id) == (Outcome.UNKNOWN, None)
    assert (error.status, error.request_id, error.body) == (reply.status, "req-9c1b", reply.body)
    assert "look before sending it again" in str(error)
    assert is_one_line(str(error))


@pytest.mark.parametrize("path", UNREADABLE)
def test_an_unreadable_room_of_a_get_is_not_applied(path: str) -> None:
    """A get changes nothing, so an unreadable reply is not applied."""
    with pytest.raises(ResponseDecodeError) as caught:
        read_room_found(sample(path))
    assert (caught.value.outcome, caught.value.room_id) == (Outcome.NOT_APPLIED, None)
    assert str(caught.value).endswith("try again, or report it with the body")


def test_a_room_of_wrong_types_exists_if_its_id_can_be_read() -> None:
    """After a create a readable id proves that the room exists; the error has it."""
    with pytest.raises(ResponseDecodeError) as caught:
        read_room_written(sample("wrong_types/201.json"))
    error = caught.value
    assert (error.outcome, error.room_id) == (
        Outcome.APPLIED,
        "4f1d2c60-8a5e-4b58-9a0c-6f1f6b7e0a14",
    )
    problems, _, advice = (
        str(error).removeprefix("unreadable reply (status 201): ").partition(" - ")
    )
    assert advice == f"room {error.room_id} exists; only its reply is unreadable"
    assert set(problems.split("; ")) == {
        "expected a string, got an integer @ $.data.unique_name",
        "expected an integer, got a string @ $.data.max_participants",
        "expected a boolean, got an integer @ $.data.enable_recording",
        "not an ISO 8601 time: 'last Tuesday' @ $.data.created_at",
        "expected an ISO 8601 time, got an integer @ $.data.updated_at",
        "expected a string, got an integer @ $.data.sessions[0].id",
        "required field missing @ $.data.sessions[0].participants[0].id",
        "expected a string, got an object @ $.data.sessions[0].participants[0].context",
        "expected an object, got a string @ $.data.sessions[1]",
        "expected an array, got an object @ $.data.sessions[2].participants",
    }


def test_a_get_of_wrong_types_was_not_applied_even_with_an_id() -> None:
    """A get creates nothing, so its outcome is never applied."""
    with pytest.raises(ResponseDecodeError) as caught:
        read_room_found(sample("wrong_types/201.json"))
    assert caught.value.outcome is Outcome.NOT_APPLIED


@pytest.mark.parametrize(
    "data", [{"id": 7}, {"id": None}, [], "id", None, {"id": ["a"]}], ids=short
)
def test_an_unreadable_id_leaves_the_outcome_unknown(data: object) -> None:
    """Without a readable id the outcome is unknown."""
    with pytest.raises(ResponseDecodeError) as caught:
        read_room_written(reply_of(201, {"data": data}))
    assert caught.value.outcome is Outcome.UNKNOWN


UNREADABLE_PAGES: list[tuple[object, str]] = [
    ({}, "expected an array @ $.data"),
    ({"data": {"id": "a"}}, "expected an array @ $.data"),
    ({"data": [{"id": "a"}, {"id": 7}]}, "got an integer @ $.data[1].id"),
    ({"data": [{"id": "a"}, None]}, "expected an object, got null @ $.data[1]"),
    ({"data": [{"id": "a", "sessions": [{}]}]}, "missing @ $.data[0].sessions[0].id"),
    ({"data": [{"id": "a"}, {"id": ""}]}, "empty @ $.data[1].id"),
    ([], "expected an object @ $"),
]


@pytest.mark.parametrize(("body", "problem"), UNREADABLE_PAGES, ids=short)
def test_an_unreadable_page_is_an_error_with_its_path(body: object, problem: str) -> None:
    """A list with one unreadable room is an error with its path, never a shorter list."""
    with pytest.raises(ResponseDecodeError) as caught:
        read_rooms(reply_of(200, body))
    assert f"{problem} - try again" in str(caught.value)
    assert caught.value.outcome is Outcome.NOT_APPLIED


@pytest.mark.parametrize("room_id", ["a\nb", "a\x1b[2J", "a\u2028b", "a" * 5000], ids=short)
def test_an_id_cannot_break_the_line(room_id: str) -> None:
    """An id of the server is quoted in one line of bounded length."""
    with pytest.raises(ResponseDecodeError) as caught:
        read_room_written(reply_of(201, {"data": {"id": room_id, "sessions": 7}}))
    assert caught.value.room_id == room_id
    assert is_one_line(str(caught.value))
    assert len(str(caught.value)) < 1_000


def test_a_reply_of_many_wrong_values_makes_a_short_message() -> None:
    """A reply of kilobytes does not become a message of megabytes."""
    with pytest.raises(ResponseDecodeError) as caught:
        read_room_written(reply_of(201, {"data": {"id": "a", "sessions": [7] * 5_000}}))
    assert "@ $.data.sessions[0]" in str(caught.value)
    assert len(str(caught.value)) < 5_000


def test_a_reply_of_many_wrong_values_costs_little() -> None:
    """A bad reply takes less than a hundred times its size in memory."""
    reply = reply_of(201, {"data": {"id": "a", "sessions": [7] * 20_000}})
    tracemalloc.start()
    try:
        with pytest.raises(ResponseDecodeError):
            read_room_written(reply)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 * len(reply.body)


def test_an_error_keeps_64_kib_of_a_body() -> None:
    """Errors can be kept by the thousand: each has at most 64 KiB of its reply."""
    with pytest.raises(ResponseDecodeError) as caught:
        read_rooms(HttpReply(200, {}, b"x" * (KEPT_BODY + 1)))
    assert caught.value.body == b"x" * KEPT_BODY


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("status", [100, 199, 300, 304, 307, 400, 404, 500, 599])
def test_a_status_other_than_2xx_is_an_api_error(
    read: Callable[[HttpReply], object], status: int
) -> None:
    """A status other than 2xx is an error even if its body is a room."""
    with pytest.raises(ApiError) as caught:
        read(HttpReply(status, HEADERS, sample("created/201.json").body))
    writes = read in WRITERS
    assert caught.value.outcome is (outcome_of_status(status) if writes else Outcome.NOT_APPLIED)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("path", sample_paths())
def test_every_recorded_reply_is_read_or_raises_an_error_of_the_package(
    read: Callable[[HttpReply], object], path: str
) -> None:
    """Every reader reads every recorded reply or raises an error of the package."""
    ends_cleanly(read, sample(path))


def ends_cleanly(read: Callable[[HttpReply], object], reply: HttpReply) -> None:
    """Read a reply; check any error that is raised."""
    failure: TelnyxVideoError | None = None
    try:
        read(reply)
    except TelnyxVideoError as error:
        failure = error
    if failure is None:
        assert reply.status // 100 == 2
    else:
        keeps_its_promises(failure, reply, writes=read in WRITERS)


def keeps_its_promises(error: TelnyxVideoError, reply: HttpReply, *, writes: bool) -> None:
    """Check the line, the outcome and the pickle of an error."""
    assert is_one_line(str(error))
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
    if isinstance(error, ResponseDecodeError):
        made = error.room_id or error.composition_id
        known = Outcome.APPLIED if made else Outcome.UNKNOWN
        assert reply.status // 100 == 2
    else:
        known = outcome_of_status(reply.status)
        assert isinstance(error, ApiError)
        assert reply.status // 100 != 2
    assert error.outcome is (known if writes else Outcome.NOT_APPLIED)


@pytest.mark.parametrize(
    ("library", "depth", "outcome"),
    [
        (orjson.loads, 201, Outcome.APPLIED),
        (orjson.loads, 980, Outcome.APPLIED),
        (orjson.loads, 100_000, Outcome.UNKNOWN),
        (stdlib_loads, 201, Outcome.APPLIED),
        (stdlib_loads, 100_000, Outcome.UNKNOWN),
    ],
)
def test_a_reply_that_is_nested_too_deeply_is_a_decode_error(
    monkeypatch: pytest.MonkeyPatch,
    library: Callable[[bytes], object],
    depth: int,
    outcome: Outcome,
) -> None:
    """With orjson and without it: applied if the room's id can be read, else unknown."""
    monkeypatch.setattr(replies, "loads", library)
    body = b'{"data": {"id": "a", "labels": %s%s}}' % (b"[" * depth, b"]" * depth)
    with pytest.raises(ResponseDecodeError) as caught:
        read_room_written(HttpReply(201, {}, body))
    assert caught.value.outcome is outcome
    assert caught.value.room_id == ("a" if outcome is Outcome.APPLIED else None)


@pytest.mark.parametrize("read", READERS)
@settings(max_examples=50)  # for each of them
@given(status=statuses, body=bodies)
@example(201, b'{"data": {"id": "\\u001b[2J", "sessions": 0}}')
@example(400, b"[" * 1020 + b"]" * 1020)
@example(200, b'{"data": ' + b"[" * 1020 + b"]" * 1020 + b"}")
@example(201, b'{"data": {"id": "a", "x": ' + b"[" * 980 + b"]" * 980 + b"}}")
@example(201, b'{"data": {"id": "a", "x": ' + b"[" * 1020 + b"]" * 1020 + b"}}")
def test_any_bytes_are_read_or_raise_an_error_of_the_package(
    read: Callable[[HttpReply], object], status: int, body: bytes
) -> None:
    """Any bytes are read, or raise an error of the package with a message of one line."""
    ends_cleanly(read, HttpReply(status, HEADERS, body))


@pytest.mark.parametrize("read", READERS)
@settings(max_examples=50)  # for each of them
@given(status=statuses, fields=headers)
@example(500, {"x-request-id": "req\udc9b31m\n"})
def test_any_headers_are_read_or_raise_an_error_of_the_package(
    read: Callable[[HttpReply], object], status: int, fields: dict[str, str]
) -> None:
    """Any headers can be read, and break neither a reply nor a message."""
    ends_cleanly(read, HttpReply(status, fields, sample("found/200.json").body))
    ends_cleanly(read, HttpReply(status, fields, b"busy"))
