"""Recordings of participants, one for each audio or video track.

Field meanings: https://developers.telnyx.com/api-reference/room-recordings/view-a-room-recording
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import TypedDict

import attrs

from telnyx_video.models._codec import Unset
from telnyx_video.models.base import DateRange, Record


class RecordingStatus(enum.StrEnum):
    """The progress of a recording."""

    COMPLETED = "completed"
    """It can be downloaded."""
    PROCESSING = "processing"


class RecordingType(enum.StrEnum):
    """The kind of a recorded track."""

    AUDIO = "audio"
    VIDEO = "video"


class RecordingFilters(TypedDict, total=False):
    """Filters of recordings, as keywords; a recording must match all that are given."""

    room_id: str | Unset
    """Recordings of this room."""
    session_id: str | Unset
    """Recordings of this session."""
    participant_id: str | Unset
    """Recordings of this participant."""
    status: RecordingStatus | str | Unset
    """Recordings with this status."""
    type: RecordingType | str | Unset
    """Audio or video recordings."""
    min_duration_secs: int | Unset
    """Recordings of at least this many seconds."""
    started_at: date | DateRange | Unset
    """Recordings started on this day (UTC), or in this range of days."""
    ended_at: date | DateRange | Unset
    """Recordings ended on this day (UTC), or in this range of days."""


@attrs.frozen(kw_only=True, repr=False, unsafe_hash=False, slots=False)
class RoomRecording(Record):
    """A recording as the API describes it."""

    room_id: str | None = None
    session_id: str | None = None
    participant_id: str | None = None
    """The recorded participant."""
    status: RecordingStatus | str | None = None
    """Its progress; a status that this version does not know is a plain ``str``."""
    type: RecordingType | str | None = None
    """Its kind; a type that this version does not know is a plain ``str``."""
    codec: str | None = None
    """Such as ``"opus"``."""
    download_url: str | None = attrs.field(default=None, repr=False)
    """The file's address. It grants access to the file, so it is in no repr."""
    duration_secs: int | None = None
    """Its length in seconds."""
    size_mb: float | None = None
    """The file's size in MB, rounded by the API."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    completed_at: datetime | None = None
    """When the file was ready."""
    record_type: str | None = None
    """``"room_recording"``."""
