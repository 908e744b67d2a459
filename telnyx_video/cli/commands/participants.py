"""The commands for participants of any session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from telnyx_video.cli.calls import Pager, call, show, show_list
from telnyx_video.cli.help import command_group
from telnyx_video.cli.options import (
    Dates,
    GlobalOptions,
    InContext,
    Limit,
    OfSession,
    PageSize,
    command,
    filtered_by,
    given,
)
from telnyx_video.cli.tables import ID_WIDTH, Column, View, minute
from telnyx_video.models import RoomParticipant

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient

app: typer.Typer = command_group("Participants of sessions, past and present.")

PARTICIPANTS = View(
    "participant",
    RoomParticipant,
    (
        Column("Context", None, lambda participant: participant.context),
        Column("Id", ID_WIDTH, lambda participant: participant.id),
        Column("Joined", 16, lambda participant: minute(participant.joined_at)),
        Column("Here", 4, lambda participant: participant.left_at is None),
    ),
)


@command(app, "list", "telnyx-video participants list --session-id ID --context Alice")
@filtered_by("joined", "updated", "left")
def list_participants(
    options: GlobalOptions,
    dates: Dates,
    session_id: OfSession = None,
    context: InContext = None,
    limit: Limit = None,
    page_size: PageSize = 250,
) -> None:
    """List the participants of all sessions, or those that match every filter."""

    async def operation(rooms: AsyncRoomsClient) -> Pager[RoomParticipant]:
        return rooms.participants.list(
            session_id=given(session_id),
            context=given(context),
            joined_at=dates["joined"],
            updated_at=dates["updated"],
            left_at=dates["left"],
            page_size=page_size,
        )

    show_list(options, PARTICIPANTS, operation, limit)


@command(app, "get", "telnyx-video participants get ID")
def get_participant(
    options: GlobalOptions,
    participant_id: Annotated[
        str, typer.Argument(metavar="ID", help="The participant's id.", show_default=False)
    ],
) -> None:
    """Show one participant."""
    show(call(options, lambda rooms: rooms.participants.get(participant_id)), options)
