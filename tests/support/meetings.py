"""What tests know of a meeting in the sandbox."""

import attrs


@attrs.frozen
class Meeting:
    """A recorded session that goes on, with two participants in it."""

    room_id: str
    session_id: str
    alice: str
    bob: str
