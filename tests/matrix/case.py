"""One case of the fault matrix: a sandbox with faults, its client, and checks of the result.

Each case ends with the checks that every row needs: the connection is released, and another create
succeeds.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import aiohttp
import attrs

from telnyx_video import (
    AsyncRoomsClient,
    CreateOutcome,
    CreateRoomRequest,
    OutcomeUnknownError,
    RetryPolicy,
    Room,
    TelnyxVideoError,
)
from telnyx_video._execution.reconcile import IfExists
from telnyx_video.sandbox import Sandbox

T = TypeVar("T")

Rule = Mapping[str, object]
Fault = Mapping[str, object]

STALLED = 1.0
"""Time-out of a stalled attempt, in seconds."""

PATIENCE = 200.0
"""Seconds that a test waits before it fails."""

UNHURRIED = RetryPolicy(deadline=PATIENCE)
"""For calls that are not under test, where the client's own limits may be short."""

POLL = 0.001
"""Seconds between two polls of the server."""


@attrs.frozen
class Ending:
    """The result of a create."""

    room: Room | None
    error: TelnyxVideoError | None
    outcome: CreateOutcome | None = None
    """The outcome that the batch reports; None for a single create."""


@attrs.define
class MatrixCase:
    """A sandbox with active faults, and its client."""

    sandbox: Sandbox
    rooms: AsyncRoomsClient
    in_batch: bool
    before: Counter[str]

    def count(self, operation: str) -> int:
        """The number of requests to this operation since the case began."""
        return self.sandbox.requests[operation] - self.before[operation]

    @property
    def posts(self) -> int:
        """The number of creates that arrived."""
        return self.count("POST /v2/rooms")

    @property
    def look_ups(self) -> int:
        """The number of list pages requested."""
        return self.count("GET /v2/rooms")

    @property
    def room_ids(self) -> list[object]:
        """The ids of all rooms."""
        return [room["id"] for room in self.sandbox.rooms]

    async def create(
        self,
        name: str | None,
        *,
        if_exists: IfExists = "error",
        give_up_after: float = 30.0,
        **fields: int,
    ) -> Ending:
        """Create a room, by a single call or as a batch of one, and wait for the result.

        Args:
            give_up_after: Seconds for which a batch waits for a server that is down.
        """
        # ``int`` covers the fields that the rows use.
        request = CreateRoomRequest(**cast("Any", fields if name is None else named(name, fields)))
        async with asyncio.timeout(PATIENCE):
            if self.in_batch:
                (outcome,) = await self.rooms.create_many(
                    [request], if_exists=if_exists, give_up_after=give_up_after
                )
                return Ending(outcome.room, outcome.error, outcome)
            try:
                return Ending(await self.rooms.create(request, if_exists=if_exists), None)
            except TelnyxVideoError as error:
                return Ending(None, error)

    def is_made(
        self,
        ending: Ending,
        *,
        posts: int,
        recovered: bool | None = False,
        others: int = 0,
        attempts: int | None = None,
    ) -> None:
        """Check that the create returned the one new room, apart from rooms of others.

        Args:
            recovered: None if either value is accepted.
            attempts: The number of attempts, if it differs from the requests that arrived.
        """
        assert ending.error is None
        assert ending.room is not None
        assert ending.room.id in self.room_ids
        self.sent(posts=posts, rooms=1 + others)
        if ending.outcome is not None:
            assert recovered in (None, ending.outcome.recovered)
            assert not ending.outcome.existed
            assert ending.outcome.attempts == (attempts or posts)

    def is_unknown(self, ending: Ending, *, posts: int = 1, rooms: int) -> OutcomeUnknownError:
        """Check that the create ended with `OutcomeUnknownError`."""
        error = self.failed(ending, OutcomeUnknownError, posts=posts, rooms=rooms)
        assert error.attempts == posts
        return error

    def failed(self, ending: Ending, error_class: type[T], *, posts: int, rooms: int) -> T:
        """Check that the create ended with an error of exactly this class; return the error."""
        assert type(ending.error) is error_class, f"ended with {ending.error or ending.room!r}"
        self.sent(posts=posts, rooms=rooms)
        if ending.outcome is not None:
            assert not ending.outcome.recovered
            assert not ending.outcome.existed
        return ending.error

    def sent(self, *, posts: int, rooms: int) -> None:
        """Check the number of creates that arrived and of rooms that exist."""
        assert (self.posts, len(self.sandbox.rooms)) == (posts, rooms)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition of the server holds."""
        for _ in range(round(PATIENCE / POLL)):
            if condition():
                return
            await asyncio.sleep(POLL)
        raise AssertionError("the condition was not met in time")

    async def leaves_nothing(self) -> None:
        """Check that the connection is released, and that the next create succeeds."""
        assert not connector_of(self.rooms)._acquired
        self.sandbox.faults = []
        rooms = len(self.sandbox.rooms)
        async with asyncio.timeout(PATIENCE):
            await self.rooms.create(unique_name="afterwards", timeout=PATIENCE, retry=UNHURRIED)
        assert len(self.sandbox.rooms) == rooms + 1
        assert not connector_of(self.rooms)._acquired


def on_create(*faults: object, **rule: object) -> Rule:
    """Apply these faults to creates, in order."""
    return {"on": "POST /rooms", "faults": list(faults), **rule}


def on_look_up(*faults: object, **rule: object) -> Rule:
    """Apply these faults to look-ups, in order."""
    return {"on": "GET /rooms", "faults": list(faults), **rule}


def named(name: str, fields: Mapping[str, object]) -> dict[str, object]:
    """The fields of a request with a name."""
    return {"unique_name": name, **fields}


def connector_of(client: AsyncRoomsClient) -> aiohttp.BaseConnector:
    """The connection pool of a client, which is private."""
    session = client._runner.transport._session
    assert session is not None
    assert session.connector is not None
    return session.connector


def has_idle_connection(client: AsyncRoomsClient) -> bool:
    """Whether the pool has an open idle connection."""
    if client._runner.transport._session is None:
        return False
    idle = connector_of(client)._conns.values()
    return any(protocol.is_connected() for protocols in idle for protocol, _ in protocols)
