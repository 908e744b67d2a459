"""The request log and the counters: which requests arrived, and how each was answered.

Requests are kept as they arrived and formatted when they are read, so that logging costs a busy
server little. The API key is never shown.
"""

import json
import time
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast, overload
from urllib.parse import unquote_plus

import attrs

MAX_BODY = 64 * 1024
"""Bytes of a body that are kept."""

LOG_SIZE = 500
"""Requests that are kept by default."""

SECONDS = 120
"""Seconds for which outcomes are counted."""

_MAX_NAME = 100  # characters

REDACTED = "[key]"
"""Shown in place of the API key."""


@attrs.frozen(kw_only=True)
class LoggedRequest:
    """One request to the API, and its answer."""

    number: int
    """Counts the requests, from 1."""
    at: str
    """When it arrived, in ISO 8601."""
    method: str
    path: str
    """With the query, as sent."""
    operation: str
    """Method and route under the version, such as "GET /rooms/{id}"."""
    route: str
    """Such as "/v2/rooms/{id}"."""
    status: int | None
    """None if no status was sent: the connection ended first."""
    milliseconds: float
    """From its arrival to the end of its answer."""
    request_id: str | None
    """The x-request-id of the answer."""
    fault: str | None
    """The fault that was injected."""
    effect: str | None
    """What the fault did to the answer."""
    content_type: str
    """Of the request."""
    raw_body: bytes = attrs.field(repr=False)
    """The body as sent, of which at most 64 KiB are kept."""
    body_size: int
    """Bytes of the whole body."""
    raw_reply: bytes = attrs.field(repr=False)
    """The body of the answer, of which at most 64 KiB are kept."""
    reply_size: int
    """Bytes of the whole body of the answer."""

    @property
    def body(self) -> Any:
        """The body: decoded if it is JSON, else text; None if there was none."""
        return _decoded(self.raw_body)

    @property
    def reply(self) -> Any:
        """The body of the answer: decoded if it is JSON, else text; None if there was none."""
        return _decoded(self.raw_reply)

    @property
    def name(self) -> str | None:
        """The start of the unique name in the body."""
        body = self.body
        fields = cast("dict[str, object]", body) if isinstance(body, dict) else {}
        name = fields.get("unique_name")
        return name[:_MAX_NAME] if isinstance(name, str) else None

    def summary(self) -> dict[str, object]:
        """Return what `GET /_sandbox/stream` sends: everything but the bodies."""
        shown = {name: getattr(self, name) for name in _SUMMARY}
        return {name: value for name, value in shown.items() if value is not None}

    def as_json(self) -> dict[str, object]:
        """Return what `GET /_sandbox/requests` sends."""
        return {**self.summary(), "body": self.body, "reply": self.reply}


_SUMMARY = [
    *(field.name for field in attrs.fields(LoggedRequest) if not field.name.startswith("raw_")),
    "name",
]


class LoggedRequests(Sequence[LoggedRequest]):
    """A snapshot of the log, oldest first."""

    def __init__(self, requests: Sequence[LoggedRequest]) -> None:
        self._requests = requests

    def where(
        self,
        *,
        operation: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> "LoggedRequests":
        """Return the requests that match all given arguments."""
        wanted = {"operation": operation, "status": status, "request_id": request_id}
        return LoggedRequests(
            [
                request
                for request in self._requests
                if all(
                    value is None or getattr(request, name) == value
                    for name, value in wanted.items()
                )
            ]
        )

    @overload
    def __getitem__(self, index: int) -> LoggedRequest: ...
    @overload
    def __getitem__(self, index: slice) -> "LoggedRequests": ...
    def __getitem__(self, index: int | slice) -> "LoggedRequest | LoggedRequests":
        if isinstance(index, slice):
            return LoggedRequests(self._requests[index])
        return self._requests[index]

    def __len__(self) -> int:
        return len(self._requests)

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(self._requests)

    def __repr__(self) -> str:
        lines = (f"{r.number} {r.method} {r.path} -> {r.status}" for r in self._requests)
        return f"<{len(self)} requests: {'; '.join(lines)}>"


@attrs.define
class Record:
    """One request, filled in while it is served."""

    at: datetime
    started: float
    method: str
    path: str
    operation: str
    route: str
    content_type: str
    number: int = 0
    seconds: float = 0.0
    status: int | None = None
    request_id: str | None = None
    fault: str | None = None
    effect: str | None = None
    body: bytes = b""
    body_size: int = 0
    reply: bytes = b""
    reply_size: int = 0

    def answer(self, status: int | None, reply: bytes) -> None:
        """Record the answer."""
        self.status = status
        self.reply, self.reply_size = reply[:MAX_BODY], len(reply)


class RequestLog:
    """Keeps the last requests, and counts the outcomes of the last two minutes.

    Args:
        size: Requests that are kept; 0 keeps none.
        api_key: Replaced by `[key]` wherever it appears.
    """

    def __init__(self, size: int, api_key: str) -> None:
        self._records = deque[Record](maxlen=size)
        self._api_key = api_key
        self._secrets = {api_key.encode(), json.dumps(api_key)[1:-1].encode()}
        self._outcomes = deque[tuple[int, Counter[str]]](maxlen=SECONDS)
        self.last_number: int = 0
        """The number of the last request that has finished."""
        self.cleared: int = 0
        """The number of the last request before the log was cleared."""

    def add(self, record: Record) -> None:
        """Add a request that has finished."""
        self.last_number += 1
        record.number = self.last_number
        now = time.perf_counter()
        record.seconds = now - record.started
        self._records.append(record)
        second = int(now)
        if not self._outcomes or self._outcomes[-1][0] != second:
            self._outcomes.append((second, Counter()))
        self._outcomes[-1][1][_outcome(record.status)] += 1

    def snapshot(self) -> LoggedRequests:
        """Return the requests that are kept. Safe to call from any thread."""
        return LoggedRequests([self._shown(record) for record in self._records.copy()])

    def since(self, number: int) -> list[LoggedRequest]:
        """Return the kept requests with a greater number, oldest first."""
        new = list[Record]()
        for record in reversed(self._records):
            if record.number <= number:
                break
            new.append(record)
        return [self._shown(record) for record in reversed(new)]

    def outcomes(self) -> list[dict[str, int]]:
        """Return how many requests had which outcome in each of the last seconds, oldest first.

        The current second comes last. An outcome is "ok", "refused" (4xx), "failed" (5xx and
        others) or "cut" (no status).
        """
        now = int(time.perf_counter())
        counted = dict(self._outcomes)
        return [dict(counted.get(second, ())) for second in range(now - SECONDS + 1, now + 1)]

    def clear(self) -> None:
        """Remove all requests; the numbers continue."""
        self.cleared = self.last_number
        self._records.clear()
        self._outcomes.clear()

    def _shown(self, record: Record) -> LoggedRequest:
        return LoggedRequest(
            number=record.number,
            at=record.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            method=record.method,
            path=self._shown_path(record.path),
            operation=record.operation,
            route=record.route,
            status=record.status,
            milliseconds=round(record.seconds * 1000, 2),
            request_id=record.request_id,
            fault=record.fault,
            effect=record.effect,
            content_type=record.content_type,
            raw_body=self._redacted(record.body),
            body_size=record.body_size,
            raw_reply=self._redacted(record.reply),
            reply_size=record.reply_size,
        )

    def _shown_path(self, path: str) -> str:
        text = path.encode(errors="surrogateescape").decode(errors="replace")
        plain = unquote_plus(text)
        # Percent-encoding has many spellings: a path with the key is shown decoded.
        return plain.replace(self._api_key, REDACTED) if self._api_key in plain else text

    def _redacted(self, data: bytes) -> bytes:
        for secret in self._secrets:
            data = data.replace(secret, REDACTED.encode())
        return data


class Stats:
    """Counts all requests, refused ones too."""

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
        """Reset the counters; requests in flight still count towards the maximum."""
        self.requests.clear()
        self.keyed_downloads = 0
        self.max_in_flight = self._in_flight


def _outcome(status: int | None) -> str:
    if status is None:
        return "cut"
    if 200 <= status < 300:
        return "ok"
    return "refused" if 400 <= status < 500 else "failed"


def _decoded(data: bytes) -> Any:
    if not data:
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data.decode(errors="replace")
