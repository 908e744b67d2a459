"""The report of a batch for people: failures at once, then a table and a summary."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from telnyx_video.cli.batch.outcomes import ALWAYS_SHOWN, STATES, State, Tally
from telnyx_video.cli.errors import in_terms_of_options
from telnyx_video.cli.output import is_laid_out
from telnyx_video.cli.streams import visible
from telnyx_video.cli.tables import ID_WIDTH, NOTHING, cell, plain_table, print_lines
from telnyx_video.cli.waiting import PATIENCE, ServerStatus, amount, duration
from telnyx_video.errors import (
    AuthenticationError,
    NameTakenError,
    PermissionDeniedError,
    TelnyxVideoError,
)
from telnyx_video.models import UNSET

if TYPE_CHECKING:
    from telnyx_video import CreateOutcome

SHOWN = 20
"""Rooms in the table: as many as fit a screen."""

UNREADABLE_ROOMS = "Unreadable rooms were made, but their replies cannot be read."


class Report:
    """Collects the outcomes of one batch, as far as a person wants to see them.

    Args:
        console: For everything but the table.
        tally: Counts the outcomes.
        status: Whether the server answers.
        journal: Whether all outcomes are kept in a file, from which the batch can continue.
        lasting: Whether the server outlives the command; an embedded sandbox does not.
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
        self._console = console
        self._tally = tally
        self._status = status
        self._journal = journal
        self._lasting = lasting
        self._first: dict[int, tuple[int, CreateOutcome]] = {}
        self.refused: type[Exception] | None = None
        """The error that every further room would meet too; it is printed once."""
        self.stopped: str | None = None
        """Why the batch ended before its input did, in the library's words."""

    def add(self, outcome: CreateOutcome, line: int) -> State:
        """Note an outcome, and print it at once if it is an error."""
        state = self._note(outcome, line)
        if outcome.error is None or isinstance(outcome.error, self.refused or ()):
            return state
        if isinstance(outcome.error, AuthenticationError | PermissionDeniedError):
            self.refused = type(outcome.error)
        name = outcome.request.unique_name
        place = f"line {line}" if name is UNSET else f"line {line}, {name}"
        sentence = f"{place}: {_sentence(outcome.error)}"
        self._console.print(Text.assemble((state, STATES[state]), " ", visible(sentence)))
        return state

    def give_up(self, outcomes: Sequence[tuple[CreateOutcome, int]]) -> None:
        """Note the requests that were cancelled in flight."""
        for outcome, line in outcomes:
            self._note(outcome, line)
        if not outcomes:
            return
        lines = ", ".join(str(line) for _, line in outcomes[:SHOWN])
        more = f", and {len(outcomes) - SHOWN:,} more" if len(outcomes) > SHOWN else ""
        nameless = any(outcome.request.unique_name is UNSET for outcome, _ in outcomes)
        self._console.print(
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
        return self._tally.add(outcome)

    def print_stopping(self, grace: float) -> None:
        """Say that the batch is about to end."""
        self._console.print(
            f"Stopping: requests in flight have {grace:g} s to finish; Ctrl-C again cancels them."
        )

    def print_table(self, console: Console) -> None:
        """Print the first rooms of the input and their states; the table is the result."""
        if not self._first:
            return
        rows = [self._row(line, outcome) for _, (line, outcome) in sorted(self._first.items())]
        if is_laid_out(sys.stdout):
            table = plain_table()
            table.add_column("Line", justify="right")
            table.add_column("Name", overflow="fold")
            table.add_column("Id", min_width=ID_WIDTH, no_wrap=True)
            table.add_column("State", no_wrap=True)
            for *cells, state, colour in rows:
                table.add_row(*map(cell, cells), Text(state, colour))
            console.print(table)
        else:
            print_lines([("Line", "Name", "Id", "State"), *(row[:-1] for row in rows)])
        more = self._tally.ended - len(self._first)
        if more:
            elsewhere = "" if self._journal else "; --output FILE or --json has all"
            self._console.print(f"... and {more:,} more{elsewhere}")
        if self._console.is_terminal:
            self._console.print()

    def _row(self, line: int, outcome: CreateOutcome) -> tuple[str, ...]:
        name = outcome.request.unique_name
        state = self._tally.state_of(outcome)
        differs = state == "existed" and outcome.differences
        return (
            str(line),
            NOTHING if name is UNSET else visible(name),
            NOTHING if outcome.room is None else visible(outcome.room.id),
            *(("differs", "yellow") if differs else (state, STATES[state])),
        )

    def print_summary(self, rooms: int | None) -> None:
        """Print how many rooms ended in each state, and how long it took.

        Args:
            rooms: How many there are on a server that had none before, if that is known.
        """
        tally = self._tally
        if self.refused:
            self._console.print("Nothing more was sent: it would have been refused too.")
        if self.stopped == "gave_up":
            self._console.print(f"Nothing more was sent: {self._status}.")
        elif self._status.silence >= PATIENCE and tally.not_tried:
            self._console.print(f"At the end there was {self._status}.")
        if tally.states["unreadable"]:
            self._console.print(UNREADABLE_ROOMS)
        if tally.differing:
            self._console.print(_differing(tally.differing))
        if tally.not_tried and self._journal and self._lasting:
            self._console.print("The same command with --resume continues with the rest.")
        now = monotonic()
        line = summary_line(tally, now - tally.started, tally.rate(now))
        self._console.print(line, soft_wrap=True)
        if rooms is not None:
            made = tally.states["made"] + tally.states["recovered"]
            doubled = rooms - made - tally.states["unreadable"] - tally.states["unknown"]
            self._console.print(
                f"{tally.total:,} asked, {made:,} made, {tally.states['recovered']:,} recovered, "
                f"{max(0, doubled):,} doubled"
            )


def summary_line(tally: Tally, seconds: float, rate: float, left: str = "not tried") -> Text:
    """How many rooms ended in each state, how long it took, and the rooms a second.

    Args:
        tally: The counts.
        seconds: How long it took.
        rate: Rooms a second.
        left: What the rooms without a state are called.
    """
    parts = [_count(tally, state) for state in STATES if _is_shown(tally, state)]
    if tally.not_tried:
        parts.append(Text(f"{tally.not_tried:,} {left}", "yellow"))
    parts.append(Text(f"{seconds:.2f} s" if seconds < 10 else duration(seconds)))
    parts.append(Text(f"{amount(rate)}/s"))
    return Text(" · ").join(parts)


def _sentence(error: TelnyxVideoError) -> str:
    if isinstance(error, NameTakenError) and error.room is not None:
        return f"room {error.room.id} has this name"  # advice on each of many rooms is noise
    return in_terms_of_options(error.message)


def _is_shown(tally: Tally, state: State) -> bool:
    if state == "updated":
        return tally.updating
    return state in ALWAYS_SHOWN or tally.states[state] > 0


def _count(tally: Tally, state: State) -> Text:
    count = tally.states[state]
    return Text(f"{count:,} {state}", STATES[state] if count else "dim")


def _differing(count: int) -> Text:
    rooms = "1 existing room differs" if count == 1 else f"{count:,} existing rooms differ"
    return Text(
        f"{rooms} from what the input asks for; --if-exists update would change that, and "
        "--output FILE or --json shows the fields",
        "yellow",
    )
