"""A meeting in the sandbox, as the commands find it."""

import json

from cli.command import Command
from support.meetings import Meeting
from telnyx_video.sandbox import Sandbox


def begin(command: Command, sandbox: Sandbox) -> Meeting:
    """Let two participants meet in a new room."""
    room_id = json.loads(command("create", "--enable-recording", "--json").out)["id"]
    alice, bob = (sandbox.join(room_id, context=name) for name in ("Alice", "Bob"))
    (session,) = command("sessions", "list", "--json").lines
    return Meeting(room_id, session["id"], alice, bob)
