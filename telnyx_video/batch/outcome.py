"""What became of one request of a batch, and how far the batch has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from telnyx_video._execution.reconcile import CreateResult
from telnyx_video.errors import InvalidRequestError, TelnyxVideoError
from telnyx_video.models import CreateRoomRequest, Room


# Not frozen, which would take three times as long: a batch of a million makes a million of them.
@attrs.define(kw_only=True)
class CreateOutcome:
    """What became of one request of a batch."""

    index: int
    """The request's place in the input, from 0."""
    request: CreateRoomRequest
    """What was asked for, with its name if ``auto_name`` gave it one."""
    room: Room | None = None
    """The room, made now or before; None if there is an error."""
    error: TelnyxVideoError | None = None
    """Why there is no room; its ``outcome`` says whether one may exist all the same."""
    attempts: int = 1
    """How many times the create was tried; 0 if it was refused before sending."""
    recovered: bool = False
    """Made by this request, though its answer was lost: found by looking it up."""
    existed: bool = False
    """Made before this request."""
    differences: tuple[str, ...] = ()
    """Fields in which a room that existed was not as asked."""
    earlier: bool = False
    """Settled by an earlier run with the same journal: this one sent nothing for it."""

    @classmethod
    def of(cls, index: int, request: CreateRoomRequest, delivered: CreateResult) -> CreateOutcome:
        """The outcome of a request that was delivered."""
        return cls(
            index=index,
            request=request,
            room=delivered.room,
            error=delivered.error,
            attempts=delivered.attempts,
            recovered=delivered.recovered,
            existed=delivered.existed,
            differences=delivered.differences,
        )

    def unwrap(self) -> Room:
        """The room.

        Raises:
            TelnyxVideoError: there is none, for this reason.
        """
        if self.room is None:
            raise self.error or InvalidRequestError(())
        return self.room

    def to_dict(self) -> dict[str, object]:
        """The outcome as a line of a results file has it."""
        return self.line() | {"room": self.room and self.room.to_dict()}

    def line(self) -> dict[str, object]:
        """The same, with the room as it is: for the journal, which writes it more quickly."""
        error = self.error and {
            "type": type(self.error).__name__,
            "message": self.error.message,
            "outcome": self.error.outcome.value,
        }
        return {
            "index": self.index,
            "request": _fields(self.request),
            "room": self.room,
            "error": error,
            "attempts": self.attempts,
            "recovered": self.recovered,
            "existed": self.existed,
            "differences": list(self.differences),
        }


def _fields(request: object) -> dict[str, object] | None:
    """What was asked for; None for what the input gave in place of a request."""
    return request.to_dict() if isinstance(request, CreateRoomRequest) else None


@attrs.frozen
class Progress:
    """How far a batch has come; handed to ``on_progress`` after each outcome."""

    done: int
    """Requests with an outcome."""
    created: int
    """Rooms made by this batch."""
    existed: int
    """Rooms that were there already."""
    failed: int
    """Requests without a room."""
    total: int | None
    """Requests in all, if the input has a length."""

    def after(self, outcome: CreateOutcome) -> Progress:
        """The progress when this outcome is added."""
        return Progress(
            done=self.done + 1,
            created=self.created + (outcome.error is None and not outcome.existed),
            existed=self.existed + outcome.existed,
            failed=self.failed + (outcome.error is not None),
            total=self.total,
        )


OnProgress: TypeAlias = Callable[[Progress], None]
"""Called after each outcome, in the thread of the client's loop."""
