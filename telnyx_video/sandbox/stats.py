"""Counters of requests, for tests of what was really sent."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager


class Stats:
    """Counts requests, whatever their outcome."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        """Requests that arrived, by "METHOD /route", such as "GET /v2/rooms/{id}"."""
        self.max_in_flight: int = 0
        """The highest number of POSTs served at the same time."""
        self.keyed_downloads: int = 0
        """Downloads that came with an Authorization header, which file servers must not get."""
        self._in_flight = 0

    @contextmanager
    def count(self, method: str, route: str) -> Generator[None]:
        """Count a request, which is in flight while the context is open."""
        self.requests[f"{method} {route}"] += 1
        posts = int(method == "POST")
        self._in_flight += posts
        self.max_in_flight = max(self.max_in_flight, self._in_flight)
        try:
            yield
        finally:
            self._in_flight -= posts

    def reset(self) -> None:
        """Set the counters back; requests that are in flight remain so."""
        self.requests.clear()
        self.keyed_downloads = 0
        self.max_in_flight = self._in_flight
