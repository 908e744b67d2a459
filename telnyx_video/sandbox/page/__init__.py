"""The page that shows what the server does: its files, and live updates as server-sent events.

An update carries the requests since the last one and names the parts of the state that changed; the
page then fetches those. Updates are sent at fixed intervals, however busy the server is, and only
while a page is open. After a lost connection the browser sends the id of the last update that it
received (`Last-Event-ID`), and gets everything since.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from aiohttp import web

from telnyx_video.sandbox.log import RequestLog
from telnyx_video.sandbox.replies import Reply
from telnyx_video.sandbox.routes import CONTROL, PAGE

FILES: Mapping[str, tuple[str, str]] = {
    PAGE: ("index.html", "text/html; charset=utf-8"),
    f"{CONTROL}page/style.css": ("style.css", "text/css; charset=utf-8"),
    f"{CONTROL}page/page.js": ("page.js", "text/javascript; charset=utf-8"),
    f"{CONTROL}page/icon.svg": ("icon.svg", "image/svg+xml"),
}
"""Name and media type of each file, by its path."""

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

INTERVAL = 0.25
"""Seconds between two updates."""

PING = 15.0
"""Seconds without an update after which a comment is sent, to detect lost connections."""

MAX_STREAMS = 16
"""Streams that are open at the same time."""


def page_file(path: str) -> Reply:
    """Return the file of the page at a path."""
    name, media_type = FILES[path]
    return Reply(200, files(__name__).joinpath(name).read_bytes(), _HEADERS, media_type)


class LiveUpdates:
    """Streams updates to pages.

    Args:
        log: The request log.
        epoch: Identifies this run of the server: after a restart the page starts over.
        revisions: For each part of the state, a function whose result differs after a change.
    """

    def __init__(
        self, log: RequestLog, epoch: str, revisions: Mapping[str, Callable[[], object]]
    ) -> None:
        self._log = log
        self._epoch = epoch
        self._revisions = revisions
        self._open = 0

    async def stream(self, request: web.BaseRequest) -> web.StreamResponse:
        """Stream updates until the client disconnects."""
        if self._open == MAX_STREAMS:
            return web.Response(status=503, text="Too many pages are open.")
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        self._open += 1
        try:
            await response.prepare(request)
            await self._send_updates(response, self._start(request.headers.get("Last-Event-ID")))
        except ConnectionError:
            pass  # the client has left
        finally:
            self._open -= 1
        return response

    def _start(self, last_event_id: str | None) -> int | None:
        """Return the number of the last request that the client has seen, or None."""
        epoch, _, number = (last_event_id or "").rpartition("-")
        if epoch != self._epoch or not number.isdecimal():
            return None
        return min(int(number), self._log.last_number)

    async def _send_updates(self, response: web.StreamResponse, seen: int | None) -> None:
        revisions = dict[str, object]()
        fresh = seen is None
        number, silent, outcomes, cleared = seen or 0, 0.0, True, 0
        while True:
            update, changed = self._update(number, revisions)
            busy = bool(update["requests"] or update["missed"])
            if fresh or busy or update["changed"] or cleared != update["cleared"] or outcomes:
                # The chart moves on as long as it shows anything.
                outcomes = any(update["outcomes"])
                cleared = update["cleared"]
                update["fresh"] = fresh
                number, fresh, silent = self._log.last_number, False, 0.0
                data = json.dumps(update, separators=(",", ":"))
                await response.write(f"id: {self._epoch}-{number}\ndata: {data}\n\n".encode())
            elif silent >= PING:
                silent = 0.0
                await response.write(b": ping\n\n")
            revisions = changed
            await asyncio.sleep(INTERVAL)
            silent += INTERVAL

    def _update(
        self, number: int, revisions: dict[str, object]
    ) -> tuple[dict[str, Any], dict[str, object]]:
        """Return what happened after the request of this number, and the new revisions."""
        new = self._log.since(number)
        current = {part: revision() for part, revision in self._revisions.items()}
        update: dict[str, Any] = {
            "requests": [request.summary() for request in new],
            "missed": self._log.last_number - max(number, self._log.cleared) - len(new),
            "total": self._log.last_number - self._log.cleared,
            "cleared": self._log.cleared,
            "changed": [part for part in current if current[part] != revisions.get(part, current)],
            "outcomes": self._log.outcomes()[-60:],
        }
        return update, current
