"""Numbered requests, for tests that need many."""

from telnyx_video import CreateRoomRequest


def asked(number: int) -> CreateRoomRequest:
    """Return the request with this number."""
    return CreateRoomRequest(unique_name=f"room-{number}")


def asked_for(count: int) -> list[CreateRoomRequest]:
    """Return this many requests."""
    return [asked(number) for number in range(count)]
