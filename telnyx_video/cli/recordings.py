"""The commands for recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from telnyx_video.cli.calls import call, confirm, delete_one, say_done, show, show_list
from telnyx_video.cli.downloads import fetch
from telnyx_video.cli.options import (
    OfRoom,
    OfSession,
    PageSize,
    RecordingId,
    TargetFile,
    Times,
    Yes,
    by_days,
    chosen_days,
    chosen_page_size,
    given,
)
from telnyx_video.cli.settings import Settings, Values, everywhere
from telnyx_video.cli.tables import ID_WIDTH, Column, Columns, day

if TYPE_CHECKING:
    from telnyx_video import RoomRecording
    from telnyx_video.models import RecordingFilters

COLUMNS: Columns[RoomRecording] = (
    Column("Id", ID_WIDTH, lambda recording: recording.id),
    Column("Type", 5, lambda recording: recording.type),
    Column("Status", 10, lambda recording: recording.status),
    Column("Secs", 5, lambda recording: recording.duration_secs, is_number=True),
    Column("Created", 10, lambda recording: day(recording.created_at)),
)

OfParticipant = Annotated[
    str | None,
    typer.Option("--participant-id", metavar="ID", help="Only those of this participant."),
]
Status = Annotated[
    str | None, typer.Option(metavar="processing|completed", help="Only those that are so far.")
]
Type = Annotated[
    str | None, typer.Option("--type", metavar="audio|video", help="Only sound, or only pictures.")
]
LeastDuration = Annotated[
    str | None,
    typer.Option("--min-duration-secs", metavar="SECS", help="Only those of so many seconds."),
]


@everywhere
@by_days("started", "ended")
def list_recordings(
    settings: Settings,
    times: Times,
    room_id: OfRoom = None,
    session_id: OfSession = None,
    participant_id: OfParticipant = None,
    status: Status = None,
    type: Type = None,
    min_duration_secs: LeastDuration = None,
    page_size: PageSize = "250",
) -> None:
    """List the recordings: all of them, or those that pass every filter."""
    values = Values()
    filters = _filters(
        values, times, room_id, session_id, participant_id, status, type, min_duration_secs
    )
    size = chosen_page_size(values, page_size)
    values.done()
    show_list(
        settings,
        lambda rooms: rooms.recordings.list(page_size=size, **filters),
        COLUMNS,
        "recording",
    )


@everywhere
def get_recording(settings: Settings, recording_id: RecordingId) -> None:
    """Show one recording, with the address of its file: whoever has that may have the file."""
    show(call(settings, lambda rooms: rooms.recordings.get(recording_id)), settings)


@everywhere
def download_recording(settings: Settings, recording_id: RecordingId, file: TargetFile) -> None:
    """Download a recording's file, whole or not at all."""
    fetch(
        settings,
        recording_id,
        file,
        lambda rooms, report: rooms.recordings.download(recording_id, file, on_progress=report),
    )


@everywhere
def delete_recording(settings: Settings, recording_id: RecordingId, yes: Yes = False) -> None:
    """Delete one recording."""
    question = None if yes else f"Delete recording {recording_id}?"
    delete_one(
        settings, recording_id, question, lambda rooms: rooms.recordings.delete(recording_id)
    )


@everywhere
@by_days("started", "ended")
def delete_recordings(
    settings: Settings,
    times: Times,
    room_id: OfRoom = None,
    session_id: OfSession = None,
    participant_id: OfParticipant = None,
    status: Status = None,
    type: Type = None,
    min_duration_secs: LeastDuration = None,
    yes: Yes = False,
) -> None:
    """Delete all recordings that pass every filter; `list` shows which these are."""
    values = Values()
    filters = _filters(
        values, times, room_id, session_id, participant_id, status, type, min_duration_secs
    )
    typed = (room_id, session_id, participant_id, status, type, min_duration_secs)
    if all(text is None for text in typed) and not any(days.are_given for days in times.values()):
        values.refuse("give a filter, such as --session-id: else every recording would be deleted")
    values.done()
    confirm(None if yes else "Delete all recordings that pass these filters?")
    count = call(settings, lambda rooms: rooms.recordings.delete_many(**filters))
    what = "1 recording" if count == 1 else f"{count} recordings"
    say_done({"deleted": count}, settings, f"deleted {what}")


def _filters(
    values: Values,
    times: Times,
    room_id: str | None,
    session_id: str | None,
    participant_id: str | None,
    status: str | None,
    type: str | None,
    min_duration_secs: str | None,
) -> RecordingFilters:
    days = chosen_days(values, times)
    return {
        "room_id": given(room_id),
        "session_id": given(session_id),
        "participant_id": given(participant_id),
        "status": given(status),
        "type": given(type),
        "min_duration_secs": given(
            values.integer_if_given("--min-duration-secs", min_duration_secs, 0)
        ),
        "started_at": days["started"],
        "ended_at": days["ended"],
    }
