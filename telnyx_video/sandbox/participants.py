"""The control plane of rooms: simulated participants, events, deliveries.

The API has no operation to join a room: real participants use another protocol.
"""

from typing import cast

import attrs

from telnyx_video.sandbox.api.calls import Call, find, not_found, settings_in
from telnyx_video.sandbox.api.tokens import token_refused
from telnyx_video.sandbox.app import Api
from telnyx_video.sandbox.checks.bodies import JOIN, LEAVE, MUTE
from telnyx_video.sandbox.checks.parameters import whole_number
from telnyx_video.sandbox.replies import Code, Problem, RefusedError, Reply, document
from telnyx_video.sandbox.routes import CONTROL, VERSION
from telnyx_video.sandbox.state.database import HISTORY, ConflictError
from telnyx_video.sandbox.state.records import Participant, Room, Session
from telnyx_video.sandbox.state.store import Store

MAX_ROOMS = 100
"""Rooms in one answer."""

MAX_LISTED = HISTORY["deliveries"]
"""Deliveries in one answer."""

_SESSIONS = 3  # of a room, that are shown with it


class TokenRefusedError(ValueError):
    """The token of a joining participant does not open the room."""


class Participants:
    """Lets simulated participants join and leave, from Python and over HTTP.

    Args:
        api: Receives the operations, and verifies tokens.
        store: The state of the server.
    """

    def __init__(self, api: Api, store: Store) -> None:
        self._api = api
        self._store = store
        rooms = f"{CONTROL}rooms"
        api.add(rooms, {"GET": self._list_rooms, "POST": self._create})
        api.add(f"{rooms}/{{id}}/join", {"POST": self._join})
        api.add(f"{rooms}/{{id}}/leave", {"POST": self._leave})
        api.add(f"{rooms}/{{id}}/mute", {"POST": self._mute})
        api.add(f"{rooms}/{{id}}/end", {"POST": self._end})
        api.add(f"{CONTROL}participants", {"GET": self._list_participants})
        api.add(f"{CONTROL}events", {"GET": self._list_events})
        api.add(f"{CONTROL}deliveries", {"GET": self._list_deliveries})

    def join(
        self, room_id: str, context: str | None, token: str | None
    ) -> tuple[Participant, Session]:
        """Add a participant to a room.

        Raises:
            AbsentError: if the room does not exist.
            TokenRefusedError: if a token is given and does not open the room.
            ConflictError: if the room is full.
        """
        if token is not None and self._store.rooms.table.get(room_id) is not None:
            text = str(token)  # callers may pass the whole reply by mistake
            if not self._api.tokens.opens(text, "client", room_id, self._store.database.moment()):
                raise TokenRefusedError(
                    "The token is not a client token of this room, or has expired."
                )
        return self._store.sessions.join(room_id, context)

    def participants(self) -> list[dict[str, object]]:
        """Return all participants as published, and whether they are muted, in order of joining."""
        return [_shown(member) for member in self._store.sessions.participants.where()]

    def events(self) -> list[dict[str, object]]:
        """Return the events so far, in order."""
        return [event.as_json() for event in self._store.events.all()]

    def deliveries(self) -> list[dict[str, object]]:
        """Return the webhook deliveries of these events, in order."""
        return [delivery.as_json() for delivery in self._store.deliveries.all()]

    def _list_rooms(self, _: Call, __: str) -> Reply:
        newest = self._store.rooms.newest(MAX_ROOMS)
        total = len(self._store.rooms.table)
        return document(
            200, {"rooms": [self._with_sessions(room) for room in newest], "total": total}
        )

    def _with_sessions(self, room: Room) -> dict[str, object]:
        sessions = self._store.sessions.table.where("room_id = ?", room.id)
        shown: list[dict[str, object]] = []
        for session in reversed(sessions[-_SESSIONS:]):
            members = self._store.sessions.participants.where("session_id = ?", session.id)
            participants = [_shown(member) for member in members]
            shown.append({**session.as_json(), "participants": participants})
        return {**room.as_json(), "sessions": shown}

    def _create(self, call: Call, _: str) -> Reply:
        return self._api.apply(attrs.evolve(call.with_optional_body(), path=f"{VERSION}/rooms"))

    def _join(self, call: Call, subject: str) -> Reply:
        room = find("room", self._store.rooms.table.get, subject)
        settings = settings_in(call.with_optional_body(), JOIN)
        context = cast("str | None", settings.get("context"))
        token = cast("str | None", settings.get("token"))
        try:
            joined = self.join(room.id, context, token)
        except TokenRefusedError:
            raise token_refused("token") from None
        except ConflictError as error:
            raise RefusedError(422, Problem(Code.BAD_REQUEST, str(error))) from error
        return _participant_and_session(201, *joined)

    def _leave(self, call: Call, subject: str) -> Reply:
        participant = self._present(subject, str(settings_in(call, LEAVE)["participant_id"]))
        try:
            left = self._store.sessions.leave(participant.id)
        except ConflictError as error:
            problem = Problem(Code.BAD_REQUEST, str(error), pointer="/participant_id")
            raise RefusedError(422, problem) from error
        return _participant_and_session(200, *left)

    def _mute(self, call: Call, subject: str) -> Reply:
        settings = settings_in(call, MUTE)
        participant = self._present(subject, str(settings["participant_id"]))
        muted = bool(settings.get("muted", True))
        sessions = self._store.sessions
        try:
            sessions.mute(participant.session_id, [participant.id], muted=muted)
        except ConflictError as error:
            problem = Problem(Code.BAD_REQUEST, str(error), pointer="/participant_id")
            raise RefusedError(422, problem) from error
        return _participant_and_session(200, *sessions.get(participant.id))

    def _end(self, _: Call, subject: str) -> Reply:
        room = find("room", self._store.rooms.table.get, subject)
        self._store.sessions.end_active(room)
        return Reply(204)

    def _present(self, room_id: str, participant_id: str) -> Participant:
        """Return a participant of a session of a room."""
        room = find("room", self._store.rooms.table.get, room_id)
        sessions = self._store.sessions
        participant = find("participant", sessions.participants.get, participant_id)
        session = sessions.table.get(participant.session_id)
        if session is None or session.room_id != room.id:
            raise not_found("participant", participant_id)
        return participant

    def _list_participants(self, _: Call, __: str) -> Reply:
        return document(200, {"participants": self.participants()})

    def _list_events(self, _: Call, __: str) -> Reply:
        return document(200, {"events": self.events()})

    def _list_deliveries(self, call: Call, _: str) -> Reply:
        """List the deliveries in order; all, or the newest ones, or those in one state."""
        limit = whole_number("limit", call.query.get("limit", str(MAX_LISTED)), most=MAX_LISTED)
        found = self._store.deliveries.newest(limit, call.query.get("state"))
        return document(200, {"deliveries": [delivery.as_json() for delivery in found]})


def _participant_and_session(status: int, participant: Participant, session: Session) -> Reply:
    return document(status, {"participant": _shown(participant), "session": session.as_json()})


def _shown(participant: Participant) -> dict[str, object]:
    return {**participant.as_json(), "muted": participant.muted}
