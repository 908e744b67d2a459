"""What the API speaks, as attrs classes: requests that are checked, replies as they came.

Requests refuse to exist when the API would refuse them: constructing one with bad values raises a
single ``InvalidRequestError`` that lists every problem. Replies are not judged, only typed.

- ``rooms``, ``sessions``, ``recordings``, ``compositions``, ``tokens``: one for each kind of object
- ``base``: what they have in common
- ``unset``: the value for "not given"

Recordings, compositions and tokens load when they are first needed: few programs need them all.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from telnyx_video.models.base import DateRange, Model, Page, Record, Reply
from telnyx_video.models.rooms import CreateRoomRequest, Room, RoomFields
from telnyx_video.models.sessions import RoomParticipant, RoomSession
from telnyx_video.models.unset import UNSET, Unset

if TYPE_CHECKING:
    from telnyx_video.models.compositions import (
        CompositionFields,
        CompositionFormat,
        CompositionStatus,
        CreateCompositionRequest,
        RoomComposition,
        VideoRegion,
    )
    from telnyx_video.models.downloads import DownloadProgress
    from telnyx_video.models.recordings import (
        RecordingFilters,
        RecordingStatus,
        RecordingType,
        RoomRecording,
    )
    from telnyx_video.models.tokens import JoinToken

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

_HOMES = {
    "compositions": (
        "CompositionFields CompositionFormat CompositionStatus CreateCompositionRequest "
        "RoomComposition VideoRegion"
    ),
    "downloads": "DownloadProgress",
    "recordings": "RecordingFilters RecordingStatus RecordingType RoomRecording",
    "tokens": "JoinToken",
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names.split():
            value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
