"""How a part or a job ended, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import attrs

from telnyx_video.errors import Outcome


@attrs.define
class Summary:
    """How many rooms a part or a job has, and why others are missing.

    ``present``, ``failed`` and ``unknown`` are exact, whatever was killed. How ``present`` divides
    into ``made``, ``existed`` and ``recovered`` is exact if nothing was killed. In a part that was
    begun more than once, rooms that are not older than its first attempt count as ``recovered``;
    ``begun_again`` says how many such parts there are.
    """

    rows: int = 0
    present: int = 0
    """Rows whose room exists: ``made``, ``existed`` and ``recovered`` together."""
    made: int = 0
    """Rooms of which a reply said that they were made."""
    existed: int = 0
    """Rooms that were there before."""
    recovered: int = 0
    """Rooms made by this job, as a look-up found out: the reply was lost, or the process killed."""
    failed: int = 0
    """Rows without a room, and the reason is known."""
    unknown: int = 0
    """Rows of which no reply told whether there is a room."""
    begun_again: int = 0
    """Parts that were begun more than once."""

    def count(self, line: Mapping[str, object]) -> None:
        """Add an outcome, as its line in a file has it."""
        self.rows += 1
        if line["error"] is None:
            self.present += 1
            self.recovered += line["recovered"] is True
            self.existed += line["existed"] is True
            self.made += not line["recovered"] and not line["existed"]
        else:
            error = cast("dict[str, object]", line["error"])
            self.unknown += error["outcome"] == Outcome.UNKNOWN.value
            self.failed += error["outcome"] != Outcome.UNKNOWN.value

    def add(self, other: Summary) -> None:
        """Add another summary."""
        for name, value in other.to_dict().items():
            setattr(self, name, getattr(self, name) + value)

    def to_dict(self) -> dict[str, int]:
        """The numbers by their names."""
        return attrs.asdict(self)

    def __str__(self) -> str:
        text = (
            f"{self.present:,} of {self.rows:,} rooms present: {self.made:,} made, "
            f"{self.existed:,} existed, {self.recovered:,} recovered; {self.failed:,} failed, "
            f"{self.unknown:,} unknown"
        )
        if self.begun_again:
            text += (
                f"; {self.begun_again:,} parts were begun more than once: their recovered rooms "
                "are those that are not older than the first attempt"
            )
        return text
