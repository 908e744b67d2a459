"""Those who join rooms by programs of their own; in the sandbox a request stands for them."""

import json
from urllib.request import Request, urlopen

from telnyx_video.sandbox import Sandbox

MP4 = b"ftyp"
"""What an MP4 file has at its fifth byte."""


def join(sandbox: Sandbox, room_id: str, name: str, token: str) -> str:
    """Let somebody in who was handed a token, and return the participant's id."""
    address = f"{sandbox.url.removesuffix('/v2')}/_sandbox/rooms/{room_id}/join"
    body = json.dumps({"context": name, "token": token}).encode()
    with urlopen(
        Request(address, body, {"Content-Type": "application/json"}, method="POST")
    ) as reply:  # our own server
        participant_id: str = json.load(reply)["participant"]["id"]
    return participant_id


def muted(sandbox: Sandbox) -> list[object]:
    """Return the names of those who are muted."""
    return [one["context"] for one in sandbox.participants if one["muted"]]
