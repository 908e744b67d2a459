"""The commands for one room, and the list of rooms."""

from __future__ import annotations

from typing import Annotated

import typer

from telnyx_video import Room
from telnyx_video.cli.calls import call, delete_one, show, show_done, show_list
from telnyx_video.cli.options import (
    EventUrl,
    FailoverUrl,
    IncludeSessions,
    PageSize,
    RoomId,
    TimeoutSecs,
    Times,
    Yes,
    by_days,
    chosen_list,
    given,
    included,
)
from telnyx_video.cli.settings import IF_EXISTS, Settings, Values, everywhere
from telnyx_video.cli.tables import ID_WIDTH, Column, Columns, day

ROOM = "Room"

UniqueName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Unique within the account.", rich_help_panel=ROOM),
]
MaxParticipants = Annotated[
    str | None,
    typer.Option(metavar="N", help="People at once, 2 to 50.", rich_help_panel=ROOM),
]
EnableRecording = Annotated[
    bool | None,
    typer.Option(
        "--enable-recording/--no-enable-recording",
        metavar="",
        help="Whether sessions are recorded.",
        rich_help_panel=ROOM,
    ),
]

COLUMNS: Columns[Room] = (
    Column("Name", None, lambda room: room.unique_name),
    Column("Id", ID_WIDTH, lambda room: room.id),
    Column("Max", 3, lambda room: room.max_participants, is_number=True),
    Column("Rec", 3, lambda room: bool(room.enable_recording)),
    Column("Created", 10, lambda room: day(room.created_at)),
)

SESSIONS: Column[Room] = Column(
    "Sessions", 8, lambda room: len(room.sessions or ()), is_number=True
)
"""What a table tells besides, where the sessions are included."""


@everywhere
def create(
    settings: Settings,
    unique_name: UniqueName = None,
    max_participants: MaxParticipants = None,
    enable_recording: EnableRecording = None,
    webhook_event_url: EventUrl = None,
    webhook_event_failover_url: FailoverUrl = None,
    webhook_timeout_secs: TimeoutSecs = None,
    if_exists: Annotated[
        str,
        typer.Option(
            metavar="error|return|update",
            help="What to do if the name is taken: fail, show that room, or change it to this.",
        ),
    ] = "error",
) -> None:
    """Make a room.

    With a name it is made exactly once, even if an answer is lost on the way.
    """
    values = Values()
    request = values.request(
        {
            "unique_name": unique_name,
            "max_participants": max_participants,
            "enable_recording": enable_recording,
            "webhook_event_url": webhook_event_url,
            "webhook_event_failover_url": webhook_event_failover_url,
            "webhook_timeout_secs": webhook_timeout_secs,
        }
    )
    reaction = values.choice("--if-exists", if_exists, IF_EXISTS)
    values.done()

    room = call(settings, lambda rooms: rooms.create(request, if_exists=reaction))
    what = "was made" if reaction == "error" else "is there"
    show_done(room, settings, f"room {room.id} {what}")


@everywhere
def get(settings: Settings, room_id: RoomId, include_sessions: IncludeSessions = False) -> None:
    """Show one room."""
    sessions = included(include_sessions)
    room = call(settings, lambda rooms: rooms.get(room_id, include_sessions=sessions))
    show(room, settings)


@everywhere
@by_days("created", "updated")
def list_rooms(
    settings: Settings,
    times: Times,
    unique_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only the room of this name.")
    ] = None,
    include_sessions: IncludeSessions = False,
    page_size: PageSize = "250",
) -> None:
    """List the rooms: all of them, or those that pass every filter."""
    days, size = chosen_list(times, page_size)
    show_list(
        settings,
        lambda rooms: rooms.list(
            unique_name=given(unique_name),
            created_at=days["created"],
            updated_at=days["updated"],
            include_sessions=included(include_sessions),
            page_size=size,
        ),
        (*COLUMNS, SESSIONS) if include_sessions else COLUMNS,
        "room",
    )


@everywhere
def update(
    settings: Settings,
    room_id: RoomId,
    unique_name: UniqueName = None,
    max_participants: MaxParticipants = None,
    enable_recording: EnableRecording = None,
    webhook_event_url: EventUrl = None,
    webhook_event_failover_url: FailoverUrl = None,
    webhook_timeout_secs: TimeoutSecs = None,
) -> None:
    """Change settings of a room; those that are not given stay as they are."""
    values = Values()
    typed = {
        "unique_name": unique_name,
        "max_participants": max_participants,
        "enable_recording": enable_recording,
        "webhook_event_url": webhook_event_url,
        "webhook_event_failover_url": webhook_event_failover_url,
        "webhook_timeout_secs": webhook_timeout_secs,
    }
    changes = values.request(typed)
    if not any(value is not None for value in typed.values()):
        values.refuse("there is nothing to change: give a setting, such as --max-participants 5")
    values.done()

    room = call(settings, lambda rooms: rooms.update(room_id, changes))
    show_done(room, settings, f"room {room.id} was changed")


@everywhere
def delete(settings: Settings, room_id: RoomId, yes: Yes = False) -> None:
    """Delete a room: those in it are put out."""
    question = None if yes else f"Delete room {room_id}, and put out those in it?"
    delete_one(settings, room_id, question, lambda rooms: rooms.delete(room_id))
