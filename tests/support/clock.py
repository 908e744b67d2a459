"""A clock set by the test."""


class Clock:
    """Returns the time set by the test, in seconds."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now
