"""``telnyx-video batch``: checks all rooms of a file, then creates them concurrently."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from telnyx_video.cli.batch.options import BatchOptions, ClusterOptions, InputFiles
from telnyx_video.cli.calls import CommandLine
from telnyx_video.cli.command import command, command_group
from telnyx_video.cli.errors import FAILED, MISUSED, SIGNALLED, CommandError, options_checked
from telnyx_video.cli.options import GLOBAL_NAMES
from telnyx_video.cli.output import counted, print_errors, quoted, stderr
from telnyx_video.cli.runtime import before_sending, run
from telnyx_video.cli.streams import visible

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient
    from telnyx_video.cli.batch.source import Checked, Source


app: typer.Typer = command_group()


@command(
    app,
    "batch",
    "telnyx-video batch rooms.csv --output results.jsonl",
    "telnyx-video batch rooms.csv --output results.jsonl --resume",
    "telnyx-video batch rooms/*.csv --cluster local --output outcomes --job spring-term",
    takes=[name for name in GLOBAL_NAMES if name != "output_format"],
)
def batch(cli: CommandLine, files: InputFiles, plan: BatchOptions, cluster: ClusterOptions) -> None:
    """Create the rooms of a file, many at a time.

    The whole file is checked first: if anything is wrong with it, nothing is sent. Rooms that
    exist already are reported and left alone, so that the same file can be run again.

    With --cluster the files are cut into parts, which the workers of a Dask cluster create. Rows
    are checked as they are read: one that cannot be read fails, and the others are created.
    """
    if cli.format == "csv":
        raise CommandError("batch prints a table or JSON: leave out --output csv")
    if cluster.cluster is not None:
        _refuse_with_cluster(cli, plan)
        from telnyx_video.cli.batch.cluster import run_job

        raise typer.Exit(run_job(cli, plan, cluster, files))
    if cluster != ClusterOptions():
        raise CommandError("--job and --lanes are for a cluster: add --cluster local")
    if len(files) > 1:
        raise CommandError(f"batch takes one file, not {len(files)}: add --cluster local")
    (path,) = files
    from telnyx_video.cli.batch.source import opened

    with ExitStack() as stack:
        with before_sending():
            source = stack.enter_context(opened(path, plan.form))
            _check_output(plan, source)
            checked = _checked(source, again=plan.output is None)
            if plan.resume and checked.rooms:
                _check_resumable(str(plan.output), checked.nameless)
        if checked.rooms:
            raise typer.Exit(run(_create(cli, plan, source, checked.rooms)))
        stderr().print(f"{source.name} has no rooms: there is nothing to do.")


def _refuse_with_cluster(cli: CommandLine, plan: BatchOptions) -> None:
    advice = {
        "--sandbox: run telnyx-video sandbox in another terminal": cli.sandbox,
        "--proxy: set HTTPS_PROXY for the workers": cli.proxy,
        "--fail-fast: leave it out": plan.fail_fast,
        "--give-up-after: leave it out": plan.give_up_after != BatchOptions.give_up_after,
        "--grace: leave it out": plan.grace != BatchOptions.grace,
        "--format: leave it out, and name files by their format": plan.form,
    }
    for sentence, given in advice.items():
        if given:
            raise CommandError(f"--cluster does not go with {sentence}")


def _check_output(plan: BatchOptions, source: Source) -> None:
    """Make sure that no file is overwritten or continued by mistake.

    Raises:
        CommandError: the file is the input, or has content and there is no ``--resume``.
    """
    if plan.output is None:
        return
    name, file = quoted(plan.output), Path(plan.output)
    if source.is_file(plan.output):
        raise CommandError(f"--output {name} is the input itself: choose another file")
    if not plan.resume and file.is_file() and file.stat().st_size > 0:
        problem = f"--output {name} is not empty"
        raise CommandError(f"{problem}: add --resume to continue it, or choose another file")


def _check_resumable(path: str, nameless: int) -> None:
    """Report that there is nothing to resume; the name of the file may be mistyped.

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
            f"--resume: {found}, and {_without_name(nameless)}: the rooms of an earlier run "
            "would be created again; give its --output, or leave out --resume to start over"
        )
    stderr().print(f"{visible(found)}: there is nothing to continue, so this starts over.")


def _checked(source: Source, *, again: bool) -> Checked:
    """Check the input before anything is written or sent.

    Raises:
        typer.Exit: it has problems; each was printed.
    """
    from telnyx_video.cli.batch.source import check
    from telnyx_video.cli.progress import Meter

    console = stderr()
    with Meter(console, "Checking rows", "rows checked", after=CHECKING_AFTER) as meter:
        checked = check(source, lambda problem: print_errors([problem]), meter.show)
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


CHECKING_AFTER = 0.25
"""Seconds after which the progress of the check is shown."""


def _without_name(count: int) -> str:
    return f"{counted(count, 'row')} {'has' if count == 1 else 'have'} no unique_name"


async def _create(cli: CommandLine, plan: BatchOptions, source: Source, total: int) -> int:
    """Create the rooms, report their outcomes, and return the exit code."""
    from telnyx_video.cli.batch.report import Report, Tally
    from telnyx_video.cli.batch.run import BatchRun
    from telnyx_video.cli.waiting import ServerStatus

    status = ServerStatus(plan.give_up_after)
    async with cli.connect(status, concurrency=plan.concurrency, long_retries=True) as rooms:
        tally = Tally(total, updating=plan.if_exists == "update")
        report = Report(
            stderr(), tally, status, journal=plan.output is not None, lasting=not cli.sandbox
        )
        with options_checked():
            batch = BatchRun(rooms, plan, source, report, json=cli.json)
        await batch.run()
        intact = cli.sandbox and cli.faults is not None and batch.undisturbed
        rooms_there = await _count_rooms(rooms) if intact else None
    try:
        if not cli.json:
            report.print_table()
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = f"standard output cannot be written: {error.strerror}"
        raise CommandError(problem, code=FAILED) from None
    finally:  # Ctrl-C may have ended the reader of stdout; the summary is on stderr
        report.print_summary(rooms_there)
    if batch.failure is not None:
        raise batch.failure
    return tally.exit_code if batch.signal is None else SIGNALLED + batch.signal


async def _count_rooms(rooms: AsyncRoomsClient) -> int | None:
    """How many rooms the server has."""
    page = await anext(rooms.list(page_size=1).pages())
    return page.total_results
