"""The commands for rooms, and for the tokens to join them.

Tokens are secrets: they are printed on stdout and nowhere else. A refresh token is read from
standard input, since an argument would be visible in the list of processes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.prompt import Prompt

from telnyx_video.cli.batch.command import batch
from telnyx_video.cli.calls import (
    Pager,
    at_a_terminal,
    call,
    confirm,
    is_id,
    report_done,
    reporting,
    room_id_of,
    show,
    show_list,
)
from telnyx_video.cli.errors import CommandError, options_checked
from telnyx_video.cli.help import command_group
from telnyx_video.cli.options import (
    ALL,
    Dates,
    EventUrl,
    FailoverUrl,
    GlobalOptions,
    IfExists,
    IncludeSessions,
    Limit,
    PageSize,
    RoomArgument,
    TimeoutSecs,
    Yes,
    command,
    filtered_by,
    given,
)
from telnyx_video.cli.output import stderr
from telnyx_video.cli.runtime import before_sending
from telnyx_video.cli.tables import ID_WIDTH, Column, View, day, show_fields
from telnyx_video.models import CreateRoomRequest, Room, RoomParticipant

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient, JoinToken

app: typer.Typer = command_group("Rooms, and the tokens to join them.")

UniqueName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Unique within the account."),
]
MaxParticipants = Annotated[
    int | None, typer.Option(metavar="N", help="How many people at once, 2 to 50.")
]
EnableRecording = Annotated[
    bool | None,
    typer.Option("--enable-recording/--no-enable-recording", help="Whether sessions are recorded."),
]
TokenTtl = Annotated[
    int | None,
    typer.Option(
        metavar="SECS",
        min=10,
        max=3600,
        help="How long the token can be used to join; else 600.",
    ),
]

ROOMS = View(
    "room",
    Room,
    (
        Column("Name", None, lambda room: room.unique_name),
        Column("Id", ID_WIDTH, lambda room: room.id),
        Column("Max", 3, lambda room: room.max_participants, is_number=True),
        Column("Rec", 3, lambda room: bool(room.enable_recording)),
        Column("Created", 10, lambda room: day(room.created_at)),
    ),
)
SESSIONS: Column[Room] = Column(
    "Sessions", 8, lambda room: len(room.sessions or ()), is_number=True
)


@command(app, "create", "telnyx-video create --unique-name standup --max-participants 10")
def create(
    options: GlobalOptions,
    unique_name: UniqueName = None,
    nameless: Annotated[
        bool,
        typer.Option(
            "--nameless",
            help="Create a room without a name; if the reply is lost, it cannot be found again.",
        ),
    ] = False,
    max_participants: MaxParticipants = None,
    enable_recording: EnableRecording = None,
    webhook_event_url: EventUrl = None,
    webhook_event_failover_url: FailoverUrl = None,
    webhook_timeout_secs: TimeoutSecs = None,
    if_exists: Annotated[
        IfExists,
        typer.Option(
            metavar="error|return|update",
            help="If the name is taken: fail, show that room, or change it to this.",
        ),
    ] = "error",
) -> None:
    """Create a room.

    With a name it is created exactly once, even if a reply is lost on the way.
    """
    if nameless and unique_name is not None:
        raise CommandError(["--nameless and --unique-name: choose one"])
    if not nameless and unique_name is None:
        with before_sending():
            unique_name = _ask_for_name()
    with options_checked():
        request = CreateRoomRequest(
            unique_name=given(unique_name),
            max_participants=given(max_participants),
            enable_recording=given(enable_recording),
            webhook_event_url=given(webhook_event_url),
            webhook_event_failover_url=given(webhook_event_failover_url),
            webhook_timeout_secs=given(webhook_timeout_secs),
        )

    room = call(options, lambda rooms: rooms.create(request, if_exists=if_exists))
    done = "was created" if if_exists == "error" else "exists"
    with reporting(f"room {room.id} {done}"):
        show(room, options)


def _ask_for_name() -> str:
    """A name for a room that was given none.

    Raises:
        CommandError: nobody can be asked, or gave none.
    """
    name = ""
    if at_a_terminal():
        try:
            name = Prompt.ask("Name of the room", console=stderr())
        except EOFError:
            name = ""
    if not name:
        raise CommandError(
            [
                "the room has no name: add --unique-name NAME, or --nameless for a room that "
                "cannot be found again if the reply is lost"
            ]
        )
    return name


@command(app, "get", "telnyx-video get standup")
def get(
    options: GlobalOptions, room: RoomArgument, include_sessions: IncludeSessions = False
) -> None:
    """Show one room."""
    sessions = given(include_sessions or None)

    async def operation(rooms: AsyncRoomsClient) -> Room:
        read = rooms.get if is_id(room) else rooms.get_by_name
        return await read(room, include_sessions=sessions)

    show(call(options, operation), options)


@command(app, "list", "telnyx-video list --created-from 2025-01-31 --limit 20")
@filtered_by("created", "updated")
def list_rooms(
    options: GlobalOptions,
    dates: Dates,
    unique_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only the room of this name.")
    ] = None,
    include_sessions: IncludeSessions = False,
    limit: Limit = None,
    page_size: PageSize = 250,
) -> None:
    """List the rooms: all of them, or those that match every filter."""

    async def operation(rooms: AsyncRoomsClient) -> Pager[Room]:
        return rooms.list(
            unique_name=given(unique_name),
            created_at=dates["created"],
            updated_at=dates["updated"],
            include_sessions=given(include_sessions or None),
            page_size=page_size,
        )

    show_list(options, ROOMS.including(SESSIONS, wanted=include_sessions), operation, limit)


@command(app, "update", "telnyx-video update standup --max-participants 5")
def update(
    options: GlobalOptions,
    room: RoomArgument,
    unique_name: UniqueName = None,
    max_participants: MaxParticipants = None,
    enable_recording: EnableRecording = None,
    webhook_event_url: EventUrl = None,
    webhook_event_failover_url: FailoverUrl = None,
    webhook_timeout_secs: TimeoutSecs = None,
) -> None:
    """Change settings of a room; those not given stay as they are."""
    with options_checked():
        changes = CreateRoomRequest(
            unique_name=given(unique_name),
            max_participants=given(max_participants),
            enable_recording=given(enable_recording),
            webhook_event_url=given(webhook_event_url),
            webhook_event_failover_url=given(webhook_event_failover_url),
            webhook_timeout_secs=given(webhook_timeout_secs),
        )
    if changes == CreateRoomRequest():
        raise CommandError(["there is nothing to change: add a setting, as --max-participants 5"])

    async def operation(rooms: AsyncRoomsClient) -> Room:
        return await rooms.update(await room_id_of(rooms, room), changes)

    changed = call(options, operation)
    with reporting(f"room {changed.id} was changed"):
        show(changed, options)


@command(app, "delete", "telnyx-video delete standup --yes")
def delete(options: GlobalOptions, room: RoomArgument, yes: Yes = False) -> None:
    """Delete a room; its participants are removed from it."""

    async def operation(rooms: AsyncRoomsClient) -> str:
        room_id = await room_id_of(rooms, room)
        await rooms.delete(room_id)
        return room_id

    confirm(lambda: call(options, lambda rooms: _question(rooms, room)), yes=yes)
    room_id = call(options, operation)
    report_done({"id": room_id, "deleted": True}, options, f"deleted {room}")


async def _question(rooms: AsyncRoomsClient, room: str) -> str:
    found = await rooms.get(await room_id_of(rooms, room))
    people = 0
    if found.active_session_id is not None:
        session = await rooms.sessions.get(found.active_session_id, include_participants=True)
        people = present(session.participants)
    return f"Delete room {found.unique_name or found.id}{with_people(people)}?"


def present(participants: list[RoomParticipant] | None) -> int:
    """How many participants are in a session now."""
    return sum(participant.left_at is None for participant in participants or ())


def with_people(count: int) -> str:
    """How many people a question is about."""
    if count == 0:
        return ""
    return f", with {'1 person' if count == 1 else f'{count} people'} in it"


@command(app, "join-token", "telnyx-video rooms join-token standup --token-ttl-secs 300")
def join_token(
    options: GlobalOptions,
    room: RoomArgument,
    token_ttl_secs: TokenTtl = None,
    refresh_token_ttl_secs: Annotated[
        int | None,
        typer.Option(
            metavar="SECS", min=60, max=86400, help="How long it can be refreshed; else 3600."
        ),
    ] = None,
) -> None:
    """Create a token to join a room, and print it: it is a secret."""

    async def operation(rooms: AsyncRoomsClient) -> JoinToken:
        return await rooms.join_token(
            await room_id_of(rooms, room),
            token_ttl_secs=given(token_ttl_secs),
            refresh_token_ttl_secs=given(refresh_token_ttl_secs),
        )

    _show_token(call(options, operation), options, room)


@command(
    app,
    "refresh-join-token",
    "telnyx-video rooms refresh-join-token standup < refresh-token.txt",
)
def refresh_join_token(
    options: GlobalOptions, room: RoomArgument, token_ttl_secs: TokenTtl = None
) -> None:
    """Create another token, for the refresh token on standard input; print it."""
    with before_sending():
        secret = _read_secret()

    async def operation(rooms: AsyncRoomsClient) -> JoinToken:
        return await rooms.refresh_join_token(
            await room_id_of(rooms, room), secret, token_ttl_secs=given(token_ttl_secs)
        )

    _show_token(call(options, operation), options, room)


def _read_secret() -> str:
    """The refresh token, asked for without an echo on a terminal.

    Raises:
        CommandError: there is none.
    """
    if at_a_terminal():
        try:
            secret = Prompt.ask("Refresh token", console=stderr(), password=True)
        except EOFError:
            secret = ""
    else:
        secret = "" if sys.stdin is None else sys.stdin.readline()
    if not secret.strip():
        raise CommandError(["there is no refresh token: give it on standard input"])
    return secret.strip()


def _show_token(token: JoinToken, options: GlobalOptions, room: str) -> None:
    """Print a token, each field on one line: a token that is folded cannot be copied."""
    with reporting(f"a join token for room {room} was created"):
        show_fields(token.to_dict(), options.format, fold=False)


command(
    app,
    "batch",
    "telnyx-video batch rooms.csv --output results.jsonl",
    "telnyx-video batch rooms.csv --output results.jsonl --resume",
    "telnyx-video batch rooms/*.csv --cluster local --output outcomes --job spring-term",
    takes=[name for name in ALL if name != "output_format"],
)(batch)
