"""The outcomes of a batch: each room's state, the counts, and the lines of JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from json import dumps
from typing import TYPE_CHECKING, Final, Literal, TextIO, TypeAlias

from telnyx_video.cli.errors import FAILED, UNKNOWN, UNREADABLE, CommandError
from telnyx_video.errors import Outcome

if TYPE_CHECKING:
    from telnyx_video import CreateOutcome

State: TypeAlias = Literal[
    "made", "existed", "updated", "recovered", "unreadable", "failed", "unknown", "done before"
]

STATES: Final[dict[State, str]] = {
    "made": "green",
    "existed": "cyan",
    "updated": "green",
    "recovered": "green",
    "unreadable": "yellow",
    "failed": "red",
    "unknown": "yellow",
    "done before": "cyan",
}
"""The states that a room can end in, with their colours; each room is counted under one."""

ALWAYS_SHOWN: Final[tuple[State, ...]] = ("made", "existed", "recovered", "failed", "unknown")
"""The states that the summary shows even if their count is 0."""

_BY_ERROR: Final[dict[Outcome, State]] = {
    Outcome.NOT_APPLIED: "failed",
    Outcome.UNKNOWN: "unknown",
    Outcome.APPLIED: "unreadable",
}


@dataclass
class Tally:
    """How many rooms of a batch ended in which state, and since when it runs."""

    total: int
    started: float
    """Seconds, on the monotonic clock."""
    updating: bool = False
    """Whether rooms that existed are changed to what the input asks for."""
    states: Counter[State] = field(default_factory=Counter[State])
    differing: int = 0
    """How many of those that existed differ from what the input asks for."""

    def add(self, outcome: CreateOutcome) -> State:
        """Count one room."""
        state = self.state_of(outcome)
        self.states[state] += 1
        self.differing += state == "existed" and bool(outcome.differences)
        return state

    def state_of(self, outcome: CreateOutcome) -> State:
        """The state that a room is counted under."""
        if outcome.error is not None:
            return _BY_ERROR[outcome.error.outcome]
        if outcome.from_journal:
            return "done before"
        if outcome.existed:
            return "updated" if self.updating and outcome.differences else "existed"
        return "recovered" if outcome.recovered else "made"

    @property
    def ended(self) -> int:
        """How many rooms have ended in any state."""
        return self.states.total()

    @property
    def to_do(self) -> int:
        """How many rooms this run had to create."""
        return self.total - self.states["done before"]

    @property
    def done(self) -> int:
        """How many of them have ended."""
        return self.ended - self.states["done before"]

    @property
    def not_tried(self) -> int:
        """How many of them were never started."""
        return max(0, self.to_do - self.done)

    @property
    def exit_code(self) -> int:
        """The worst of what happened: failed, unknown, unreadable, or 0 if all rooms exist."""
        if self.states["failed"] or self.not_tried:
            return FAILED
        if self.states["unknown"]:
            return UNKNOWN
        return UNREADABLE if self.states["unreadable"] else 0

    def rate(self, now: float) -> float:
        """Rooms a second."""
        return self.done / max(now - self.started, 1e-9)


class OutcomeWriter:
    """Writes each outcome to stdout as a line of JSON, flushed, so that programs can follow."""

    def __init__(self, file: TextIO | None) -> None:
        self._file = file
        self.broken: Exception | None = None
        """Why outcomes can no longer be written, if so."""

    def write(self, outcome: CreateOutcome, line: int, state: State) -> None:
        """Write one outcome, with its line of the input and its state."""
        if self._file is None:
            return
        fields = outcome.to_dict()
        text = dumps({"index": fields.pop("index"), "line": line, "state": state, **fields})
        try:
            self._file.write(f"{text}\n")
            self._file.flush()
        except BrokenPipeError as error:
            self.broken, self._file = error, None
        except OSError as error:
            problem = f"standard output cannot be written any more: {error.strerror}"
            self.broken, self._file = CommandError([problem], FAILED), None
