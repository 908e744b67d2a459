"""What tables show of each kind of object."""

from __future__ import annotations

from datetime import UTC, datetime

from telnyx_video.cli.output import ID_WIDTH, Column, View
from telnyx_video.models import Room, RoomComposition, RoomParticipant, RoomRecording, RoomSession


def day(time: datetime | None) -> str | None:
    """The day of a time, in UTC."""
    return None if time is None else _utc(time).date().isoformat()


def minute(time: datetime | None) -> str | None:
    """Day and minute of a time, in UTC."""
    return None if time is None else _utc(time).isoformat(" ", "minutes")[:16]


def _utc(time: datetime) -> datetime:
    """The time in UTC; in its own zone if UTC is out of the calendar's range."""
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return time


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
ROOM_SESSIONS: Column[Room] = Column(
    "Sessions", 8, lambda room: len(room.sessions or ()), is_number=True
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
SESSION_PEOPLE: Column[RoomSession] = Column(
    "People", 6, lambda session: len(session.participants or ()), is_number=True
)

PARTICIPANTS = View(
    "participant",
    RoomParticipant,
    (
        Column("Context", None, lambda participant: participant.context),
        Column("Id", ID_WIDTH, lambda participant: participant.id),
        Column("Joined", 16, lambda participant: minute(participant.joined_at)),
        Column("Here", 4, lambda participant: participant.left_at is None),
    ),
)

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

COMPOSITIONS = View(
    "composition",
    RoomComposition,
    (
        Column("Id", ID_WIDTH, lambda composition: composition.id),
        Column("Format", 6, lambda composition: composition.format),
        Column("Status", 10, lambda composition: composition.status),
        Column("Secs", 5, lambda composition: composition.duration_secs, is_number=True),
        Column("Created", 10, lambda composition: day(composition.created_at)),
    ),
)
