"""Makes the rooms of a batch in memory, with the delays and failures of each test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count

from support.asking import asked
from telnyx_video import ConfigurationError, CreateRoomRequest, InvalidRequestError, Room
from telnyx_video._base.http import HttpRequest
from telnyx_video._execution.reconcile import CreateResult
from telnyx_video.errors import ErrorDetail

FAILED = CreateResult(error=ConfigurationError("not today"))


def made(request: CreateRoomRequest) -> CreateResult:
    """Return the result of a create that made a room."""
    name = str(request.unique_name)
    return CreateResult(Room(id=f"id-{name}", unique_name=name))


async def turns(count: int = 100) -> None:
    """Let all other tasks run for this many turns: in memory, that is as far as they can get."""
    for _ in range(count):
        await asyncio.sleep(0)


async def at_once(request: CreateRoomRequest) -> CreateResult:
    """Make a room without waiting."""
    return made(request)


async def never(_: CreateRoomRequest) -> CreateResult:
    """Wait forever."""
    await asyncio.Event().wait()
    raise AssertionError


class FakeCreator:
    """Makes each room by a given function, and counts.

    Attributes:
        make: The function.
        gave_up: Whether the server has been down for too long.
        begun: The requests, in the order in which their creates began.
        in_flight: How many creates have begun and not ended.
        most_in_flight: The most that `in_flight` has been.
    """

    def __init__(
        self, make: Callable[[CreateRoomRequest], Awaitable[CreateResult]] = at_once
    ) -> None:
        self.gave_up = False
        self.make = make
        self.begun: list[CreateRoomRequest] = []
        self.in_flight = 0
        self.most_in_flight = 0

    def prepare(self, request: CreateRoomRequest) -> CreateRoomRequest:
        """Refuse an item that is not a request."""
        if not isinstance(request, CreateRoomRequest):  # pyright: ignore[reportUnnecessaryIsInstance] # callers whose types were never checked
            raise InvalidRequestError((ErrorDetail("must be a CreateRoomRequest"),))
        return request

    async def create(
        self,
        request: CreateRoomRequest,
        seconds_since_intent: float | None,
        http_request: HttpRequest | None,
    ) -> CreateResult:
        """Make one room."""
        assert seconds_since_intent is None
        self.begun.append(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self.make(request)
        finally:
            self.in_flight -= 1


class Input:
    """Endless or counted requests, which count how many were drawn."""

    def __init__(self, length: int | None = None) -> None:
        self._numbers = count() if length is None else iter(range(length))
        self.drawn = 0

    def __iter__(self) -> Iterator[CreateRoomRequest]:
        for number in self._numbers:
            self.drawn += 1
            yield asked(number)

    async def awaited(self) -> AsyncIterator[CreateRoomRequest]:
        """The same, from an asynchronous generator."""
        for request in self:
            await asyncio.sleep(0)
            yield request
