"""Sends one HTTP request and receives its response whole: the only client-side use of aiohttp."""

from telnyx_video._transport.failures import SENT
from telnyx_video._transport.session import (
    KEEPALIVE,
    USER_AGENT,
    as_timeout,
    check_connecting,
    check_timeout,
)
from telnyx_video._transport.transport import MAX_BODY, Transport

__all__ = [
    "KEEPALIVE",
    "MAX_BODY",
    "SENT",
    "USER_AGENT",
    "Transport",
    "as_timeout",
    "check_connecting",
    "check_timeout",
]
