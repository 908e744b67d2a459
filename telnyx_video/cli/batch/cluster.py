"""``telnyx-video batch --cluster``: the rooms of files as a job, whose parts run on Dask."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol, cast

from rich.console import Console
from rich.progress import TextColumn
from rich.text import Text

from telnyx_video.cli.batch.outcomes import STATES, State, Tally
from telnyx_video.cli.batch.report import SHOWN, UNREADABLE_ROOMS, summary_line
from telnyx_video.cli.errors import FAILED, SIGNALLED, CommandError, in_terms_of_options
from telnyx_video.cli.options import GlobalOptions, IfExists
from telnyx_video.cli.output import counted, quoted, stderr
from telnyx_video.cli.progress import LINE_EVERY, NarrowBar
from telnyx_video.cli.runtime import SIGNALS, interrupted
from telnyx_video.cli.streams import visible, write_json
from telnyx_video.cli.waiting import amount, can_draw, duration
from telnyx_video.config import resolve

if TYPE_CHECKING:
    from telnyx_video.dask import Job, JobProgress, Summary

LOCAL = "local"


@dataclass(frozen=True)
class JobPlan:
    """What to provision, and how."""

    cluster: str
    """``local``, or the address of a scheduler."""
    files: list[str]
    output: str
    job: str
    resume: bool
    lanes: int
    max_rate: float | None
    concurrency: int
    if_exists: IfExists


def run_job(options: GlobalOptions, plan: JobPlan) -> int:
    """Run a job, report how it ends, and return the exit code.

    Raises:
        CommandError: the folder or the cluster cannot be used; nothing was sent.
        ConfigurationError: the files, the folder or an option cannot be used; nothing was sent.
        typer.Exit: it was interrupted before anything was sent.
    """
    console = stderr()
    display = JobBar(console) if can_draw(console, json=False) else JobLines(console)
    report = JobReport(console, display)
    try:
        with _handling_signals(report.react):
            job = _provision(options, plan, report)
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


def _provision(options: GlobalOptions, plan: JobPlan, report: JobReport) -> Job:
    try:
        from telnyx_video.dask import Job, provision
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        problem = f"--cluster needs {package}, which is not installed"
        raise CommandError([f"{problem}: pip install 'telnyx-video[cli,dask]'"]) from None
    from telnyx_video import AsyncRoomsClient

    # Workers elsewhere have a key of their own; those of this machine inherit this environment.
    resolve(
        api_key=None if plan.cluster == LOCAL else "-",
        base_url=options.base_url,
        allow_insecure=options.allow_insecure,
    )
    _check_folder(Job.name_in(plan.output), plan)
    with ExitStack() as stack:
        client = None
        if plan.cluster != LOCAL:
            client = stack.enter_context(_connected(plan.cluster))
            report.console.print(f"Dask's dashboard: {visible(client.dashboard_link)}")
        stack.callback(report.display.stop)
        report.display.start()
        return provision(
            plan.files,
            output=plan.output,
            job=plan.job,
            client=client,
            lanes=plan.lanes,
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


def _check_folder(found: str | None, plan: JobPlan) -> None:
    """Make sure that no job is continued by mistake; another job's folder is refused later.

    Raises:
        CommandError: the folder has this job, and there is no ``--resume``.
    """
    if found == plan.job and not plan.resume:
        raise CommandError(
            [
                f"--output {quoted(plan.output)} has the job {plan.job!r} already: add --resume to "
                "continue it, or choose another folder"
            ]
        )
    if found is None and plan.resume:
        what = f"{visible(quoted(plan.output))} has no job"
        stderr().print(f"{what}: there is nothing to continue, so this starts over.")


@contextmanager
def _connected(address: str) -> Generator[Any]:
    """A client of a scheduler.

    Raises:
        CommandError: it cannot be reached.
    """
    import distributed

    connect = cast("Callable[[str], Any]", distributed.Client)
    try:
        client = connect(address)
    except (OSError, ValueError) as error:
        problem = f"--cluster {address}: the scheduler cannot be reached ({error})"
        raise CommandError([f"{problem}; nothing was sent"], FAILED) from None
    with client:
        yield client


@contextmanager
def _handling_signals(react: Callable[[int, FrameType | None], None]) -> Generator[None]:
    """Handle Ctrl-C and SIGTERM like this."""
    before = {number: signal.signal(number, react) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Display(Protocol):
    """Shows the progress of a job."""

    def start(self) -> None:
        """Show that it begins."""
        ...

    def update(self, progress: JobProgress) -> None:
        """Show the progress."""
        ...

    def stop(self) -> None:
        """Show no more."""
        ...


class JobBar:
    """A bar with a count, a rate and the remaining time; gone when the job has ended."""

    def __init__(self, console: Console) -> None:
        columns = TextColumn("{task.fields[count]}"), TextColumn("{task.fields[pace]}")
        self._progress = NarrowBar(console, "Creating rooms", *columns)
        self._task = self._progress.add_task("", total=None, count="", pace="starting")

    def start(self) -> None:
        """Draw it; until there is any progress, it moves to and fro."""
        self._progress.start()

    def update(self, progress: JobProgress) -> None:
        """Move the bar; rooms of an earlier run are not progress of this one."""
        done, total = progress.done - progress.before, progress.rows - progress.before
        count, pace = f"{done:,}/{total:,}", pace_of(progress)
        self._progress.update(self._task, completed=done, total=total, count=count, pace=pace)

    def stop(self) -> None:
        """Remove it."""
        self._progress.stop()


class JobLines:
    """A line every ten seconds, for logs."""

    def __init__(self, console: Console, clock: Callable[[], float] = monotonic) -> None:
        self._console = console
        self._clock = clock
        self._next = clock() + LINE_EVERY

    def start(self) -> None:
        """Print nothing yet."""

    def update(self, progress: JobProgress) -> None:
        """Print a line, if it is time for one."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + LINE_EVERY
        done, total = progress.done - progress.before, progress.rows - progress.before
        pace = pace_of(progress) or "none has ended yet"
        self._console.print(f"{done:,} of {total:,} rooms, {pace}")

    def stop(self) -> None:
        """Print no more."""


def pace_of(progress: JobProgress) -> str:
    """The rate, the time left at that rate, and what went wrong so far."""
    parts: list[str] = []
    if progress.remaining is not None:
        parts += [f"{amount(progress.rate)}/s", f"{duration(progress.remaining)} left"]
    if progress.refused:
        parts.append(f"{counted(progress.refused, 'request')} refused by the rate limit")
    if progress.summary.missing:
        parts.append(f"{progress.summary.missing:,} failed")
    return ", ".join(parts)


class JobReport:
    """Follows a job, stops it on a signal, and prints how it ends."""

    def __init__(
        self, console: Console, display: Display, clock: Callable[[], float] = monotonic
    ) -> None:
        self.console = console
        self.display = display
        self.progress: JobProgress | None = None
        """The latest progress; None before anything was sent."""
        self.signal: int = 0
        """The latest signal."""
        self._signals = 0
        self._raised = 0
        self._clock = clock
        self._started = clock()

    def react(self, number: int, _: FrameType | None) -> None:
        """Handle a signal: the first one waits for the next progress, a second one for nothing."""
        self.signal = number
        self._signals += 1
        if self._signals > 1 or self.progress is None:
            self._interrupt()

    def update(self, progress: JobProgress) -> None:
        """Take the progress.

        Raises:
            KeyboardInterrupt: there was a signal; parts in flight may end.
        """
        self.progress = progress
        if not self._signals:
            self.display.update(progress)
        elif self._raised < self._signals:
            self.display.stop()
            self.console.print(
                "Stopping: the parts in flight are finished first; Ctrl-C again cancels them."
            )
            self._interrupt()

    def _interrupt(self) -> None:
        self._raised += 1
        raise KeyboardInterrupt

    def print_missing(self, job: Job) -> None:
        """Print why rooms are missing, of as many as fit a screen."""
        for outcome in islice(cast("Iterator[Any]", job.missing()), SHOWN):
            state: State = outcome["status"]
            request: dict[str, object] = outcome["request"] or {}
            name = f", {request['unique_name']}" if "unique_name" in request else ""
            message = in_terms_of_options(outcome["error"]["message"])
            sentence = visible(f"{outcome['file']}, line {outcome['line']}{name}: {message}")
            self.console.print(Text.assemble((state, STATES[state]), " ", sentence))
        more = job.summary.missing - SHOWN
        if more > 0:
            where = visible(quoted(f"{job.output}/outcomes"))
            self.console.print(f"... and {more:,} more; {where} has all")

    def print_unfinished(self) -> None:
        """Print the summary of a job that did not come to its end, if it was begun."""
        if self.progress is not None:
            self.print_summary(self.progress.summary, self.progress.rows)

    def print_summary(self, summary: Summary, rows: int) -> int:
        """Print how many rooms of the whole job ended in each state; return the exit code."""
        counts = {
            "made": summary.made,
            "existed": summary.existed,
            "recovered": summary.recovered,
            "unreadable": summary.unreadable,
            "failed": summary.failed,
            "unknown": summary.unknown,
        }
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
