"""Our blocking client."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from telnyx_video import Room, RoomsClient


@contextmanager
def creating(url: str, concurrency: int) -> Generator[Callable[[int], Room]]:
    with RoomsClient(base_url=url, api_key="key") as rooms:
        yield lambda number: rooms.create(unique_name=f"room-{number}", max_participants=12)
