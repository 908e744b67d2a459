"""Participants who join rooms; the sandbox adds them by a request."""

import json
from urllib.request import Request, urlopen

from telnyx_video.sandbox import Sandbox

MP4 = b"ftyp"
"""The fifth to eighth byte of an MP4 file."""


def join(sandbox: Sandbox, room_id: str, name: str, token: str) -> str:
    """Join with a token; return the participant's id."""
    address = f"{sandbox.url.removesuffix('/v2')}/_sandbox/rooms/{room_id}/join"
    body = json.dumps({"context": name, "token": token}).encode()
    with urlopen(
        Request(address, body, {"Content-Type": "application/json"}, method="POST")
    ) as reply:  # our own server
        participant_id: str = json.load(reply)["participant"]["id"]
    return participant_id


def muted(sandbox: Sandbox) -> list[object]:
    """Return the names of muted participants."""
    return [one["context"] for one in sandbox.participants if one["muted"]]
