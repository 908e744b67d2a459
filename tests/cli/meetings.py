"""A meeting in the sandbox, as the commands find it."""

import json

import attrs

from cli.command import Command
from telnyx_video.sandbox import Sandbox


@attrs.frozen
class Meeting:
    """A recorded session that goes on, with two participants in it."""

    room_id: str
    session_id: str
    alice: str
    bob: str


def begin(command: Command, sandbox: Sandbox) -> Meeting:
    """Let two participants meet in a new room."""
    room_id = json.loads(command("create", "--enable-recording", "--json").out)["id"]
    alice, bob = (sandbox.join(room_id, context=name) for name in ("Alice", "Bob"))
    (session,) = command("sessions", "list", "--json").lines
    return Meeting(room_id, session["id"], alice, bob)
