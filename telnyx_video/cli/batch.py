"""``telnyx-video batch``: the rooms of a file, checked as a whole, then made many at a time."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console

from telnyx_video import (
    UNSET,
    AsyncRoomsClient,
    CreateOutcome,
    CreateRoomRequest,
    OutcomeUnknownError,
)
from telnyx_video.cli.failures import FAILED, MISUSED, CommandError
from telnyx_video.cli.outcomes import Tally, Writer, writer
from telnyx_video.cli.progress import Bar, Display, Lines
from telnyx_video.cli.report import Report
from telnyx_video.cli.rows import FORMATS, Problem, Row
from telnyx_video.cli.running import connected, on_signals, run
from telnyx_video.cli.settings import IF_EXISTS, IfExists, Settings, Values, everywhere
from telnyx_video.cli.source import Checked, Source, check, opened
from telnyx_video.cli.terminal import complain, stderr, stdout


@dataclass(frozen=True)
class Plan:
    """How a batch is to be carried out."""

    concurrency: int
    max_rate: float | None
    if_exists: IfExists
    fail_fast: bool
    output: str | None


@everywhere
def batch(
    settings: Settings,
    path: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="CSV whose first row names the fields, or JSON lines; - reads standard input.",
            show_default=False,
        ),
    ],
    concurrency: Annotated[
        str, typer.Option(metavar="N", help="Rooms under way at a time.")
    ] = "50",
    max_rate: Annotated[
        str | None, typer.Option(metavar="R", help="Requests a second at the most.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write what becomes of each room, as JSON lines."),
    ] = None,
    if_exists: Annotated[
        str,
        typer.Option(
            metavar="error|return|update",
            help="What to do with a room that exists: report it as failed, take it as it is, or "
            "change it to what the input asks.",
        ),
    ] = "return",
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", metavar="", help="Begin no more after a failure.")
    ] = False,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="csv|jsonl",
            help="What FILE is, if its name and its beginning do not tell.",
        ),
    ] = None,
) -> None:
    """Make the rooms of a file, many at a time.

    The whole file is checked first: if anything is wrong with it, nothing is sent. Rooms that
    exist already are reported and left alone, so that the same file can be run again.
    """
    values = Values()
    plan = Plan(
        values.integer("--concurrency", concurrency, 1),
        values.rate("--max-rate", max_rate),
        values.choice("--if-exists", if_exists, IF_EXISTS),
        fail_fast,
        output,
    )
    form_chosen = None if form is None else values.choice("--format", form, FORMATS)
    if output == "-":
        values.refuse("--output: use --json for standard output")
    values.done()
    with opened(path, form_chosen) as source:
        checked = _checked(source, plan)
        if checked.rooms:
            raise typer.Exit(run(_create(settings, plan, source, checked.rooms)))
        stderr().print(f"{source.name} has no rooms: there is nothing to do.")


def _checked(source: Source, plan: Plan) -> Checked:
    """Check the input, before anything is written or sent.

    Raises:
        CommandError: something is wrong with it; each problem has been named.
    """
    console = stderr()
    if plan.output is not None and source.is_file(plan.output):
        raise CommandError([f"--output {plan.output} is the input itself: choose another file"])
    checked = check(source, lambda problem: complain(console, [problem]))
    if checked.problems:
        problems = "1 problem" if checked.problems == 1 else f"{checked.problems:,} problems"
        console.print(f"{problems} in {source.name}; nothing was sent.")
        raise typer.Exit(MISUSED)
    if checked.nameless:
        rows = "1 row has" if checked.nameless == 1 else f"{checked.nameless:,} rows have"
        console.print(
            f"{rows} no unique_name: running the same input again would make such rooms again.",
            style="yellow",
        )
    return checked


async def _create(settings: Settings, plan: Plan, source: Source, total: int) -> int:
    """Make the rooms, tell what became of them, and return the exit code."""
    console = stderr()
    async with connected(settings, concurrency=plan.concurrency, brief=False) as rooms:
        with writer(plan.output, to_stdout=settings.json) as results:
            tally = Tally(total, monotonic())
            report = Report(console, tally, updating=plan.if_exists == "update")
            with _display(console, tally, settings) as display:
                end = await _Course(rooms, plan, source, report, results, display).run()
    if not settings.json:
        report.show_table(stdout(), all_told=plan.output is not None)
    report.show_summary()
    if end.failure is not None:
        raise end.failure
    if end.signal is not None:
        return 128 + end.signal
    return 0 if tally.complete else FAILED


def _display(console: Console, tally: Tally, settings: Settings) -> Display:
    """A bar where it disturbs nothing: neither a log, nor data on the same terminal."""
    disturbed = os.environ.get("TELNYX_LOG") or (settings.json and sys.stdout.isatty())
    if console.is_interactive and sys.stderr.isatty() and not disturbed:
        return Bar(console, tally)
    return Lines(console, tally)


class _Drawn:
    """The rows of the input as requests, and which of them are under way."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.under_way: dict[int, Row] = {}

    def __iter__(self) -> Iterator[CreateRoomRequest]:
        for index, entry in enumerate(self._source.entries()):
            if isinstance(entry, Problem):
                raise CommandError(
                    [
                        f"{self._source.name} was changed after it was checked: "
                        f"line {entry.line}: {entry.texts[0]}"
                    ],
                    FAILED,
                )
            self.under_way[index] = entry
            yield entry.request


@dataclass
class _End:
    """How a batch came to its end."""

    signal: int | None = None
    failure: BaseException | None = None


class _Course:
    """The course of a batch: takes outcomes as they come, until the input's end or a signal."""

    def __init__(
        self,
        rooms: AsyncRoomsClient,
        plan: Plan,
        source: Source,
        report: Report,
        results: Writer,
        display: Display,
    ) -> None:
        self._drawn = _Drawn(source)
        self._stream = rooms.stream_many(
            self._drawn,
            concurrency=plan.concurrency,
            max_rate=plan.max_rate,
            if_exists=plan.if_exists,
            fail_fast=plan.fail_fast,
        )
        self._report = report
        self._results = results
        self._display = display
        self._end = _End()

    async def run(self) -> _End:
        """Take all outcomes; what is given up in the end is told of as unknown."""
        taking = asyncio.create_task(self._take_all())

        def react(number: int) -> None:
            if self._end.signal is not None:
                taking.cancel()
                return
            self._end.signal = number
            self._stream.stop()
            self._report.say_stopping()

        with on_signals(react):
            await asyncio.wait({taking})
        if not taking.cancelled():
            self._end.failure = taking.exception() or self._results.broken
        self._give_up()
        return self._end

    async def _take_all(self) -> None:
        async with self._stream as stream:
            async for outcome in stream:
                line = self._drawn.under_way.pop(outcome.index).line
                self._results.write(outcome, line)
                self._report.add(outcome, line)
                self._display.update()
                if self._results.broken or self._report.refused:
                    stream.stop()

    def _give_up(self) -> None:
        given_up = [
            (_given_up(index, row.request), row.line)
            for index, row in sorted(self._drawn.under_way.items())
        ]
        for outcome, line in given_up:
            self._results.write(outcome, line)
        self._report.give_up(given_up)


def _given_up(index: int, request: CreateRoomRequest) -> CreateOutcome:
    advice = "look for it" if request.unique_name is UNSET else "run the same input to find out"
    message = f"interrupted while it was under way: it may exist - {advice}"
    error = OutcomeUnknownError(message, request)
    return CreateOutcome(index=index, request=request, error=error)
