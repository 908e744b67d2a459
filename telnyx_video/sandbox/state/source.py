"""Where times and ids come from: the system, or a sequence that is the same in every run."""

import random
import uuid
from datetime import UTC, datetime, timedelta


class SystemSource:
    """Times of the system clock and random ids."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    def new_id(self) -> str:
        """Return a random UUID."""
        return str(uuid.uuid4())

    def tick(self) -> None:
        """Note that a request arrived; the system clock advances by itself."""

    def reset(self) -> None:
        """Start over; there is nothing to restart."""


class SeededSource(SystemSource):
    """Times and ids that are the same in every run: one second passes with each request.

    Args:
        seed: Determines the ids.
    """

    START = datetime(2025, 1, 1, tzinfo=UTC)
    """The time before the first request."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.reset()

    def now(self) -> datetime:
        """Return the time in UTC."""
        return self._now

    def new_id(self) -> str:
        """Return the next UUID of the sequence."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def tick(self) -> None:
        """Advance the clock by a second."""
        self._now += timedelta(seconds=1)

    def reset(self) -> None:
        """Start again from the first id and time."""
        self._random = random.Random(self._seed)
        self._now = self.START
