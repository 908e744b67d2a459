"""What a person is told of a batch: failures as they come, then a table and a summary."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from rich.console import Console
from rich.text import Text

from telnyx_video import (
    UNSET,
    AuthenticationError,
    CreateOutcome,
    NameTakenError,
    PermissionDeniedError,
    TelnyxVideoError,
)
from telnyx_video.cli.failures import in_terms_of_options
from telnyx_video.cli.outcomes import ALWAYS_TOLD, STATES, State, Tally
from telnyx_video.cli.progress import amount, duration
from telnyx_video.cli.tables import ID_WIDTH, NOTHING, shown_name
from telnyx_video.cli.terminal import plain_table, visible

SHOWN = 20
"""Rooms in the table: as many as fit a screen."""


class Report:
    """Collects the outcomes of one batch, as far as a person wants to see them.

    Args:
        journal: Whether all of them are kept in a file, from which the batch can go on.
        lasting: Whether the server outlives the command; a sandbox of its own does not.
    """

    def __init__(self, console: Console, tally: Tally, *, journal: bool, lasting: bool) -> None:
        self._console = console
        self._tally = tally
        self._journal = journal
        self._lasting = lasting
        self._first: dict[int, tuple[int, CreateOutcome]] = {}
        self.refused: type[Exception] | None = None
        """The error that every further room would meet, too; it is told once."""
        self.stopped: str | None = None
        """Why the batch ended before its input did, as the library calls it."""

    def add(self, outcome: CreateOutcome, line: int) -> State:
        """Note an outcome; say at once if it is a failure."""
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
        """Note what was under way when nobody would wait any more."""
        for outcome, line in outcomes:
            self._note(outcome, line)
        if not outcomes:
            return
        lines = ", ".join(str(line) for _, line in outcomes[:SHOWN])
        more = f", and {len(outcomes) - SHOWN:,} more" if len(outcomes) > SHOWN else ""
        nameless = any(outcome.request.unique_name is UNSET for outcome, _ in outcomes)
        self._console.print(
            f"What was under way was given up, and may exist (line {lines}{more}); "
            f"{self._advice(nameless)}."
        )

    def _advice(self, nameless: bool) -> str:
        if not self._lasting:
            return "the sandbox is gone now, and all rooms with it"
        if self._journal:
            found = "the same command with --resume finds out"
            return f"{found}, but for rows without a unique_name" if nameless else found
        if nameless:
            return "look at the list first, since rows without a unique_name would be made again"
        return "run the same input again to find out"

    def _note(self, outcome: CreateOutcome, line: int) -> State:
        if outcome.index < SHOWN:
            self._first[outcome.index] = (line, outcome)
        return self._tally.add(outcome)

    def say_stopping(self, grace: float) -> None:
        """Say that the batch ends early, but not at once."""
        self._console.print(
            f"Stopping: what is under way has {grace:g} s to finish; Ctrl-C again gives it up."
        )

    def show_table(self, console: Console) -> None:
        """The first rooms of the input and what became of them; the table is data."""
        if not self._first:
            return
        table = plain_table()
        table.add_column("Line", justify="right")
        table.add_column("Name", overflow="fold")
        table.add_column("Id", min_width=ID_WIDTH, no_wrap=True)
        table.add_column("State", no_wrap=True)
        for _, (line, outcome) in sorted(self._first.items()):
            table.add_row(
                str(line),
                shown_name(outcome.request.unique_name),
                NOTHING if outcome.room is None else visible(outcome.room.id),
                self._shown_state(outcome),
            )
        console.print(table)
        more = self._tally.ended - len(self._first)
        if more:
            elsewhere = "" if self._journal else "; --output FILE or --json has all"
            self._console.print(f"... and {more:,} more{elsewhere}")
        if self._console.is_terminal:
            self._console.print()

    def _shown_state(self, outcome: CreateOutcome) -> Text:
        state = self._tally.state_of(outcome)
        if state == "existed" and outcome.differences:
            return Text("differs", "yellow")
        return Text(state, STATES[state])

    def show_summary(self) -> None:
        """How many rooms ended in which state, in how much time, and what may be worth a look."""
        if self.refused:
            self._console.print("Nothing more was sent: it would have been refused, too.")
        if self.stopped == "gave_up":
            self._console.print("Nothing more was sent: the server was down for too long.")
        if self._tally.differing:
            self._console.print(_differing(self._tally.differing))
        if self._tally.not_tried and self._journal and self._lasting:
            self._console.print("The same command with --resume goes on with what was not tried.")
        tally, now = self._tally, monotonic()
        parts = [_count(tally, state) for state in STATES if _is_told(tally, state)]
        if tally.not_tried:
            parts.append(Text(f"{tally.not_tried:,} not tried", "yellow"))
        seconds = now - tally.started
        parts += [
            Text(f"{seconds:.2f} s" if seconds < 10 else duration(seconds)),
            Text(f"{amount(tally.rate(now))}/s"),
        ]
        self._console.print(Text(" · ").join(parts), soft_wrap=True)


def _sentence(error: TelnyxVideoError) -> str:
    if isinstance(error, NameTakenError) and error.room is not None:
        return f"room {error.room.id} has this name"  # said of many rooms, advice is only noise
    return in_terms_of_options(error.message)


def _is_told(tally: Tally, state: State) -> bool:
    if state == "updated":
        return tally.updating
    return state in ALWAYS_TOLD or tally.states[state] > 0


def _count(tally: Tally, state: State) -> Text:
    count = tally.states[state]
    return Text(f"{count:,} {state}", STATES[state] if count else "dim")


def _differing(count: int) -> Text:
    rooms = "1 room that existed is" if count == 1 else f"{count:,} rooms that existed are"
    return Text(
        f"{rooms} not as the input asks; --if-exists update would change that, "
        "and --output FILE or --json says in what",
        "yellow",
    )
