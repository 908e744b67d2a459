"""The outcome of one request of a batch, its line in a journal, and the progress of the batch."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal, TypeAlias, cast

import attrs

from telnyx_video._base.json import dumps
from telnyx_video._execution.reconcile import CreateResult
from telnyx_video.errors import (
    InvalidRequestError,
    Outcome,
    OutcomeUnknownError,
    TelnyxVideoError,
)
from telnyx_video.models import UNSET, CreateRoomRequest, Room

CreateStatus: TypeAlias = Literal["made", "recovered", "existed", "unreadable", "unknown", "failed"]
"""How a request ended; see :attr:`~telnyx_video.CreateOutcome.status`."""


# Not frozen, which would take three times as long: a batch of a million makes a million of them.
@attrs.define(kw_only=True, repr=False)
class CreateOutcome:
    """The outcome of one request of a batch."""

    index: int
    """The request's place in the input, from 0."""
    request: CreateRoomRequest
    """The request, with its name if ``auto_name`` gave it one."""
    room: Room | None = None
    """The room, made now or before; None if there is an error."""
    error: TelnyxVideoError | None = None
    """Why there is no room; its ``outcome`` says whether one may exist nevertheless."""
    attempts: int = 1
    """How many times the create was sent; 0 if it was refused before sending."""
    recovered: bool = False
    """Made by this request, though its answer was lost: found by looking it up."""
    existed: bool = False
    """Made before this request; after a lost answer, judged by clocks and settings."""
    differences: tuple[str, ...] = ()
    """Fields in which a room that existed was not as requested."""
    from_journal: bool = False
    """Read from the journal of an earlier run: this run sent nothing for it."""

    @classmethod
    def of(cls, index: int, request: CreateRoomRequest, result: CreateResult) -> CreateOutcome:
        """Return the outcome of a create that has ended."""
        return cls(
            index=index,
            request=request,
            room=result.room,
            error=result.error,
            attempts=result.attempts,
            recovered=result.recovered,
            existed=result.existed,
            differences=result.differences,
        )

    @property
    def status(self) -> CreateStatus:
        """How the request ended, in one word.

        - ``"made"``: the room was made, and its answer read
        - ``"recovered"``: the room was made, its answer was lost, and a look-up found it
        - ``"existed"``: a room of the name was there before
        - ``"unreadable"``: the room was certainly made, but its answer could not be read in full
          (``error.outcome`` is ``APPLIED``)
        - ``"unknown"``: the room may have been made (``error.outcome`` is ``UNKNOWN``)
        - ``"failed"``: no room was made
        """
        if self.error is not None:
            return _STATUS_OF_ERROR[self.error.outcome]
        if self.existed:
            return "existed"
        return "recovered" if self.recovered else "made"

    def unwrap(self) -> Room:
        """Return the room.

        Raises:
            TelnyxVideoError: why there is no room.
        """
        if self.room is None:
            raise self.error or InvalidRequestError(())
        return self.room

    def to_dict(self) -> dict[str, object]:
        """Return the outcome as a line of a results file has it."""
        error = self.error and {
            "type": type(self.error).__name__,
            "message": self.error.message,
            "outcome": self.error.outcome.value,
        }
        # The input may hold something else than a request.
        is_request = isinstance(cast("object", self.request), CreateRoomRequest)
        return {
            "index": self.index,
            "request": self.request.to_dict() if is_request else None,
            "room": self.room and self.room.to_dict(),
            "error": error,
            "attempts": self.attempts,
            "recovered": self.recovered,
            "existed": self.existed,
            "differences": list(self.differences),
        }

    def __repr__(self) -> str:
        shown = (
            f"{field.name}={value!r}"
            for field in attrs.fields(type(self))
            if field.repr and (value := getattr(self, field.name)) != field.default
        )
        return f"{type(self).__name__}({', '.join(shown)})"


_STATUS_OF_ERROR: dict[Outcome, CreateStatus] = {
    Outcome.APPLIED: "unreadable",
    Outcome.UNKNOWN: "unknown",
    Outcome.NOT_APPLIED: "failed",
}


@attrs.frozen
class Progress:
    """How far a batch has come; passed to ``on_progress`` after each outcome.

    ``done`` is the sum of the six figures that correspond to
    :attr:`~telnyx_video.CreateOutcome.status`.
    """

    done: int
    """Requests with an outcome."""
    created: int
    """Rooms made by this batch, with an answer that was read."""
    existed: int
    """Rooms that were there before."""
    failed: int
    """Requests for which no room was made."""
    total: int | None
    """Requests in all, if the input has a length."""
    recovered: int = attrs.field(default=0, kw_only=True)
    """Rooms made by this batch whose answer was lost, found by looking them up."""
    unreadable: int = attrs.field(default=0, kw_only=True)
    """Rooms that were certainly made, with an answer that could not be read in full."""
    unknown: int = attrs.field(default=0, kw_only=True)
    """Requests for which a room may have been made."""

    def after(self, outcome: CreateOutcome) -> Progress:
        """Return the progress with this outcome added."""
        field = "created" if (status := outcome.status) == "made" else status
        return attrs.evolve(self, done=self.done + 1, **{field: getattr(self, field) + 1})


OnProgress: TypeAlias = Callable[[Progress], None]
"""Called after each outcome, in the thread of the client's loop."""


_UNWRITABLE: Final = (TypeError, ValueError, RecursionError)

_MADE: Final = (
    b'{"index":%d,"request":%b,"room":%b,"error":null,"attempts":1,"recovered":false,'
    b'"existed":false,"differences":[]}\n'
)
"""The line of nearly all outcomes, whose request is encoded already."""


def outcome_line(outcome: CreateOutcome, encoded_request: bytes | None) -> bytes:
    """Return the line of an outcome in a journal.

    Args:
        outcome: The outcome.
        encoded_request: The request as an earlier line has it, if one does.
    """
    plainly = outcome.attempts == 1 and not outcome.recovered and not outcome.existed
    if plainly and outcome.room is not None and encoded_request is not None:
        with suppress(*_UNWRITABLE):
            return _MADE % (outcome.index, encoded_request, dumps(outcome.room.to_dict()))
    content = outcome.to_dict()
    try:
        return encode_line(content)
    except _UNWRITABLE:
        # Nested too deeply: leave out the fields that this version does not know.
        known = attrs.evolve(cast("Room", outcome.room), extra={}, sessions=None)
        return encode_line(content | {"room": known.to_dict()})


def encode_line(content: dict[str, object]) -> bytes:
    """Encode one line."""
    try:
        return dumps(content) + b"\n"
    except (TypeError, ValueError):
        # An error's message may hold bytes of a header that are not UTF-8, and orjson does not
        # write values that are nested by the hundred.
        text = json.dumps(content, ensure_ascii=False)
        return text.encode(errors="replace") + b"\n"


def final_outcome(
    index: int, request: CreateRoomRequest, line: dict[str, object]
) -> CreateOutcome | None:
    """Return the outcome that a line of an earlier run has; None if the request is to be retried.

    A room is final, and so is the unknown outcome of a request without a name, which is never sent
    again.

    Raises:
        ResponseDecodeError: the room cannot be read.
    """
    room = cast("dict[str, object] | None", line.get("room"))
    attempts = cast("int", line.get("attempts", 1))
    if room is not None:
        return CreateOutcome(
            index=index,
            request=request,
            room=Room.from_dict(room),
            attempts=attempts,
            recovered=line.get("recovered") is True,
            existed=line.get("existed") is True,
            differences=tuple(cast("list[str]", line.get("differences", []))),
            from_journal=True,
        )
    error = cast("dict[str, object]", line["error"])
    if request.unique_name is not UNSET or error.get("outcome") == Outcome.NOT_APPLIED.value:
        return None
    unknown = OutcomeUnknownError(str(error.get("message")), request, attempts)
    return CreateOutcome(
        index=index, request=request, error=unknown, attempts=attempts, from_journal=True
    )
