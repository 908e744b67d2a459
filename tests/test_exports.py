"""The names that other programs import: adding one is a decision, losing one breaks them."""

import pytest

import telnyx_video
from telnyx_video import models

EXPORTED = """
    AsyncRoomsClient RoomsClient
    CreateRoomRequest Room RoomSession RoomParticipant UNSET DateRange
    JoinToken RoomRecording RecordingStatus RecordingType DownloadProgress
    CreateCompositionRequest RoomComposition CompositionStatus CompositionFormat VideoRegion
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


def test_a_name_that_is_not_published_is_said_to_be_missing() -> None:
    """A misspelt name is the usual AttributeError, also beside names that load late."""
    name = "RoomRecoding"
    with pytest.raises(AttributeError, match=name):
        getattr(telnyx_video, name)


def test_names_that_load_late_are_the_models() -> None:
    """Each is the class itself, whichever way it is imported."""
    for name in telnyx_video.__all__:
        if hasattr(models, name):
            assert getattr(telnyx_video, name) is getattr(models, name)


def test_names_that_load_late_are_offered_for_completion() -> None:
    """Whoever explores the package sees all that it has."""
    assert set(telnyx_video.__all__) <= set(dir(telnyx_video))
