"""Client tokens: with one of them a browser or an app joins a room."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs

from telnyx_video.models.base import Model, Reply


@attrs.define(kw_only=True)
class JoinToken(Model):
    """What lets a participant into a room, for a while. Its secrets are in no repr.

    https://developers.telnyx.com/api-reference/rooms-client-tokens/create-client-token-to-join-a-room
    """

    token: str = attrs.field(repr=False)
    """The client token: hand it to the participant's client SDK, and to nobody else."""
    token_expires_at: datetime
    """Until when the token lets someone in."""
    refresh_token: str | None = attrs.field(default=None, repr=False)
    """What another client token can be had for. A reply to a refresh has none: keep the first."""
    refresh_token_expires_at: datetime | None = None
    """Until when the refresh token is good for that."""
    reply: Reply | None = attrs.field(default=None, eq=False, repr=False)
    """What came beside the token."""

    def seconds_left(self, now: datetime | None = None) -> float:
        """For how many seconds the client token is still good; negative once it has expired.

        Args:
            now: The time, with its zone; by default this machine's clock, which may be wrong.
        """
        return _seconds_until(self.token_expires_at, now)

    def refresh_seconds_left(self, now: datetime | None = None) -> float | None:
        """The same of the refresh token; None if there is none, or the reply did not tell."""
        if self.refresh_token is None or self.refresh_token_expires_at is None:
            return None
        return _seconds_until(self.refresh_token_expires_at, now)


def _seconds_until(time: datetime, now: datetime | None) -> float:
    return (time - (now or datetime.now(UTC))).total_seconds()
