"""Exact statuses and headers without a socket, as users of aioresponses test their code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses

from support.scripted_server import room
from telnyx_video import (
    AsyncRoomsClient,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimit,
    RateLimitError,
    RetryPolicy,
    TransportError,
    UnprocessableEntityError,
)

URL = "https://api.telnyx.com/v2"
FIGURES = {
    "x-request-id": "id-1",
    "x-ratelimit-limit": "100",
    "x-ratelimit-remaining": "7",
    "x-ratelimit-reset": "3",
}


ONE_PAGE = {"page_number": 1, "page_size": 250, "total_pages": 1, "total_results": 1}


class MockedResponse(aiohttp.ClientResponse):
    """A reply as aiohttp builds it since 3.14, which aioresponses does not know yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        written: Any = SimpleNamespace(output_size=0)
        super().__init__(*args, stream_writer=written, **kwargs)


class Api:
    """The mocked API: the answers of each URL."""

    def __init__(self, mocked: aioresponses) -> None:
        self.mocked = mocked

    def answers(self, method: str, path: str, **reply: Any) -> None:
        """Answer the next request of this kind like this."""
        add: Callable[..., None] = getattr(self.mocked, method.lower())
        add(f"{URL}{path}", response_class=MockedResponse, **reply)

    def sent(self) -> list[str]:
        """Return the methods of the requests, in order."""
        return [method for (method, _), calls in self.mocked.requests.items() for _ in calls]


@pytest.fixture
def api() -> Iterator[Api]:
    with aioresponses() as mocked:
        yield Api(mocked)


@pytest.fixture
async def rooms(api: Api) -> AsyncIterator[AsyncRoomsClient]:
    async with AsyncRoomsClient(
        api_key="key0123", base_url=URL, retry=RetryPolicy(attempts=2, backoff=0.001)
    ) as rooms:
        yield rooms


async def test_a_reply_is_read(api: Api, rooms: AsyncRoomsClient) -> None:
    """A create returns the room, its request id and the rate-limit figures."""
    api.answers("POST", "/rooms", status=201, payload={"data": room("standup")}, headers=FIGURES)
    made = await rooms.create(unique_name="standup")
    assert made.unique_name == "standup"
    assert made.reply is not None
    assert made.reply.request_id == "id-1"
    assert made.reply.rate_limit == RateLimit(limit=100, remaining=7, reset=3.0)


async def test_any_success_status_is_accepted(api: Api, rooms: AsyncRoomsClient) -> None:
    """A create that is answered with 200 instead of 201 succeeds."""
    api.answers("POST", "/rooms", status=200, payload={"data": room("standup")})
    assert (await rooms.create()).unique_name == "standup"


async def test_one_bare_error_is_read(api: Api, rooms: AsyncRoomsClient) -> None:
    """The shape published for 403 and 404: a single error."""
    error = {"code": "10010", "title": "Authorization failed", "detail": "not for this key"}
    api.answers("POST", "/rooms", status=403, payload=error)
    with pytest.raises(PermissionDeniedError, match="not for this key") as raised:
        await rooms.create()
    assert raised.value.details[0].code == "10010"


async def test_a_refused_field_is_named(api: Api, rooms: AsyncRoomsClient) -> None:
    """The shape published for 422: a list of errors, each with its field."""
    source = {"pointer": "/max_participants"}
    errors = [{"code": "10015", "detail": "too many", "source": source}]
    api.answers("POST", "/rooms", status=422, payload={"errors": errors}, headers=FIGURES)
    with pytest.raises(UnprocessableEntityError, match="max_participants: too many") as raised:
        await rooms.create(unique_name="standup")
    assert raised.value.details[0].field == "max_participants"
    assert raised.value.request_id == "id-1"
    assert raised.value.rate_limit == RateLimit(limit=100, remaining=7, reset=3.0)


async def test_a_status_without_a_body_is_an_error(api: Api, rooms: AsyncRoomsClient) -> None:
    """An error status is enough; the reply may be empty."""
    api.answers("GET", "/rooms/1", status=404)
    with pytest.raises(NotFoundError, match="404 Not Found: the reply gives no reason"):
        await rooms.get("1")


async def test_a_429_is_an_error_with_figures(api: Api) -> None:
    """It has the seconds to wait, if the policy does not wait."""
    api.answers("POST", "/rooms", status=429, headers={**FIGURES, "Retry-After": "12"})
    async with AsyncRoomsClient(api_key="k0123", base_url=URL, retry=RetryPolicy.none()) as rooms:
        with pytest.raises(RateLimitError) as raised:
            await rooms.create()
    assert raised.value.rate_limit == RateLimit(100, 7, 3.0, 12.0)


async def test_a_gateway_error_leads_to_a_look_up(api: Api, rooms: AsyncRoomsClient) -> None:
    """A 502 leaves a create's outcome unknown: the room is looked up, and found."""
    query = "?filter%5Bunique_name%5D=standup&page%5Bnumber%5D=1&page%5Bsize%5D=250"
    api.answers("POST", "/rooms", status=502, body="<html><title>Bad gateway</title></html>")
    api.answers("GET", f"/rooms{query}", payload={"data": [room("standup")], "meta": ONE_PAGE})
    assert (await rooms.create(unique_name="standup")).unique_name == "standup"
    assert api.sent() == ["POST", "GET"]


async def test_a_nameless_create_is_not_sent_again(api: Api, rooms: AsyncRoomsClient) -> None:
    """The outcome of a create without a name stays unknown after a 502."""
    api.answers("POST", "/rooms", status=502)
    with pytest.raises(OutcomeUnknownError, match="502 Bad Gateway"):
        await rooms.create()
    assert api.sent() == ["POST"]


async def test_a_read_is_retried(api: Api, rooms: AsyncRoomsClient) -> None:
    """As often as the policy allows."""
    api.answers("GET", "/rooms/1", status=503)
    api.answers("GET", "/rooms/1", exception=aiohttp.ServerDisconnectedError())
    with pytest.raises(TransportError, match="Server disconnected"):
        await rooms.get("1")
    assert api.sent() == ["GET", "GET"]
