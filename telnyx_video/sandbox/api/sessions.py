"""Sessions and participants as they are looked at.

Source: https://developers.telnyx.com/api-reference/room-sessions/view-a-list-of-room-sessions
"""

import attrs

from telnyx_video.sandbox.api.calls import (
    Call,
    Operations,
    generically,
    included,
    looked_up,
    page_of,
    query_of,
)
from telnyx_video.sandbox.checks import parameters
from telnyx_video.sandbox.replies import Reply, document
from telnyx_video.sandbox.state import Filter, Query, Session, Store


def session_operations(store: Store) -> Operations:
    """Return the operations that look at the sessions and participants of a store."""
    sessions, participants = store.meetings.sessions, store.meetings.participants

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
        room = looked_up("room", store.rooms.get, subject)
        query = query_of(call, parameters.SESSIONS_OF_ROOM, "include_participants")
        return page_of_sessions(_only(query, Filter("room_id", room.id)))

    def view(call: Call, subject: str) -> Reply:
        with_participants = included(call, "include_participants")
        session = looked_up("session", sessions.get, subject)
        return document(200, {"data": shown(session, with_participants=with_participants)})

    def participants_listed(call: Call, _: str) -> Reply:
        return page_of_participants(query_of(call, parameters.PARTICIPANTS))

    def participants_of_session(call: Call, subject: str) -> Reply:
        session = looked_up("session", sessions.get, subject)
        query = query_of(call, parameters.PARTICIPANTS_OF_SESSION)
        return page_of_participants(_only(query, Filter("session_id", session.id)))

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
    }


def _only(query: Query, wanted: Filter) -> Query:
    return attrs.evolve(query, filters=(*query.filters, wanted))
