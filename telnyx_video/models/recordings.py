"""Recordings: what a participant was heard or seen to do, one for each of their tracks.

Field meanings: https://developers.telnyx.com/api-reference/room-recordings/view-a-room-recording
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import TypedDict

import attrs

from telnyx_video.models.base import DateRange, Record
from telnyx_video.models.unset import Unset


class RecordingStatus(enum.StrEnum):
    """How far a recording is."""

    COMPLETED = "completed"
    """It can be downloaded."""
    PROCESSING = "processing"


class RecordingType(enum.StrEnum):
    """What was recorded."""

    AUDIO = "audio"
    VIDEO = "video"


class RecordingFilters(TypedDict, total=False):
    """What recordings can be picked by, as keywords; all that are given must hold."""

    room_id: str | Unset
    """Those of this room."""
    session_id: str | Unset
    """Those of this session."""
    participant_id: str | Unset
    """Those of this participant."""
    status: RecordingStatus | str | Unset
    """Those that are so far."""
    type: RecordingType | str | Unset
    """Those of sound, or those of pictures."""
    min_duration_secs: int | Unset
    """Those of so many seconds or more."""
    started_at: date | DateRange | Unset
    """Those begun on this day (UTC), or in this range of days."""
    ended_at: date | DateRange | Unset
    """Those ended on this day (UTC), or in this range of days."""


@attrs.define(kw_only=True)
class RoomRecording(Record):
    """A recording as the API describes it."""

    room_id: str | None = None
    session_id: str | None = None
    participant_id: str | None = None
    """Whose recording it is."""
    status: RecordingStatus | str | None = None
    """How far it is; a status that this version does not know is a plain ``str``."""
    type: RecordingType | str | None = None
    """What was recorded; a type that this version does not know is a plain ``str``."""
    codec: str | None = None
    """Such as ``"opus"``."""
    download_url: str | None = attrs.field(default=None, repr=False)
    """Where the file is. Whoever has this address may have the file: it is in no repr."""
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
