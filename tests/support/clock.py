"""A clock that a test sets."""


class Clock:
    """Returns the time that a test has set, in seconds."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return it."""
        return self.now
