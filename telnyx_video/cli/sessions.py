"""The commands for sessions, and for those who are in one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal, TypeAlias

import typer

from telnyx_video import RoomSession
from telnyx_video.cli.calls import call, say_done, show, show_list
from telnyx_video.cli.options import (
    IncludeParticipants,
    InContext,
    OfRoom,
    PageSize,
    SessionId,
    Times,
    by_days,
    chosen_list,
    given,
    included,
)
from telnyx_video.cli.participants import COLUMNS as PARTICIPANTS
from telnyx_video.cli.settings import Settings, Values, everywhere
from telnyx_video.cli.tables import ID_WIDTH, Column, Columns, minute

COLUMNS: Columns[RoomSession] = (
    Column("Id", ID_WIDTH, lambda session: session.id),
    Column("Active", 6, lambda session: session.active),
    Column("Created", 16, lambda session: minute(session.created_at)),
    Column("Room", None, lambda session: session.room_id),
)

PEOPLE: Column[RoomSession] = Column(
    "People", 6, lambda session: len(session.participants or ()), is_number=True
)
"""What a table tells besides, where the participants are included."""

Whom: TypeAlias = Collection[str] | Literal["all"]

ParticipantIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="PARTICIPANT", help="Ids of participants.", show_default=False),
]
Everybody = Annotated[bool, typer.Option("--all", metavar="", help="All who are in the session.")]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="ID",
        help="With --all: but not this participant. Can be repeated.",
        show_default=False,
    ),
]


@everywhere
@by_days("created", "updated", "ended")
def list_sessions(
    settings: Settings,
    times: Times,
    room_id: OfRoom = None,
    active: Annotated[
        bool | None,
        typer.Option(
            "--active/--no-active",
            metavar="",
            help="Only those that go on, or only those that have ended.",
        ),
    ] = None,
    include_participants: IncludeParticipants = False,
    page_size: PageSize = "250",
) -> None:
    """List the sessions: all of them, or those that pass every filter."""
    days, size = chosen_list(times, page_size)
    show_list(
        settings,
        lambda rooms: rooms.sessions.list(
            given(room_id),
            active=given(active),
            created_at=days["created"],
            updated_at=days["updated"],
            ended_at=days["ended"],
            include_participants=included(include_participants),
            page_size=size,
        ),
        (*COLUMNS, PEOPLE) if include_participants else COLUMNS,
        "session",
    )


@everywhere
def get_session(
    settings: Settings, session_id: SessionId, include_participants: IncludeParticipants = False
) -> None:
    """Show one session."""
    people = included(include_participants)
    session = call(
        settings, lambda rooms: rooms.sessions.get(session_id, include_participants=people)
    )
    show(session, settings)


@everywhere
def end_session(settings: Settings, session_id: SessionId) -> None:
    """End a session: all who are in it are put out."""
    call(settings, lambda rooms: rooms.sessions.end(session_id))
    say_done({"id": session_id, "ended": True}, settings, f"ended {session_id}")


@everywhere
def kick(
    settings: Settings,
    session_id: SessionId,
    participants: ParticipantIds = None,
    everybody: Everybody = False,
    exclude: Exclude = None,
) -> None:
    """Put participants out of a session."""
    whom = _whom(participants, exclude, everybody=everybody)
    call(settings, lambda rooms: rooms.sessions.kick(session_id, whom, exclude=exclude or ()))
    say_done({"id": session_id, "kicked": whom}, settings, f"kicked {_how_many(whom)}")


@everywhere
def mute(
    settings: Settings,
    session_id: SessionId,
    participants: ParticipantIds = None,
    everybody: Everybody = False,
    exclude: Exclude = None,
) -> None:
    """Mute participants of a session."""
    whom = _whom(participants, exclude, everybody=everybody)
    call(settings, lambda rooms: rooms.sessions.mute(session_id, whom, exclude=exclude or ()))
    say_done({"id": session_id, "muted": whom}, settings, f"muted {_how_many(whom)}")


@everywhere
def unmute(
    settings: Settings,
    session_id: SessionId,
    participants: ParticipantIds = None,
    everybody: Everybody = False,
    exclude: Exclude = None,
) -> None:
    """Let participants of a session be heard again."""
    whom = _whom(participants, exclude, everybody=everybody)
    call(settings, lambda rooms: rooms.sessions.unmute(session_id, whom, exclude=exclude or ()))
    say_done({"id": session_id, "unmuted": whom}, settings, f"unmuted {_how_many(whom)}")


@everywhere
@by_days("joined", "updated", "left")
def list_those_in(
    settings: Settings,
    times: Times,
    session_id: SessionId,
    context: InContext = None,
    page_size: PageSize = "250",
) -> None:
    """List those who are, or were, in one session."""
    days, size = chosen_list(times, page_size)
    show_list(
        settings,
        lambda rooms: rooms.sessions.participants(
            session_id,
            context=given(context),
            joined_at=days["joined"],
            updated_at=days["updated"],
            left_at=days["left"],
            page_size=size,
        ),
        PARTICIPANTS,
        "participant",
    )


def _whom(participants: list[str] | None, exclude: list[str] | None, *, everybody: bool) -> Whom:
    """Whom an action is about.

    Raises:
        CommandError: it is not said, or said twice.
    """
    values = Values()
    if not participants and not everybody:
        values.refuse("nobody is named: give ids of participants, or --all")
    if participants and everybody:
        values.refuse("--all are all: leave out the ids of participants")
    if exclude and not everybody:
        values.refuse("--exclude goes with --all")
    values.done()
    return participants or "all"


def _how_many(whom: Whom) -> str:
    if whom == "all":
        return "all"
    return "1 participant" if len(whom) == 1 else f"{len(whom)} participants"
