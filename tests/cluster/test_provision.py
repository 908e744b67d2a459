"""Jobs on a cluster whose workers are threads of this process."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import subprocess
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from distributed import Client, KilledWorker

from telnyx_video import (
    AsyncRoomsClient,
    AuthenticationError,
    ConfigurationError,
    CreateRoomRequest,
)
from telnyx_video.dask import JobProgress, driver, provision, worker
from telnyx_video.provisioning import FilePart
from telnyx_video.sandbox import Sandbox

dask_bag: Any = import_module("dask.bag")  # has no types

pytestmark = [
    # Dask itself warns when it starts and stops several times in a process.
    pytest.mark.filterwarnings("default"),
    pytest.mark.timeout(300),
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of 100 rooms, of which 10 have no name."""
    path = tmp_path / "rooms.csv"
    rows = "".join(f"{f'room-{n}' if n % 10 else ''},5\n" for n in range(100))
    path.write_text(f"unique_name,max_participants\n{rows}")
    return path


def test_a_job_is_provisioned_once(
    cluster: Client, sandbox: Sandbox, source: Path, tmp_path: Path
) -> None:
    """Each row has its room; the second run sends nothing, and needs no cluster."""
    seen = list[JobProgress]()
    job = provision(
        source, output=tmp_path / "out", job="job", client=cluster, part_rows=15,
        on_progress=seen.append,
    )  # fmt: skip
    assert job.summary.made == job.rows == len(sandbox.rooms) == 100
    assert (seen[-1].done, seen[-1].parts_done, seen[-1].remaining) == (100, 7, 0.0)
    assert {line["index"] for line in job.outcomes()} == set(range(100))
    sent = sandbox.requests.total()
    again = provision(str(source), output=str(tmp_path / "out"), job="job", part_rows=15)
    assert again.summary == job.summary
    assert sandbox.requests.total() == sent


def test_a_job_without_a_cluster_starts_one(sandbox: Sandbox, source: Path, tmp_path: Path) -> None:
    """Its workers are processes, which end with the job."""
    job = provision(source, output=tmp_path / "out", job="job", lanes=1)
    assert job.summary.made == len(sandbox.rooms) == 100


def test_a_bag_of_requests_is_an_input(cluster: Client, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each partition is a part; requests and mappings of their fields may be mixed."""
    values: list[Any] = [CreateRoomRequest(unique_name=f"room-{n}") for n in range(5)]
    values.append({"unique_name": "room-5"})
    bag = dask_bag.from_sequence(values, npartitions=3)
    job = provision(bag, output=tmp_path / "out", job="job", client=cluster)
    assert (job.summary.made, len(job.parts)) == (6, 3)
    with pytest.raises(ConfigurationError, match="is a partition of Dask"):
        job.parts[0].read()
    other = dask_bag.from_sequence(values[::-1], npartitions=3)
    with pytest.raises(ConfigurationError, match="not of an input with the digest"):
        provision(other, output=tmp_path / "out", job="job", client=cluster)


def test_a_frame_is_an_input(cluster: Client, sandbox: Sandbox, tmp_path: Path) -> None:
    """Integers that are floats, since one is missing, are understood."""
    names = [f"room-{n}" for n in range(4)]
    # Imported here: they take seconds, in each worker that only collects this test.
    pandas: Any = import_module("pandas")
    dask_dataframe: Any = import_module("dask.dataframe")
    frame = pandas.DataFrame({"unique_name": names, "max_participants": [5, None, 7, 8]})
    job = provision(
        dask_dataframe.from_pandas(frame, npartitions=2),
        output=tmp_path / "out",
        job="job",
        client=cluster,
    )
    assert job.summary.made == 4
    participants = {room["unique_name"]: room["max_participants"] for room in sandbox.rooms}
    assert [participants[f"room-{n}"] for n in (0, 2, 3)] == [5, 7, 8]


def test_a_partition_that_changes_is_refused(
    cluster: Client, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Other rows would get other rooms after a worker's death."""
    counter = tmp_path / "counter"
    counter.write_text("0")

    def changing(_: int) -> dict[str, str]:
        count = int(counter.read_text()) + 1
        counter.write_text(str(count))
        return {"unique_name": f"room-{count}"}

    bag = dask_bag.from_sequence([1], npartitions=1).map(changing)
    with pytest.raises(ConfigurationError, match="other rows than when the job was begun"):
        provision(bag, output=tmp_path / "out", job="job", client=cluster)
    assert not sandbox.rooms


def test_a_failure_ends_the_run_and_leaves_it_resumable(
    cluster: Client,
    sandbox: Sandbox,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wrong key is an error, no further part is begun, and the next run continues."""
    monkeypatch.setenv("TELNYX_API_KEY", "another")
    with pytest.raises(AuthenticationError):
        provision(source, output=tmp_path / "out", job="job", client=cluster, part_rows=5, lanes=2)
    begun = len(list((tmp_path / "out" / "begun").iterdir()))
    assert begun < 20
    monkeypatch.setenv("TELNYX_API_KEY", sandbox.api_key)
    job = provision(source, output=tmp_path / "out", job="job", client=cluster, part_rows=5)
    assert (job.summary.made, job.summary.begun_again) == (100, begun)


def test_an_interruption_lets_parts_in_flight_end(
    cluster: Client, sandbox: Sandbox, source: Path, tmp_path: Path
) -> None:
    """Nothing more is begun, and Ctrl-C is raised at the end; a second one does not wait."""
    interruptions = 0

    def interrupt(progress: JobProgress) -> None:
        nonlocal interruptions
        if interruptions == 0 and progress.parts_done >= 2:
            interruptions += 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        provision(
            source, output=tmp_path / "out", job="job", client=cluster, part_rows=5, lanes=2,
            on_progress=interrupt,
        )  # fmt: skip
    done = len(os.listdir(tmp_path / "out" / "outcomes"))
    assert done == len(os.listdir(tmp_path / "out" / "begun"))
    assert 2 <= done < 20


def test_a_second_interruption_cancels_the_parts_in_flight(
    cluster: Client, sandbox: Sandbox, source: Path, tmp_path: Path
) -> None:
    """They publish nothing; the next run continues."""

    def interrupt(_: JobProgress) -> None:
        if [len(process._parts) for process in worker._processes.values()] == [2]:
            raise KeyboardInterrupt

    sandbox.pause("503")
    with pytest.raises(KeyboardInterrupt):
        provision(
            source, output=tmp_path / "out", job="job", client=cluster, part_rows=5, lanes=2,
            on_progress=interrupt,
        )  # fmt: skip
    assert list((tmp_path / "out" / "outcomes").iterdir()) == []
    assert not worker._processes
    sandbox.resume()
    job = provision(source, output=tmp_path / "out", job="job", client=cluster, part_rows=5)
    assert job.summary.present == len(sandbox.rooms) == 100


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"lanes": 5}, "5 lanes need max_rate"),
        ({"lanes": 0, "part_rows": True}, "lanes must be .*; part_rows must be"),
        ({"max_rate": 0}, "max_rate must be a number above 0"),
        ({"concurrency": 1.5}, "concurrency must be an integer"),
        ({"base_url": "ftp://host"}, "base_url is not an HTTP URL"),
        ({"connect": partial(AsyncRoomsClient, api_key="key0123")}, "sent along with each task"),
    ],
)
def test_arguments_that_cannot_work_are_refused(
    options: dict[str, Any], problem: str, source: Path, tmp_path: Path
) -> None:
    """The key is not in the error."""
    with pytest.raises(ConfigurationError, match=problem) as refused:
        provision(source, output=tmp_path / "out", job="job", **options)
    assert "key0123" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_the_key_is_in_no_file_and_no_task_of_a_job(
    cluster: Client,
    sandbox: Sandbox,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The workers take it from their environment."""
    sent = list[bytes]()
    submit = driver._Run._begin

    def begin(run: driver._Run, part: FilePart) -> None:
        sent.append(pickle.dumps((run._task, part)))
        submit(run, part)

    monkeypatch.setattr(driver._Run, "_begin", begin)
    provision(source, output=tmp_path / "out", job="job", client=cluster, max_rate=5000, lanes=8)
    for path in (tmp_path / "out").rglob("*.*"):
        assert sandbox.api_key not in path.read_text()
    assert sent
    assert sandbox.api_key.encode() not in b"".join(sent)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["server"] == sandbox.url


def test_frames_are_loaded_only_for_frames() -> None:
    """They take seconds, and belong to another extra."""
    program = (
        "import sys, telnyx_video.dask\n"
        "print(*sys.modules.keys() & {'dask.dataframe', 'dask.bag', 'pandas', 'pyarrow'})"
    )
    printed = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)
    assert printed.stdout.split() == []


class Fake:
    """A client of Dask whose scheduler refuses to be changed."""

    asynchronous = True

    def run_on_scheduler(self, _: object) -> None:
        """Refuse."""
        raise ValueError("not allowed")


def test_a_scheduler_that_refuses_to_be_changed_is_reported() -> None:
    """The job runs nevertheless."""
    with pytest.warns(UserWarning, match="allowed-failures cannot be raised"):
        driver._allow_failures(Fake())


@pytest.mark.parametrize(("before", "after"), [(3, driver.ALLOWED_FAILURES), (1000, 1000)])
def test_the_scheduler_allows_more_failures_and_never_fewer(before: int, after: int) -> None:
    """A higher number is kept."""
    scheduler = SimpleNamespace(allowed_failures=before)
    driver.raise_allowed_failures(scheduler)
    assert scheduler.allowed_failures == after


def test_refused_requests_are_reported(
    cluster: Client, sandbox: Sandbox, source: Path, tmp_path: Path
) -> None:
    """A request that the rate limit refuses is sent again, and counted."""
    sandbox.faults = [{"on": "POST /rooms", "faults": [429]}]
    seen = list[JobProgress]()
    job = provision(
        source, output=tmp_path / "out", job="job", client=cluster, on_progress=seen.append
    )
    assert (job.summary.present, seen[-1].refused) == (100, 1)


def test_an_asynchronous_client_is_refused(source: Path, tmp_path: Path) -> None:
    """The driver waits for its parts."""
    with pytest.raises(ConfigurationError, match="must not be asynchronous"):
        provision(source, output=tmp_path, job="job", client=Fake())  # type: ignore[arg-type]


def test_workers_that_die_too_often_are_explained() -> None:
    """The error names the part, and says what may help."""
    dead: Any = object()
    killed = KilledWorker("part", dead, 101)
    error = driver._explained("part-000007", killed)
    assert "part-000007: too many workers died" in str(error)


def test_closing_a_run_that_has_no_client_does_nothing() -> None:
    """Not every worker has had a part."""
    worker.close("run")


def test_a_local_worker_ignores_interrupts() -> None:
    """Ctrl-C reaches all processes of a terminal; only the driver handles it."""
    before = signal.getsignal(signal.SIGINT)
    try:
        worker.dask_setup(None)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_without_uvloop_the_loop_is_that_of_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes with another extra."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert worker.loop_factory() is asyncio.new_event_loop
