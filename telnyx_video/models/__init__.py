"""The objects of the API as attrs classes: requests are checked, replies are kept unchanged.

A request that the API would refuse cannot be constructed: bad values raise one
``InvalidRequestError`` that lists every problem. Replies are typed, but not judged.
"""

from __future__ import annotations

from telnyx_video.models._codec import UNSET, Unset
from telnyx_video.models.base import (
    DateRange,
    DownloadProgress,
    Model,
    Page,
    RawResponse,
    Record,
    Reply,
)
from telnyx_video.models.compositions import (
    CompositionFields,
    CompositionFormat,
    CompositionStatus,
    CreateCompositionRequest,
    RoomComposition,
    VideoRegion,
)
from telnyx_video.models.recordings import (
    RecordingFilters,
    RecordingStatus,
    RecordingType,
    RoomRecording,
)
from telnyx_video.models.rooms import (
    CreateRoomRequest,
    JoinToken,
    Room,
    RoomFields,
    RoomParticipant,
    RoomSession,
)

__all__ = [
    "UNSET",
    "CompositionFields",
    "CompositionFormat",
    "CompositionStatus",
    "CreateCompositionRequest",
    "CreateRoomRequest",
    "DateRange",
    "DownloadProgress",
    "JoinToken",
    "Model",
    "Page",
    "RawResponse",
    "Record",
    "RecordingFilters",
    "RecordingStatus",
    "RecordingType",
    "Reply",
    "Room",
    "RoomComposition",
    "RoomFields",
    "RoomParticipant",
    "RoomRecording",
    "RoomSession",
    "Unset",
    "VideoRegion",
]
