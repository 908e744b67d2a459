"""Join tokens: a room's owner gets them with the key, whoever has them joins or refreshes.

Source: https://developers.telnyx.com/api-reference/rooms-client-tokens/create-client-token-to-join-a-room
Published beside the success is only 403, for a refresh token that is of no worth. A room that does
not exist and a body out of bounds are refused here as they are by other operations.
"""

from typing import cast

from telnyx_video.sandbox.api.calls import (
    Call,
    Operations,
    RefusedError,
    looked_up,
    settings_of,
)
from telnyx_video.sandbox.checks.bodies import CLIENT_TOKEN, REFRESH, Fields, defaults
from telnyx_video.sandbox.replies import Code, Problem, Reply, bare_refusal, document
from telnyx_video.sandbox.state import Store
from telnyx_video.sandbox.tokens import Tokens


def token_operations(store: Store, tokens: Tokens) -> Operations:
    """Return the operations that issue tokens for the rooms of a store."""

    def asked(call: Call, subject: str, fields: Fields) -> tuple[str, dict[str, object]]:
        room = looked_up("room", store.rooms.get, subject)
        return room.id, {**defaults(fields), **settings_of(call, fields)}

    def client_token(room_id: str, settings: dict[str, object]) -> dict[str, str]:
        ttl = cast("int", settings["token_ttl_secs"])
        token, expires = tokens.issue("client", room_id, store.moment(), ttl)
        return {"token": token, "token_expires_at": expires}

    def generate(call: Call, subject: str) -> Reply:
        room_id, settings = asked(call, subject, CLIENT_TOKEN)
        ttl = cast("int", settings["refresh_token_ttl_secs"])
        token, expires = tokens.issue("refresh", room_id, store.moment(), ttl)
        refresh = {"refresh_token": token, "refresh_token_expires_at": expires}
        return document(201, {"data": {**client_token(room_id, settings), **refresh}})

    def refresh(call: Call, subject: str) -> Reply:
        room_id, settings = asked(call, subject, REFRESH)
        token = str(settings["refresh_token"])
        if not tokens.opens(token, "refresh", room_id, store.moment()):
            raise token_refused("refresh_token")
        return document(201, {"data": client_token(room_id, settings)})

    return {
        "POST /rooms/{id}/actions/generate_join_client_token": generate,
        "POST /rooms/{id}/actions/refresh_client_token": refresh,
    }


def token_refused(field: str) -> RefusedError:
    """Return the refusal of a token that does not open the room, or no longer."""
    detail = f"{field} is not one for this room, or it has expired."
    problem = Problem(Code.NOT_AUTHORIZED, detail, pointer=f"/{field}")
    return RefusedError(403, problem, reply=bare_refusal)
