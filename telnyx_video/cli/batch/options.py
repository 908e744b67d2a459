"""The options of ``telnyx-video batch``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from typer import Option

from telnyx_video.cli.errors import CommandError
from telnyx_video.cli.options import IfExists, argument

InputFiles = Annotated[
    list[str],
    argument(
        "FILE",
        "CSV whose first row names the fields, or JSON lines; - reads standard input. With "
        "--cluster any number of files, URLs and globs, Parquet too.",
    ),
]


@dataclass(frozen=True)
class BatchOptions:
    """How to create the rooms of an input; times are in seconds."""

    concurrency: Annotated[int, Option(metavar="N", min=1, help="Rooms in flight at a time.")] = 50
    max_rate: Annotated[
        float | None, Option(metavar="R", help="The maximum number of requests a second.")
    ] = None
    output: Annotated[
        str | None,
        Option(
            "--output",
            metavar="FILE",
            help="Write what is started and its outcome to a file, as JSON lines; it makes the "
            "batch resumable. With --cluster a folder, or a URL of an object store.",
        ),
    ] = None
    resume: Annotated[
        bool, Option("--resume", help="Continue the --output of an earlier run, however it ended.")
    ] = False
    if_exists: Annotated[
        IfExists,
        Option(
            metavar="error|return|update",
            help="If a room exists: report it as failed, leave it as it is, or change it to what "
            "the input asks for.",
        ),
    ] = "return"
    fail_fast: Annotated[bool, Option("--fail-fast", help="Start no more after a failure.")] = False
    give_up_after: Annotated[
        float,
        Option(metavar="SECS", help="How long to wait for a server that is down before giving up."),
    ] = 900.0
    grace: Annotated[
        float,
        Option(
            metavar="SECS",
            min=0,
            help="After Ctrl-C or SIGTERM, how long requests in flight may take to finish.",
        ),
    ] = 8.0
    form: Annotated[
        Literal["csv", "jsonl"] | None,
        Option(
            "--format", metavar="csv|jsonl", help="The format of FILE, if it cannot be detected."
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.max_rate is not None and not 0 < self.max_rate < float("inf"):
            raise CommandError(f"--max-rate: must be a number above 0, not {self.max_rate:g}")
        if self.output == "-":
            raise CommandError("--output: use --json for standard output")
        if self.output == "":
            raise CommandError("--output: must be the path of a file, not ''")
        if self.resume and self.output is None:
            raise CommandError("--resume: add the --output of the run to continue")


def _cluster(*names: str, metavar: str, help: str, min: int | None = None) -> Any:
    panel = "Cluster options"
    return Option(*names, metavar=metavar, help=help, min=min, rich_help_panel=panel)


@dataclass(frozen=True)
class ClusterOptions:
    """Where to run a batch as a job, and how."""

    cluster: Annotated[
        str | None,
        _cluster(
            metavar="local|tcp://…",
            help="Run the batch as a job on a Dask cluster: one of this machine, or that of a "
            "scheduler.",
        ),
    ] = None
    job: Annotated[str | None, _cluster("--job", metavar="NAME", help="The job's name.")] = None
    lanes: Annotated[
        int | None,
        _cluster(
            metavar="N",
            min=1,
            help="Parts in flight at a time, 4 by default; more need --max-rate, which they share.",
        ),
    ] = None
