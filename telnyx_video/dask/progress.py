"""The progress of a job: from the parts that are done, and the reports of those in flight."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

import attrs

from telnyx_video.provisioning.job import Summary

WINDOW = 30.0
"""Seconds over which the rate is measured."""


@attrs.frozen
class JobProgress:
    """How far a job has come; passed to ``on_progress`` several times a second."""

    rows: int
    """Rows in all."""
    done: int
    """Rows with an outcome."""
    before: int
    """How many of these have theirs from an earlier run."""
    summary: Summary
    """The numbers of the parts that are done."""
    refused: int
    """Requests of this run that the rate limit refused (429)."""
    parts: int
    parts_done: int
    rate: float
    """Rows a second, over the last half minute."""
    remaining: float | None
    """Seconds until the end at this rate; None while there is no rate."""


OnJobProgress: TypeAlias = Callable[[JobProgress], object]


class Tracker:
    """Adds up summaries and reports.

    Args:
        rows: Rows of the job.
        parts: Parts of the job.
        summary: That of the parts which are done already.
        parts_done: How many these are.
    """

    def __init__(
        self,
        rows: int,
        parts: int,
        summary: Summary,
        parts_done: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._summary = attrs.evolve(summary)
        self._before = summary.rows
        self._rows = rows
        self._parts = parts
        self._parts_done = parts_done
        self._clock = clock
        self._refused = 0
        self._in_flight: dict[str, int] = {}
        self._seen = deque([(clock(), summary.rows)])

    def reported(self, part: str, done: int, refused: int) -> None:
        """Take a worker's report of a part; after the part's end, its rows are counted already."""
        self._refused += refused
        if part in self._in_flight:
            self._in_flight[part] = done

    def begun(self, part: str) -> None:
        """Expect reports of a part."""
        self._in_flight[part] = 0

    def ended(self, part: str, summary: Summary | None) -> None:
        """Add the summary of a part that is done; None if it failed."""
        del self._in_flight[part]
        if summary is not None:
            self._summary.add(summary)
            self._parts_done += 1

    @property
    def progress(self) -> JobProgress:
        """The progress now."""
        now, done = self._clock(), self._summary.rows + sum(self._in_flight.values())
        self._seen.append((now, done))
        while now - self._seen[0][0] > WINDOW and len(self._seen) > 2:
            self._seen.popleft()
        since, before = self._seen[0]
        rate = max(0.0, (done - before) / (now - since)) if now > since else 0.0
        return JobProgress(
            rows=self._rows,
            done=done,
            before=self._before,
            summary=attrs.evolve(self._summary),
            refused=self._refused,
            parts=self._parts,
            parts_done=self._parts_done,
            rate=rate,
            remaining=(self._rows - done) / rate if rate else None,
        )
