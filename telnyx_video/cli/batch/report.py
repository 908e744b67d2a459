"""Reports a batch: failures as they happen, then a table and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from rich.console import Console
from rich.text import Text

from telnyx_video.cli.errors import FAILED, UNKNOWN, UNREADABLE, in_terms_of_options
from telnyx_video.cli.output import ID_WIDTH, TableWriter, cell
from telnyx_video.cli.streams import visible
from telnyx_video.cli.waiting import PATIENCE, ServerStatus, amount, duration
from telnyx_video.errors import (
    AuthenticationError,
    NameTakenError,
    PermissionDeniedError,
    TelnyxVideoError,
)
from telnyx_video.models import UNSET

if TYPE_CHECKING:
    from telnyx_video.batch import CreateOutcome

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
"""The final states of a room, with their colours."""

ALWAYS_SHOWN: Final[tuple[State, ...]] = ("made", "existed", "recovered", "failed", "unknown")
"""The states that the summary shows even if their count is 0."""


@dataclass
class Tally:
    """Counts the rooms of a batch by state."""

    total: int
    started: float = field(default_factory=monotonic)
    """Seconds, on the monotonic clock."""
    updating: bool = False
    """Whether existing rooms are changed to match the input."""
    states: Counter[State] = field(default_factory=Counter[State])
    differing: int = 0
    """How many existing rooms differ from the input."""

    def add(self, outcome: CreateOutcome) -> State:
        """Count one room."""
        state = self.state_of(outcome)
        self.states[state] += 1
        self.differing += state == "existed" and bool(outcome.differences)
        return state

    def state_of(self, outcome: CreateOutcome) -> State:
        """Return the state of a room."""
        if outcome.error is None and outcome.from_journal:
            return "done before"
        if self.updating and outcome.existed and outcome.differences:
            return "updated"
        return outcome.status

    @property
    def ended(self) -> int:
        """How many rooms have ended in any state."""
        return self.states.total()

    @property
    def to_do(self) -> int:
        """How many rooms this run has to create."""
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
        """The code of the worst state: failed, unknown, unreadable, or 0 if all rooms exist."""
        if self.states["failed"] or self.not_tried:
            return FAILED
        if self.states["unknown"]:
            return UNKNOWN
        return UNREADABLE if self.states["unreadable"] else 0

    def rate(self, now: float) -> float:
        """Rooms a second."""
        return self.done / max(now - self.started, 1e-9)


SHOWN = 20
"""Rooms in the table: as many as fit a screen."""

UNREADABLE_ROOMS = "Unreadable rooms were made, but their replies cannot be read."


class Report:
    """Prints the outcomes of one batch for people.

    Args:
        console: For everything but the table.
        tally: Counts the outcomes.
        status: Whether the server answers.
        journal: Whether outcomes are kept in a file, so that the batch can be resumed.
        lasting: Whether the server continues after the command, unlike an embedded sandbox.
    """

    def __init__(
        self,
        console: Console,
        tally: Tally,
        status: ServerStatus,
        *,
        journal: bool,
        lasting: bool,
    ) -> None:
        self.console: Final = console
        self.tally: Final = tally
        self.status: Final = status
        self._journal = journal
        self._lasting = lasting
        self._first: dict[int, tuple[int, CreateOutcome]] = {}
        self.refused: type[Exception] | None = None
        """The error that every further room would have; it is printed once."""
        self.stopped: str | None = None
        """Why the batch ended before its input; see the stream's ``stopped``."""

    def add(self, outcome: CreateOutcome, line: int) -> State:
        """Count an outcome, and print it immediately if it is an error."""
        state = self._note(outcome, line)
        if outcome.error is None or isinstance(outcome.error, self.refused or ()):
            return state
        if isinstance(outcome.error, AuthenticationError | PermissionDeniedError):
            self.refused = type(outcome.error)
        name = outcome.request.unique_name
        place = f"line {line}" if name is UNSET else f"line {line}, {name}"
        print_failure(self.console, state, f"{place}: {_sentence(outcome.error)}")
        return state

    def give_up(self, outcomes: Sequence[tuple[CreateOutcome, int]]) -> None:
        """Count the requests that were cancelled in flight."""
        for outcome, line in outcomes:
            self._note(outcome, line)
        if not outcomes:
            return
        lines = ", ".join(str(line) for _, line in outcomes[:SHOWN])
        more = f", and {len(outcomes) - SHOWN:,} more" if len(outcomes) > SHOWN else ""
        nameless = any(outcome.request.unique_name is UNSET for outcome, _ in outcomes)
        self.console.print(
            f"Requests in flight were cancelled; their rooms may exist (line {lines}{more}); "
            f"{self._advice(nameless)}."
        )

    def _advice(self, nameless: bool) -> str:
        if not self._lasting:
            return "the sandbox has ended, and all its rooms with it"
        if self._journal:
            found = "the same command with --resume finds out"
            return f"{found}, except for rows without a unique_name" if nameless else found
        if nameless:
            return "look at the list first: rows without a unique_name would be created again"
        return "run the same input again to find out"

    def _note(self, outcome: CreateOutcome, line: int) -> State:
        if outcome.index < SHOWN:
            self._first[outcome.index] = (line, outcome)
        return self.tally.add(outcome)

    def print_stopping(self, grace: float) -> None:
        """Print that the batch is stopping."""
        self.console.print(
            f"Stopping: requests in flight have {grace:g} s to finish; Ctrl-C again cancels them."
        )

    def print_table(self) -> None:
        """Print the first rooms of the input and their states; the table is the result."""
        if not self._first:
            return
        columns = (("Line", 4, True), ("Name", None, False), ("Id", ID_WIDTH, False))
        table = TableWriter((*columns, ("State", max(map(len, STATES)), False)))
        table.add([self._row(line, outcome) for _, (line, outcome) in sorted(self._first.items())])
        more = self.tally.ended - len(self._first)
        if more:
            elsewhere = "" if self._journal else "; --output FILE or --json has all"
            self.console.print(f"... and {more:,} more{elsewhere}")
        if self.console.is_terminal:
            self.console.print()

    def _row(self, line: int, outcome: CreateOutcome) -> Sequence[Text]:
        name = outcome.request.unique_name
        state = self.tally.state_of(outcome)
        shown = Text(state, STATES[state])
        if state == "existed" and outcome.differences:
            shown = Text("differs", "yellow")
        return (
            cell(line),
            cell(None if name is UNSET else name),
            cell(outcome.room and outcome.room.id),
            shown,
        )

    def print_summary(self, rooms: int | None) -> None:
        """Print how many rooms ended in each state, and how long it took.

        Args:
            rooms: How many the server has, if it had none before and this is known.
        """
        tally = self.tally
        if self.refused:
            self.console.print("Nothing more was sent: it would have been refused too.")
        if self.stopped == "gave_up":
            self.console.print(f"Nothing more was sent: {self.status}.")
        elif self.status.silence >= PATIENCE and tally.not_tried:
            self.console.print(f"At the end there was {self.status}.")
        if tally.states["unreadable"]:
            self.console.print(UNREADABLE_ROOMS)
        if tally.differing:
            count = tally.differing
            rooms_differ = "room differs" if count == 1 else "rooms differ"
            self.console.print(
                f"{count:,} existing {rooms_differ} from what the input asks for; --if-exists "
                "update would change that, and --output FILE or --json shows the fields",
                style="yellow",
            )
        if tally.not_tried and self._journal and self._lasting:
            self.console.print("The same command with --resume continues with the rest.")
        now = monotonic()
        line = summary_line(tally, now - tally.started, tally.rate(now))
        self.console.print(line, soft_wrap=True)
        if rooms is not None:
            made = tally.states["made"] + tally.states["recovered"]
            doubled = rooms - made - tally.states["unreadable"] - tally.states["unknown"]
            self.console.print(
                f"{tally.total:,} asked, {made:,} made, {tally.states['recovered']:,} recovered, "
                f"{max(0, doubled):,} doubled"
            )


def print_failure(console: Console, state: State, sentence: str) -> None:
    """Print a room's state and the reason."""
    console.print(Text.assemble((state, STATES[state]), " ", visible(sentence)))


def summary_line(tally: Tally, seconds: float, rate: float, left: str = "not tried") -> Text:
    """Summarize a batch in a line.

    Args:
        tally: The counts.
        seconds: How long it took.
        rate: Rooms a second.
        left: The name of rooms without a state.
    """
    parts = [
        Text(f"{count:,} {state}", colour if count else "dim")
        for state, colour in STATES.items()
        if (count := tally.states[state])
        or state in ALWAYS_SHOWN
        or (state == "updated" and tally.updating)
    ]
    if tally.not_tried:
        parts.append(Text(f"{tally.not_tried:,} {left}", "yellow"))
    parts.append(Text(f"{seconds:.2f} s" if seconds < 10 else duration(seconds)))
    parts.append(Text(f"{amount(rate)}/s"))
    return Text(" · ").join(parts)


def _sentence(error: TelnyxVideoError) -> str:
    if isinstance(error, NameTakenError) and error.room is not None:
        return f"room {error.room.id} has this name"  # advice on each of many rooms is noise
    return in_terms_of_options(error.message)
