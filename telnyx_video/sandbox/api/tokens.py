"""Join tokens: JSON Web Tokens (RFC 7519), valid for one room until they expire.

They are signed, not stored: a token stays valid as long as its signature and expiry hold and its
room exists, even across a restart of the server.

Source: https://developers.telnyx.com/api-reference/rooms-client-tokens/create-client-token-to-join-a-room
The only error published is 403, for an invalid refresh token. An unknown room and a body out of
bounds are refused as they are by other operations.
"""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, cast

from telnyx_video.sandbox.api.calls import Call, Operations, find, settings_in
from telnyx_video.sandbox.checks.bodies import CLIENT_TOKEN, REFRESH, Fields, defaults
from telnyx_video.sandbox.replies import Code, Problem, RefusedError, Reply, bare_refusal, document
from telnyx_video.sandbox.state.store import Store

TokenKind = Literal["client", "refresh"]


class Tokens:
    """Issues and verifies tokens.

    Args:
        api_key: The signing key is derived from it.
        new_id: Returns the id of the next token.
    """

    def __init__(self, api_key: str, new_id: Callable[[], str]) -> None:
        self._secret = sha256(b"join tokens signed for " + api_key.encode()).digest()
        self._new_id = new_id
        self.seeded: set[tuple[str, str]] = set()
        """Refresh tokens from a seed, each with the id of its room."""

    def issue(self, kind: TokenKind, room_id: str, now: datetime, ttl: int) -> tuple[str, str]:
        """Return a token for a room, and its expiry in ISO 8601.

        Args:
            kind: "client" joins the room; "refresh" obtains another client token.
            room_id: The room for which it is valid.
            now: The current time.
            ttl: Lifetime in seconds.
        """
        issued = int(now.timestamp())
        claims = {
            "iss": "telnyx_video sandbox",
            "jti": self._new_id(),
            "sub": room_id,
            "typ": kind,
            "iat": issued,
            "exp": issued + ttl,
        }
        signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
        expires = datetime.fromtimestamp(issued + ttl, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{signed}.{self._signature(signed)}", expires

    def opens(self, token: str, kind: TokenKind, room_id: str, now: datetime) -> bool:
        """Return whether a token is of this kind, for this room, and not expired."""
        if kind == "refresh" and (token, room_id) in self.seeded:
            return True
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(self._signature(signed).encode(), signature.encode()):
            return False
        claims = _decoded(signed.partition(".")[2])
        return (claims["typ"], claims["sub"]) == (kind, room_id) and (
            now.timestamp() < claims["exp"]
        )

    def _signature(self, signed: str) -> str:
        return _base64(hmac.digest(self._secret, signed.encode(), "sha256"))


def token_operations(store: Store, tokens: Tokens) -> Operations:
    """Return the operations that issue tokens for the rooms of a store."""

    def requested(call: Call, subject: str, fields: Fields) -> tuple[str, dict[str, object]]:
        room = find("room", store.rooms.table.get, subject)
        return room.id, {**defaults(fields), **settings_in(call, fields)}

    def client_token(room_id: str, settings: dict[str, object]) -> dict[str, str]:
        ttl = cast("int", settings["token_ttl_secs"])
        token, expires = tokens.issue("client", room_id, store.database.moment(), ttl)
        return {"token": token, "token_expires_at": expires}

    def generate(call: Call, subject: str) -> Reply:
        room_id, settings = requested(call, subject, CLIENT_TOKEN)
        ttl = cast("int", settings["refresh_token_ttl_secs"])
        token, expires = tokens.issue("refresh", room_id, store.database.moment(), ttl)
        refresh = {"refresh_token": token, "refresh_token_expires_at": expires}
        return document(201, {"data": {**client_token(room_id, settings), **refresh}})

    def refresh(call: Call, subject: str) -> Reply:
        room_id, settings = requested(call, subject, REFRESH)
        token = str(settings["refresh_token"])
        if not tokens.opens(token, "refresh", room_id, store.database.moment()):
            raise token_refused("refresh_token")
        return document(201, {"data": client_token(room_id, settings)})

    return {
        "POST /rooms/{id}/actions/generate_join_client_token": generate,
        "POST /rooms/{id}/actions/refresh_client_token": refresh,
    }


def token_refused(field: str) -> RefusedError:
    """Return the refusal of a token that is not valid for the room."""
    detail = f"{field} is not valid for this room, or has expired."
    problem = Problem(Code.NOT_AUTHORIZED, detail, pointer=f"/{field}")
    return RefusedError(403, problem, reply=bare_refusal)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _encoded(part: object) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _decoded(part: str) -> dict[str, Any]:
    content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    return cast("dict[str, Any]", json.loads(content))
