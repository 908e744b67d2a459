"""`with_raw_response` makes a call, and returns its result together with the raw reply."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from support.clients import client
from support.scripted_server import ScriptedServer, Visit, answer, created, cut, listed, room, serve
from support.secrets import leaks
from telnyx_video import (
    AsyncRoomsClient,
    InvalidRequestError,
    NameTakenError,
    NotFoundError,
    RawResponse,
    RetryPolicy,
    RoomsClient,
)
from telnyx_video.observing import CallFinished
from telnyx_video.resources._resource import UNRECORDED

KEY = "KEY018F5C0FFEE0123456789ABCDEF_t0k3nT0k3n"
QUICK = RetryPolicy(attempts=3, backoff=0.001, backoff_max=0.001)

Arguments = tuple[tuple[Any, ...], dict[str, Any]]

RESULTS: dict[str, Arguments] = {
    "create": ((), {"unique_name": "standup"}),
    "get": (("1",), {}),
    "get_by_name": (("standup",), {}),
    "update": (("1",), {"max_participants": 5}),
    "delete": (("1",), {}),
    "join_token": (("1",), {}),
    "refresh_join_token": (("1", "refresh-token-0123456789"), {}),
    "request": (("GET", "/rooms"), {}),
    "sessions.get": (("1",), {}),
    "sessions.end": (("1",), {}),
    "sessions.kick": (("1", ["2"]), {}),
    "sessions.mute": (("1", ["2"]), {}),
    "sessions.unmute": (("1", ["2"]), {}),
    "participants.get": (("1",), {}),
    "recordings.get": (("1",), {}),
    "recordings.wait": (("1",), {}),
    "recordings.download": (("1", "video"), {}),
    "recordings.delete": (("1",), {}),
    "recordings.delete_many": ((), {"room_id": "1"}),
    "compositions.create": ((), {"session_id": "1"}),
    "compositions.get": (("1",), {}),
    "compositions.wait": (("1",), {}),
    "compositions.download": (("1", "video"), {}),
    "compositions.delete": (("1",), {}),
}
"""Operations with one result, and arguments to call them with."""

LISTS: dict[str, Arguments] = {
    "list": ((), {}),
    "sessions.list": ((), {}),
    "sessions.participants": (("1",), {}),
    "participants.list": ((), {}),
    "recordings.list": ((), {}),
    "compositions.list": ((), {}),
}
"""Operations that are read page by page."""

RESOURCES = ("sessions", "participants", "recordings", "compositions")
COLLECTIONS = {"rooms", "participants"} | {f"room_{name}" for name in RESOURCES}


def set_replies(server: ScriptedServer) -> None:
    """Answer any request of the API; each reply names its request."""

    async def act(visit: Visit) -> None:
        request = visit.request
        assert request is not None
        thing = room(
            id="1",
            created_at="2026-01-01T00:00:00Z",
            status="completed",
            download_url=f"{server.url}/file",
            token="a token of the room",
            token_expires_at="2030-01-01T00:00:00Z",
            room_recordings=3,
        )
        path = request.target.partition("?")[0]
        many = request.method == "GET" and path.rpartition("/")[2] in COLLECTIONS
        content = {"data": [thing] if many else thing, "meta": {"page_number": 1, "total_pages": 1}}
        about = {"X-Answers": f"{request.method} {request.target}", "x-request-id": "r-1"}
        await answer(200, b"video" if path == "/v2/file" else content, about)(visit)

    server.acts[:] = [act]


def last(server: ScriptedServer) -> str:
    """Return the last request to the API."""
    calls = [sent for sent in server.requests if sent.target != "/v2/file"]
    return f"{calls[-1].method} {calls[-1].target}"


def test_the_tables_have_every_method() -> None:
    """A new method has to be tested here, or to be refused."""
    rooms = RoomsClient(api_key=KEY)
    every = {name for name in dir(rooms) if name[0] != "_" and callable(getattr(rooms, name))}
    for resource in RESOURCES:
        group = getattr(rooms, resource)
        every |= {f"{resource}.{name}" for name in dir(group) if name[0] != "_"}
    assert {name for name in every if name.split(".")[-1] not in UNRECORDED} == {*RESULTS, *LISTS}


@pytest.mark.parametrize("operation", RESULTS)
async def test_every_operation_has_its_reply(
    operation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result is the plain call's; the raw reply is the server's last one."""
    monkeypatch.chdir(tmp_path)
    arguments, named = RESULTS[operation]
    async with serve(cut) as server:
        set_replies(server)
        async with client(server) as rooms:
            call: Callable[..., Any] = rooms.with_raw_response
            result, raw = await call(attrgetter(operation)(rooms), *arguments, **named)
        async with client(server) as rooms:
            assert await attrgetter(operation)(rooms)(*arguments, **named) == result
    assert isinstance(raw, RawResponse)
    assert raw.headers["x-answers"] == last(server)
    assert (raw.status, raw.request_id, raw.rate_limit) == (200, "r-1", None)
    assert raw.json()["data"]


@pytest.mark.parametrize("operation", LISTS)
async def test_every_list_has_a_reply_a_page(operation: str) -> None:
    """Pages are yielded one by one, each with its own reply."""
    arguments, named = LISTS[operation]
    async with serve(cut) as server, client(server) as rooms:
        set_replies(server)
        call: Callable[..., Any] = rooms.with_raw_response
        ((page, raw),) = [
            each async for each in call(attrgetter(operation)(rooms), *arguments, **named)
        ]
    assert [one.id for one in page.items] == [one["id"] for one in raw.json()["data"]] == ["1"]
    assert raw.headers["x-answers"] == last(server)


async def test_the_blocking_client_has_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call returns what the async one returns; lists are read in a plain loop."""
    monkeypatch.chdir(tmp_path)

    def call_each(url: str, operation: str) -> tuple[object, RawResponse]:
        arguments, named = {**RESULTS, **LISTS}[operation]
        with RoomsClient(base_url=url, api_key=KEY) as rooms:
            call: Callable[..., Any] = rooms.with_raw_response
            got = call(attrgetter(operation)(rooms), *arguments, **named)
            each: list[tuple[object, RawResponse]] = [*got] if operation in LISTS else [got]
            return each[0]

    async with serve(cut) as server:
        set_replies(server)
        for operation in (*RESULTS, *LISTS):
            _, raw = await asyncio.to_thread(call_each, server.url, operation)
            assert raw.headers["x-answers"] == last(server), operation
            assert raw.status == 200


async def test_on_progress_runs_in_the_callers_thread() -> None:
    """As it does without the raw reply."""

    def wait(url: str) -> bool:
        seen: list[threading.Thread] = []
        with RoomsClient(base_url=url, api_key=KEY) as rooms:
            rooms.with_raw_response(
                rooms.recordings.wait,
                "1",
                on_progress=lambda _: seen.append(threading.current_thread()),
            )
        return seen == [threading.current_thread()]

    async with serve(cut) as server:
        set_replies(server)
        assert await asyncio.to_thread(wait, server.url)


async def test_after_a_lost_reply_the_raw_reply_is_the_look_ups() -> None:
    """A create still makes one room; the raw reply is the one that decided."""
    async with serve(cut, listed(room())) as server, client(server, retry=QUICK) as rooms:
        made, raw = await rooms.with_raw_response(rooms.create, unique_name="standup")
    assert server.methods == ["POST", "GET"]
    assert [one["id"] for one in raw.json()["data"]] == [made.id]


async def test_a_create_that_is_sent_again_has_its_own_reply() -> None:
    """After the look-up found nothing, the second create decides."""
    posts = [cut, created()]

    async def act(visit: Visit) -> None:
        assert visit.request is not None
        await (posts.pop(0) if visit.request.method == "POST" else listed())(visit)

    async with serve(act) as server, client(server, retry=QUICK) as rooms:
        made, raw = await rooms.with_raw_response(rooms.create, unique_name="standup")
    assert server.methods[-1] == "POST"
    assert (raw.status, raw.json()["data"]["id"]) == (201, made.id)


async def test_a_delete_may_be_decided_by_a_404() -> None:
    """The reply of the first attempt was lost; the second one finds nothing."""
    async with serve(cut, answer(404, {})) as server, client(server, retry=QUICK) as rooms:
        nothing, raw = await rooms.with_raw_response(rooms.delete, "1")
    assert (nothing, raw.status) == (None, 404)


async def test_errors_are_raised() -> None:
    """As without it; and nothing is kept between calls."""
    taken = answer(422, {"errors": [{"code": "10015", "title": "taken"}]})
    async with serve(answer(404, {}), taken, listed(room())) as server, client(server) as rooms:
        with pytest.raises(NotFoundError) as raised:
            await rooms.with_raw_response(rooms.get, "1")
        assert raised.value.status == 404
        with pytest.raises(NameTakenError):
            await rooms.with_raw_response(rooms.create, unique_name="standup", retry=QUICK)


async def test_concurrent_calls_keep_their_replies_apart() -> None:
    """Each has the reply to its own request; pages that are fetched ahead are not mixed up."""

    async def page_of_three(visit: Visit) -> None:
        assert visit.request is not None
        number = int(visit.request.target.partition("page%5Bnumber%5D=")[2].partition("&")[0])
        meta = {"page_number": number, "page_size": 1, "total_pages": 3, "total_results": 3}
        data = [room(id=str(number))]
        await answer(200, {"data": data, "meta": meta}, {"X-Page": str(number)})(visit)

    async with serve(created()) as server, client(server) as rooms:
        calls = (rooms.with_raw_response(rooms.create, unique_name=f"{n}") for n in range(50))
        for made, raw in await asyncio.gather(*calls):
            assert raw.json()["data"]["id"] == made.id
    async with serve(page_of_three) as server, client(server) as rooms:
        numbers: list[tuple[int | None, str]] = []
        async for page, raw in rooms.with_raw_response(rooms.list, page_size=1):
            await server.until(lambda: len(server.requests) > len(numbers))
            numbers.append((page.page_number, raw.headers["x-page"]))
    assert numbers == [(1, "1"), (2, "2"), (3, "3")]


async def test_options_keys_and_hooks_of_the_client_apply() -> None:
    """A view's headers are sent, a refused key is replaced, and the call is one event of hooks."""
    keys, events = ["first", "second"], list[object]()
    async with (
        serve(answer(401, {}), created()) as server,
        client(server, api_key=lambda: keys.pop(0), hooks=events.append) as rooms,
    ):
        view = rooms.with_options(headers={"X-Tenant": "acme"})
        made, raw = await rooms.with_raw_response(view.create, unique_name="standup")
    assert raw.json()["data"]["id"] == made.id
    assert [sent.header("X-Tenant") for sent in server.requests] == [["acme"], ["acme"]]
    assert [type(event) for event in events].count(CallFinished) == 1


async def test_no_reply_has_the_key() -> None:
    """The key is redacted."""
    echo = answer(200, {"data": room(echo=KEY)}, {"x-echo": KEY})
    async with serve(echo) as server, client(server, api_key=KEY) as rooms:
        both = await rooms.with_raw_response(rooms.get, "1")
    assert leaks(both, KEY) == []


@pytest.mark.parametrize("name", sorted(UNRECORDED - {"close"}))
async def test_methods_of_several_calls_are_refused(name: str) -> None:
    """Nothing is done, and the error says what can be passed."""
    async with AsyncRoomsClient(api_key=KEY) as rooms:
        owner: Any = rooms.recordings if name == "open" else rooms
        with pytest.raises(InvalidRequestError, match="method: must be a method of this client"):
            rooms.with_raw_response(getattr(owner, name), "1")
        strangers: tuple[Any, ...] = (None, len, RetryPolicy().wait)
        for stranger in strangers:
            with pytest.raises(InvalidRequestError, match="method: must be a method"):
                rooms.with_raw_response(stranger, 1)


def test_the_blocking_client_refuses_the_same() -> None:
    """Such as closing, or a foreign function."""
    with RoomsClient(api_key=KEY) as rooms:
        strangers: tuple[Any, ...] = (rooms.close, rooms.create_many, rooms.recordings.open, len)
        for stranger in strangers:
            with pytest.raises(InvalidRequestError, match="method: must be a method"):
                rooms.with_raw_response(stranger, "1")


async def test_secrets_of_a_refused_call_are_not_shown() -> None:
    """No frame of this package keeps an argument."""
    async with AsyncRoomsClient(api_key=KEY) as rooms:
        with pytest.raises(InvalidRequestError) as raised:
            await rooms.with_raw_response(
                rooms.create, unique_name="", webhook_event_url=f"https://a:{KEY}@example.com"
            )
        assert leaks(raised.value, KEY) == []
        create: Any = rooms.create
        with pytest.raises(TypeError) as wrong:
            await rooms.with_raw_response(create, unique=KEY)
    assert leaks(wrong.value, KEY) == []
