"""What became of the rooms of a batch: their states, their count, and their lines of JSON."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from json import dumps
from typing import Final, Literal, TextIO, TypeAlias

from telnyx_video import CreateOutcome, Outcome
from telnyx_video.cli.failures import FAILED, CommandError

State: TypeAlias = Literal["made", "existed", "recovered", "failed", "unknown"]

STATES: Final[dict[State, str]] = {
    "made": "green",
    "existed": "cyan",
    "recovered": "green",
    "failed": "red",
    "unknown": "yellow",
}
"""The states a room can end in, each with its colour; every room is counted under one."""


def state_of(outcome: CreateOutcome) -> State:
    """The state that a room is counted under."""
    if outcome.error is not None:
        return "unknown" if outcome.error.outcome is Outcome.UNKNOWN else "failed"
    if outcome.existed:
        return "existed"
    return "recovered" if outcome.recovered else "made"


@dataclass
class Tally:
    """How many rooms of a batch ended in which state, and how long it has taken."""

    total: int
    started: float
    """Seconds, on the clock that other times here are on, too."""
    states: Counter[State] = field(default_factory=Counter[State])
    differing: int = 0
    """Of those that existed: how many were not as the input asks."""

    def add(self, outcome: CreateOutcome) -> State:
        """Count one room."""
        state = state_of(outcome)
        self.states[state] += 1
        self.differing += bool(outcome.differences)
        return state

    @property
    def done(self) -> int:
        """How many rooms have ended in any state."""
        return self.states.total()

    @property
    def not_tried(self) -> int:
        """How many rooms were never begun."""
        return max(0, self.total - self.done)

    @property
    def complete(self) -> bool:
        """Whether each room of the input is there now."""
        return not (self.states["failed"] or self.states["unknown"] or self.not_tried)

    def rate(self, now: float) -> float:
        """Rooms a second."""
        return self.done / max(now - self.started, 1e-9)


class Writer:
    """Writes each outcome as a line of JSON, at once, to some files.

    A file that can no longer be written is closed, and left out from then on.
    """

    def __init__(self, files: list[TextIO]) -> None:
        self._files = files
        self.broken: Exception | None = None
        """Why outcomes can no longer be written, if so; nobody may be left to tell it to."""

    def write(self, outcome: CreateOutcome, line: int) -> None:
        """Add one outcome, with the line of the input that asked for it."""
        if not self._files:
            return
        told = outcome.to_dict()
        text = dumps({"index": told.pop("index"), "line": line, **told}) + "\n"
        for file in self._files.copy():
            try:
                file.write(text)
                file.flush()
            except BrokenPipeError as error:
                self.broken = error
                self._files.remove(file)
            except OSError as error:
                problem = f"{file.name} cannot be written any more: {error.strerror}"
                self.broken = CommandError([problem], FAILED)
                self._files.remove(file)
                with suppress(OSError):  # closing tries once more to write
                    file.close()


@contextmanager
def writer(path: str | None, *, to_stdout: bool) -> Generator[Writer]:
    """A writer to a file, to stdout, to both or to neither.

    Raises:
        CommandError: the file cannot be written.
    """
    files = [sys.stdout] if to_stdout else []
    with ExitStack() as stack:
        if path is not None:
            try:
                files.append(stack.enter_context(open(path, "w", encoding="ascii")))
            except OSError as error:
                problem = f"--output {path} cannot be written: {error.strerror}"
                raise CommandError([problem]) from None
        yield Writer(files)
