"""What a room found tells: how it differs from what was asked for, and what a refusal blames."""

from __future__ import annotations

from telnyx_video.errors import TelnyxVideoError, UnprocessableEntityError
from telnyx_video.models import CreateRoomRequest, Room


def differing_fields(request: CreateRoomRequest, room: Room) -> tuple[str, ...]:
    """The fields that the request sets and in which the room is not as asked."""
    return tuple(
        name
        for name, wanted in request.to_dict().items()
        if _differs(name, wanted, getattr(room, name))
    )


def _differs(name: str, wanted: object, actual: object) -> bool:
    nothing = (None, "")
    if name.startswith("webhook_"):
        return wanted != actual and not (wanted in nothing and actual in nothing)
    # The other fields always have a value: a reply that leaves one out just does not tell it.
    return actual is not None and wanted != actual


def blames_another_field(error: TelnyxVideoError) -> bool:
    """Whether a 422 is certainly not about the name; the API's wording for that is undocumented."""
    return (
        isinstance(error, UnprocessableEntityError)
        and bool(error.details)
        and all(detail.field not in (None, "unique_name") for detail in error.details)
    )
