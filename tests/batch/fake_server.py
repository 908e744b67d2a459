"""A server in memory for batches with a journal, which notes the file's length at each POST."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from telnyx_video import (
    UNSET,
    CreateRoomRequest,
    ErrorDetail,
    InvalidRequestError,
    NameTakenError,
    OutcomeUnknownError,
    Room,
)
from telnyx_video._base.http import HttpRequest
from telnyx_video._execution.reconcile import CreateResult


@attrs.frozen
class Post:
    """A create that was sent."""

    request: CreateRoomRequest
    length: int
    """Bytes of the journal when it was sent."""


@attrs.define
class FakeServer:
    """Makes rooms by the rules of a single create, each in one turn of the loop.

    Attributes:
        journal: The file that the batch writes.
        posts: The creates that made a room.
        others: Names of rooms that somebody else has made.
        gave_up: Never.
    """

    journal: Path
    posts: list[Post] = attrs.field(factory=list[Post])
    others: set[str] = attrs.field(factory=set[str])
    gave_up: bool = False

    def prepare(self, request: CreateRoomRequest) -> CreateRoomRequest:
        """Accept nothing but requests."""
        if not isinstance(request, CreateRoomRequest):  # pyright: ignore[reportUnnecessaryIsInstance] # callers whose types were never checked
            raise InvalidRequestError((ErrorDetail("must be a CreateRoomRequest"),))
        return request

    async def create(
        self,
        request: CreateRoomRequest,
        seconds_since_intent: float | None,
        http_request: HttpRequest | None,
    ) -> CreateResult:
        """Make it; one that was begun before is looked up first, and a name is made but once."""
        name = request.unique_name
        made = request in [post.request for post in self.posts]
        if name is UNSET:
            if seconds_since_intent is not None:
                return CreateResult(error=OutcomeUnknownError("begun before", request, 1))
        elif made or name in self.others:
            if seconds_since_intent is None:
                return CreateResult(error=NameTakenError(422))
            return CreateResult(Room(id=str(name)), recovered=True)
        self.posts.append(Post(request, os.stat(self.journal).st_size))
        return CreateResult(Room(id=str(name)))

    def die(self, length: int) -> None:
        """Let the batch have been killed when its journal had this length."""
        self.posts = [post for post in self.posts if post.length <= length]
        os.truncate(self.journal, length)
