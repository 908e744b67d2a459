"""Sessions and participants: lists, views, and the four actions on a session.

Sources: https://developers.telnyx.com/api-reference/room-sessions/view-a-list-of-room-sessions
https://developers.telnyx.com/api-reference/room-sessions/end-a-room-session
The actions' errors are published as "4XX" in one format: here it is 404 for an unknown session,
and 422 for one that has ended or for participants who are not present. They are published as
needing no key.
"""

from collections.abc import Callable
from functools import partial

import attrs

from telnyx_video.sandbox.api.calls import (
    Call,
    Operation,
    Operations,
    RefusedError,
    body_of,
    generically,
    included,
    looked_up,
    page_of,
    query_of,
)
from telnyx_video.sandbox.checks import parameters
from telnyx_video.sandbox.checks.bodies import Selection, check_selection
from telnyx_video.sandbox.replies import Code, Problem, Reply, document
from telnyx_video.sandbox.state.database import ConflictError, Filter, Query
from telnyx_video.sandbox.state.records import Session
from telnyx_video.sandbox.state.store import Store

_Act = Callable[[str, Selection], None]
"""Applies an action to participants of a session, given by its id."""

_EVERYONE = Selection(participants=None)


def session_operations(store: Store) -> Operations:
    """Return the operations on the sessions and participants of a store."""
    sessions, participants = store.sessions.table, store.sessions.participants

    def shown(session: Session, *, with_participants: bool) -> dict[str, object]:
        present = participants.where("session_id = ?", session.id) if with_participants else None
        return session.as_json(present)

    def page_of_sessions(query: Query) -> Reply:
        found, total = sessions.page(query)
        return page_of(
            query, (shown(session, with_participants=query.include) for session in found), total
        )

    def page_of_participants(query: Query) -> Reply:
        found, total = participants.page(query)
        return page_of(query, (participant.as_json() for participant in found), total)

    def listed(call: Call, _: str) -> Reply:
        return page_of_sessions(query_of(call, parameters.SESSIONS, "include_participants"))

    def listed_of_room(call: Call, subject: str) -> Reply:
        room = looked_up("room", store.rooms.table.get, subject)
        query = query_of(call, parameters.SESSIONS_OF_ROOM, "include_participants")
        return page_of_sessions(_narrowed(query, Filter("room_id", room.id)))

    def view(call: Call, subject: str) -> Reply:
        with_participants = included(call, "include_participants")
        session = looked_up("session", sessions.get, subject)
        return document(200, {"data": shown(session, with_participants=with_participants)})

    def participants_listed(call: Call, _: str) -> Reply:
        return page_of_participants(query_of(call, parameters.PARTICIPANTS))

    def participants_of_session(call: Call, subject: str) -> Reply:
        session = looked_up("session", sessions.get, subject)
        query = query_of(call, parameters.PARTICIPANTS_OF_SESSION)
        return page_of_participants(_narrowed(query, Filter("session_id", session.id)))

    def participant_viewed(_: Call, subject: str) -> Reply:
        participant = looked_up("participant", participants.get, subject)
        return document(200, {"data": participant.as_json()})

    return {
        "GET /room_sessions": generically(listed),
        "GET /rooms/{id}/sessions": generically(listed_of_room),
        "GET /room_sessions/{id}": view,
        "GET /room_participants": generically(participants_listed),
        "GET /room_sessions/{id}/participants": generically(participants_of_session),
        "GET /room_participants/{id}": participant_viewed,
        **_actions(store),
    }


def _actions(store: Store) -> Operations:
    sessions = store.sessions

    def action(act: _Act, select: Callable[[Call], Selection]) -> Operation:
        def answer(call: Call, subject: str) -> Reply:
            session = looked_up("session", sessions.table.get, subject)
            selection = select(call)
            try:
                act(session.id, selection)
            except ConflictError as error:
                raise RefusedError(422, Problem(Code.BAD_REQUEST, str(error))) from error
            return document(200, {"data": {"result": "ok"}})

        return generically(answer)

    def kick(session_id: str, selection: Selection) -> None:
        sessions.kick(session_id, selection.participants, selection.exclude)

    def mute(muted: bool, session_id: str, selection: Selection) -> None:
        sessions.mute(session_id, selection.participants, selection.exclude, muted=muted)

    path = "POST /room_sessions/{id}/actions"
    return {
        f"{path}/end": action(kick, lambda _: _EVERYONE),
        f"{path}/kick": action(kick, _selected),
        f"{path}/mute": action(partial(mute, True), _selected),
        f"{path}/unmute": action(partial(mute, False), _selected),
    }


def _selected(call: Call) -> Selection:
    selection, problems = check_selection(body_of(call))
    if problems:
        raise RefusedError(422, *problems)
    return selection


def _narrowed(query: Query, wanted: Filter) -> Query:
    return attrs.evolve(query, filters=(*query.filters, wanted))
