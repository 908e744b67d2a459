"""What to ask for next of a file, and what an answer means: decisions, and nothing else.

::

    ask for the whole ──► 200 ──► take it ──► broken off? ──► ask for the rest, if it is the same
                                                                file (RFC 9110, 13.1.5 and 14)
          ▲                                                       206 ──► take it from there
          └──────────── another file, or no way to tell ◄──────── 200 ──► take it from the start

Source: https://www.rfc-editor.org/rfc/rfc9110.html#section-14
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs

from telnyx_video._execution.retry import RetryPolicy

_CONTENT_RANGE = re.compile(r"bytes +(?:([0-9]{1,18})-([0-9]{1,18})|\*)/([0-9]{1,18}|\*)")

_GONE = frozenset({400, 401, 403, 404, 410})
"""Statuses by which storage hosts tell that an address has expired; 400 is said by some, too."""

_PASSING = frozenset({408, 425, 429})
"""Statuses below 500 that may be gone the next time."""


@attrs.frozen
class Take:
    """Answer: here it comes, from ``Course.received`` on."""


@attrs.frozen
class Whole:
    """Answer: there is nothing more to come."""


@attrs.frozen
class Again:
    """Answer: not now."""

    reason: str


@attrs.frozen
class Expired:
    """Answer: not at this address."""

    reason: str


@attrs.frozen
class Refused:
    """Answer: never."""

    reason: str


Verdict = Take | Whole | Again | Expired | Refused


@attrs.define
class Course:
    """How far a file is."""

    received: int = 0
    """Bytes that are there, from the beginning on."""
    total: int | None = None
    """Bytes of the whole file, if the server tells."""
    validator: str | None = None
    """What tells this file from another one that may take its place, if the server gives that."""

    def ask(self) -> dict[str, str]:
        """The headers with which to ask for what is missing."""
        if self.received and self.validator is not None:
            return {"Range": f"bytes={self.received}-", "If-Range": self.validator}
        self._start_over()
        return {}

    def answered(self, status: int, headers: Mapping[str, str]) -> Verdict:
        """Judge the head of a reply."""
        if status in (200, 206) and headers.get("content-encoding", "identity") != "identity":
            return Refused("it is sent compressed, so that its size cannot be checked")
        if status == 200:
            self._start_over()
            self.total = _length(headers)
            self.validator = _validator(headers)
            return Take()
        if status == 206:
            return self._continued(headers)
        if status == 416:
            return self._beyond(headers)
        if status in _GONE:
            return Expired(f"status {status}")
        if status in _PASSING or status >= 500:
            return Again(f"status {status}")
        return Refused(f"status {status}")

    def ended(self) -> Whole | Again:
        """Judge the end of a body: was that all?"""
        if self.total is None or self.received == self.total:
            return Whole()
        missing = f"{self.received} of {self.total} bytes came"
        if self.received > self.total:
            self._start_over()
        return Again(missing)

    def _continued(self, headers: Mapping[str, str]) -> Verdict:
        first, _, total = _range(headers)
        told = _validator(headers)
        same = told is None or told == self.validator
        if not self.received or first != self.received or not same or total != self.total:
            self._start_over()
            return Again("another part came than was asked for")
        return Take()

    def _beyond(self, headers: Mapping[str, str]) -> Verdict:
        _, _, total = _range(headers)
        if self.received and total == self.received == self.total:
            return Whole()
        self._start_over()
        return Again("there is less of it than there was")

    def _start_over(self) -> None:
        self.received, self.total, self.validator = 0, None, None


@attrs.define
class Patience:
    """Whether to try once more: it is lost only while nothing comes.

    Args:
        policy: Its attempts and its deadline count from the latest new byte on.
        since: When that came, on the caller's clock, in seconds.
    """

    policy: RetryPolicy
    since: float
    best: int = 0
    """The most bytes that there have been at any time."""
    tries: int = 0

    def came_to(self, received: int, now: float) -> None:
        """Note how far the file is."""
        if received > self.best:
            self.best, self.since, self.tries = received, now, 0

    def wait(self, now: float, random: float) -> float | None:
        """Seconds to wait after a break; None if it is time to give up."""
        self.tries += 1
        seconds = self.policy.wait(self.tries - 1, random)
        if self.tries >= self.policy.attempts or now + seconds >= self.since + self.policy.deadline:
            return None
        return seconds


def _validator(headers: Mapping[str, str]) -> str | None:
    """A strong entity tag, else the time of the last change; weak tags may not be used here."""
    tag = headers.get("etag")
    if tag is not None and tag.startswith('"'):
        return tag
    return headers.get("last-modified")


def _length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("content-length", "")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _range(headers: Mapping[str, str]) -> tuple[int | None, int | None, int | None]:
    """First and last position, and the whole size, of a ``Content-Range``."""
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None:
        return None, None, None
    first, last, total = (
        int(text) if text is not None and text != "*" else None for text in match.groups()
    )
    return first, last, total
