"""``telnyx-video batch``: the rooms of a file, checked as a whole, then made many at a time."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console

from telnyx_video.cli.course import Course, Plan
from telnyx_video.cli.failures import FAILED, MISUSED, SIGNALLED, CommandError
from telnyx_video.cli.outcomes import Tally, Writer
from telnyx_video.cli.progress import Bar, Display, Lines, can_draw
from telnyx_video.cli.report import Report
from telnyx_video.cli.rows import FORMATS
from telnyx_video.cli.running import before_sending, connected, run
from telnyx_video.cli.settings import IF_EXISTS, Settings, Values, everywhere
from telnyx_video.cli.source import Checked, Source, check, opened
from telnyx_video.cli.terminal import complain, named, stderr, stdout, visible

InputFile = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="CSV whose first row names the fields, or JSON lines; - reads standard input.",
        show_default=False,
    ),
]
Concurrency = Annotated[str, typer.Option(metavar="N", help="Rooms under way at a time.")]
GcraLimiter = Annotated[
    str | None, typer.Option(metavar="R", help="Requests a second at the most.")
]
Output = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Write what is begun and what becomes of each room, as JSON lines; the file makes "
        "the batch resumable.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        metavar="",
        help="Go on with the --output of an earlier run, whatever ended it.",
    ),
]
ExistingRooms = Annotated[
    str,
    typer.Option(
        metavar="error|return|update",
        help="What to do with a room that exists: report it as failed, take it as it is, or "
        "change it to what the input asks.",
    ),
]
FailFast = Annotated[
    bool, typer.Option("--fail-fast", metavar="", help="Begin no more after a failure.")
]
Grace = Annotated[
    str,
    typer.Option(
        metavar="SECS",
        help="After Ctrl-C or SIGTERM, how long what is under way may take to finish.",
    ),
]
Form = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="csv|jsonl",
        help="What FILE is, if its name and its beginning do not tell.",
    ),
]


@everywhere
def batch(
    settings: Settings,
    path: InputFile,
    concurrency: Concurrency = "50",
    max_rate: GcraLimiter = None,
    output: Output = None,
    resume: Resume = False,
    if_exists: ExistingRooms = "return",
    fail_fast: FailFast = False,
    grace: Grace = "8",
    form: Form = None,
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
        values.seconds("--grace", grace),
    )
    form_chosen = None if form is None else values.choice("--format", form, FORMATS)
    if output == "-":
        values.refuse("--output: use --json for standard output")
    if output == "":
        values.refuse("--output: must be the path of a file, not ''")
    if resume and output is None:
        values.refuse("--resume: name the --output of the run to go on with")
    values.done()
    with ExitStack() as stack:
        with before_sending():
            source = stack.enter_context(opened(path, form_chosen))
            _check_output(output, source, resume=resume)
            checked = _checked(source, again=output is None)
            if resume and plan.output is not None and checked.rooms:
                _check_beginning(plan.output, checked.nameless)
        if checked.rooms:
            raise typer.Exit(run(_create(settings, plan, source, checked.rooms)))
        stderr().print(f"{source.name} has no rooms: there is nothing to do.")


def _check_output(path: str | None, source: Source, *, resume: bool) -> None:
    """See to it that no file is written over, and none gone on with by mistake.

    Raises:
        CommandError: the file is the input, or has content that was not asked for.
    """
    if path is None:
        return
    if source.is_file(path):
        raise CommandError([f"--output {named(path)} is the input itself: choose another file"])
    file = Path(path)
    if not resume and file.is_file() and file.stat().st_size > 0:
        raise CommandError(
            [
                f"--output {named(path)} is not empty: add --resume to go on with it, or name "
                "another file"
            ]
        )


def _check_beginning(path: str, nameless: int) -> None:
    """Say so if there is nothing to go on with; the file's name may be a slip of the hand.

    Raises:
        CommandError: beginning anew could make rooms again.
    """
    if not os.path.exists(path):
        found = f"{named(path)} does not exist"
    elif os.path.isfile(path) and os.path.getsize(path) == 0:
        found = f"{named(path)} is empty"
    else:
        return
    if nameless:
        raise CommandError(
            [
                f"--resume: {found}, and {_without_name(nameless)}: what an earlier run made would "
                "be made again; name its --output, or leave out --resume to begin anew"
            ]
        )
    stderr().print(f"{visible(found)}: there is nothing to go on with, so this begins anew.")


def _checked(source: Source, *, again: bool) -> Checked:
    """Check the input, before anything is written or sent.

    Raises:
        typer.Exit: something is wrong with it; each problem has been named.
    """
    console = stderr()
    checked = check(source, lambda problem: complain(console, [problem]))
    if checked.problems:
        problems = "1 problem" if checked.problems == 1 else f"{checked.problems:,} problems"
        console.print(f"{problems} in {source.name}; nothing was sent.")
        raise typer.Exit(MISUSED)
    if checked.nameless and again:
        console.print(
            f"{_without_name(checked.nameless)}: running the same input again would make such "
            "rooms again.",
            style="yellow",
        )
    return checked


def _without_name(count: int) -> str:
    return f"{'1 row has' if count == 1 else f'{count:,} rows have'} no unique_name"


async def _create(settings: Settings, plan: Plan, source: Source, total: int) -> int:
    """Make the rooms, tell what became of them, and return the exit code."""
    console = stderr()
    async with connected(settings, concurrency=plan.concurrency, brief=False) as rooms:
        tally = Tally(total, monotonic(), updating=plan.if_exists == "update")
        journal = plan.output is not None
        report = Report(console, tally, journal=journal, lasting=not settings.sandbox)
        results = Writer(sys.stdout if settings.json else None)
        with _display(console, tally, settings) as display:
            end = await Course(rooms, plan, source, report, results, display).run()
    try:
        if not settings.json:
            report.show_table(stdout())
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = f"standard output cannot be written: {error.strerror}"
        raise CommandError([problem], FAILED) from None
    finally:  # Ctrl-C ends what reads the table, too, and the summary goes elsewhere
        report.show_summary()
    if end.failure is not None:
        raise end.failure
    if end.signal is not None:
        return SIGNALLED + end.signal
    return 0 if tally.complete else FAILED


def _display(console: Console, tally: Tally, settings: Settings) -> Display:
    if can_draw(console, json=settings.json):
        return Bar(console, tally)
    return Lines(console, tally)
