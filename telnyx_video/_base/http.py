"""Requests and replies as plain values: ``_wire`` builds and reads them, ``_transport`` sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

BEGIN_WITHIN: Final = 0.9
"""The share of a call's deadline in which a request may start; the rest is for its reply."""

_SENT: Final = "was sent, and may have been applied"

Operation = Literal[
    "rooms.create",
    "rooms.delete",
    "rooms.get",
    "rooms.join_token",
    "rooms.list",
    "rooms.refresh_join_token",
    "rooms.request",
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
"""A method of the client, with its resource; the client's own methods belong to ``rooms``.

Each room of a batch is one ``rooms.create``, and each page of a list is one call.
"""


class HttpRequest(NamedTuple):
    """One request, complete except for the server's address and the key."""

    operation: Operation
    """The client method that sends it."""
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    """Relative to the base URL, percent-encoded, with its query."""
    body: bytes | None = None
    """JSON, or None."""

    def __repr__(self) -> str:
        # Tracebacks may show it, and the body may have a webhook URL with a password, or a token.
        size = len(self.body or b"")
        return f"HttpRequest({self.operation}: {self.method} {self.path}, {size} bytes)"


class HttpReply(NamedTuple):
    """One complete reply."""

    status: int
    headers: Mapping[str, str]
    """Case-insensitive by name."""
    body: bytes

    def __repr__(self) -> str:
        # As above: the body may have webhook URLs, tokens and signed URLs.
        return f"HttpReply({self.status}, {len(self.body)} bytes)"


def note_sent(cancelled: BaseException, request: HttpRequest) -> None:
    """Note on a cancellation that the request was sent, and may have been applied."""
    if not was_sent(cancelled):
        cancelled.add_note(f"{request.method} {request.path} {_SENT}")


def was_sent(cancelled: BaseException) -> bool:
    """Whether a cancellation came after the request was sent."""
    return any(_SENT in note for note in getattr(cancelled, "__notes__", ()))
