"""The server of a run, as a program: a sandbox that records what happened to each request.

The first line of its input is the plan of faults, after which it prints its base URL. Then "pause"
begins an outage, and "notes" is answered with what was noted so far, as JSON. It ends with its
input. With the argument "normalising" it keeps names and URLs in a form of its own.
"""

import json
import sys
import time
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from aiohttp import web

from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.api.calls import Call
from telnyx_video.sandbox.app import Exchange
from telnyx_video.sandbox.faults.fields import Fault
from telnyx_video.sandbox.faults.inject import Faults
from telnyx_video.sandbox.faults.plan import Choice, Traits
from telnyx_video.sandbox.state.records import Room
from telnyx_video.sandbox.state.rooms import Rooms

OUTAGE = 1.0  # seconds

# What reached the wire, by the last part of the request's webhook URL, or the name looked up.
notes: list[tuple[float, str, str]] = []


def note(key: str, event: str) -> None:
    """Note an event, with the time in seconds."""
    notes.append((time.monotonic(), key, event))


def key_of(call: Call) -> str:
    """Return the key of a request."""
    if "filter[unique_name]" in call.query:
        return call.query["filter[unique_name]"].lower()
    return last_part(call.body.decode("latin-1"))


def last_part(body: str) -> str:
    """Return the last part of the webhook URL in a body, or "" if it has none."""
    _, found, rest = body.partition('"webhook_event_url"')
    return rest.split('"', 2)[1].rpartition("/")[2] if found else ""


class NormalisingRooms(Rooms):
    """Stores names in lower case, and URLs with a trailing slash."""

    def create(self, settings: Mapping[str, Any]) -> Room:
        name, url = settings["unique_name"], settings["webhook_event_url"]
        kept = {"unique_name": name and name.lower(), "webhook_event_url": f"{url}/"}
        return super().create({**settings, **kept})


class NotedChoice(Choice):
    """Records the fault chosen for a request."""

    def take(self, traits: Traits) -> Fault | None:
        fault = super().take(traits)
        if fault is not None:
            key = last_part(traits.content) or (traits.name or "").lower()
            note(key, f"{traits.operation} meets [{fault.label}], commit {fault.commit}")
        return fault


class NotedFaults(Faults):
    """Records each request, and its reply if it had no fault."""

    async def serve(self, exchange: Exchange) -> web.StreamResponse:
        await exchange.read()
        call = exchange.call()
        key = key_of(call)
        note(key, f"{call.method} arrives")
        response = await super().serve(exchange)
        state = f"answered {response.status}" if isinstance(response, web.Response) else "over"
        note(key, f"{call.method} is {state}")
        return response


def main() -> None:
    """Serve until the input ends."""
    plan = json.loads(sys.stdin.readline())
    with (
        patch("telnyx_video.sandbox.faults.inject.Choice", NotedChoice),
        patch("telnyx_video.sandbox.server.Faults", NotedFaults),
        patch(
            "telnyx_video.sandbox.state.store.Rooms",
            NormalisingRooms if "normalising" in sys.argv else Rooms,
        ),
        Sandbox(faults=plan) as sandbox,
    ):
        print(sandbox.url, flush=True)
        for line in sys.stdin:
            if line == "pause\n":
                sandbox.pause(seconds=OUTAGE)
            print(json.dumps(notes if line == "notes\n" else None), flush=True)


if __name__ == "__main__":
    main()
