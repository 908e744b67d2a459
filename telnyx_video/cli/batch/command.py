"""``telnyx-video batch``: the rooms of a file, all checked first, then created concurrently."""

from __future__ import annotations

import math
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from telnyx_video.cli.errors import FAILED, MISUSED, SIGNALLED, CommandError, options_checked
from telnyx_video.cli.options import GlobalOptions, IfExists
from telnyx_video.cli.output import counted, print_errors, quoted, stderr, stdout
from telnyx_video.cli.runtime import before_sending, connect, run
from telnyx_video.cli.streams import visible

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient
    from telnyx_video.cli.batch.run import Plan
    from telnyx_video.cli.batch.source import Checked, Source

CLUSTER = "Cluster options"

GIVE_UP_AFTER = 900.0
GRACE = 8.0

InputFiles = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE",
        help="CSV whose first row names the fields, or JSON lines; - reads standard input. With "
        "--cluster any number of files, URLs and globs, Parquet too.",
        show_default=False,
    ),
]
Concurrency = Annotated[int, typer.Option(metavar="N", min=1, help="Rooms in flight at a time.")]
MaxRate = Annotated[
    float | None, typer.Option(metavar="R", help="The maximum number of requests a second.")
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        metavar="FILE",
        help="Write what is started and its outcome to a file, as JSON lines; it makes the batch "
        "resumable. With --cluster a folder, or a URL of an object store.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Continue the --output of an earlier run, however it ended."),
]
ExistingRooms = Annotated[
    IfExists,
    typer.Option(
        metavar="error|return|update",
        help="If a room exists: report it as failed, leave it as it is, or change it to what the "
        "input asks for.",
    ),
]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Start no more after a failure.")]
Grace = Annotated[
    float,
    typer.Option(
        metavar="SECS",
        min=0,
        help="After Ctrl-C or SIGTERM, how long requests in flight may take to finish.",
    ),
]
GiveUpAfter = Annotated[
    float,
    typer.Option(
        metavar="SECS", help="How long to wait for a server that is down before giving up."
    ),
]
InputFormat = Annotated[
    Literal["csv", "jsonl"] | None,
    typer.Option(
        "--format", metavar="csv|jsonl", help="The format of FILE, if it cannot be detected."
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="local|tcp://…",
        help="Run the batch as a job on a Dask cluster: one of this machine, or that of a "
        "scheduler.",
        rich_help_panel=CLUSTER,
    ),
]
JobName = Annotated[
    str | None,
    typer.Option("--job", metavar="NAME", help="The job's name.", rich_help_panel=CLUSTER),
]
Lanes = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Parts in flight at a time, 4 by default; more need --max-rate, which they share.",
        rich_help_panel=CLUSTER,
    ),
]


def batch(
    options: GlobalOptions,
    files: InputFiles,
    concurrency: Concurrency = 50,
    max_rate: MaxRate = None,
    output: Output = None,
    resume: Resume = False,
    if_exists: ExistingRooms = "return",
    fail_fast: FailFast = False,
    give_up_after: GiveUpAfter = GIVE_UP_AFTER,
    grace: Grace = GRACE,
    form: InputFormat = None,
    cluster: Cluster = None,
    job: JobName = None,
    lanes: Lanes = None,
) -> None:
    """Create the rooms of a file, many at a time.

    The whole file is checked first: if anything is wrong with it, nothing is sent. Rooms that
    exist already are reported and left alone, so that the same file can be run again.

    With --cluster the files are cut into parts, which the workers of a Dask cluster create. Rows
    are checked as they are read: one that cannot be read fails, and the others are created.
    """
    _check_options(options, output, max_rate, resume=resume)
    if cluster is not None:
        advice = {
            "--sandbox: run telnyx-video sandbox in another terminal": options.sandbox,
            "--proxy: set HTTPS_PROXY for the workers": options.proxy,
            "--fail-fast: leave it out": fail_fast,
            "--give-up-after: leave it out": give_up_after != GIVE_UP_AFTER,
            "--grace: leave it out": grace != GRACE,
            "--format: leave it out, and name files by their format": form,
        }
        for sentence, given in advice.items():
            if given:
                raise CommandError([f"--cluster does not go with {sentence}"])
        folder, name = _check_job(cluster, files, output, job)
        from telnyx_video.cli.batch.cluster import JobPlan, run_job

        rates = lanes or 4, max_rate, concurrency
        job_plan = JobPlan(cluster, files, folder, name, resume, *rates, if_exists)
        raise typer.Exit(run_job(options, job_plan))
    if job is not None or lanes is not None:
        raise CommandError(["--job and --lanes are for a cluster: add --cluster local"])
    if len(files) > 1:
        raise CommandError([f"batch takes one file, not {len(files)}: add --cluster local"])
    (path,) = files
    from telnyx_video.cli.batch.run import Plan
    from telnyx_video.cli.batch.source import opened

    plan = Plan(concurrency, max_rate, if_exists, fail_fast, output, give_up_after, grace)
    with ExitStack() as stack:
        with before_sending():
            source = stack.enter_context(opened(path, form))
            _check_output(output, source, resume=resume)
            checked = _checked(source, again=output is None)
            if resume and output is not None and checked.rooms:
                _check_resumable(output, checked.nameless)
        if checked.rooms:
            raise typer.Exit(run(_create(options, plan, source, checked.rooms)))
        stderr().print(f"{source.name} has no rooms: there is nothing to do.")


def _check_options(
    options: GlobalOptions, output: str | None, max_rate: float | None, *, resume: bool
) -> None:
    if options.format == "csv":
        raise CommandError(["batch prints a table or JSON: leave out --output csv"])
    if max_rate is not None and not 0 < max_rate < math.inf:
        raise CommandError([f"--max-rate: must be a number above 0, not {max_rate:g}"])
    if output == "-":
        raise CommandError(["--output: use --json for standard output"])
    if output == "":
        raise CommandError(["--output: must be the path of a file, not ''"])
    if resume and output is None:
        raise CommandError(["--resume: add the --output of the run to continue"])


def _check_job(
    cluster: str, files: list[str], output: str | None, job: str | None
) -> tuple[str, str]:
    """Make sure that a job can be run, and return its folder and its name."""
    if cluster != "local" and "://" not in cluster:
        raise CommandError(
            [f"--cluster: must be local, or an address such as tcp://host:8786, not {cluster!r}"]
        )
    if "-" in files:
        raise CommandError(["--cluster reads files: it cannot read standard input in parts"])
    missing: list[str] = []
    if output is None:
        missing.append("--output DIR, a folder that all workers reach")
    if not job:
        missing.append("--job NAME, by which the job is continued")
    if output is None or not job:
        raise CommandError([f"--cluster: add {' and '.join(missing)}"])
    return output, job


def _check_output(path: str | None, source: Source, *, resume: bool) -> None:
    """Make sure that no file is overwritten, and none is continued by mistake.

    Raises:
        CommandError: the file is the input, or has content and there is no ``--resume``.
    """
    if path is None:
        return
    if source.is_file(path):
        raise CommandError([f"--output {quoted(path)} is the input itself: choose another file"])
    file = Path(path)
    if not resume and file.is_file() and file.stat().st_size > 0:
        raise CommandError(
            [
                f"--output {quoted(path)} is not empty: add --resume to continue it, or choose "
                "another file"
            ]
        )


def _check_resumable(path: str, nameless: int) -> None:
    """Report that there is nothing to continue; the file's name may be mistyped.

    Raises:
        CommandError: starting over could create rooms twice.
    """
    if not os.path.exists(path):
        found = f"{quoted(path)} does not exist"
    elif os.path.isfile(path) and os.path.getsize(path) == 0:
        found = f"{quoted(path)} is empty"
    else:
        return
    if nameless:
        raise CommandError(
            [
                f"--resume: {found}, and {_without_name(nameless)}: the rooms of an earlier run "
                "would be created again; give its --output, or leave out --resume to start over"
            ]
        )
    stderr().print(f"{visible(found)}: there is nothing to continue, so this starts over.")


def _checked(source: Source, *, again: bool) -> Checked:
    """Check the input, before anything is written or sent.

    Raises:
        typer.Exit: something is wrong with it, and each problem was printed.
    """
    from telnyx_video.cli.batch.progress import CheckProgress
    from telnyx_video.cli.batch.source import check

    console = stderr()
    with CheckProgress(console) as progress:
        checked = check(source, lambda problem: print_errors([problem]), progress.update)
    if checked.problems:
        console.print(f"{counted(checked.problems, 'problem')} in {source.name}; nothing was sent.")
        raise typer.Exit(MISUSED)
    if checked.nameless and again:
        console.print(
            f"{_without_name(checked.nameless)}: running the same input again would create such "
            "rooms again.",
            style="yellow",
        )
    return checked


def _without_name(count: int) -> str:
    return f"{counted(count, 'row')} {'has' if count == 1 else 'have'} no unique_name"


async def _create(options: GlobalOptions, plan: Plan, source: Source, total: int) -> int:
    """Create the rooms, report their outcomes, and return the exit code."""
    from telnyx_video.cli.batch.outcomes import OutcomeWriter, Tally
    from telnyx_video.cli.batch.progress import Bar, Lines
    from telnyx_video.cli.batch.report import Report
    from telnyx_video.cli.batch.run import BatchRun, End
    from telnyx_video.cli.waiting import ServerStatus, can_draw

    console = stderr()
    status = ServerStatus(plan.give_up_after)
    async with connect(options, status, concurrency=plan.concurrency, long_retries=True) as rooms:
        tally = Tally(total, monotonic(), updating=plan.if_exists == "update")
        journal = plan.output is not None
        report = Report(console, tally, status, journal=journal, lasting=not options.sandbox)
        results = OutcomeWriter(sys.stdout if options.json else None)
        draw = Bar if can_draw(console, json=options.json) else Lines
        with options_checked():
            batch = BatchRun(rooms, plan, source, report, results)
        with draw(console, tally, status) as display:
            end = await batch.run(display)
        intact = options.sandbox and options.faults is not None and end == End()
        rooms_there = await _count_rooms(rooms) if intact else None
    try:
        if not options.json:
            report.print_table(stdout())
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = f"standard output cannot be written: {error.strerror}"
        raise CommandError([problem], FAILED) from None
    finally:  # Ctrl-C also ends the process that reads the table, so the summary goes elsewhere
        report.print_summary(rooms_there)
    if end.failure is not None:
        raise end.failure
    if end.signal is not None:
        return SIGNALLED + end.signal
    return tally.exit_code


async def _count_rooms(rooms: AsyncRoomsClient) -> int | None:
    """How many rooms the server has."""
    page = await anext(rooms.list(page_size=1).pages())
    return page.total_results
