"""Replies to what has an answer of its own kind: tokens, actions, bulk deletions, compositions."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import attrs

from telnyx_video._base.http import HttpReply
from telnyx_video._base.json import dumps, loads
from telnyx_video._wire.headers import read_reply
from telnyx_video._wire.read import read_object, success, unreadable
from telnyx_video.errors import ResponseDecodeError
from telnyx_video.models import JoinToken, Reply, RoomComposition
from telnyx_video.models._codec import UNREADABLE, explain, structure_data

SECRET = 16
"""Characters that a token has at least; shorter ones, as in tests, may stand in any reply."""


def read_composition_made(reply: HttpReply) -> RoomComposition:
    """The composition in a reply to a create."""
    return read_object(reply, RoomComposition, writes=True)


def read_join_token(reply: HttpReply) -> JoinToken:
    """The token in a reply. What cannot be read is not kept or quoted: it may hold the secret.

    Raises:
        ApiError: the reply is an error.
        ResponseDecodeError: the reply holds no readable token.
    """
    try:
        data = success(reply, writes=True).get("data")
        token = structure_data(data, JoinToken)
    except UNREADABLE as error:
        problem = explain(error, "$.data")
    except ResponseDecodeError:
        problem = "expected an object of JSON @ $"
    else:
        if token.token:
            token.reply = read_reply(reply.headers)
            return token
        problem = "empty @ $.data.token"
    raise unreadable(reply._replace(body=b""), problem, writes=True)


def join_token_for(refresh_token: str) -> Callable[[HttpReply], JoinToken]:
    """What reads the reply to a refresh, whose errors must not repeat the secret that was sent."""

    def read(reply: HttpReply) -> JoinToken:
        if reply.status // 100 != 2 and len(refresh_token) >= SECRET:
            body = _unescaped(reply.body).replace(refresh_token.encode(), b"[refresh token]")
            reply = reply._replace(body=body)
        return read_join_token(reply)

    return read


def read_action(reply: HttpReply) -> None:
    """The reply to an action in a session, which says no more than that it was done.

    Raises:
        ApiError: the reply is an error.
        ResponseDecodeError: it is not what the API says after an action.
    """
    if not isinstance(success(reply, writes=True).get("data"), dict):
        raise unreadable(reply, "expected an object @ $.data", writes=True)


@attrs.frozen
class Deleted:
    """What a bulk deletion did."""

    count: int
    reply: Reply


def read_deleted_count(reply: HttpReply) -> Deleted:
    """How many recordings a bulk deletion has deleted.

    Raises:
        ApiError: the reply is an error.
        ResponseDecodeError: the reply does not tell.
    """
    data = success(reply, writes=True).get("data")
    counts = cast("dict[str, object]", data) if isinstance(data, dict) else {}
    count = counts.get("room_recordings")
    if type(count) is not int:
        raise unreadable(reply, "expected an integer @ $.data.room_recordings", writes=True)
    return Deleted(count, read_reply(reply.headers))


def _unescaped(body: bytes) -> bytes:
    """JSON with its characters as they are, so that nothing hides in escapes."""
    try:
        return dumps(loads(body))
    except (ValueError, TypeError, RecursionError):  # no JSON, or too deep to be written
        return body
