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
    find,
    list_query,
    object_in,
    page_reply,
    with_generic_refusals,
)
from telnyx_video.sandbox.checks import parameters
from telnyx_video.sandbox.checks.bodies import Selection, check_selection
from telnyx_video.sandbox.replies import Code, Problem, RefusedError, Reply, document
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
        return page_reply(
            query, (shown(session, with_participants=query.include) for session in found), total
        )

    def page_of_participants(query: Query) -> Reply:
        found, total = participants.page(query)
        return page_reply(query, (participant.as_json() for participant in found), total)

    def list_sessions(call: Call, _: str) -> Reply:
        return page_of_sessions(list_query(call, parameters.SESSIONS, "include_participants"))

    def list_sessions_of_room(call: Call, subject: str) -> Reply:
        room = find("room", store.rooms.table.get, subject)
        query = list_query(call, parameters.SESSIONS_OF_ROOM, "include_participants")
        return page_of_sessions(_with_filter(query, Filter("room_id", room.id)))

    def view(call: Call, subject: str) -> Reply:
        with_participants = parameters.check_include(call.query, "include_participants")
        session = find("session", sessions.get, subject)
        return document(200, {"data": shown(session, with_participants=with_participants)})

    def list_participants(call: Call, _: str) -> Reply:
        return page_of_participants(list_query(call, parameters.PARTICIPANTS))

    def list_participants_of_session(call: Call, subject: str) -> Reply:
        session = find("session", sessions.get, subject)
        query = list_query(call, parameters.PARTICIPANTS_OF_SESSION)
        return page_of_participants(_with_filter(query, Filter("session_id", session.id)))

    def view_participant(_: Call, subject: str) -> Reply:
        participant = find("participant", participants.get, subject)
        return document(200, {"data": participant.as_json()})

    return {
        "GET /room_sessions": with_generic_refusals(list_sessions),
        "GET /rooms/{id}/sessions": with_generic_refusals(list_sessions_of_room),
        "GET /room_sessions/{id}": view,
        "GET /room_participants": with_generic_refusals(list_participants),
        "GET /room_sessions/{id}/participants": with_generic_refusals(list_participants_of_session),
        "GET /room_participants/{id}": view_participant,
        **_actions(store),
    }


def _actions(store: Store) -> Operations:
    sessions = store.sessions

    def action(act: _Act, select: Callable[[Call], Selection]) -> Operation:
        def answer(call: Call, subject: str) -> Reply:
            session = find("session", sessions.table.get, subject)
            selection = select(call)
            try:
                act(session.id, selection)
            except ConflictError as error:
                raise RefusedError(422, Problem(Code.BAD_REQUEST, str(error))) from error
            return document(200, {"data": {"result": "ok"}})

        return with_generic_refusals(answer)

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
    selection, problems = check_selection(object_in(call))
    if problems:
        raise RefusedError(422, *problems)
    return selection


def _with_filter(query: Query, wanted: Filter) -> Query:
    return attrs.evolve(query, filters=(*query.filters, wanted))
