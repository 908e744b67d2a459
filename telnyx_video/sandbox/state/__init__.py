"""What the server knows, in SQLite: rooms, what goes on in them, and who is told of it.

Nothing here knows HTTP. SQLite is where unique names are enforced, so that no interleaving of
requests, threads or processes can make two rooms of one name; and each change with all that
follows from it is one transaction, so that a killed process leaves a state that hangs together.
"""

from telnyx_video.sandbox.state.database import timestamp
from telnyx_video.sandbox.state.deliveries import Attempt, Deliveries, Delivery, DeliveryState
from telnyx_video.sandbox.state.errors import AbsentError, ConflictError, NameTakenError
from telnyx_video.sandbox.state.queries import Filter, Query
from telnyx_video.sandbox.state.records import (
    Composition,
    Event,
    Participant,
    Recording,
    Room,
    Session,
)
from telnyx_video.sandbox.state.store import Store

__all__ = [
    "AbsentError",
    "Attempt",
    "Composition",
    "ConflictError",
    "Deliveries",
    "Delivery",
    "DeliveryState",
    "Event",
    "Filter",
    "NameTakenError",
    "Participant",
    "Query",
    "Recording",
    "Room",
    "Session",
    "Store",
    "timestamp",
]
