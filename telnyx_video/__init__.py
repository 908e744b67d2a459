"""Telnyx video rooms: awaited, blocking, or many at once; never one too many, never one lost.

Start with :class:`AsyncRoomsClient`, or :class:`RoomsClient` in code that does not await.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from telnyx_video._base.version import __version__
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video.batch import CreateOutcome
from telnyx_video.client.async_client import AsyncRoomsClient
from telnyx_video.errors import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ErrorDetail,
    InvalidRequestError,
    NameTakenError,
    NotFoundError,
    NotReadyError,
    Outcome,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimit,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    ServerError,
    TelnyxVideoError,
    TransportError,
    UnprocessableEntityError,
    WebhookVerificationError,
)
from telnyx_video.models import (
    UNSET,
    CreateRoomRequest,
    DateRange,
    Room,
    RoomParticipant,
    RoomSession,
)

if TYPE_CHECKING:
    from telnyx_video.client.blocking import RoomsClient
    from telnyx_video.models import (
        CompositionFormat,
        CompositionStatus,
        CreateCompositionRequest,
        DownloadProgress,
        JoinToken,
        RecordingStatus,
        RecordingType,
        RoomComposition,
        RoomRecording,
        VideoRegion,
    )

__all__ = [
    "UNSET",
    "ApiError",
    "AsyncRoomsClient",
    "AuthenticationError",
    "BadRequestError",
    "CompositionFormat",
    "CompositionStatus",
    "ConfigurationError",
    "CreateCompositionRequest",
    "CreateOutcome",
    "CreateRoomRequest",
    "DateRange",
    "DownloadProgress",
    "ErrorDetail",
    "InvalidRequestError",
    "JoinToken",
    "NameTakenError",
    "NotFoundError",
    "NotReadyError",
    "Outcome",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "RateLimit",
    "RateLimitError",
    "RecordingStatus",
    "RecordingType",
    "RequestTimeoutError",
    "ResponseDecodeError",
    "RetryPolicy",
    "Room",
    "RoomComposition",
    "RoomParticipant",
    "RoomRecording",
    "RoomSession",
    "RoomsClient",
    "ServerError",
    "TelnyxVideoError",
    "TransportError",
    "UnprocessableEntityError",
    "VideoRegion",
    "WebhookVerificationError",
    "__version__",
]

_HOMES = {
    "client.blocking": "RoomsClient",
    "models": (
        "CompositionFormat CompositionStatus CreateCompositionRequest DownloadProgress JoinToken "
        "RecordingStatus RecordingType RoomComposition RoomRecording VideoRegion"
    ),
}
"""Names that load when they are first asked for, since few programs use them all."""


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names.split():
            value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
