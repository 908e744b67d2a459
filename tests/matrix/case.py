"""One case of the fault matrix: a faulty sandbox, its client, and the checks of what came of it.

A case ends with the checks that every row asks for: the connection is free, and a create after it
is served.
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
"""Seconds after which a stalled attempt is given up."""

PATIENCE = 200.0
"""Seconds that a test waits before it fails."""

UNHURRIED = RetryPolicy(deadline=PATIENCE)
"""For calls that are not under test, in a client whose own limits may be short."""

POLL = 0.001
"""Seconds between two looks at the server, which tells nobody by itself."""


@attrs.frozen
class Ending:
    """What came of a create."""

    room: Room | None
    error: TelnyxVideoError | None
    outcome: CreateOutcome | None = None
    """What a batch reports of it; None if it was made by itself."""


@attrs.define
class MatrixCase:
    """A sandbox whose faults have begun, and its client."""

    sandbox: Sandbox
    rooms: AsyncRoomsClient
    in_batch: bool
    before: Counter[str]

    def count(self, operation: str) -> int:
        """How many requests of this kind arrived since the case began."""
        return self.sandbox.requests[operation] - self.before[operation]

    @property
    def posts(self) -> int:
        """How many creates arrived."""
        return self.count("POST /v2/rooms")

    @property
    def look_ups(self) -> int:
        """How many pages were asked for."""
        return self.count("GET /v2/rooms")

    @property
    def room_ids(self) -> list[object]:
        """The ids of all rooms that there are."""
        return [room["id"] for room in self.sandbox.rooms]

    async def create(
        self,
        name: str | None,
        *,
        if_exists: IfExists = "error",
        give_up_after: float = 30.0,
        **fields: int,
    ) -> Ending:
        """Ask for a room, by itself or as a batch of one; that has to come to an end.

        Args:
            give_up_after: Seconds after which a batch no longer waits for a server that is down.
        """
        # ``int`` stands for the fields that the rows use.
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
        """Check that it ended with the one room that was made, besides those of others.

        Args:
            recovered: None if it may have been or not.
            attempts: How often it was tried, if that differs from what arrived.
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
        """Check that it ended with the error that says that nobody knows."""
        error = self.failed(ending, OutcomeUnknownError, posts=posts, rooms=rooms)
        assert error.attempts == posts
        return error

    def failed(self, ending: Ending, error_class: type[T], *, posts: int, rooms: int) -> T:
        """Check that it ended with an error of this very class, and return that."""
        assert type(ending.error) is error_class, f"ended with {ending.error or ending.room!r}"
        self.sent(posts=posts, rooms=rooms)
        if ending.outcome is not None:
            assert not ending.outcome.recovered
            assert not ending.outcome.existed
        return ending.error

    def sent(self, *, posts: int, rooms: int) -> None:
        """Check what went over the wire, and what the server made of it."""
        assert (self.posts, len(self.sandbox.rooms)) == (posts, rooms)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for what the server comes to."""
        for _ in range(round(PATIENCE / POLL)):
            if condition():
                return
            await asyncio.sleep(POLL)
        raise AssertionError("the server has not come to it")

    async def leaves_nothing(self) -> None:
        """Check that the connection is free, and that the next create is served."""
        assert not connector_of(self.rooms)._acquired
        self.sandbox.faults = []
        rooms = len(self.sandbox.rooms)
        async with asyncio.timeout(PATIENCE):
            await self.rooms.create(unique_name="afterwards", timeout=PATIENCE, retry=UNHURRIED)
        assert len(self.sandbox.rooms) == rooms + 1
        assert not connector_of(self.rooms)._acquired


def on_create(*faults: object, **rule: object) -> Rule:
    """What happens to creates, in turn."""
    return {"on": "POST /rooms", "faults": list(faults), **rule}


def on_look_up(*faults: object, **rule: object) -> Rule:
    """What happens to look-ups, in turn."""
    return {"on": "GET /rooms", "faults": list(faults), **rule}


def named(name: str, fields: Mapping[str, object]) -> dict[str, object]:
    """The fields of a request that has a name."""
    return {"unique_name": name, **fields}


def connector_of(client: AsyncRoomsClient) -> aiohttp.BaseConnector:
    """The pool of a client, which is nothing of a caller's business."""
    session = client._runner.transport._session
    assert session is not None
    assert session.connector is not None
    return session.connector


def has_idle_connection(client: AsyncRoomsClient) -> bool:
    """Whether an open connection waits to be used again."""
    if client._runner.transport._session is None:
        return False
    idle = connector_of(client)._conns.values()
    return any(protocol.is_connected() for protocols in idle for protocol, _ in protocols)
