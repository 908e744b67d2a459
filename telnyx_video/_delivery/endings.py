"""The errors that a create may end with, each saying what is known and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from telnyx_video._text import show
from telnyx_video.errors import (
    ErrorDetail,
    NameTakenError,
    Outcome,
    OutcomeUnknownError,
    TelnyxVideoError,
)
from telnyx_video.models import UNSET, CreateRoomRequest, Room


def outcome_unknown(
    request: CreateRoomRequest,
    attempts: int,
    doubt: TelnyxVideoError,
    last_error: TelnyxVideoError,
    *,
    updating: bool,
) -> OutcomeUnknownError:
    """The room may exist, and it is too late to find out.

    Args:
        doubt: The failure that left it open.
        updating: Whether it is an update of a room that existed of which nothing is known.
    """
    why = str(doubt).partition(" - ")[0]
    message = _advice(request.unique_name or None, attempts, why, updating=updating)
    return OutcomeUnknownError(message, request, attempts, last_error)


def _advice(name: str | None, attempts: int, why: str, *, updating: bool) -> str:
    times = "once" if attempts == 1 else f"{attempts} times"
    if name is None:
        return (
            f"a room without a name was asked for {times} and may exist ({why}) - it was not "
            "sent again, as that could make a second room: compare list(created_at=...) "
            "first; with a unique_name, or auto_name=True, this can be found out for you"
        )
    if updating:
        return (
            f"room {show(name)} existed, and whether it was updated is unknown ({why}) - "
            'the same create with if_exists="update" can safely be repeated'
        )
    return (
        f"room {show(name)} was asked for {times} and may exist ({why}) - "
        'the same create with if_exists="return" can safely be repeated'
    )


def name_taken(
    room: Room, differences: Sequence[str], refusal: NameTakenError | None, outcome: Outcome
) -> NameTakenError:
    """A room of the name was there before.

    Args:
        refusal: What the server said to the create, if that is how it is known.
    """
    if refusal is not None:
        return NameTakenError(
            422,
            refusal.details,
            refusal.request_id,
            refusal.rate_limit,
            refusal.body,
            outcome,
            room,
        )
    reason = (
        f"has other settings in {', '.join(differences)}"
        if differences
        else f"was made at {room.created_at}, before this request"
    )
    detail = ErrorDetail(f"room {room.id} has this name and {reason}", pointer="/unique_name")
    return NameTakenError(422, (detail,), outcome=outcome, room=room)


def two_rooms(
    request: CreateRoomRequest,
    rooms: Sequence[Room],
    attempts: int,
    doubt: TelnyxVideoError | None,
) -> OutcomeUnknownError:
    """Should never be: the server did not keep names unique, so none of them can be chosen."""
    ids = " and ".join(room.id for room in rooms)
    name = "" if request.unique_name is UNSET else request.unique_name
    message = (
        f"{len(rooms)} rooms have the name {show(name)}: {ids} - "
        "the server did not keep it unique; delete all but one, then repeat the create"
    )
    return OutcomeUnknownError(message, request, attempts, doubt)
