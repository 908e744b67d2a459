"""The five operations on rooms.

Source: https://developers.telnyx.com/api-reference/rooms/create-a-room
"""

from collections.abc import Iterable

from telnyx_video.sandbox.api.calls import (
    Call,
    Operations,
    find,
    list_query,
    not_found,
    page_reply,
    settings_in,
    with_generic_refusals,
)
from telnyx_video.sandbox.checks.bodies import ROOM, defaults
from telnyx_video.sandbox.checks.parameters import ROOMS, check_include
from telnyx_video.sandbox.replies import Code, Problem, RefusedError, Reply, document
from telnyx_video.sandbox.state.database import NameTakenError
from telnyx_video.sandbox.state.records import Room, Session
from telnyx_video.sandbox.state.store import Store

_DEFAULTS = defaults(ROOM)


def room_operations(store: Store) -> Operations:
    """Return the operations on the rooms of a store."""
    return {**_reading(store), **_writing(store)}


def _writing(store: Store) -> Operations:
    rooms = store.rooms

    def create(call: Call, _: str) -> Reply:
        settings = {**_DEFAULTS, **settings_in(call, ROOM)}
        try:
            room = rooms.create(settings)
        except NameTakenError as error:
            raise _name_taken() from error
        return document(201, {"data": room.as_json()})

    def update(call: Call, subject: str) -> Reply:
        room_id = find("room", rooms.table.get, subject).id
        try:
            room = rooms.update(room_id, settings_in(call, ROOM))
        except NameTakenError as error:
            raise _name_taken() from error
        if room is None:  # deleted by another server of the same file
            raise not_found("room", subject)
        return document(200, {"data": room.as_json()})

    def delete(_: Call, subject: str) -> Reply:
        rooms.delete(find("room", rooms.table.get, subject).id)
        return Reply(204)

    return {
        "POST /rooms": create,
        "PATCH /rooms/{id}": update,
        "DELETE /rooms/{id}": delete,
    }


def _reading(store: Store) -> Operations:
    rooms = store.rooms

    def sessions_of(room: Room) -> Iterable[Session]:
        return store.sessions.table.where("room_id = ?", room.id)

    def list_rooms(call: Call, _: str) -> Reply:
        query = list_query(call, ROOMS, "include_sessions")
        found, total = rooms.table.page(query)
        shown = (room.as_json(sessions_of(room) if query.include else None) for room in found)
        return page_reply(query, shown, total)

    def view(call: Call, subject: str) -> Reply:
        with_sessions = check_include(call.query, "include_sessions")
        room = find("room", rooms.table.get, subject)
        return document(200, {"data": room.as_json(sessions_of(room) if with_sessions else None)})

    return {"GET /rooms": with_generic_refusals(list_rooms), "GET /rooms/{id}": view}


def _name_taken() -> RefusedError:
    detail = "Another room has this unique_name."
    return RefusedError(422, Problem(Code.DUPLICATE, detail, pointer="/unique_name"))
