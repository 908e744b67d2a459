"""The commands for sessions, and for the participants in one."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from telnyx_video.cli.calls import (
    Pager,
    call,
    confirm,
    report_done,
    room_id_of,
    show,
    show_list,
)
from telnyx_video.cli.commands.participants import PARTICIPANTS
from telnyx_video.cli.commands.rooms import present, with_people
from telnyx_video.cli.errors import CommandError
from telnyx_video.cli.help import command_group
from telnyx_video.cli.options import (
    Dates,
    GlobalOptions,
    IncludeParticipants,
    InContext,
    Limit,
    OfRoom,
    PageSize,
    SessionId,
    Yes,
    command,
    filtered_by,
    given,
)
from telnyx_video.cli.output import counted
from telnyx_video.cli.tables import ID_WIDTH, Column, View, minute
from telnyx_video.models import UNSET, RoomParticipant, RoomSession

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient

app: typer.Typer = command_group(
    "Sessions of rooms: show and end them; kick, mute and unmute participants."
)

SESSIONS = View(
    "session",
    RoomSession,
    (
        Column("Id", ID_WIDTH, lambda session: session.id),
        Column("Active", 6, lambda session: session.active),
        Column("Created", 16, lambda session: minute(session.created_at)),
        Column("Room", None, lambda session: session.room_id),
    ),
)
PEOPLE: Column[RoomSession] = Column(
    "People", 6, lambda session: len(session.participants or ()), is_number=True
)

Participants: TypeAlias = Collection[str] | Literal["all"]

ParticipantIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="PARTICIPANT", help="Ids of participants.", show_default=False),
]
All = Annotated[bool, typer.Option("--all", help="All participants of the session.")]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="ID",
        help="With --all: except this participant. Can be repeated.",
        show_default=False,
    ),
]


@command(app, "list", "telnyx-video sessions list --room standup --active")
@filtered_by("created", "updated", "ended")
def list_sessions(
    options: GlobalOptions,
    dates: Dates,
    room: OfRoom = None,
    active: Annotated[
        bool | None,
        typer.Option("--active/--no-active", help="Only active ones, or only ended ones."),
    ] = None,
    include_participants: IncludeParticipants = False,
    limit: Limit = None,
    page_size: PageSize = 250,
) -> None:
    """List the sessions: all of them, or those that match every filter."""

    async def operation(rooms: AsyncRoomsClient) -> Pager[RoomSession]:
        return rooms.sessions.list(
            UNSET if room is None else await room_id_of(rooms, room),
            active=given(active),
            created_at=dates["created"],
            updated_at=dates["updated"],
            ended_at=dates["ended"],
            include_participants=given(include_participants or None),
            page_size=page_size,
        )

    show_list(options, SESSIONS.including(PEOPLE, wanted=include_participants), operation, limit)


@command(app, "get", "telnyx-video sessions get ID --include-participants")
def get_session(
    options: GlobalOptions, session_id: SessionId, include_participants: IncludeParticipants = False
) -> None:
    """Show one session."""
    people = given(include_participants or None)
    session = call(
        options, lambda rooms: rooms.sessions.get(session_id, include_participants=people)
    )
    show(session, options)


@command(app, "end", "telnyx-video sessions end ID")
def end_session(options: GlobalOptions, session_id: SessionId, yes: Yes = False) -> None:
    """End a session; its participants are removed from it."""
    confirm(lambda: call(options, lambda rooms: _question(rooms, session_id)), yes=yes)
    call(options, lambda rooms: rooms.sessions.end(session_id))
    report_done({"id": session_id, "ended": True}, options, f"ended {session_id}")


async def _question(rooms: AsyncRoomsClient, session_id: str) -> str:
    session = await rooms.sessions.get(session_id, include_participants=True)
    name = session.room_id and (await rooms.get(session.room_id)).unique_name
    what = f"the session of room {name}" if name else f"session {session_id}"
    return f"End {what}{with_people(present(session.participants))}?"


@command(app, "kick", "telnyx-video sessions kick ID --all --exclude PARTICIPANT")
def kick(
    options: GlobalOptions,
    session_id: SessionId,
    participants: ParticipantIds = None,
    everybody: All = False,
    exclude: Exclude = None,
) -> None:
    """Remove participants from a session."""
    chosen = _chosen(participants, exclude, everybody=everybody)
    call(options, lambda rooms: rooms.sessions.kick(session_id, chosen, exclude=exclude or ()))
    report_done({"id": session_id, "kicked": chosen}, options, f"kicked {_number(chosen)}")


@command(app, "mute", "telnyx-video sessions mute ID --all")
def mute(
    options: GlobalOptions,
    session_id: SessionId,
    participants: ParticipantIds = None,
    everybody: All = False,
    exclude: Exclude = None,
) -> None:
    """Mute participants of a session."""
    chosen = _chosen(participants, exclude, everybody=everybody)
    call(options, lambda rooms: rooms.sessions.mute(session_id, chosen, exclude=exclude or ()))
    report_done({"id": session_id, "muted": chosen}, options, f"muted {_number(chosen)}")


@command(app, "unmute", "telnyx-video sessions unmute ID PARTICIPANT")
def unmute(
    options: GlobalOptions,
    session_id: SessionId,
    participants: ParticipantIds = None,
    everybody: All = False,
    exclude: Exclude = None,
) -> None:
    """Unmute participants of a session."""
    chosen = _chosen(participants, exclude, everybody=everybody)
    call(options, lambda rooms: rooms.sessions.unmute(session_id, chosen, exclude=exclude or ()))
    report_done({"id": session_id, "unmuted": chosen}, options, f"unmuted {_number(chosen)}")


@command(app, "participants", "telnyx-video sessions participants ID")
@filtered_by("joined", "updated", "left")
def list_session_participants(
    options: GlobalOptions,
    dates: Dates,
    session_id: SessionId,
    context: InContext = None,
    limit: Limit = None,
    page_size: PageSize = 250,
) -> None:
    """List the participants of one session, past and present."""

    async def operation(rooms: AsyncRoomsClient) -> Pager[RoomParticipant]:
        return rooms.sessions.participants(
            session_id,
            context=given(context),
            joined_at=dates["joined"],
            updated_at=dates["updated"],
            left_at=dates["left"],
            page_size=page_size,
        )

    show_list(options, PARTICIPANTS, operation, limit)


def _chosen(
    participants: list[str] | None, exclude: list[str] | None, *, everybody: bool
) -> Participants:
    """The participants that an action is about.

    Raises:
        CommandError: none are given, or the options contradict each other.
    """
    if not participants and not everybody:
        raise CommandError(["no participant is given: give ids of participants, or --all"])
    if participants and everybody:
        raise CommandError(["--all includes every participant: leave out the ids"])
    if exclude and not everybody:
        raise CommandError(["--exclude goes with --all"])
    return participants or "all"


def _number(chosen: Participants) -> str:
    return "all" if chosen == "all" else counted(len(chosen), "participant")
