"""Requests by number, where a test needs many and cares for none of them."""

from telnyx_video import CreateRoomRequest


def asked(number: int) -> CreateRoomRequest:
    """Return the request of this number."""
    return CreateRoomRequest(unique_name=f"room-{number}")


def asked_for(count: int) -> list[CreateRoomRequest]:
    """Return so many requests."""
    return [asked(number) for number in range(count)]
