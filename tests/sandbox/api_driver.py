"""Calls the operations without a network, with a clock that the test controls."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.http_driver import Answer
from telnyx_video.sandbox.api.calls import Call
from telnyx_video.sandbox.app import Api
from telnyx_video.sandbox.participants import Participants
from telnyx_video.sandbox.replies import Reply
from telnyx_video.sandbox.state.database import SystemSource
from telnyx_video.sandbox.state.store import Store

START = datetime(2026, 4, 25, 12, tzinfo=UTC)
UNKNOWN_ID = "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0"
ORIGIN = "http://sandbox.example"


class Clock(SystemSource):
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        """Advance the clock."""
        self.time += timedelta(seconds=seconds)


class ApiDriver:
    """Calls the operations of a server with this store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.api = Api(store, api_key="key")
        Participants(self.api, store)

    def reply(
        self,
        method: str,
        path: str,
        content: object = None,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = "key",
    ) -> Reply:
        """Call a path below the version, or with "//" at its start an absolute one."""
        return self.api.answer(
            Call(
                method,
                path[1:] if path.startswith("//") else f"/v2{path}",
                authorization="" if key is None else f"Bearer {key}",
                content_type="application/json",
                query=params or {},
                body=b"" if content is None else json.dumps(content).encode(),
                headers=headers or {},
                origin=lambda: ORIGIN,
            )
        )

    def call(self, *args: Any, **kwargs: Any) -> Answer:
        """Call a path and return the decoded answer."""
        reply = self.reply(*args, **kwargs)
        return Answer(reply.status, reply.headers, json.loads(reply.body) if reply.body else None)

    def data(self, *args: Any, **kwargs: Any) -> Any:
        """Make a call that must succeed, and return its data."""
        answer = self.call(*args, **kwargs)
        assert answer.status < 300, answer.body
        return answer.data

    def room(self, **fields: object) -> Any:
        """Create a room."""
        return self.data("POST", "/rooms", fields)

    def join(self, room: Any, **fields: object) -> Any:
        """Add a participant to a room, and return it."""
        answer = self.call("POST", f"//_sandbox/rooms/{room['id']}/join", fields)
        assert answer.status == 201, answer.body
        return answer.body["participant"]

    def leave(self, room: Any, participant: Any) -> Any:
        """Remove a participant from a room, and return the session."""
        wanted = {"participant_id": participant["id"]}
        answer = self.call("POST", f"//_sandbox/rooms/{room['id']}/leave", wanted)
        assert answer.status == 200, answer.body
        return answer.body["session"]

    def ids(self, path: str, **filters: str) -> list[str]:
        """Return the ids in a list with these filters."""
        params = {f"filter[{name.replace('__', '][')}]": value for name, value in filters.items()}
        return [row["id"] for row in self.data("GET", path, params=params)]
