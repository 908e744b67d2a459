"""What is counted of the requests, so that a test can see what was really sent."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager


class Tally:
    """Counts requests, whatever becomes of them."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        """Requests that arrived, by "METHOD /route", such as "GET /v2/rooms/{id}"."""
        self.max_in_flight: int = 0
        """The most POSTs that were being served at one time."""
        self.keyed_downloads: int = 0
        """Downloads of files that came with an Authorization header, which is not for there."""
        self._in_flight = 0

    @contextmanager
    def count(self, method: str, route: str) -> Generator[None]:
        """Count a request as in flight for as long as the context lasts."""
        self.requests[f"{method} {route}"] += 1
        posts = int(method == "POST")
        self._in_flight += posts
        self.max_in_flight = max(self.max_in_flight, self._in_flight)
        try:
            yield
        finally:
            self._in_flight -= posts

    def reset(self) -> None:
        """Forget what was counted; requests still in flight remain so."""
        self.requests.clear()
        self.keyed_downloads = 0
        self.max_in_flight = self._in_flight
