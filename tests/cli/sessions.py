"""Starts a session in the sandbox."""

import json

from cli.command import Command
from support.sessions import Session
from telnyx_video.sandbox import Sandbox

__all__ = ["Session", "start_session"]


def start_session(command: Command, sandbox: Sandbox) -> Session:
    """Let two participants join a new room."""
    room_id = json.loads(command("create", "--nameless", "--enable-recording", "--json").out)["id"]
    alice, bob = (sandbox.join(room_id, context=name) for name in ("Alice", "Bob"))
    (session,) = command("sessions", "list", "--json").lines
    return Session(room_id, session["id"], alice, bob)
