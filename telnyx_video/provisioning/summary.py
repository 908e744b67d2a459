"""How a part or a job ended, in numbers."""

from __future__ import annotations

import attrs

from telnyx_video.batch import CreateStatus


@attrs.define
class Summary:
    """How many rooms a part or a job has, and how many are missing.

    ``present``, ``failed`` and ``unknown`` are exact, whatever was killed. How ``present`` divides
    into ``made``, ``existed`` and ``recovered`` is exact if nothing was killed. In a part that was
    begun more than once, rooms that are not older than its first attempt count as ``recovered``;
    ``begun_again`` says how many such parts there are.
    """

    made: int = 0
    """Rooms of which a reply said that they were made."""
    existed: int = 0
    """Rooms that were there before."""
    recovered: int = 0
    """Rooms made by this job, as a look-up found out: the reply was lost, or the process killed."""
    unreadable: int = 0
    """Rooms that were certainly made, with a reply that could not be read in full."""
    failed: int = 0
    """Rows without a room, and the reason is known."""
    unknown: int = 0
    """Rows of which no reply told whether there is a room."""
    begun_again: int = 0
    """Parts that were begun more than once."""

    @property
    def present(self) -> int:
        """Rows whose room exists."""
        return self.made + self.existed + self.recovered + self.unreadable

    @property
    def missing(self) -> int:
        """Rows whose room does not exist, or may not."""
        return self.failed + self.unknown

    @property
    def rows(self) -> int:
        """Rows with an outcome."""
        return self.present + self.missing

    def count(self, status: CreateStatus) -> None:
        """Add a row that ended like this."""
        setattr(self, status, getattr(self, status) + 1)

    def add(self, other: Summary) -> None:
        """Add another summary."""
        for name, value in other.to_dict().items():
            setattr(self, name, getattr(self, name) + value)

    def to_dict(self) -> dict[str, int]:
        """The numbers by their names, without those that are sums of others."""
        return attrs.asdict(self)

    def __str__(self) -> str:
        unreadable = f", {self.unreadable:,} unreadable" if self.unreadable else ""
        text = (
            f"{self.present:,} of {self.rows:,} rooms present: {self.made:,} made, "
            f"{self.existed:,} existed, {self.recovered:,} recovered{unreadable}; "
            f"{self.failed:,} failed, {self.unknown:,} unknown"
        )
        if self.begun_again:
            text += (
                f"; {self.begun_again:,} parts were begun more than once: their recovered rooms "
                "are those that are not older than the first attempt"
            )
        return text
