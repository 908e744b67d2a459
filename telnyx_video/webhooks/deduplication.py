"""Telling a second delivery of an event from the first, in memory that does not grow."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from threading import Lock

from telnyx_video._base.text import show
from telnyx_video.errors import ConfigurationError

__all__ = ["Deduplicator"]


class Deduplicator:
    """Remembers the ids of the last events that were dealt with; safe to share between threads.

    Deliveries may come twice. Look before the work, and add after it: then an event whose work
    fails is delivered again. Two deliveries at the same time both find nothing, and several
    processes know nothing of each other: what must never happen twice needs a unique column in
    your database as well.

    Args:
        capacity: How many ids are kept, 1 or more; then the oldest is forgotten. Each takes about
            200 bytes, however long it is.

    Raises:
        ConfigurationError: the capacity is no whole number of at least 1, or, when asked or told,
            the id is no string.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        if type(capacity) is not int or capacity < 1:
            raise ConfigurationError(
                f"capacity must be a whole number of ids, 1 or more, not {show(capacity)}"
            )
        self._capacity = capacity
        self._digests: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, event_id: str) -> bool:
        """Whether this id is among those remembered."""
        return _digest(event_id) in self._digests

    def __len__(self) -> int:
        """How many ids are remembered."""
        return len(self._digests)

    def add(self, event_id: str) -> None:
        """Remember this id, as the newest."""
        digest = _digest(event_id)
        with self._lock:
            self._digests[digest] = None
            self._digests.move_to_end(digest)
            if len(self._digests) > self._capacity:
                self._digests.popitem(last=False)


def _digest(event_id: str) -> bytes:
    if not isinstance(event_id, str):  # pyright: ignore[reportUnnecessaryIsInstance] # not all callers check types
        raise ConfigurationError(
            f"event_id must be the id of an event, as in event.id, not {show(event_id)}"
        )
    return blake2b(event_id.encode(errors="surrogatepass"), digest_size=16).digest()
