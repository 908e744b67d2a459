"""A server in its own process, and its counts, rooms and records."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

from telnyx_video.sandbox import FaultPlan

API_KEY = "sandbox-key"

_PATIENCE = 60.0  # seconds that the server may take for one reply


class Server:
    """The running server."""

    def __init__(self, process: "subprocess.Popen[str]", plan: FaultPlan) -> None:
        self._process = process
        self.url = self._ask(json.dumps(plan))

    def pause(self) -> None:
        """Cut and refuse all connections for a while."""
        self._ask("pause")

    def posts(self) -> int:
        """Return how many POSTs have arrived."""
        requests: dict[str, int] = self._get("/_sandbox/stats")["requests"]
        return requests.get("POST /v2/rooms", 0)

    def rooms(self) -> list[Mapping[str, Any]]:
        """List all rooms; from then on there are no more faults."""
        self._get("/_sandbox/faults", b"[]")
        rooms: list[Mapping[str, Any]] = []
        pages = number = 1
        while number <= pages:
            page = self._get(f"/v2/rooms?page[size]=250&page[number]={number}")
            rooms += page["data"]
            pages = page["meta"]["total_pages"]
            number += 1
        return rooms

    def notes(self) -> Mapping[str, Sequence[tuple[float, str]]]:
        """Return what was noted of each request, with the seconds since its first note."""
        events = defaultdict[str, list[tuple[float, str]]](list)
        began: dict[str, float] = {}
        for at, key, event in json.loads(self._ask("notes")):
            events[key].append((at - began.setdefault(key, at), event))
        return events

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def _get(self, path: str, body: bytes | None = None) -> Any:
        root = self.url.removesuffix("/v2")
        headers = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"}
        request = Request(f"{root}{path}", body, headers)
        with urlopen(request, timeout=_PATIENCE) as reply:
            return json.loads(reply.read() or b"null")


@contextmanager
def serving(plan: FaultPlan, *, normalising: bool = False) -> Generator[Server]:
    """Run a server that follows the plan; it may keep names and URLs in a form of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "chaos.server", *(["normalising"] if normalising else [])],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Server(process, plan)
        finally:
            process.communicate()  # ends its input, and with that the server
