"""Fixtures for the tests of hooks."""

import pytest

from telnyx_video.observing import Event


@pytest.fixture
def events() -> list[Event]:
    """The recorded events: `hooks=events.append`."""
    return []
