"""The ids of a session in the sandbox."""

import attrs


@attrs.frozen
class Session:
    """An active, recorded session with two participants."""

    room_id: str
    session_id: str
    alice: str
    bob: str
