"""Telnyx video rooms for asyncio, for blocking code and in batches: exactly one room per name.

Start with :class:`AsyncRoomsClient`, or with :class:`RoomsClient` in blocking code.
"""

from __future__ import annotations

from telnyx_video._base.version import __version__
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
