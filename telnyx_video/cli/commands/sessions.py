"""The commands for sessions, and for the participants in one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer import Argument, Option

from telnyx_video.cli.calls import CommandLine, Pager, confirm, people_in, room_id_of
from telnyx_video.cli.command import command, command_group
from telnyx_video.cli.errors import CommandError
from telnyx_video.cli.options import (
    Dates,
    IncludeParticipants,
    InContext,
    OfRoom,
    Paging,
    SessionId,
    Yes,
    days,
)
from telnyx_video.cli.output import counted
from telnyx_video.cli.tables import PARTICIPANTS, SESSION_PEOPLE, SESSIONS
from telnyx_video.models import UNSET, RoomSession, Unset

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient

app: typer.Typer = command_group(
    "Sessions of rooms: show and end them; kick, mute and unmute participants."
)


@dataclass(frozen=True)
class Selection:
    """The participants of a session that an action is about."""

    participants: Annotated[
        list[str] | None,
        Argument(metavar="PARTICIPANT", help="Ids of participants.", show_default=False),
    ] = None
    all: Annotated[bool, Option("--all", help="All participants of the session.")] = False
    exclude: Annotated[
        list[str] | None,
        Option(
            metavar="ID",
            help="With --all: except this participant. Can be repeated.",
            show_default=False,
        ),
    ] = None

    def __post_init__(self) -> None:
        if not self.participants and not self.all:
            raise CommandError("no participant is given: give ids of participants, or --all")
        if self.participants and self.all:
            raise CommandError("--all includes every participant: leave out the ids")
        if self.exclude and not self.all:
            raise CommandError("--exclude goes with --all")


@command(app, "list", "telnyx-video sessions list --room standup --active")
def list_sessions(
    cli: CommandLine,
    room: OfRoom = UNSET,
    active: Annotated[
        bool | Unset, Option("--active/--no-active", help="Only active ones, or only ended ones.")
    ] = UNSET,
    include_participants: IncludeParticipants = UNSET,
    *,
    paging: Paging,
    dates: Annotated[Dates, days("created", "updated", "ended")],
) -> None:
    """List the sessions: all of them, or those that match every filter."""

    async def operation(rooms: AsyncRoomsClient) -> Pager[RoomSession]:
        return rooms.sessions.list(
            UNSET if room is UNSET else await room_id_of(rooms, room),
            active=active,
            include_participants=include_participants,
            page_size=paging.page_size,
            **dates,
        )

    view = SESSIONS.including(SESSION_PEOPLE, wanted=bool(include_participants))
    cli.show_list(view, paging, operation)


@command(app, "get", "telnyx-video sessions get ID --include-participants")
def get_session(
    cli: CommandLine, session_id: SessionId, include_participants: IncludeParticipants = UNSET
) -> None:
    """Show one session."""
    session = cli.call(
        lambda rooms: rooms.sessions.get(session_id, include_participants=include_participants),
    )
    cli.show(session)


@command(app, "end", "telnyx-video sessions end ID")
def end_session(cli: CommandLine, session_id: SessionId, yes: Yes = False) -> None:
    """End a session; its participants are removed from it."""
    confirm(lambda: cli.call(lambda rooms: _question(rooms, session_id)), yes=yes)
    cli.call(lambda rooms: rooms.sessions.end(session_id))
    cli.report(f"ended {session_id}", {"id": session_id, "ended": True})


async def _question(rooms: AsyncRoomsClient, session_id: str) -> str:
    session = await rooms.sessions.get(session_id, include_participants=True)
    name = session.room_id and (await rooms.get(session.room_id)).unique_name
    what = f"the session of room {name}" if name else f"session {session_id}"
    return f"End {what}{people_in(session)}?"


@command(app, "kick", "telnyx-video sessions kick ID --all --exclude PARTICIPANT")
def kick(cli: CommandLine, session_id: SessionId, chosen: Selection) -> None:
    """Remove participants from a session."""
    _act(cli, "kicked", session_id, chosen, lambda rooms: rooms.sessions.kick)


@command(app, "mute", "telnyx-video sessions mute ID --all")
def mute(cli: CommandLine, session_id: SessionId, chosen: Selection) -> None:
    """Mute participants of a session."""
    _act(cli, "muted", session_id, chosen, lambda rooms: rooms.sessions.mute)


@command(app, "unmute", "telnyx-video sessions unmute ID PARTICIPANT")
def unmute(cli: CommandLine, session_id: SessionId, chosen: Selection) -> None:
    """Unmute participants of a session."""
    _act(cli, "unmuted", session_id, chosen, lambda rooms: rooms.sessions.unmute)


def _act(
    cli: CommandLine,
    done: str,
    session_id: str,
    chosen: Selection,
    method: Callable[[AsyncRoomsClient], Callable[..., Awaitable[None]]],
) -> None:
    participants: list[str] | Literal["all"] = chosen.participants or "all"
    exclude = chosen.exclude or ()
    cli.call(lambda rooms: method(rooms)(session_id, participants, exclude=exclude))
    count = "all" if chosen.all else counted(len(participants), "participant")
    cli.report(f"{done} {count}", {"id": session_id, done: participants})


@command(app, "participants", "telnyx-video sessions participants ID")
def list_session_participants(
    cli: CommandLine,
    session_id: SessionId,
    context: InContext = UNSET,
    *,
    paging: Paging,
    dates: Annotated[Dates, days("joined", "updated", "left")],
) -> None:
    """List the participants of one session, past and present."""
    cli.show_list(
        PARTICIPANTS,
        paging,
        lambda rooms: rooms.sessions.participants(
            session_id, context=context, page_size=paging.page_size, **dates
        ),
    )
