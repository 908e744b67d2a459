"""The commands for rooms, and for the tokens to join them.

Tokens are secrets: they are printed only on stdout. A refresh token is read from
standard input, since an argument would be visible in the list of processes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from telnyx_video.cli.calls import (
    CommandLine,
    ask,
    at_a_terminal,
    confirm,
    is_id,
    people_in,
    reporting,
    room_id_of,
)
from telnyx_video.cli.command import command, command_group
from telnyx_video.cli.errors import CommandError, options_checked
from telnyx_video.cli.options import (
    Dates,
    IfExists,
    IncludeSessions,
    Paging,
    RoomArgument,
    WebhookOptions,
    Yes,
    days,
)
from telnyx_video.cli.runtime import before_sending
from telnyx_video.cli.tables import ROOM_SESSIONS, ROOMS
from telnyx_video.models import UNSET, CreateRoomRequest, JoinToken, Room, Unset

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient

app: typer.Typer = command_group("Rooms, and the tokens to join them.")

TokenTtl = Annotated[
    int | Unset,
    Option(
        metavar="SECS", min=10, max=3600, help="How long the token can be used to join; else 600."
    ),
]


@dataclass(frozen=True)
class RoomSettings(WebhookOptions):
    """The settings of a room."""

    unique_name: Annotated[
        str | Unset, Option(metavar="NAME", help="Unique within the account.")
    ] = UNSET
    max_participants: Annotated[
        int | Unset, Option(metavar="N", help="How many people at once, 2 to 50.")
    ] = UNSET
    enable_recording: Annotated[
        bool | Unset,
        Option("--enable-recording/--no-enable-recording", help="Whether sessions are recorded."),
    ] = UNSET

    def request(self) -> CreateRoomRequest:
        """Return the settings as a request.

        Raises:
            CommandError: lists each option that is invalid.
        """
        with options_checked():
            return CreateRoomRequest(**vars(self))


@command(app, "create", "telnyx-video create --unique-name standup --max-participants 10")
def create(
    cli: CommandLine,
    settings: RoomSettings,
    nameless: Annotated[
        bool,
        Option(
            "--nameless",
            help="Create a room without a name; if the reply is lost, it cannot be found again.",
        ),
    ] = False,
    if_exists: Annotated[
        IfExists,
        Option(
            metavar="error|return|update",
            help="If the name is taken: fail, show that room, or change it to this.",
        ),
    ] = "error",
) -> None:
    """Create a room.

    With a name it is created exactly once, even if a reply is lost on the way.
    """
    if nameless and settings.unique_name is not UNSET:
        raise CommandError("--nameless and --unique-name: choose one")
    if not nameless and settings.unique_name is UNSET:
        with before_sending():
            settings = replace(settings, unique_name=_ask_for_name())
    request = settings.request()
    room = cli.call(lambda rooms: rooms.create(request, if_exists=if_exists))
    done = "was created" if if_exists == "error" else "exists"
    cli.show(room, f"room {room.id} {done}")


def _ask_for_name() -> str:
    """Ask for the name of a room.

    Raises:
        CommandError: stdin is not a terminal, or the answer is empty.
    """
    name = ask("Name of the room") if at_a_terminal() else ""
    if not name:
        raise CommandError(
            "the room has no name: add --unique-name NAME, or --nameless for a room that "
            "cannot be found again if the reply is lost"
        )
    return name


@command(app, "get", "telnyx-video get standup")
def get(cli: CommandLine, room: RoomArgument, include_sessions: IncludeSessions = UNSET) -> None:
    """Show one room."""

    async def operation(rooms: AsyncRoomsClient) -> Room:
        read = rooms.get if is_id(room) else rooms.get_by_name
        return await read(room, include_sessions=include_sessions)

    cli.show(cli.call(operation))


@command(app, "list", "telnyx-video list --created-from 2025-01-31 --limit 20")
def list_rooms(
    cli: CommandLine,
    unique_name: Annotated[
        str | Unset, Option(metavar="NAME", help="Only the room of this name.")
    ] = UNSET,
    include_sessions: IncludeSessions = UNSET,
    *,
    paging: Paging,
    dates: Annotated[Dates, days("created", "updated")],
) -> None:
    """List the rooms: all of them, or those that match every filter."""
    cli.show_list(
        ROOMS.including(ROOM_SESSIONS, wanted=bool(include_sessions)),
        paging,
        lambda rooms: rooms.list(
            unique_name=unique_name,
            include_sessions=include_sessions,
            page_size=paging.page_size,
            **dates,
        ),
    )


@command(app, "update", "telnyx-video update standup --max-participants 5")
def update(cli: CommandLine, room: RoomArgument, settings: RoomSettings) -> None:
    """Change settings of a room; those not given stay as they are."""
    changes = settings.request()
    if settings == RoomSettings():
        raise CommandError("there is nothing to change: add a setting, as --max-participants 5")

    async def operation(rooms: AsyncRoomsClient) -> Room:
        return await rooms.update(await room_id_of(rooms, room), changes)

    changed = cli.call(operation)
    cli.show(changed, f"room {changed.id} was changed")


@command(app, "delete", "telnyx-video delete standup --yes")
def delete(cli: CommandLine, room: RoomArgument, yes: Yes = False) -> None:
    """Delete a room; its participants are removed from it."""

    async def operation(rooms: AsyncRoomsClient) -> str:
        room_id = await room_id_of(rooms, room)
        await rooms.delete(room_id)
        return room_id

    confirm(lambda: cli.call(lambda rooms: _question(rooms, room)), yes=yes)
    room_id = cli.call(operation)
    cli.report(f"deleted {room}", {"id": room_id, "deleted": True})


async def _question(rooms: AsyncRoomsClient, room: str) -> str:
    found = await rooms.get(await room_id_of(rooms, room))
    session = None
    if found.active_session_id is not None:
        session = await rooms.sessions.get(found.active_session_id, include_participants=True)
    return f"Delete room {found.unique_name or found.id}{people_in(session)}?"


@command(app, "join-token", "telnyx-video rooms join-token standup --token-ttl-secs 300")
def join_token(
    cli: CommandLine,
    room: RoomArgument,
    token_ttl_secs: TokenTtl = UNSET,
    refresh_token_ttl_secs: Annotated[
        int | Unset,
        Option(metavar="SECS", min=60, max=86400, help="How long it can be refreshed; else 3600."),
    ] = UNSET,
) -> None:
    """Create a token to join a room, and print it: it is a secret."""

    async def operation(rooms: AsyncRoomsClient) -> JoinToken:
        return await rooms.join_token(
            await room_id_of(rooms, room),
            token_ttl_secs=token_ttl_secs,
            refresh_token_ttl_secs=refresh_token_ttl_secs,
        )

    _show_token(cli.call(operation), cli, room)


@command(
    app,
    "refresh-join-token",
    "telnyx-video rooms refresh-join-token standup < refresh-token.txt",
)
def refresh_join_token(
    cli: CommandLine, room: RoomArgument, token_ttl_secs: TokenTtl = UNSET
) -> None:
    """Create another token, for the refresh token on standard input; print it."""
    with before_sending():
        secret = _read_secret()

    async def operation(rooms: AsyncRoomsClient) -> JoinToken:
        return await rooms.refresh_join_token(
            await room_id_of(rooms, room), secret, token_ttl_secs=token_ttl_secs
        )

    _show_token(cli.call(operation), cli, room)


def _read_secret() -> str:
    """Read the refresh token; on a terminal, ask for it without an echo.

    Raises:
        CommandError: there is none.
    """
    if at_a_terminal():
        secret = ask("Refresh token", password=True)
    else:
        secret = "" if sys.stdin is None else sys.stdin.readline()
    if not secret.strip():
        raise CommandError("there is no refresh token: give it on standard input")
    return secret.strip()


def _show_token(token: JoinToken, cli: CommandLine, room: str) -> None:
    """Print each field on one line, since a folded token cannot be copied."""
    with reporting(f"a join token for room {room} was created"):
        cli.show_fields(token.to_dict(), fold=False)
