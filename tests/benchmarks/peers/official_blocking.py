"""The official SDK's blocking client."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

import telnyx


@contextmanager
def creating(url: str, concurrency: int) -> Generator[Callable[[int], object]]:
    with telnyx.Telnyx(api_key="key", base_url=url) as client:
        yield lambda number: client.rooms.create(unique_name=f"room-{number}", max_participants=12)
