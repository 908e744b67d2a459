"""A blocking client written by hand: a session of requests, and orjson."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

import orjson
import requests


@contextmanager
def creating(url: str, concurrency: int) -> Generator[Callable[[int], object]]:
    rooms = f"{url}/rooms"
    with requests.Session() as session:
        session.headers.update({"Authorization": "Bearer key", "Content-Type": "application/json"})

        def create(number: int) -> object:
            body = orjson.dumps({"unique_name": f"room-{number}", "max_participants": 12})
            reply = session.post(rooms, data=body)
            if reply.status_code != 201:
                raise RuntimeError(f"{reply.status_code}: {reply.content!r}")
            return orjson.loads(reply.content)["data"]

        yield create
