"""An HTTP exchange as plain values: what ``_wire`` builds and reads, and ``_transport`` sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

BEGIN_WITHIN: Final = 0.9
"""The share of the time for a call in which a request may begin; the rest is for its answer."""


Operation = Literal[
    "rooms.create",
    "rooms.delete",
    "rooms.get",
    "rooms.join_token",
    "rooms.list",
    "rooms.refresh_join_token",
    "rooms.update",
    "sessions.end",
    "sessions.get",
    "sessions.kick",
    "sessions.list",
    "sessions.mute",
    "sessions.participants",
    "sessions.unmute",
    "participants.get",
    "participants.list",
    "recordings.delete",
    "recordings.delete_many",
    "recordings.download",
    "recordings.get",
    "recordings.list",
    "compositions.create",
    "compositions.delete",
    "compositions.download",
    "compositions.get",
    "compositions.list",
]
"""A method of the client, with its group; those of the client itself are of ``rooms``.

Each room of a batch is a ``rooms.create``, and each page of a list a call of its own.
"""


class HttpRequest(NamedTuple):
    """One request, complete but for the server's address and the key."""

    operation: Operation
    """The client method that it carries out."""
    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    """From the base URL on, percent-encoded, with its query."""
    body: bytes | None = None
    """JSON, or nothing."""


class HttpReply(NamedTuple):
    """One reply, received whole."""

    status: int
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes
