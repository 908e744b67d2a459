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
    """A genuine delivery of the event `event-1`, signed now."""
    return SIGNER.sign(make_event(ParticipantLeft, id="event-1"))
