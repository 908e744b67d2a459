"""A server in memory that takes batches with a journal, and knows how long the file was when."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from telnyx_video import (
    UNSET,
    CreateRoomRequest,
    ErrorDetail,
    InvalidRequestError,
    OutcomeUnknownError,
    Room,
)
from telnyx_video._execution.reconcile import CreateResult


@attrs.frozen
class Post:
    """A create that was sent."""

    request: CreateRoomRequest
    length: int
    """How many bytes the journal had when it was sent."""


@attrs.define
class Server:
    """Makes rooms by the rules of a single create, each in one turn of the loop.

    Attributes:
        journal: The file that the batch writes.
        posts: What was sent and made a room.
        gave_up: Never.
    """

    journal: Path
    posts: list[Post] = attrs.field(factory=list[Post])
    gave_up: bool = False

    def prepare(self, request: CreateRoomRequest) -> CreateRoomRequest:
        """Take nothing but requests."""
        if not isinstance(request, CreateRoomRequest):  # pyright: ignore[reportUnnecessaryIsInstance] # callers whose types were never checked
            raise InvalidRequestError((ErrorDetail("must be a CreateRoomRequest"),))
        return request

    async def create(
        self, request: CreateRoomRequest, began_ago: float | None, settings: bytes | None
    ) -> CreateResult:
        """Look it up if it was begun before, else make it; a name is made but once."""
        made = request in [post.request for post in self.posts]
        if request.unique_name is UNSET:
            if began_ago is not None:
                return CreateResult(error=OutcomeUnknownError("begun before", request, 1))
        elif made:
            assert began_ago is not None, "what nobody began exists"
            return CreateResult(Room(id=str(request.unique_name)), recovered=True)
        self.posts.append(Post(request, os.stat(self.journal).st_size))
        return CreateResult(Room(id=str(request.unique_name)))

    def die(self, length: int) -> None:
        """Let the batch have been killed when its journal had this length."""
        self.posts = [post for post in self.posts if post.length <= length]
        os.truncate(self.journal, length)
