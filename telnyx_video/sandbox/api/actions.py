"""The four actions on those who are in a session.

Source: https://developers.telnyx.com/api-reference/room-sessions/end-a-room-session
What they refuse is published as "4XX" in one shape: here it is 404 for a session that does not
exist, and 422 for one that has ended and for participants who are not present in it. They are
published as needing no key.
"""

from collections.abc import Callable
from functools import partial

from telnyx_video.sandbox.api.calls import (
    Call,
    Operation,
    Operations,
    RefusedError,
    body_of,
    generically,
    looked_up,
)
from telnyx_video.sandbox.checks.choices import Chosen, check_choice
from telnyx_video.sandbox.replies import Code, Problem, Reply, document
from telnyx_video.sandbox.state import ConflictError, Store

_Act = Callable[[str, Chosen], None]
"""Does something to participants of a session, given by its id."""

_ALL = Chosen(participants=None)


def action_operations(store: Store) -> Operations:
    """Return the actions on the sessions of a store."""
    meetings = store.meetings

    def action(act: _Act, choose: Callable[[Call], Chosen]) -> Operation:
        def answer(call: Call, subject: str) -> Reply:
            session = looked_up("session", meetings.sessions.get, subject)
            chosen = choose(call)
            try:
                act(session.id, chosen)
            except ConflictError as error:
                raise RefusedError(422, Problem(Code.BAD_REQUEST, str(error))) from error
            return document(200, {"data": {"result": "ok"}})

        return generically(answer)

    def kick(session_id: str, chosen: Chosen) -> None:
        meetings.kick(session_id, chosen.participants, chosen.exclude)

    def mute(muted: bool, session_id: str, chosen: Chosen) -> None:
        meetings.mute(session_id, chosen.participants, chosen.exclude, muted=muted)

    path = "POST /room_sessions/{id}/actions"
    return {
        f"{path}/end": action(kick, lambda _: _ALL),
        f"{path}/kick": action(kick, _chosen),
        f"{path}/mute": action(partial(mute, True), _chosen),
        f"{path}/unmute": action(partial(mute, False), _chosen),
    }


def _chosen(call: Call) -> Chosen:
    chosen, problems = check_choice(body_of(call))
    if problems:
        raise RefusedError(422, *problems)
    return chosen
