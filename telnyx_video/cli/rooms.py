"""The commands for one room, and the list of rooms."""

from __future__ import annotations

import sys
from datetime import date
from typing import Annotated

import typer
from rich.prompt import Confirm

from telnyx_video import UNSET, Room
from telnyx_video.cli.failures import FAILED, CommandError
from telnyx_video.cli.running import connected, run
from telnyx_video.cli.settings import IF_EXISTS, Settings, Values, everywhere
from telnyx_video.cli.tables import RoomList, show_room
from telnyx_video.cli.terminal import stderr, stdout, visible, write_json
from telnyx_video.models import DateRange, Unset

ROOM = "Room"
WEBHOOKS = "Webhooks"

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
EventUrl = Annotated[
    str | None,
    typer.Option(
        "--webhook-event-url",
        metavar="URL",
        help="Where events are sent.",
        rich_help_panel=WEBHOOKS,
    ),
]
FailoverUrl = Annotated[
    str | None,
    typer.Option(
        "--webhook-event-failover-url",
        metavar="URL",
        help='Where events go if that fails; "" for nowhere.',
        rich_help_panel=WEBHOOKS,
    ),
]
TimeoutSecs = Annotated[
    str | None,
    typer.Option(
        "--webhook-timeout-secs",
        metavar="SECS",
        help="How long to wait for the receiver, 0 to 30.",
        rich_help_panel=WEBHOOKS,
    ),
]
RoomId = Annotated[str, typer.Argument(metavar="ID", help="The room's id.", show_default=False)]
Day = Annotated[str | None, typer.Option(metavar="DAY", help="Such as 2025-01-31, in UTC.")]


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

    async def make() -> Room:
        async with connected(settings) as rooms:
            return await rooms.create(request, if_exists=reaction)

    _show(run(make()), settings)


@everywhere
def get(
    settings: Settings,
    room_id: RoomId,
) -> None:
    """Show one room."""

    async def read() -> Room:
        async with connected(settings) as rooms:
            return await rooms.get(room_id)

    _show(run(read()), settings)


@everywhere
def list_rooms(
    settings: Settings,
    unique_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only the room of this name.")
    ] = None,
    created_on: Day = None,
    created_from: Day = None,
    created_to: Day = None,
    updated_on: Day = None,
    updated_from: Day = None,
    updated_to: Day = None,
    page_size: Annotated[
        str, typer.Option(metavar="N", help="Rooms to ask for at a time, 1 to 250.")
    ] = "250",
) -> None:
    """List the rooms: all of them, or those that pass every filter."""
    values = Values()
    created_at = _days(values, "created", created_on, created_from, created_to)
    updated_at = _days(values, "updated", updated_on, updated_from, updated_to)
    size = values.integer("--page-size", page_size, 1, 250)
    values.done()

    async def show_all() -> int:
        table = RoomList(stdout())
        count = 0
        async with connected(settings) as rooms:
            pager = rooms.list(
                unique_name=UNSET if unique_name is None else unique_name,
                created_at=created_at,
                updated_at=updated_at,
                page_size=size,
            )
            async for page in pager.pages():
                count += len(page.items)
                if settings.json:
                    for room in page.items:
                        write_json(room.to_dict())
                elif page.items:
                    table.add(page.items)
        return count

    count = run(show_all())
    if not settings.json:
        stderr().print("1 room" if count == 1 else f"{count or 'no'} rooms", style="dim")


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
    given = {
        "unique_name": unique_name,
        "max_participants": max_participants,
        "enable_recording": enable_recording,
        "webhook_event_url": webhook_event_url,
        "webhook_event_failover_url": webhook_event_failover_url,
        "webhook_timeout_secs": webhook_timeout_secs,
    }
    changes = values.request(given)
    if not any(value is not None for value in given.values()):
        values.refuse("there is nothing to change: give a setting, such as --max-participants 5")
    values.done()

    async def change() -> Room:
        async with connected(settings) as rooms:
            return await rooms.update(room_id, changes)

    _show(run(change()), settings)


@everywhere
def delete(
    settings: Settings,
    room_id: RoomId,
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Do not ask first.")] = False,
) -> None:
    """Delete a room: those in it are put out."""
    if not (yes or _is_confirmed(room_id)):
        stderr().print("Nothing was deleted.")
        raise typer.Exit(FAILED)

    async def remove() -> None:
        async with connected(settings) as rooms:
            await rooms.delete(room_id)

    run(remove())
    if settings.json:
        write_json({"id": room_id, "deleted": True})
    else:
        stderr().print(f"Deleted {visible(room_id)}.")


def _is_confirmed(room_id: str) -> bool:
    if not sys.stdin.isatty():
        raise CommandError(
            ["standard input is no terminal on which to ask: add --yes to delete without asking"]
        )
    question = f"Delete room {visible(room_id)}, and put out those in it?"
    try:
        return Confirm.ask(question, console=stderr(), default=False)
    except EOFError:
        return False


def _show(room: Room, settings: Settings) -> None:
    if settings.json:
        write_json(room.to_dict())
    else:
        show_room(stdout(), room)


def _days(
    values: Values, time: str, on: str | None, first: str | None, last: str | None
) -> date | DateRange | Unset:
    """The days to filter by: one, or a range; UNSET for any."""
    day = values.day(f"--{time}-on", on)
    span = DateRange(values.day(f"--{time}-from", first), values.day(f"--{time}-to", last))
    if on is not None and (first is not None or last is not None):
        values.refuse(f"--{time}-on is one day: leave out --{time}-from and --{time}-to")
    if span.gte is not None and span.lte is not None and span.gte > span.lte:
        values.refuse(f"--{time}-from is after --{time}-to: no room can pass")
    if day is not None:
        return day
    return span if span.gte is not None or span.lte is not None else UNSET
