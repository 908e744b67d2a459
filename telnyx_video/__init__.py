"""Telnyx video rooms: awaited, blocking, or many at once; never one too many, never one lost.

Start with :class:`AsyncRoomsClient`, or :class:`RoomsClient` in code that does not await.
"""

from __future__ import annotations

from telnyx_video._retry import RetryPolicy
from telnyx_video._version import __version__
from telnyx_video.batch import CreateOutcome
from telnyx_video.blocking import RoomsClient
from telnyx_video.client import AsyncRoomsClient
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
    Room,
    RoomParticipant,
    RoomSession,
)

__all__ = [
    "UNSET",
    "ApiError",
    "AsyncRoomsClient",
    "AuthenticationError",
    "BadRequestError",
    "ConfigurationError",
    "CreateOutcome",
    "CreateRoomRequest",
    "ErrorDetail",
    "InvalidRequestError",
    "NameTakenError",
    "NotFoundError",
    "NotReadyError",
    "Outcome",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "RateLimit",
    "RateLimitError",
    "RequestTimeoutError",
    "ResponseDecodeError",
    "RetryPolicy",
    "Room",
    "RoomParticipant",
    "RoomSession",
    "RoomsClient",
    "ServerError",
    "TelnyxVideoError",
    "TransportError",
    "UnprocessableEntityError",
    "WebhookVerificationError",
    "__version__",
]
