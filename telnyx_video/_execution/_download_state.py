"""Decides how a download continues: the next request, and the meaning of a response. Pure.

::

    GET ──► 200 ──► read the body ──► interrupted? ──► GET with Range and If-Range
                                                         206 ──► append
                                                         200 ──► the file changed: start over

Without a strong validator the rest may belong to another file, so the whole file is requested
again: https://www.rfc-editor.org/rfc/rfc9110.html#section-14
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import ceil
from typing import Final

import attrs

from telnyx_video._execution.retry import RetryPolicy

_CONTENT_RANGE = re.compile(r"bytes +(?:([0-9]{1,18})-([0-9]{1,18})|\*)/([0-9]{1,18}|\*)")

_EXPIRED: Final = frozenset({400, 401, 403, 404, 410})
"""Statuses by which storage hosts report that a signed URL has expired."""

_TRANSIENT: Final = frozenset({408, 425, 429})
"""Statuses below 500 that may pass."""

MEGABYTE: Final = 1_000_000
"""Bytes in the smaller of the two units that "MB" may mean."""


@attrs.frozen
class Take:
    """The body continues the file at ``DownloadState.received``."""


@attrs.frozen
class Done:
    """The file is complete."""


@attrs.frozen
class Retry:
    """The same URL may work later."""

    reason: str


@attrs.frozen
class UrlExpired:
    """Another URL may work."""

    reason: str


@attrs.frozen
class Failed:
    """No other attempt can work."""

    reason: str


Decision = Take | Done | Retry | UrlExpired | Failed


@attrs.define
class DownloadState:
    """How much of a file has been received, and what identifies it."""

    received: int = 0
    """Bytes received, from the start of the file."""
    total: int | None = None
    """The file's size in bytes, if the host announced it."""
    validator: str | None = None
    """What identifies this version of the file, if the host sent it."""
    delimited: bool = False
    """Whether the body itself marks its end, so that a truncated one is noticed."""
    size_mb: float | None = None
    """The file's size as the API reports it."""

    def request_headers(self) -> dict[str, str]:
        """Return the headers of the next request, and start over if it cannot be for the rest."""
        if self.received and self.validator is not None:
            return {"Range": f"bytes={self.received}-", "If-Range": self.validator}
        self._start_over()
        return {}

    def responded(self, status: int, headers: Mapping[str, str]) -> Decision:
        """Judge the head of a response."""
        if status in (200, 206) and headers.get("content-encoding", "identity") != "identity":
            return Failed("the host sent it compressed, so its size cannot be checked")
        if status == 200:
            self._start_over()
            self.total = _length(headers)
            self.validator = _validator(headers)
            self.delimited = "chunked" in headers.get("transfer-encoding", "").lower()
            return Take()
        if status == 206:
            return self._partial(headers)
        if status == 416:
            return self._out_of_range(headers)
        if status in _EXPIRED:
            return UrlExpired(f"status {status}")
        if status in _TRANSIENT or status >= 500:
            return Retry(f"status {status}")
        return Failed(f"status {status}")

    def ended(self) -> Done | Retry:
        """Judge the end of a body: is the file complete?

        Where only the end of the connection marks the end of the body, a truncated one looks whole.
        Then the size that the API reports decides, as far as its rounding allows.
        """
        if self.total is not None and self.received != self.total:
            reason = f"{self.received} of {self.total} bytes were received"
            if self.received > self.total:
                self._start_over()
            return Retry(reason)
        if self.total is None and not self.delimited and self.received < min_bytes(self.size_mb):
            return Retry(
                f"the connection ended after {self.received} bytes, while the API reports "
                f"{self.size_mb:g} MB"
            )
        return Done()

    def _partial(self, headers: Mapping[str, str]) -> Decision:
        first, _, total = _range(headers)
        validator = _validator(headers)
        same = validator is None or validator == self.validator
        if not self.received or first != self.received or not same or total != self.total:
            self._start_over()
            return Retry("the host sent another range than the requested one")
        return Take()

    def _out_of_range(self, headers: Mapping[str, str]) -> Decision:
        _, _, total = _range(headers)
        if self.received and total == self.received == self.total:
            return Done()
        self._start_over()
        return Retry("the file is shorter than before")

    def _start_over(self) -> None:
        self.received, self.total, self.validator, self.delimited = 0, None, None, False


@attrs.define
class StallTimer:
    """Decides whether to retry: gives up only if no new byte arrives for too long.

    Args:
        policy: Its attempts and its deadline count from the latest new byte.
        since: When that arrived, on the caller's clock, in seconds.
    """

    policy: RetryPolicy
    since: float
    most: int = 0
    """The most bytes received so far."""
    attempts: int = 0

    def progressed(self, received: int, now: float) -> None:
        """Record how many bytes have been received."""
        if received > self.most:
            self.most, self.since, self.attempts = received, now, 0

    def wait(self, now: float, random: float) -> float | None:
        """Return the seconds to wait before the next attempt; None to give up."""
        self.attempts += 1
        seconds = self.policy.wait(self.attempts - 1, random)
        late = now + seconds >= self.since + self.policy.deadline
        return None if late or self.attempts >= self.policy.attempts else seconds


def min_bytes(size_mb: float | None) -> int:
    """Return the fewest bytes that a file of this size can have, given that the API rounds it.

    It may round up by one unit of the last digit. Its "MB" may be 1,000,000 bytes or 2**20.
    """
    if size_mb is None or not 0 < size_mb < 1e9:
        return 0
    _, _, digits = f"{size_mb:.9f}".rstrip("0").partition(".")
    return max(0, ceil((size_mb - 10.0 ** -len(digits)) * MEGABYTE))


def _validator(headers: Mapping[str, str]) -> str | None:
    """Return a strong entity tag, else the time of the last change; weak tags are not allowed."""
    tag = headers.get("etag")
    if tag is not None and tag.startswith('"'):
        return tag
    return headers.get("last-modified")


def _length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("content-length", "")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _range(headers: Mapping[str, str]) -> tuple[int | None, int | None, int | None]:
    """Return first position, last position and total size of a ``Content-Range``."""
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None:
        return None, None, None
    first, last, total = (
        int(text) if text is not None and text != "*" else None for text in match.groups()
    )
    return first, last, total
