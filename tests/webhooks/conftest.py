"""Fixtures for the tests of webhooks."""

import pytest

from support.hooks import SIGNER, Inbox
from telnyx_video.testing import SignedDelivery, make_event
from telnyx_video.webhooks import ParticipantLeft


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def signed() -> SignedDelivery:
    """A delivery that is signed now: one that is signed at import time is too old minutes later."""
    return SIGNER.sign(make_event(ParticipantLeft, id="event-1"))
