"""The steps of one create: what its state machine answers with, and what is then carried out."""

from __future__ import annotations

from typing import Literal, cast

import attrs

from telnyx_video.errors import TelnyxVideoError
from telnyx_video.models import Room

IfExists = Literal["error", "return", "update"]


@attrs.frozen
class Send:
    """Step: POST the request (again)."""


@attrs.frozen
class LookUp:
    """Step: list the rooms of the request's name."""


@attrs.frozen
class Update:
    """Step: PATCH the room that has the name to what was asked."""

    room: Room


@attrs.frozen
class Wait:
    """Step: wait, then take another."""

    seconds: float
    then: Send | LookUp | Update
    error: TelnyxVideoError
    """What failed."""


@attrs.define  # frozen ones are made three times as slowly, and each create makes one
class Delivered:
    """The end: a room, or the error that tells why there is none, and how it went."""

    room: Room | None = None
    error: TelnyxVideoError | None = None
    """What went wrong, if there is no room."""
    attempts: int = 1
    """How many times the create was tried."""
    recovered: bool = False
    """Made by this call, though its answer was lost: found by looking it up."""
    existed: bool = False
    """Made before this call."""
    differences: tuple[str, ...] = ()
    """Fields in which a room that existed was not as asked."""

    def unwrap(self) -> Room:
        """The room.

        Raises:
            TelnyxVideoError: there is none, for this reason.
        """
        if self.room is None:
            raise cast("TelnyxVideoError", self.error)
        return self.room


Step = Send | LookUp | Update | Wait | Delivered
