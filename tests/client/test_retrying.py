"""Retries: how often, at which intervals, and what happens between them. On a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from support.clients import WITH_AND_WITHOUT_NAME, client
from support.scripted_server import (
    Act,
    answer,
    closed_port,
    created,
    cut,
    listed,
    room,
    serve,
    stall,
)
from support.virtual_time import virtual_time
from telnyx_video import (
    AsyncRoomsClient,
    CreateRoomRequest,
    NameTakenError,
    NotFoundError,
    Outcome,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    RetryPolicy,
    ServerError,
    TransportError,
)

TAKEN = answer(422, {"errors": [{"code": "10012", "source": {"pointer": "/unique_name"}}]})
OLD = {"created_at": "2020-01-01T00:00:00Z"}


def now() -> float:
    """Return the loop's time, in which seconds pass without waiting."""
    return asyncio.get_running_loop().time()


def busy(**headers: str) -> Act:
    """Answer 429 with these headers."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer(429, {"errors": [{"code": "10011", "title": "Too many requests"}]}, sent)


SAYINGS: dict[str, tuple[Mapping[str, str], float, float]] = {
    "seconds": ({"retry_after": "7"}, 7, 7.5),
    "a date": (
        {
            "retry_after": "Thu, 01 Jan 2026 00:00:09 GMT",
            "Date": "Thu, 01 Jan 2026 00:00:00 GMT",
        },
        9,
        9.5,
    ),
    "a date gone by": (
        {
            "retry_after": "Thu, 01 Jan 2026 00:00:00 GMT",
            "Date": "Thu, 01 Jan 2026 00:00:09 GMT",
        },
        0,
        0.5,
    ),
    "the window": ({"x_ratelimit_reset": "3"}, 3, 3.5),
    "both": ({"retry_after": "2", "x_ratelimit_reset": "5"}, 2, 2.5),
    "nothing": ({}, 0, 0.5),
    "below zero": ({"retry_after": "-5"}, 0, 0.5),
    "nonsense": ({"retry_after": "soon"}, 0, 0.5),
    "too much": ({"retry_after": "86400"}, 0, 0.5),
    "too much, but a window": ({"retry_after": "86400", "x_ratelimit_reset": "4"}, 4, 4.5),
}


@pytest.mark.parametrize("saying", SAYINGS)
@virtual_time
async def test_retry_after_is_respected(saying: str) -> None:
    """After a 429 each call waits as long as the reply says, if that is plausible."""
    headers, least, most = SAYINGS[saying]
    for request in WITH_AND_WITHOUT_NAME:
        async with serve(busy(**headers), created()) as server, client(server) as rooms:
            began = now()
            await rooms.create(request)
            assert least <= now() - began < most + 0.1
            assert server.methods == ["POST", "POST"]


@virtual_time
async def test_a_server_that_stays_busy_is_an_error_at_the_deadline() -> None:
    """A 429 is waited out until the deadline, then raised as not applied."""
    async with (
        serve(busy(retry_after="5", x_ratelimit_limit="10")) as server,
        client(server, retry=RetryPolicy(attempts=2, quota=0)) as rooms,
    ):
        began = now()
        with pytest.raises(RateLimitError) as raised:
            await rooms.create()
        assert 45 < now() - began < 60
        assert len(server.requests) > 8
        assert raised.value.outcome is Outcome.NOT_APPLIED
        assert raised.value.rate_limit is not None
        assert raised.value.rate_limit.retry_after == 5
        assert raised.value.rate_limit.limit == 10


@virtual_time
async def test_a_retry_after_beyond_the_deadline_ends_the_call() -> None:
    """Immediately."""
    async with serve(busy(retry_after="61")) as server, client(server) as rooms:
        began = now()
        with pytest.raises(RateLimitError):
            await rooms.create()
        assert now() - began < 1


@virtual_time
async def test_attempts_are_bounded() -> None:
    """No more requests are sent than the policy allows, for any call."""
    async with serve(answer(503)) as server, client(server, retry=RetryPolicy(attempts=4)) as rooms:
        with pytest.raises(ServerError):
            await rooms.get("1")
        assert len(server.requests) == 4
        with pytest.raises(OutcomeUnknownError) as raised:
            await rooms.delete("1")
        assert len(server.requests) == 8
        assert raised.value.attempts == 4


@virtual_time
async def test_the_deadline_ends_each_call() -> None:
    """Even with attempts left; no call sleeps past it."""
    policy = RetryPolicy(attempts=10_000, deadline=30, backoff=5, quota=10**6)
    async with serve(answer(503)) as server, client(server, retry=policy) as rooms:
        calls = (
            lambda: rooms.get("1"),
            lambda: rooms.delete("1"),
            lambda: rooms.create(unique_name="standup"),
        )
        for call in calls:
            began = now()
            with pytest.raises((ServerError, OutcomeUnknownError)):
                await call()
            assert 5 < now() - began <= 30


@virtual_time
async def test_the_quota_is_shared_by_the_calls() -> None:
    """Retries of one call leave fewer for the next; successes refund them."""
    async with (
        serve(answer(503)) as server,
        client(server, retry=RetryPolicy(attempts=3, quota=12)) as rooms,
    ):
        for tries in (3, 1, 1):
            server.requests.clear()
            with pytest.raises(ServerError):
                await rooms.get("1")
            assert len(server.requests) == tries
        server.acts = [answer(200, {"data": room()})]
        for _ in range(3):
            await rooms.get("1")
        server.requests.clear()
        server.acts = [answer(503)]
        with pytest.raises(ServerError):
            await rooms.get("1")
        assert len(server.requests) == 2


@virtual_time
async def test_a_success_after_a_retry_refunds_tokens() -> None:
    """A create that succeeded in the end counts as a success."""
    acts = [answer(503), listed(), created()] * 100
    async with serve(*acts) as server, client(server, retry=RetryPolicy(quota=5)) as rooms:
        await rooms.create(unique_name="standup")
        with pytest.raises(OutcomeUnknownError):
            await rooms.create(unique_name="standup")
        server.requests.clear()
        server.acts = [created()]
        for _ in range(4):
            await rooms.create()
        server.requests.clear()
        server.acts = acts
        await rooms.create(unique_name="standup")


@virtual_time
async def test_a_create_that_is_applied_late_is_one_room() -> None:
    """A room that appears later is waited for, once its name is known to be taken."""
    acts = cut, listed(), TAKEN, listed(), listed(), listed(room("standup"))
    async with serve(*acts) as server, client(server) as rooms:
        assert (await rooms.create(unique_name="standup")).unique_name == "standup"
        assert server.methods == ["POST", "GET", "POST", "GET", "GET", "GET"]


@virtual_time
async def test_a_look_up_reads_every_page_and_compares_exactly() -> None:
    """Similar names are skipped; the list is read to its end."""
    others = [room(name, id=name) for name in ("Standup", "standup ", "stand", "standup2")]
    contents = others[:2], others[2:], [room("standup")]
    pages = [
        answer(200, {"data": content, "meta": {"page_number": number, "total_pages": 3}})
        for number, content in enumerate(contents, 1)
    ]
    async with serve(cut, *pages) as server, client(server) as rooms:
        assert (await rooms.create(unique_name="standup")).unique_name == "standup"
        assert server.methods == ["POST", "GET", "GET", "GET"]
        targets = [request.target for request in server.requests[1:]]
        for number, target in enumerate(targets, 1):
            assert "filter%5Bunique_name%5D=standup&" in target
            assert f"page%5Bnumber%5D={number}&" in target


@virtual_time
async def test_a_look_up_is_retried() -> None:
    """A look-up that fails, even on its second page, is repeated from the start."""
    found = {"data": [room("other", id="1")], "meta": {"page_number": 1, "total_pages": 2}}
    acts = (
        cut,
        answer(503),
        busy(retry_after="3"),
        cut,
        cut,  # aiohttp itself resends a read once
        answer(200, b"no JSON"),
        answer(200, found),
        answer(502),
        answer(200, found),
        listed(room("standup")),
    )
    async with serve(*acts) as server, client(server, retry=RetryPolicy(quota=0)) as rooms:
        assert (await rooms.create(unique_name="standup")).unique_name == "standup"
        assert server.methods == ["POST", *["GET"] * 9]


@virtual_time
async def test_a_look_up_that_never_succeeds_leaves_the_outcome_unknown() -> None:
    """It fails until the deadline."""
    async with serve(cut, answer(503)) as server, client(server) as rooms:
        began = now()
        with pytest.raises(OutcomeUnknownError) as raised:
            await rooms.create(unique_name="standup")
        assert raised.value.request == CreateRoomRequest(unique_name="standup")
        assert 20 < now() - began < 60
        assert server.methods.count("POST") == 1


@virtual_time
async def test_a_forbidden_look_up_leaves_the_outcome_unknown() -> None:
    """The key may create rooms, but not list them."""
    async with serve(cut, answer(403)) as server, client(server) as rooms:
        with pytest.raises(OutcomeUnknownError) as raised:
            await rooms.create(unique_name="standup")
        assert isinstance(raised.value.last_error, PermissionDeniedError)
        assert server.methods == ["POST", "GET"]


@virtual_time
async def test_two_rooms_of_a_name_are_an_error() -> None:
    """If a look-up finds two rooms of the name, the error names both."""
    twice = listed(room("standup", id="room-1"), room("standup", id="room-2"))
    async with serve(cut, twice) as server, client(server) as rooms:
        with pytest.raises(OutcomeUnknownError, match="room-1 and room-2"):
            await rooms.create(unique_name="standup")


@virtual_time
async def test_an_older_room_is_not_ours() -> None:
    """A room that was made before the create is an error after a lost reply, too."""
    async with serve(cut, listed(room("standup", **OLD))) as server, client(server) as rooms:
        with pytest.raises(NameTakenError, match="2020") as raised:
            await rooms.create(unique_name="standup")
        assert raised.value.room is not None
        assert raised.value.outcome is Outcome.UNKNOWN  # times are no proof
        assert await rooms.create(unique_name="standup", if_exists="return") == raised.value.room


@virtual_time
async def test_an_update_by_if_exists_is_repeated() -> None:
    """With "update" a lost reply to the PATCH is looked up, and the PATCH repeated if needed."""
    other = listed(room("standup", max_participants=50, **OLD))
    done = listed(room("standup", max_participants=10, **OLD))
    for rest, methods in (
        ((cut, done), ["POST", "GET", "PATCH", "GET"]),
        (
            (cut, other, answer(200, {"data": room("standup", max_participants=10)})),
            ["POST", "GET", "PATCH", "GET", "PATCH"],
        ),
        (
            (
                busy(retry_after="1"),
                other,
                answer(200, {"data": room("standup", max_participants=10)}),
            ),
            ["POST", "GET", "PATCH", "GET", "PATCH"],
        ),
    ):
        async with serve(TAKEN, other, *rest) as server, client(server) as rooms:
            made = await rooms.create(
                unique_name="standup", max_participants=10, if_exists="update"
            )
            assert made.max_participants == 10
            assert server.methods == methods


@virtual_time
async def test_a_refused_update_is_the_error() -> None:
    """With "update" the error of a refused PATCH is raised."""
    other = listed(room("standup", max_participants=50, **OLD))
    async with serve(TAKEN, other, answer(403)) as server, client(server) as rooms:
        with pytest.raises(PermissionDeniedError):
            await rooms.create(unique_name="standup", max_participants=10, if_exists="update")


@virtual_time
async def test_a_delete_whose_reply_was_lost_succeeds() -> None:
    """It is repeated; "not found" then means that it was applied."""
    async with serve(cut, answer(404)) as server, client(server) as rooms:
        await rooms.delete("1")
        assert server.methods == ["DELETE", "DELETE"]
    async with serve(answer(404)) as server, client(server) as rooms:
        with pytest.raises(NotFoundError):
            await rooms.delete("1")
    async with serve(cut, answer(401)) as server, client(server) as rooms:
        with pytest.raises(OutcomeUnknownError):
            await rooms.delete("1")


@virtual_time
async def test_a_404_after_a_refused_delete_is_an_error() -> None:
    """A refused connection or a 429 deleted nothing."""
    async with serve(busy(), answer(404)) as server, client(server) as rooms:
        with pytest.raises(NotFoundError):
            await rooms.delete("1")


@virtual_time
async def test_a_lost_update_is_not_repeated() -> None:
    """Its outcome is unknown; an update that was not sent is retried."""
    async with serve(busy(), cut) as server, client(server) as rooms:
        with pytest.raises(OutcomeUnknownError) as raised:
            await rooms.update("1", max_participants=3)
        assert server.methods == ["PATCH", "PATCH"]
        assert str(raised.value).startswith("PATCH /rooms/1 may have been applied (")
        assert str(raised.value).endswith(
            " - read the room to see whether it was changed, then update it again if it was not"
        )


@virtual_time
async def test_an_error_has_one_hint() -> None:
    """The cause does not add its own."""
    async with serve(cut) as server, client(server, retry=RetryPolicy.none()) as rooms:
        for call in (lambda: rooms.update("1"), lambda: rooms.delete("1")):
            with pytest.raises(OutcomeUnknownError) as raised:
                await call()
            assert str(raised.value).count(" - ") == 1


@virtual_time
async def test_each_page_of_a_list_is_retried() -> None:
    """Separately."""
    first = {"data": [room("a", id="1")], "meta": {"page_number": 1, "total_pages": 2}}
    last = {"data": [room("b", id="2")], "meta": {"page_number": 2, "total_pages": 2}}
    acts = answer(503), answer(200, first), busy(retry_after="2"), answer(200, last)
    async with serve(*acts) as server, client(server) as rooms:
        assert [found.unique_name async for found in rooms.list()] == ["a", "b"]


@virtual_time
async def test_refused_connections_are_retried_within_the_policy() -> None:
    """Each call is tried as often as allowed, with waits in between."""
    url = f"http://127.0.0.1:{closed_port()}"
    async with AsyncRoomsClient(
        base_url=url, api_key="key0123", retry=RetryPolicy(attempts=5, backoff=2)
    ) as rooms:
        began = now()
        with pytest.raises(TransportError):
            await rooms.create()
        assert now() - began > 0.5


@virtual_time
async def test_time_outs_cost_more_quota() -> None:
    """A server that lets requests time out gets fewer retries than one that refuses."""
    async with (
        serve(stall) as server,
        client(server, retry=RetryPolicy(quota=25, deadline=600)) as rooms,
    ):
        with pytest.raises(TransportError):
            await rooms.get("1")
        assert len(server.requests) == 3
