"""The names that other programs import: adding one is a decision, losing one breaks them."""

import telnyx_video

EXPORTED = """
    AsyncRoomsClient RoomsClient
    CreateRoomRequest Room RoomSession RoomParticipant UNSET
    CreateOutcome RetryPolicy RateLimit ErrorDetail Outcome
    TelnyxVideoError ConfigurationError InvalidRequestError TransportError RequestTimeoutError
    ResponseDecodeError ApiError BadRequestError AuthenticationError PermissionDeniedError
    NotFoundError UnprocessableEntityError NameTakenError RateLimitError ServerError
    OutcomeUnknownError NotReadyError WebhookVerificationError __version__
"""


def test_the_package_exports_exactly_these_names() -> None:
    """Each published name can be imported, and nothing else is published."""
    assert sorted(telnyx_video.__all__) == sorted(EXPORTED.split())
    assert [name for name in telnyx_video.__all__ if not hasattr(telnyx_video, name)] == []
