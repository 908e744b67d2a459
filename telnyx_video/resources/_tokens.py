"""Operations on the tokens with which people join rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telnyx_video import _wire
from telnyx_video._execution.call import execute
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video.models import UNSET, Unset
from telnyx_video.resources._resource import Operations

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

    from telnyx_video.models import JoinToken

__all__ = ["JoinTokens"]

_ASK_AGAIN = "ask again: a token that reached nobody lets nobody in, and expires"


class JoinTokens(Operations):
    """What lets people into rooms."""

    async def join_token(
        self,
        room_id: str,
        /,
        *,
        token_ttl_secs: int | Unset = UNSET,
        refresh_token_ttl_secs: int | Unset = UNSET,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> JoinToken:
        """Make a client token, with which a participant's client SDK joins the room.

        It is tried again after any failure that may pass: a token whose answer was lost lets nobody
        in, and expires.

        https://developers.telnyx.com/api-reference/rooms-client-tokens/create-client-token-to-join-a-room

        Args:
            room_id: The room's id.
            token_ttl_secs: Seconds for which the token lets someone in: 10 to 3600. The API's
                default is 600.
            refresh_token_ttl_secs: Seconds for which it can be refreshed: 60 to 86400. The API's
                default is 3600.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy.

        Raises:
            InvalidRequestError: an argument is out of bounds; nothing was sent.
            PermissionDeniedError: the room is not yours.
            OutcomeUnknownError: a token may have been made, and was lost; just ask again.
        """
        request = _wire.create_join_token(
            room_id,
            token_ttl_secs=token_ttl_secs,
            refresh_token_ttl_secs=refresh_token_ttl_secs,
        )
        return await execute(
            self._runner,
            request,
            _wire.read_join_token,
            self._call_options(timeout, retry),
            idempotent=True,
            hint=_ASK_AGAIN,
        )

    async def refresh_join_token(
        self,
        room_id: str,
        refresh_token: str,
        /,
        *,
        token_ttl_secs: int | Unset = UNSET,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
    ) -> JoinToken:
        """Make another client token for who has one, by its refresh token. Tried again likewise.

        https://developers.telnyx.com/api-reference/rooms-client-tokens/refresh-client-token-to-join-a-room

        Args:
            room_id: The room's id.
            refresh_token: That of the first token; the reply has none.
            token_ttl_secs: Seconds for which the new token lets someone in: 10 to 3600. The API's
                default is 600.
            timeout: For one attempt, in place of the client's.
            retry: In place of the client's policy.

        Raises:
            InvalidRequestError: an argument is out of bounds; nothing was sent.
            PermissionDeniedError: the refresh token has expired, or is none.
            OutcomeUnknownError: a token may have been made, and was lost; just ask again.
        """
        return await execute(
            self._runner,
            _wire.refresh_join_token(room_id, refresh_token, token_ttl_secs=token_ttl_secs),
            _wire.join_token_for(refresh_token),
            self._call_options(timeout, retry),
            idempotent=True,
            hint=_ASK_AGAIN,
        )
