"""The ids of a session in the sandbox."""

import attrs


@attrs.frozen
class Session:
    """A recorded session that goes on, with two participants in it."""

    room_id: str
    session_id: str
    alice: str
    bob: str
