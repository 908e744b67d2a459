"""Fixtures for the tests of webhooks."""

import pytest

from support.hooks import Inbox


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()
