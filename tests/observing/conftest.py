"""Fixtures for the tests of being observed."""

import pytest

from telnyx_video.observing import Event


@pytest.fixture
def events() -> list[Event]:
    """Where a hook notes what it is told: `hooks=events.append`."""
    return []
