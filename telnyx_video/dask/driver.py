"""Runs a job on a cluster: a few parts in flight at a time, until all are done.

A part is a range of a file, or a partition of a Dask bag or dataframe.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from typing import Any, Literal, Protocol, TypeGuard, cast
from uuid import uuid4

import attrs
import distributed
from distributed import Client, KilledWorker

from telnyx_video.client.async_client import AsyncRoomsClient
from telnyx_video.config import resolve
from telnyx_video.dask.progress import OnJobProgress, Tracker
from telnyx_video.dask.worker import Connect, Task, close, dask_setup, run_part, run_rows
from telnyx_video.errors import ConfigurationError
from telnyx_video.provisioning.inputs import PART_ROWS, FilePart, RowsPart, cut, part_name
from telnyx_video.provisioning.job import Job

_dask: Any = distributed
"""The same, for functions without types."""

UNPACED_LANES = 4
"""Lanes that the limit's headers pace well; more would be refused too often."""

ALLOWED_FAILURES = 100
"""Workers that may die with a task before Dask gives it up; three by default."""

LOOK_EVERY = 0.25
"""Seconds between reports to ``on_progress``."""


class Collection(Protocol):
    """A Dask bag or dataframe."""

    def to_delayed(self) -> Sequence[Any]:
        """Its partitions."""
        ...


@attrs.frozen
class PartitionPart:
    """A partition, whose rows Dask computes."""

    name: str
    first: int
    rows: int
    digest: str
    partition: Any = attrs.field(repr=False, eq=False)

    def read(self) -> Any:
        """Not possible here."""
        raise ConfigurationError(f"{self.name} is a partition of Dask: a worker computes it")


def provision(
    source: str | os.PathLike[str] | Iterable[str] | Collection,
    *,
    output: str | os.PathLike[str],
    job: str,
    client: Client | None = None,
    lanes: int = UNPACED_LANES,
    max_rate: float | None = None,
    if_exists: Literal["error", "return", "update"] = "return",
    concurrency: int = 50,
    part_rows: int = PART_ROWS,
    base_url: str | None = None,
    connect: Connect = AsyncRoomsClient,
    on_progress: OnJobProgress | None = None,
) -> Job:
    """Provision the rooms of a large input on a cluster, or continue an earlier run.

    ::

        job = provision("rooms/*.parquet", output="out/", job="spring-term")
        print(job.summary)

    Args:
        source: Paths, URLs or globs of CSV, JSON lines or Parquet files; or a Dask bag of requests
            or of mappings of their fields; or a Dask dataframe whose columns are such fields.
        output: A folder that all workers reach, as a path or a URL that fsspec knows.
        job: The job's name. The same name, input and output continue the job.
        client: A client of your cluster; by default a ``LocalCluster`` is started, and closed.
        lanes: Parts in flight at the most.
        max_rate: Requests a second of all lanes together; needed for more than four lanes.
        if_exists: What to do with rooms that exist, as for
            :meth:`~telnyx_video.AsyncRoomsClient.create`.
        concurrency: Rooms in flight at the most, in each lane.
        part_rows: Rows of a part; bags and frames have a part for each partition instead.
        base_url: Where the API is; by default ``TELNYX_BASE_URL``, else Telnyx's own address.
        connect: Makes the client of a worker process, from the keyword arguments ``base_url``,
            ``concurrency`` and ``hooks``. The default takes the key from the worker's environment.
        on_progress: Called with a :class:`JobProgress` some times a second.

    Returns:
        The job, all of whose parts are done.

    Raises:
        ConfigurationError: arguments that cannot work; an output of another job; an input that
            cannot be read.
        KeyboardInterrupt: Ctrl-C, after the parts in flight have ended; a second one does not wait.
        Exception: an error of a part that is not about one of its rows, after the parts in flight
            have ended. The job can be run again.
    """
    _check(lanes, max_rate, concurrency, part_rows, connect, client)
    # The key and the use of plain HTTP are checked by the workers, which connect.
    server = resolve(api_key="-", base_url=base_url, allow_insecure=True).base_url
    with ExitStack() as stack:
        if _is_collection(source):
            client = client or stack.enter_context(_local_cluster(lanes))
            parts: list[FilePart] | list[PartitionPart] = _partitions(source, client)
        else:
            parts = cut(cast("str | os.PathLike[str] | Iterable[str]", source), part_rows)
        begun = Job(parts, output=os.fspath(output), job=job, server=server)
        done = begun.done
        to_do = [part for part in parts if part.name not in done]
        if not to_do:
            return begun
        cluster: Any = client or stack.enter_context(_local_cluster(lanes))
        _allow_failures(cluster)
        task = Task(
            run=f"telnyx-video-{uuid4().hex}",
            output=_absolute(begun.output),
            job=job,
            server=server,
            connect=connect,
            if_exists=if_exists,
            concurrency=concurrency,
            max_rate=None if max_rate is None else max_rate / lanes,
        )
        tracker = Tracker(begun.rows, len(parts), begun.summary, len(parts) - len(to_do))
        run = _Run(cluster, task, tracker, on_progress or _ignore)
        with _reports(cluster, task.run, tracker):
            try:
                run.all(iter(to_do), lanes)
            finally:
                cluster.run(close, task.run, on_error="ignore")
    return begun


def _is_collection(source: object) -> TypeGuard[Collection]:
    """Whether this is a bag or a dataframe."""
    return hasattr(source, "to_delayed")


def _partitions(source: Collection, client: Any) -> list[PartitionPart]:
    """The parts of a collection, which is computed once to learn of their rows."""
    delayed: Any = import_module("dask").delayed
    values = [delayed(_rows_of)(partition) for partition in source.to_delayed()]
    found: list[tuple[int, str]] = client.gather(
        client.compute([delayed(_digest)(each) for each in values])
    )
    parts: list[PartitionPart] = []
    first = 0
    for value, (rows, digest) in zip(values, found, strict=True):
        parts.append(PartitionPart(part_name(len(parts)), first, rows, digest, value))
        first += rows
    return parts


def _rows_of(partition: Any) -> list[object]:
    """The rows of a partition: of a bag its items, of a frame the fields of each row."""
    to_dict = getattr(partition, "to_dict", None)
    if to_dict is not None:
        return cast("list[object]", to_dict("records"))
    return list(partition)


def _digest(values: list[object]) -> tuple[int, str]:
    part = RowsPart("", values)
    return part.rows, part.digest


class _Run:
    """Keeps parts in flight."""

    def __init__(
        self, client: Any, task: Task, tracker: Tracker, on_progress: OnJobProgress
    ) -> None:
        self._client = client
        self._task = task
        self._tracker = tracker
        self._on_progress = on_progress
        self._in_flight: dict[Any, str] = {}
        self._failure: BaseException | None = None

    def all(self, parts: Iterator[FilePart | PartitionPart], lanes: int) -> None:
        """Run these parts; after the first failure or Ctrl-C only those that are in flight."""
        while True:
            try:
                while self._failure is None and len(self._in_flight) < lanes:
                    part = next(parts, None)
                    if part is None:
                        break
                    self._begin(part)
                if not self._in_flight:
                    break
                self._wait()
            except KeyboardInterrupt as interrupt:
                if isinstance(self._failure, KeyboardInterrupt):
                    self._client.cancel(list(self._in_flight))
                    raise
                self._failure = self._failure or interrupt
        self._on_progress(self._tracker.progress)
        if self._failure is not None:
            raise self._failure

    def _begin(self, part: FilePart | PartitionPart) -> None:
        # The run is in the key: another run's result of this part is not ours.
        submit = partial(self._client.submit, key=f"{self._task.run}-{part.name}", pure=False)
        if isinstance(part, FilePart):
            future = submit(run_part, self._task, part)
        else:
            values = self._client.compute(part.partition)
            empty = RowsPart(part.name, (), part.first)
            future = submit(run_rows, self._task, empty, part.digest, values)
        self._in_flight[future] = part.name
        self._tracker.begun(part.name)

    def _wait(self) -> None:
        try:
            ended = _dask.wait(list(self._in_flight), LOOK_EVERY, "FIRST_COMPLETED").done
        except TimeoutError:
            ended = ()
        for future in ended:
            name, summary = self._in_flight.pop(future), None
            try:
                summary = future.result()
            except Exception as error:
                self._failure = self._failure or _explained(name, error)
            self._tracker.ended(name, summary)
        self._on_progress(self._tracker.progress)


def _check(
    lanes: int,
    max_rate: float | None,
    concurrency: int,
    part_rows: int,
    connect: object,
    client: Client | None,
) -> None:
    problems: list[str] = []
    for name, value in (("lanes", lanes), ("concurrency", concurrency), ("part_rows", part_rows)):
        if type(value) is not int or value < 1:
            problems.append(f"{name} must be an integer of at least 1")
    if max_rate is not None and not 0 < max_rate < float("inf"):
        problems.append("max_rate must be a number above 0")
    if not problems and lanes > UNPACED_LANES and max_rate is None:
        problems.append(
            f"{lanes} lanes need max_rate: the limit's headers pace up to {UNPACED_LANES} of them"
        )
    if isinstance(connect, partial) and "api_key" in connect.keywords:
        problems.append(
            "connect holds an API key, which would be sent along with each task: set "
            "TELNYX_API_KEY for the workers, or let connect read the key there"
        )
    if client is not None and client.asynchronous:
        problems.append("client must not be asynchronous")
    if problems:
        raise ConfigurationError("; ".join(problems))


def _absolute(output: str) -> str:
    return output if "://" in output else os.path.abspath(output)


def _ignore(_: object) -> None:
    pass


@contextmanager
def _local_cluster(lanes: int) -> Generator[Client]:
    """A cluster on this machine, whose workers Ctrl-C does not end."""
    workers = min(lanes, os.cpu_count() or 1)
    threads = -(-lanes // workers)
    with (
        _dask.LocalCluster(
            n_workers=workers,
            threads_per_worker=threads,
            dashboard_address="127.0.0.1:0",
            preload=[dask_setup.__module__],
            silence_logs=logging.CRITICAL,  # errors of parts are raised here
        ) as cluster,
        _dask.Client(cluster) as client,
    ):
        yield client


def _allow_failures(client: Any) -> None:
    """Let the scheduler retry a part though workers die with it; warn if that is impossible."""
    try:
        client.run_on_scheduler(raise_allowed_failures)
    except Exception as error:
        warnings.warn(
            f"the scheduler's allowed-failures cannot be raised ({error}): a part whose workers "
            "die more often than that fails the run, which can be run again",
            stacklevel=3,
        )


def raise_allowed_failures(dask_scheduler: Any) -> None:
    """Raise the number of workers that may die with a task; runs in the scheduler."""
    dask_scheduler.allowed_failures = max(dask_scheduler.allowed_failures, ALLOWED_FAILURES)


def _explained(name: str, error: Exception) -> Exception:
    """The error of a part; a readable one if Dask has given the part up."""
    if not isinstance(error, KilledWorker):
        return error
    explained = ConfigurationError(
        f"{name}: too many workers died with it - run the job again; if they run out of memory, "
        "use fewer rows a part"
    )
    explained.__cause__ = error
    return explained


@contextmanager
def _reports(client: Any, topic: str, tracker: Tracker) -> Generator[None]:
    """Pass the workers' reports to the tracker."""

    def take(event: tuple[float, dict[str, Any]]) -> None:
        report = event[1]
        tracker.reported(report["part"], report["done"], report["refused"])

    client.subscribe_topic(topic, take)
    try:
        yield
    finally:
        client.unsubscribe_topic(topic)
