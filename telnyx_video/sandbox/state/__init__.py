"""The state of the server in SQLite: rooms, sessions, recordings, events and deliveries.

Nothing here knows HTTP. SQLite enforces unique names, so that no interleaving of requests, threads
or processes can create two rooms of one name. Each change is one transaction together with its
consequences, so that a killed process leaves a consistent state.
"""

from telnyx_video.sandbox.state.database import timestamp
from telnyx_video.sandbox.state.deliveries import Attempt, Deliveries, Delivery, DeliveryState
from telnyx_video.sandbox.state.records import (
    Composition,
    Event,
    Participant,
    Recording,
    Room,
    Session,
)
from telnyx_video.sandbox.state.source import SeededSource, SystemSource
from telnyx_video.sandbox.state.store import Store
from telnyx_video.sandbox.state.tables import (
    AbsentError,
    ConflictError,
    Filter,
    FullError,
    NameTakenError,
    Query,
)

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
    "FullError",
    "NameTakenError",
    "Participant",
    "Query",
    "Recording",
    "Room",
    "SeededSource",
    "Session",
    "Store",
    "SystemSource",
    "timestamp",
]
