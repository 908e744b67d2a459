"""The commands for participants of any session."""

from __future__ import annotations

from telnyx_video import RoomParticipant
from telnyx_video.cli.calls import call, show, show_list
from telnyx_video.cli.options import (
    InContext,
    OfSession,
    PageSize,
    ParticipantId,
    Times,
    by_days,
    chosen_list,
    given,
)
from telnyx_video.cli.settings import Settings, everywhere
from telnyx_video.cli.tables import ID_WIDTH, Column, Columns, minute

COLUMNS: Columns[RoomParticipant] = (
    Column("Context", None, lambda one: one.context),
    Column("Id", ID_WIDTH, lambda one: one.id),
    Column("Joined", 16, lambda one: minute(one.joined_at)),
    Column("Here", 4, lambda one: one.left_at is None),
)


@everywhere
@by_days("joined", "updated", "left")
def list_participants(
    settings: Settings,
    times: Times,
    session_id: OfSession = None,
    context: InContext = None,
    page_size: PageSize = "250",
) -> None:
    """List the participants of all sessions, or those that pass every filter."""
    days, size = chosen_list(times, page_size)
    show_list(
        settings,
        lambda rooms: rooms.participants.list(
            session_id=given(session_id),
            context=given(context),
            joined_at=days["joined"],
            updated_at=days["updated"],
            left_at=days["left"],
            page_size=size,
        ),
        COLUMNS,
        "participant",
    )


@everywhere
def get_participant(settings: Settings, participant_id: ParticipantId) -> None:
    """Show one participant."""
    show(call(settings, lambda rooms: rooms.participants.get(participant_id)), settings)
