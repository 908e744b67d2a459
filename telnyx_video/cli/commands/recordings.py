"""The commands for recordings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from telnyx_video.cli.calls import CommandLine, Pager, confirm, room_id_of
from telnyx_video.cli.command import command, command_group
from telnyx_video.cli.errors import CommandError
from telnyx_video.cli.options import (
    Dates,
    OfRoom,
    OfSession,
    Paging,
    TargetFile,
    Yes,
    argument,
    days,
)
from telnyx_video.cli.output import counted
from telnyx_video.cli.tables import RECORDINGS
from telnyx_video.models import UNSET, RecordingFilters, RoomRecording, Unset

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient

app: typer.Typer = command_group("Recordings: show, download and delete them.")

RecordingId = Annotated[str, argument("ID", "The recording's id.")]
Times = Annotated[Dates, days("started", "ended")]


@dataclass(frozen=True)
class Filters:
    """Which recordings are listed or deleted."""

    room: OfRoom = UNSET
    session_id: OfSession = UNSET
    participant_id: Annotated[
        str | Unset, Option(metavar="ID", help="Only of this participant.")
    ] = UNSET
    status: Annotated[
        str | Unset, Option(metavar="processing|completed", help="Only with this status.")
    ] = UNSET
    type: Annotated[
        str | Unset, Option("--type", metavar="audio|video", help="Only of this type.")
    ] = UNSET
    min_duration_secs: Annotated[
        int | Unset, Option(metavar="SECS", min=0, help="Only as long.")
    ] = UNSET

    async def resolve(self, rooms: AsyncRoomsClient, dates: Dates) -> RecordingFilters:
        """Return the library's filters, with the room's id."""
        return {
            "room_id": UNSET if self.room is UNSET else await room_id_of(rooms, self.room),
            "session_id": self.session_id,
            "participant_id": self.participant_id,
            "status": self.status,
            "type": self.type,
            "min_duration_secs": self.min_duration_secs,
            "started_at": dates["started_at"],
            "ended_at": dates["ended_at"],
        }


@command(app, "list", "telnyx-video recordings list --room standup --status completed")
def list_recordings(cli: CommandLine, filters: Filters, paging: Paging, dates: Times) -> None:
    """List the recordings: all of them, or those that match every filter."""

    async def operation(rooms: AsyncRoomsClient) -> Pager[RoomRecording]:
        found = await filters.resolve(rooms, dates)
        return rooms.recordings.list(page_size=paging.page_size, **found)

    cli.show_list(RECORDINGS, paging, operation)


@command(app, "get", "telnyx-video recordings get ID")
def get_recording(cli: CommandLine, recording_id: RecordingId) -> None:
    """Show one recording, with its file's URL, which needs no key to download."""
    cli.show(cli.call(lambda rooms: rooms.recordings.get(recording_id)))


@command(app, "download", "telnyx-video recordings download ID standup.mp4")
def download_recording(cli: CommandLine, recording_id: RecordingId, file: TargetFile) -> None:
    """Download a recording's file, complete or not at all."""
    cli.download(recording_id, file, lambda rooms: rooms.recordings.download)


@command(app, "delete", "telnyx-video recordings delete ID --yes")
def delete_recording(cli: CommandLine, recording_id: RecordingId, yes: Yes = False) -> None:
    """Delete one recording."""
    confirm(lambda: f"Delete recording {recording_id}?", yes=yes)
    cli.call(lambda rooms: rooms.recordings.delete(recording_id))
    cli.report(f"deleted {recording_id}", {"id": recording_id, "deleted": True})


@command(app, "delete-many", "telnyx-video recordings delete-many --room standup --type audio")
def delete_recordings(cli: CommandLine, filters: Filters, dates: Times, yes: Yes = False) -> None:
    """Delete all recordings that match every filter; `list` shows which these are."""
    if all(value is UNSET for value in (*vars(filters).values(), *dates.values())):
        raise CommandError(
            "add a filter, such as --session-id: without any, every recording would be deleted"
        )
    confirm(lambda: "Delete all recordings that match these filters?", yes=yes)

    async def operation(rooms: AsyncRoomsClient) -> int:
        return await rooms.recordings.delete_many(**await filters.resolve(rooms, dates))

    count = cli.call(operation)
    cli.report(f"deleted {counted(count, 'recording')}", {"deleted": count})
