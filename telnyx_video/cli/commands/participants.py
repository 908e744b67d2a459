"""The commands for participants of any session."""

from __future__ import annotations

from typing import Annotated

import typer

from telnyx_video.cli.calls import CommandLine
from telnyx_video.cli.command import command, command_group
from telnyx_video.cli.options import Dates, InContext, OfSession, Paging, argument, days
from telnyx_video.cli.tables import PARTICIPANTS
from telnyx_video.models import UNSET

app: typer.Typer = command_group("Participants of sessions, past and present.")


@command(app, "list", "telnyx-video participants list --session-id ID --context Alice")
def list_participants(
    cli: CommandLine,
    session_id: OfSession = UNSET,
    context: InContext = UNSET,
    *,
    paging: Paging,
    dates: Annotated[Dates, days("joined", "updated", "left")],
) -> None:
    """List the participants of all sessions, or those that match every filter."""
    cli.show_list(
        PARTICIPANTS,
        paging,
        lambda rooms: rooms.participants.list(
            session_id=session_id, context=context, page_size=paging.page_size, **dates
        ),
    )


@command(app, "get", "telnyx-video participants get ID")
def get_participant(
    cli: CommandLine, participant_id: Annotated[str, argument("ID", "The participant's id.")]
) -> None:
    """Show one participant."""
    cli.show(cli.call(lambda rooms: rooms.participants.get(participant_id)))
