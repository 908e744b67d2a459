"""A reply as it came, for endpoints and fields that the models do not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from telnyx_video._base.errors import Outcome, RateLimit, ResponseDecodeError
from telnyx_video._base.json import loads
from telnyx_video.models.base import Reply


@attrs.frozen(repr=False)
class RawResponse:
    """A reply as it came; its content is not in its repr, as it may be a secret."""

    status: int
    """The HTTP status: 200 to 299, or 404 of a delete whose first reply was lost."""
    headers: Mapping[str, str]
    """All headers; names are case-insensitive."""
    body: bytes
    """The content, decompressed; the key is replaced if the server repeated it."""
    reply: Reply
    """The request id and rate limit."""

    @property
    def request_id(self) -> str | None:
        """The ``x-request-id`` header: quote it to Telnyx support."""
        return self.reply.request_id

    @property
    def rate_limit(self) -> RateLimit | None:
        """The rate-limit figures, if the reply had any."""
        return self.reply.rate_limit

    # Any, as in every JSON library: only the caller knows what the endpoint returns.
    def json(self) -> Any:
        """Return the content as JSON.

        Raises:
            ResponseDecodeError: it is not JSON; the request was applied.
        """
        try:
            return loads(self.body)
        except ValueError:
            pass
        raise ResponseDecodeError(
            f"the reply (status {self.status}) is not JSON: use its body",
            Outcome.APPLIED,
            self.status,
            self.request_id,
            self.body[: 64 * 1024],
        )

    def __repr__(self) -> str:
        return f"RawResponse({self.status}, {len(self.body)} bytes)"
