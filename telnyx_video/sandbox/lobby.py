"""Simulated participants, and what only the server can tell: what happened, who heard of it.

The API has no operation to join a room, since the programs of participants do that by other means.
"""

from typing import cast

import attrs

from telnyx_video.sandbox.api import Api, Call
from telnyx_video.sandbox.api.calls import RefusedError, absent, looked_up, settings_of
from telnyx_video.sandbox.api.tokens import token_refused
from telnyx_video.sandbox.checks.bodies import JOIN, LEAVE
from telnyx_video.sandbox.replies import Code, Problem, Reply, document
from telnyx_video.sandbox.routes import CONTROL
from telnyx_video.sandbox.state import ConflictError, Participant, Session, Store
from telnyx_video.sandbox.tokens import Tokens


class TokenRefusedError(ValueError):
    """The token of somebody who wants to join does not open the room; the text says so."""


class Lobby:
    """Where simulated participants come in and go out.

    `POST /_sandbox/rooms/{id}/join` takes {"context": "Alice", "token": "…"}, both optional, even
    the body: a token has to open the room, without one it is open. It answers 201 with the
    participant and the session. `POST /_sandbox/rooms/{id}/leave` takes {"participant_id": "…"}
    and answers 200 with the same. `GET /_sandbox/participants`, `GET /_sandbox/events` and
    `GET /_sandbox/deliveries` list all that there are.

    Args:
        api: Where these operations are added.
        store: Where the rooms are.
        tokens: Reads the tokens of those who join.
    """

    def __init__(self, api: Api, store: Store, tokens: Tokens) -> None:
        self._store = store
        self._tokens = tokens
        api.add(f"{CONTROL}rooms/{{id}}/join", {"POST": self._join})
        api.add(f"{CONTROL}rooms/{{id}}/leave", {"POST": self._leave})
        api.add(f"{CONTROL}participants", {"GET": self._participants})
        api.add(f"{CONTROL}events", {"GET": self._events})
        api.add(f"{CONTROL}deliveries", {"GET": self._deliveries})

    def join(
        self, room_id: str, context: str | None, token: str | None
    ) -> tuple[Participant, Session]:
        """Let somebody into a room; by a token, if there is one.

        Raises:
            AbsentError: when there is no such room.
            TokenRefusedError: when the token does not open it.
            ConflictError: when it is full.
        """
        if token is not None and self._store.rooms.get(room_id) is not None:
            text = str(token)  # a whole answer in place of its token opens nothing, either
            if not self._tokens.opens(text, "client", room_id, self._store.moment()):
                raise TokenRefusedError(
                    "The token is no client token of this room, or has expired."
                )
        return self._store.meetings.join(room_id, context)

    def participants(self) -> list[dict[str, object]]:
        """Return all participants, as they are published but with `muted`, in order of arrival."""
        return [_shown(member) for member in self._store.meetings.participants.where()]

    def events(self) -> list[dict[str, object]]:
        """Return what happened, in order."""
        return [event.as_json() for event in self._store.events.all()]

    def deliveries(self) -> list[dict[str, object]]:
        """Return what became of the webhooks of these events, in order."""
        return [delivery.as_json() for delivery in self._store.deliveries.all()]

    def _join(self, call: Call, subject: str) -> Reply:
        room = looked_up("room", self._store.rooms.get, subject)
        settings = settings_of(_with_body(call), JOIN)
        context = cast("str | None", settings.get("context"))
        token = cast("str | None", settings.get("token"))
        try:
            joined = self.join(room.id, context, token)
        except TokenRefusedError:
            raise token_refused("token") from None
        except ConflictError as error:
            raise RefusedError(422, Problem(Code.BAD_REQUEST, str(error))) from error
        return _both(201, *joined)

    def _leave(self, call: Call, subject: str) -> Reply:
        room = looked_up("room", self._store.rooms.get, subject)
        wanted = str(settings_of(_with_body(call), LEAVE)["participant_id"])
        meetings = self._store.meetings
        participant = looked_up("participant", meetings.participants.get, wanted)
        session = meetings.sessions.get(participant.session_id)
        if session is None or session.room_id != room.id:
            raise absent("participant", wanted)
        try:
            left = meetings.leave(participant.id)
        except ConflictError as error:
            problem = Problem(Code.BAD_REQUEST, str(error), pointer="/participant_id")
            raise RefusedError(422, problem) from error
        return _both(200, *left)

    def _participants(self, _: Call, __: str) -> Reply:
        return document(200, {"participants": self.participants()})

    def _events(self, _: Call, __: str) -> Reply:
        return document(200, {"events": self.events()})

    def _deliveries(self, _: Call, __: str) -> Reply:
        return document(200, {"deliveries": self.deliveries()})


def _with_body(call: Call) -> Call:
    """Return the call with what may be left out of it: media type and body."""
    return attrs.evolve(call, content_type="application/json", body=call.body or b"{}")


def _both(status: int, participant: Participant, session: Session) -> Reply:
    return document(status, {"participant": _shown(participant), "session": session.as_json()})


def _shown(participant: Participant) -> dict[str, object]:
    return {**participant.as_json(), "muted": participant.muted}
