"""Tokens to join a room: created, refreshed, and never shown."""

import logging

import pytest

from support.words import is_one_line
from telnyx_video import (
    AsyncRoomsClient,
    InvalidRequestError,
    PermissionDeniedError,
    TelnyxVideoError,
)
from telnyx_video.sandbox import Sandbox

UNKNOWN = "00000000-0000-4000-8000-000000000000"


async def test_a_token_is_created_and_refreshed(rooms: AsyncRoomsClient) -> None:
    """It is valid for the requested time; the refreshed one is another."""
    room = await rooms.create()
    token = await rooms.join_token(room.id, token_ttl_secs=60, refresh_token_ttl_secs=120)
    assert 30 < token.seconds_left() <= 60
    assert token.refresh_token is not None
    assert 90 < (token.refresh_seconds_left() or 0) <= 120
    again = await rooms.refresh_join_token(room.id, token.refresh_token, token_ttl_secs=3600)
    assert again.token != token.token
    assert again.seconds_left() > 3000
    assert again.refresh_token is None


async def test_refused_tokens(rooms: AsyncRoomsClient) -> None:
    """An unknown room, and an invalid refresh token."""
    room = await rooms.create()
    with pytest.raises(TelnyxVideoError):
        await rooms.join_token(UNKNOWN)
    with pytest.raises(PermissionDeniedError) as caught:
        await rooms.refresh_join_token(room.id, "eyJ-of-another-room")
    assert is_one_line(str(caught.value))
    assert "eyJ" not in str(caught.value)


async def test_bad_lifetimes_are_refused_unsent(sandbox: Sandbox, rooms: AsyncRoomsClient) -> None:
    """The bounds are the API's."""
    with pytest.raises(InvalidRequestError):
        await rooms.join_token(UNKNOWN, token_ttl_secs=9)
    with pytest.raises(InvalidRequestError):
        await rooms.refresh_join_token(UNKNOWN, "a", token_ttl_secs=3601)
    assert sandbox.requests == {}


async def test_no_token_is_logged(
    rooms: AsyncRoomsClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a sent nor a received token is in the debug log."""
    with caplog.at_level(logging.DEBUG):
        room = await rooms.create()
        token = await rooms.join_token(room.id)
        await rooms.refresh_join_token(room.id, str(token.refresh_token))
    assert "generate_join_client_token" in caplog.text
    assert token.token not in caplog.text
    assert str(token.refresh_token) not in caplog.text
