"""Runs parts in a worker process, which share one client on one event loop."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Literal, Protocol, TypeVar, cast

import attrs
from distributed import get_worker

from telnyx_video.batch.outcome import OnProgress, Progress
from telnyx_video.client.async_client import AsyncRoomsClient
from telnyx_video.errors import ConfigurationError
from telnyx_video.observing import Event, Hook, RequestFinished
from telnyx_video.provisioning.inputs import FilePart, Part, RowsPart
from telnyx_video.provisioning.job import Summary
from telnyx_video.provisioning.part import provision_part

T = TypeVar("T")

REPORT_EVERY = 0.5
"""Seconds between two reports of a part's progress."""


class Connect(Protocol):
    """Makes a worker's client; :class:`AsyncRoomsClient` does, with the key of its environment."""

    def __call__(self, *, base_url: str, concurrency: int, hooks: Hook) -> AsyncRoomsClient:
        """Make it, and pass these settings on."""
        ...


@attrs.frozen
class Task:
    """The settings of one run of a job. They are sent to the workers, so the key is not in them."""

    run: str
    """The run's unique name, and the topic of its events."""
    output: str
    job: str
    server: str
    connect: Connect
    if_exists: Literal["error", "return", "update"]
    concurrency: int
    max_rate: float | None


def run_part(task: Task, part: FilePart) -> Summary:
    """Provision a part of a file."""
    return _Process.of(task).run(part)


def run_rows(task: Task, part: RowsPart, digest: str, values: list[object]) -> Summary:
    """Provision a part whose values Dask computed, if they are those that the job began with."""
    part = attrs.evolve(part, values=values)
    if part.digest != digest:
        raise ConfigurationError(
            f"{part.name} has other rows than when the job was begun - the input must be the same "
            "each time that it is computed; or write it to files first"
        )
    return _Process.of(task).run(part)


def close(run: str) -> None:
    """Cancel the parts of a run in this process, and close its client."""
    with _lock:
        process = _processes.pop(run, None)
    if process is not None:
        process.close()


def dask_setup(_: object) -> None:
    """Ignore Ctrl-C in this process: the driver handles it, and lets the parts in flight end.

    Workers of a local cluster call it when they start; they are children of the same terminal.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes event loops: uvloop if it is installed, else asyncio."""
    with suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return asyncio.new_event_loop


class _Process:
    """The loop and the client of one run in this process."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._loop = loop_factory()()
        self._parts: set[asyncio.Task[object]] = set()
        self._refused = 0
        self._connections = task.concurrency * get_worker().state.nthreads
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="telnyx-video", daemon=True
        )
        self._thread.start()
        self._client: AsyncRoomsClient = self._do(self._open()).result()

    @staticmethod
    def of(task: Task) -> _Process:
        """Return the one of this run, which is made for its first part."""
        with _lock:
            if task.run not in _processes:
                _processes[task.run] = _Process(task)
            return _processes[task.run]

    def run(self, part: Part) -> Summary:
        """Provision a part, and report its progress regularly."""
        run, worker, done = self._task.run, get_worker(), 0

        def note(progress: Progress) -> None:
            nonlocal done
            done = progress.done

        running = self._do(self._provision(part, note))
        while wait([running], REPORT_EVERY).not_done:
            worker.log_event(run, self._report(part, done))
        worker.log_event(run, self._report(part, done))
        return running.result()

    async def _provision(self, part: Part, note: OnProgress) -> Summary:
        task, current = self._task, cast("asyncio.Task[object]", asyncio.current_task())
        self._parts.add(current)
        try:
            return await provision_part(
                self._client,
                part,
                task.output,
                job=task.job,
                if_exists=task.if_exists,
                concurrency=task.concurrency,
                max_rate=task.max_rate,
                on_progress=note,
            )
        finally:
            self._parts.remove(current)

    def _report(self, part: Part, done: int) -> dict[str, object]:
        refused, self._refused = self._refused, 0
        return {"part": part.name, "done": done, "refused": refused}

    def close(self) -> None:
        """Cancel the parts in flight, close the client, and end the loop and its thread."""
        self._do(self._end()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[object, object, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _end(self) -> None:
        for part in self._parts:
            part.cancel()
        await asyncio.gather(*self._parts, return_exceptions=True)
        await self._client.aclose()

    async def _open(self) -> AsyncRoomsClient:
        return self._task.connect(
            base_url=self._task.server, concurrency=self._connections, hooks=self._note
        )

    def _note(self, event: Event) -> None:
        if isinstance(event, RequestFinished) and event.status == 429:
            self._refused += 1


_lock = threading.Lock()
_processes: dict[str, _Process] = {}
