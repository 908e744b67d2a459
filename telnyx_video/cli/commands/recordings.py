"""The commands for recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from telnyx_video.cli.calls import (
    Pager,
    call,
    confirm,
    download,
    report_done,
    room_id_of,
    show,
    show_list,
)
from telnyx_video.cli.errors import CommandError
from telnyx_video.cli.help import command_group
from telnyx_video.cli.options import (
    Dates,
    GlobalOptions,
    Limit,
    OfRoom,
    OfSession,
    PageSize,
    TargetFile,
    Yes,
    command,
    filtered_by,
    given,
)
from telnyx_video.cli.output import counted
from telnyx_video.cli.tables import ID_WIDTH, Column, View, day
from telnyx_video.models import UNSET, RecordingFilters, RoomRecording

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient

app: typer.Typer = command_group("Recordings: show, download and delete them.")

RECORDINGS = View(
    "recording",
    RoomRecording,
    (
        Column("Id", ID_WIDTH, lambda recording: recording.id),
        Column("Type", 5, lambda recording: recording.type),
        Column("Status", 10, lambda recording: recording.status),
        Column("Secs", 5, lambda recording: recording.duration_secs, is_number=True),
        Column("Created", 10, lambda recording: day(recording.created_at)),
    ),
)

RecordingId = Annotated[
    str, typer.Argument(metavar="ID", help="The recording's id.", show_default=False)
]
OfParticipant = Annotated[
    str | None, typer.Option("--participant-id", metavar="ID", help="Only of this participant.")
]
Status = Annotated[
    str | None, typer.Option(metavar="processing|completed", help="Only with this status.")
]
Type = Annotated[
    str | None, typer.Option("--type", metavar="audio|video", help="Only of this type.")
]
MinDuration = Annotated[
    int | None, typer.Option("--min-duration-secs", metavar="SECS", min=0, help="Only as long.")
]


@command(app, "list", "telnyx-video recordings list --room standup --status completed")
@filtered_by("started", "ended")
def list_recordings(
    options: GlobalOptions,
    dates: Dates,
    room: OfRoom = None,
    session_id: OfSession = None,
    participant_id: OfParticipant = None,
    status: Status = None,
    type: Type = None,
    min_duration_secs: MinDuration = None,
    limit: Limit = None,
    page_size: PageSize = 250,
) -> None:
    """List the recordings: all of them, or those that match every filter."""
    filters = _filters(dates, session_id, participant_id, status, type, min_duration_secs)

    async def operation(rooms: AsyncRoomsClient) -> Pager[RoomRecording]:
        if room is not None:
            filters["room_id"] = await room_id_of(rooms, room)
        return rooms.recordings.list(page_size=page_size, **filters)

    show_list(options, RECORDINGS, operation, limit)


@command(app, "get", "telnyx-video recordings get ID")
def get_recording(options: GlobalOptions, recording_id: RecordingId) -> None:
    """Show one recording, with its file's URL, which needs no key to download."""
    show(call(options, lambda rooms: rooms.recordings.get(recording_id)), options)


@command(app, "download", "telnyx-video recordings download ID standup.mp4")
def download_recording(options: GlobalOptions, recording_id: RecordingId, file: TargetFile) -> None:
    """Download a recording's file, complete or not at all."""
    download(
        options,
        recording_id,
        file,
        lambda rooms, report: rooms.recordings.download(recording_id, file, on_progress=report),
    )


@command(app, "delete", "telnyx-video recordings delete ID --yes")
def delete_recording(options: GlobalOptions, recording_id: RecordingId, yes: Yes = False) -> None:
    """Delete one recording."""
    confirm(lambda: f"Delete recording {recording_id}?", yes=yes)
    call(options, lambda rooms: rooms.recordings.delete(recording_id))
    report_done({"id": recording_id, "deleted": True}, options, f"deleted {recording_id}")


@command(app, "delete-many", "telnyx-video recordings delete-many --room standup --type audio")
@filtered_by("started", "ended")
def delete_recordings(
    options: GlobalOptions,
    dates: Dates,
    room: OfRoom = None,
    session_id: OfSession = None,
    participant_id: OfParticipant = None,
    status: Status = None,
    type: Type = None,
    min_duration_secs: MinDuration = None,
    yes: Yes = False,
) -> None:
    """Delete all recordings that match every filter; `list` shows which these are."""
    filters = _filters(dates, session_id, participant_id, status, type, min_duration_secs)
    if room is None and all(value is UNSET for value in filters.values()):
        raise CommandError(
            ["add a filter, such as --session-id: without any, every recording would be deleted"]
        )
    confirm(lambda: "Delete all recordings that match these filters?", yes=yes)

    async def operation(rooms: AsyncRoomsClient) -> int:
        if room is not None:
            filters["room_id"] = await room_id_of(rooms, room)
        return await rooms.recordings.delete_many(**filters)

    count = call(options, operation)
    report_done({"deleted": count}, options, f"deleted {counted(count, 'recording')}")


def _filters(
    dates: Dates,
    session_id: str | None,
    participant_id: str | None,
    status: str | None,
    type: str | None,
    min_duration_secs: int | None,
) -> RecordingFilters:
    return {
        "session_id": given(session_id),
        "participant_id": given(participant_id),
        "status": given(status),
        "type": given(type),
        "min_duration_secs": given(min_duration_secs),
        "started_at": dates["started"],
        "ended_at": dates["ended"],
    }
