"""The sandbox of the stories."""

import pytest

from telnyx_video.sandbox import Sandbox


@pytest.fixture
def sandbox(telnyx_sandbox: Sandbox) -> Sandbox:
    """A sandbox named by the environment."""
    return telnyx_sandbox
