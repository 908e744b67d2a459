"""The public names: adding one is a decision, removing one breaks other programs."""

import subprocess
import sys

import pytest

import telnyx_video

EXPORTED = """
    AsyncRoomsClient RoomsClient
    CreateRoomRequest Room RoomSession RoomParticipant UNSET DateRange
    JoinToken RoomRecording RecordingStatus RecordingType DownloadProgress
    CreateCompositionRequest RoomComposition CompositionStatus CompositionFormat VideoRegion
    CreateOutcome RawResponse RetryPolicy RateLimit ErrorDetail Outcome
    TelnyxVideoError ConfigurationError InvalidRequestError TransportError RequestTimeoutError
    ResponseDecodeError ApiError BadRequestError AuthenticationError PermissionDeniedError
    NotFoundError UnprocessableEntityError NameTakenError RateLimitError ServerError
    OutcomeUnknownError NotReadyError WebhookVerificationError __version__
"""


def test_the_package_exports_exactly_these_names() -> None:
    """Each published name can be imported, and nothing else is published."""
    assert sorted(telnyx_video.__all__) == sorted(EXPORTED.split())
    assert [name for name in telnyx_video.__all__ if not hasattr(telnyx_video, name)] == []


LOADED = """
import sys
import pytest

import telnyx_video
print("cattrs" in sys.modules, telnyx_video.Room.from_dict({"id": "a"}).id, "cattrs" in sys.modules)
"""


def test_importing_the_package_does_not_build_the_converter() -> None:
    """cattrs is a tenth of the import time: it is loaded by the first reply or request."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOADED], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("False a True\n", "")


def test_names_that_are_not_loaded_yet_are_listed_and_unknown_ones_are_refused() -> None:
    """Completion finds every public name, and a misspelt one is an AttributeError."""
    assert set(EXPORTED.split()) <= set(dir(telnyx_video))
    with pytest.raises(AttributeError, match="has no attribute 'AsyncRoomClient'"):
        telnyx_video.AsyncRoomClient  # noqa: B018
