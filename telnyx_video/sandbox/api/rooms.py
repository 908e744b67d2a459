"""The five operations on rooms.

Source: https://developers.telnyx.com/api-reference/rooms/create-a-room
"""

from collections.abc import Iterable

from telnyx_video.sandbox.api.calls import (
    Call,
    Operations,
    RefusedError,
    absent,
    generically,
    included,
    looked_up,
    page_of,
    query_of,
    settings_of,
)
from telnyx_video.sandbox.checks.bodies import ROOM, defaults
from telnyx_video.sandbox.checks.parameters import ROOMS
from telnyx_video.sandbox.replies import Code, Problem, Reply, document
from telnyx_video.sandbox.state.database import NameTakenError
from telnyx_video.sandbox.state.records import Room, Session
from telnyx_video.sandbox.state.store import Store

_DEFAULTS = defaults(ROOM)


def room_operations(store: Store) -> Operations:
    """Return the operations on the rooms of a store."""
    rooms = store.rooms

    def sessions_of(room: Room) -> Iterable[Session]:
        return store.sessions.table.where("room_id = ?", room.id)

    def create(call: Call, _: str) -> Reply:
        settings = {**_DEFAULTS, **settings_of(call, ROOM)}
        try:
            room = rooms.create(settings)
        except NameTakenError as error:
            raise _name_taken() from error
        return document(201, {"data": room.as_json()})

    def listed(call: Call, _: str) -> Reply:
        query = query_of(call, ROOMS, "include_sessions")
        found, total = rooms.table.page(query)
        shown = (room.as_json(sessions_of(room) if query.include else None) for room in found)
        return page_of(query, shown, total)

    def view(call: Call, subject: str) -> Reply:
        with_sessions = included(call, "include_sessions")
        room = looked_up("room", rooms.table.get, subject)
        return document(200, {"data": room.as_json(sessions_of(room) if with_sessions else None)})

    def update(call: Call, subject: str) -> Reply:
        room_id = looked_up("room", rooms.table.get, subject).id
        try:
            room = rooms.update(room_id, settings_of(call, ROOM))
        except NameTakenError as error:
            raise _name_taken() from error
        if room is None:  # deleted by another server of the same file
            raise absent("room", subject)
        return document(200, {"data": room.as_json()})

    def delete(_: Call, subject: str) -> Reply:
        rooms.delete(looked_up("room", rooms.table.get, subject).id)
        return Reply(204)

    return {
        "GET /rooms": generically(listed),
        "POST /rooms": create,
        "GET /rooms/{id}": view,
        "PATCH /rooms/{id}": update,
        "DELETE /rooms/{id}": delete,
    }


def _name_taken() -> RefusedError:
    detail = "Another room has this unique_name."
    return RefusedError(422, Problem(Code.DUPLICATE, detail, pointer="/unique_name"))
