"""What became of the rooms of a batch: their states, their count, and their lines of JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from json import dumps
from typing import Final, Literal, TextIO, TypeAlias

from telnyx_video import CreateOutcome, Outcome
from telnyx_video.cli.failures import FAILED, CommandError

State: TypeAlias = Literal[
    "made", "existed", "updated", "recovered", "failed", "unknown", "done before"
]

STATES: Final[dict[State, str]] = {
    "made": "green",
    "existed": "cyan",
    "updated": "green",
    "recovered": "green",
    "failed": "red",
    "unknown": "yellow",
    "done before": "cyan",
}
"""The states a room can end in, each with its colour; every room is counted under one."""

ALWAYS_TOLD: Final[tuple[State, ...]] = ("made", "existed", "recovered", "failed", "unknown")
"""The states whose count is told though it is 0: none is as good to know as some."""


@dataclass
class Tally:
    """How many rooms of a batch ended in which state, and how long it has taken."""

    total: int
    started: float
    """Seconds, on the clock that other times here are on, too."""
    updating: bool = False
    """Whether a room that existed has been changed to what the input asks."""
    states: Counter[State] = field(default_factory=Counter[State])
    differing: int = 0
    """Of those that existed: how many are not as the input asks."""

    def add(self, outcome: CreateOutcome) -> State:
        """Count one room."""
        state = self.state_of(outcome)
        self.states[state] += 1
        self.differing += state == "existed" and bool(outcome.differences)
        return state

    def state_of(self, outcome: CreateOutcome) -> State:
        """The state that a room is counted under."""
        if outcome.error is not None:
            return "unknown" if outcome.error.outcome is Outcome.UNKNOWN else "failed"
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
        """How many rooms there were for this run."""
        return self.total - self.states["done before"]

    @property
    def done(self) -> int:
        """How many of them have ended."""
        return self.ended - self.states["done before"]

    @property
    def not_tried(self) -> int:
        """How many of them were never begun."""
        return max(0, self.to_do - self.done)

    @property
    def complete(self) -> bool:
        """Whether each room of the input is there now."""
        return not (self.states["failed"] or self.states["unknown"] or self.not_tried)

    def rate(self, now: float) -> float:
        """Rooms a second."""
        return self.done / max(now - self.started, 1e-9)


class Writer:
    """Writes each outcome to stdout as a line of JSON, at once, so that programs can follow."""

    def __init__(self, file: TextIO | None) -> None:
        self._file = file
        self.broken: Exception | None = None
        """Why outcomes can no longer be written, if so; nobody may be left to tell it to."""

    def write(self, outcome: CreateOutcome, line: int, state: State) -> None:
        """Write one outcome, with the line of the input that asked for it, and its state."""
        if self._file is None:
            return
        told = outcome.to_dict()
        text = dumps({"index": told.pop("index"), "line": line, "state": state, **told})
        try:
            self._file.write(f"{text}\n")
            self._file.flush()
        except BrokenPipeError as error:
            self.broken, self._file = error, None
        except OSError as error:
            problem = f"standard output cannot be written any more: {error.strerror}"
            self.broken, self._file = CommandError([problem], FAILED), None
