"""Reads the headers of a reply: request id, rate limit, ``Retry-After`` and ``Date``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import inf

from telnyx_video._base.errors import RateLimit
from telnyx_video.models.base import Reply


def read_reply(headers: Mapping[str, str]) -> Reply:
    """Read the facts that every reply has besides its content."""
    return Reply(headers.get("x-request-id"), read_rate_limit(headers))


def read_rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """Read the rate-limit figures; None if the reply has none.

    Source: https://developers.telnyx.com/api/rate-limiting
    """
    limit = headers.get("x-ratelimit-limit")
    remaining = headers.get("x-ratelimit-remaining")
    reset = headers.get("x-ratelimit-reset")
    retry_after = headers.get("retry-after")
    if limit is remaining is reset is retry_after is None:
        return None
    return RateLimit(
        _count(limit),
        _count(remaining),
        _seconds(reset),
        None if retry_after is None else _retry_after(retry_after, headers),
    )


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """Read the server's time, to the second, from the ``Date`` header."""
    return _http_date(headers.get("date"))


def _retry_after(text: str, headers: Mapping[str, str]) -> float | None:
    """Read seconds, or an HTTP date relative to the reply's own ``Date`` (RFC 9110, 10.2.3)."""
    seconds = _seconds(text)
    if seconds is not None:
        return seconds
    then, now = _http_date(text), server_time(headers)
    return max(0.0, (then - now).total_seconds()) if then and now else None


def _http_date(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        time = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _seconds(text: str | None) -> float | None:
    """Read a number of seconds; a negative one is 0."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return None
    if 0.0 <= seconds < inf:
        return seconds
    return 0.0 if -inf < seconds < 0.0 else None


def _count(text: str | None) -> int | None:
    if text is not None and text.isdecimal() and len(text) < 20:
        return int(text)
    seconds = _seconds(text)
    return None if seconds is None else int(seconds)
