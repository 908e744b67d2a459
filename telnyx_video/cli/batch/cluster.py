"""``telnyx-video batch --cluster``: creates the rooms of files in a job on Dask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import islice
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

from rich.console import Console

from telnyx_video.cli.batch.options import BatchOptions, ClusterOptions
from telnyx_video.cli.batch.report import (
    SHOWN,
    UNREADABLE_ROOMS,
    State,
    Tally,
    print_failure,
    summary_line,
)
from telnyx_video.cli.errors import FAILED, SIGNALLED, CommandError, in_terms_of_options
from telnyx_video.cli.options import GlobalOptions
from telnyx_video.cli.output import counted, quoted, stderr
from telnyx_video.cli.progress import Meter
from telnyx_video.cli.runtime import handling_signals, interrupted
from telnyx_video.cli.streams import visible, write_json
from telnyx_video.config import resolve

if TYPE_CHECKING:
    from telnyx_video.dask.progress import JobProgress
    from telnyx_video.provisioning.job import Job, Summary

LOCAL = "local"


def run_job(
    options: GlobalOptions, plan: BatchOptions, cluster: ClusterOptions, files: list[str]
) -> int:
    """Run a job, report how it ends, and return the exit code.

    Raises:
        CommandError: the options, the folder or the cluster cannot be used; nothing was sent.
        ConfigurationError: the files, the folder or an option cannot be used; nothing was sent.
        typer.Exit: it was interrupted before anything was sent.
    """
    _check(plan, cluster, files)
    console = stderr()
    report = JobReport(console, Meter(console, "Creating rooms", "rooms"))
    try:
        with handling_signals(report.react):
            job = _provision(options, plan, cluster, files, report)
    except KeyboardInterrupt:
        if report.progress is None:
            raise interrupted("nothing was sent") from None
        report.print_unfinished()
        return SIGNALLED + report.signal
    except Exception:
        report.print_unfinished()
        raise
    if options.json:
        for outcome in job.outcomes():
            write_json({"state": outcome.pop("status"), **outcome})
    report.print_missing(job)
    return report.print_summary(job.summary, job.rows)


def _check(plan: BatchOptions, cluster: ClusterOptions, files: list[str]) -> None:
    address = str(cluster.cluster)
    if address != LOCAL and "://" not in address:
        problem = f"must be local, or an address such as tcp://host:8786, not {address!r}"
        raise CommandError(f"--cluster: {problem}")
    if "-" in files:
        raise CommandError("--cluster reads files: it cannot read standard input in parts")
    needed = {
        "--output DIR, a folder that all workers reach": plan.output,
        "--job NAME, by which the job is continued": cluster.job,
    }
    missing = [option for option, given in needed.items() if not given]
    if missing:
        raise CommandError(f"--cluster: add {' and '.join(missing)}")


def _provision(
    options: GlobalOptions,
    plan: BatchOptions,
    cluster: ClusterOptions,
    files: list[str],
    report: JobReport,
) -> Job:
    try:
        from telnyx_video.dask.driver import provision
        from telnyx_video.provisioning.job import Job
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        problem = f"--cluster needs {package}, which is not installed"
        raise CommandError(f"{problem}: pip install 'telnyx-video[cli,dask]'") from None
    from telnyx_video.client.async_client import AsyncRoomsClient

    address, output, name = str(cluster.cluster), str(plan.output), str(cluster.job)
    # Remote workers have their own key; local ones inherit this environment.
    resolve(
        api_key=None if address == LOCAL else "-",
        base_url=options.base_url,
        allow_insecure=options.allow_insecure,
    )
    found = Job.name_in(output)
    if found == name and not plan.resume:
        advice = "add --resume to continue it, or choose another folder"
        problem = f"--output {quoted(output)} has the job {name!r} already"
        raise CommandError(f"{problem}: {advice}")
    if found is None and plan.resume:
        folder = visible(quoted(output))
        report.console.print(
            f"{folder} has no job: there is nothing to continue, so this starts over."
        )
    with nullcontext() if address == LOCAL else _connected(address) as client:
        if client is not None:
            report.console.print(f"Dask's dashboard: {visible(client.dashboard_link)}")
        with report.meter:
            return provision(
                files,
                output=output,
                job=name,
                client=client,
                lanes=cluster.lanes or 4,
                max_rate=plan.max_rate,
                concurrency=plan.concurrency,
                if_exists=plan.if_exists,
                base_url=options.base_url,
                connect=partial(
                    AsyncRoomsClient,
                    trust_env=True,
                    ca_file=options.ca_file,
                    allow_insecure=options.allow_insecure,
                ),
                on_progress=report.update,
            )


@contextmanager
def _connected(address: str) -> Generator[Any]:
    """Connect to a scheduler.

    Raises:
        CommandError: it cannot be reached.
    """
    import distributed

    connect = cast("Callable[[str], Any]", distributed.Client)
    try:
        client = connect(address)
    except (OSError, ValueError) as error:
        problem = f"--cluster {address}: the scheduler cannot be reached ({error})"
        raise CommandError(f"{problem}; nothing was sent", code=FAILED) from None
    with client:
        yield client


class JobReport:
    """Shows a job's progress, stops it on a signal, and prints its result."""

    def __init__(
        self, console: Console, meter: Meter, clock: Callable[[], float] = monotonic
    ) -> None:
        self.console = console
        self.meter = meter
        self.progress: JobProgress | None = None
        """The latest progress; None before anything was sent."""
        self.signal: int = 0
        """The latest signal."""
        self._signals = 0
        self._raised = 0
        self._clock = clock
        self._started = clock()

    def react(self, number: int, _: FrameType | None) -> None:
        """Handle a signal: at the next progress, or immediately if it is the second."""
        self.signal = number
        self._signals += 1
        if self._signals > 1 or self.progress is None:
            self._interrupt()

    def update(self, progress: JobProgress) -> None:
        """Show the progress.

        Raises:
            KeyboardInterrupt: there was a signal; parts in flight are finished.
        """
        self.progress = progress
        notes: list[str] = []
        if progress.refused:
            notes.append(f"{counted(progress.refused, 'request')} refused by the rate limit")
        if progress.summary.missing:
            notes.append(f"{progress.summary.missing:,} failed")
        done, total = progress.done - progress.before, progress.rows - progress.before
        self.meter.show(done, total, notes=notes)
        if self._raised < self._signals:
            self.console.print(
                "Stopping: the parts in flight are finished first; Ctrl-C again cancels them."
            )
            self._interrupt()

    def _interrupt(self) -> None:
        self._raised += 1
        raise KeyboardInterrupt

    def print_missing(self, job: Job) -> None:
        """Print why rooms are missing, for as many as fit on a screen."""
        for outcome in islice(cast("Iterator[Any]", job.missing()), SHOWN):
            state: State = outcome["status"]
            request: dict[str, object] = outcome["request"] or {}
            name = f", {request['unique_name']}" if "unique_name" in request else ""
            message = in_terms_of_options(outcome["error"]["message"])
            place = f"{outcome['file']}, line {outcome['line']}{name}"
            print_failure(self.console, state, f"{place}: {message}")
        more = job.summary.missing - SHOWN
        if more > 0:
            where = visible(quoted(f"{job.output}/outcomes"))
            self.console.print(f"... and {more:,} more; {where} has all")

    def print_unfinished(self) -> None:
        """Print the summary of a job that was started but not completed."""
        if self.progress is not None:
            self.print_summary(self.progress.summary, self.progress.rows)

    def print_summary(self, summary: Summary, rows: int) -> int:
        """Print how many rooms of the whole job ended in each state; return the exit code."""
        counts = summary.to_dict()
        del counts["begun_again"]
        tally = Tally(rows, self._started, states=Counter(cast("dict[State, int]", counts)))
        if summary.unreadable:
            self.console.print(UNREADABLE_ROOMS)
        if summary.begun_again:
            parts = counted(summary.begun_again, "part")
            self.console.print(
                f"In {parts} begun more than once, recovered rooms are those that are not older "
                "than the first attempt."
            )
        if tally.not_tried:
            self.console.print("The same command with --resume continues with the rest.")
        seconds = self._clock() - self._started
        ended = 0 if self.progress is None else self.progress.done - self.progress.before
        line = summary_line(tally, seconds, ended / max(seconds, 1e-9), left="not done")
        self.console.print(line, soft_wrap=True)
        return tally.exit_code
