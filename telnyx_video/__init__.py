"""Telnyx video rooms for asyncio, for blocking code and in batches: exactly one room per name.

Start with :class:`AsyncRoomsClient`, or with :class:`RoomsClient` in blocking code.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from telnyx_video._base.version import __version__

if TYPE_CHECKING:
    from telnyx_video._execution.retry import RetryPolicy
    from telnyx_video.batch import CreateOutcome
    from telnyx_video.client.async_client import AsyncRoomsClient
    from telnyx_video.client.blocking import RoomsClient
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
        CompositionFormat,
        CompositionStatus,
        CreateCompositionRequest,
        CreateRoomRequest,
        DateRange,
        DownloadProgress,
        JoinToken,
        RawResponse,
        RecordingStatus,
        RecordingType,
        Room,
        RoomComposition,
        RoomParticipant,
        RoomRecording,
        RoomSession,
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
    "RawResponse",
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
    "_execution.retry": "RetryPolicy",
    "batch": "CreateOutcome",
    "client.blocking": "RoomsClient",
    "client.async_client": "AsyncRoomsClient",
    "errors": (
        "ApiError AuthenticationError BadRequestError ConfigurationError ErrorDetail "
        "InvalidRequestError NameTakenError NotFoundError NotReadyError Outcome "
        "OutcomeUnknownError PermissionDeniedError RateLimit RateLimitError RequestTimeoutError "
        "ResponseDecodeError ServerError TelnyxVideoError TransportError UnprocessableEntityError "
        "WebhookVerificationError"
    ),
    "models": (
        "UNSET CompositionFormat CompositionStatus CreateCompositionRequest CreateRoomRequest "
        "DateRange DownloadProgress JoinToken RawResponse RecordingStatus RecordingType Room "
        "RoomComposition RoomParticipant RoomRecording RoomSession VideoRegion"
    ),
}
"""Names that load when they are first asked for: the command line's help needs no client."""


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names.split():
            value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
