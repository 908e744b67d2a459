"""The clients: asynchronous and blocking."""

from telnyx_video.client.async_client import AsyncRoomsClient
from telnyx_video.client.blocking import (
    BlockingFileStream,
    BlockingOutcomeStream,
    Pager,
    RoomsClient,
)

__all__ = [
    "AsyncRoomsClient",
    "BlockingFileStream",
    "BlockingOutcomeStream",
    "Pager",
    "RoomsClient",
]
