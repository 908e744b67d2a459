"""``telnyx-video batch --cluster``."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from rich.console import Console

from cli.command import Command, Listener
from support.clock import Clock
from telnyx_video.cli.batch.cluster import JobReport
from telnyx_video.cli.progress import Meter
from telnyx_video.dask import JobProgress, Summary
from telnyx_video.sandbox import Sandbox

dask: Any = import_module("dask")  # has no types

pytestmark = [
    # Dask itself warns when it starts and stops several times in a process.
    pytest.mark.filterwarnings("default"),
    pytest.mark.timeout(300),
]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs commands in this process."""
    monkeypatch.delenv("COLUMNS", raising=False)
    return Command(capsys, monkeypatch)


@pytest.fixture
def address(cluster: Client) -> str:
    """Where the cluster's scheduler is."""
    scheduler: Any = cluster.scheduler
    return str(scheduler.address)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files of five rooms each, each of which becomes a part."""
    monkeypatch.chdir(tmp_path)
    for letter in "abcdefgh":
        rows = "".join(f"{letter}-{number}\n" for number in range(5))
        (tmp_path / f"{letter}.csv").write_text(f"unique_name\n{rows}")
    return tmp_path


def summary_of(err: str) -> str:
    """Return the summary, without the time and the rate."""
    return " · ".join(err.splitlines()[-1].split(" · ")[:-2])


def test_a_job_runs_on_a_cluster_of_this_machine(
    command: Command, sandbox: Sandbox, folder: Path
) -> None:
    """Globs and files make one job; a row that cannot be read fails alone, by file and line."""
    (folder / "more.csv").write_text("unique_name,max_participants\nx,5\ny,many\n")
    job = "--cluster=local", "--output=out", "--job=spring"
    result = command("batch", "?.csv", "more.csv", *job)
    assert result.code == 1
    assert "failed more.csv, line 3: nothing was sent: max_participants: must be" in result.err
    assert summary_of(result.err) == "41 made · 0 existed · 0 recovered · 1 failed · 0 unknown"
    assert len(sandbox.rooms) == 41
    sent = sandbox.requests.total()

    again = command("batch", "?.csv", "more.csv", *job)
    assert (again.code, again.err) == (
        2, "Error: --output out has the job 'spring' already: add --resume to continue it, or "
        "choose another folder\n",
    )  # fmt: skip
    other = command("batch", "?.csv", "more.csv", "--cluster=local", "--output=out", "--job=fall")
    assert other.code == 2
    assert "out is the output of the job 'spring', not of the job 'fall'" in other.err

    resumed = command("batch", "?.csv", "more.csv", *job, "--resume", "--json")
    assert (resumed.code, summary_of(resumed.err)) == (1, summary_of(result.err))
    states = [line["state"] for line in resumed.lines]
    assert (states.count("made"), states.count("failed")) == (41, 1)
    assert sandbox.requests.total() == sent


def test_a_job_runs_on_the_cluster_of_a_scheduler(
    command: Command, address: str, sandbox: Sandbox, folder: Path
) -> None:
    """The dashboard is named; a job that does not exist yet may be resumed, and starts over."""
    job = f"--cluster={address}", "--output=out", "--job=spring", "--resume"
    result = command("batch", "*.csv", *job, "--lanes=8", "--max-rate=5000")
    assert result.code == 0
    begin, dashboard = result.err.splitlines()[:2]
    assert begin == "out has no job: there is nothing to continue, so this starts over."
    assert dashboard.startswith("Dask's dashboard: http://")
    assert summary_of(result.err) == "40 made · 0 existed · 0 recovered · 0 failed · 0 unknown"
    assert len(sandbox.rooms) == 40


def test_an_error_of_a_part_ends_the_job(
    command: Command,
    address: str,
    sandbox: Sandbox,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The workers' key is wrong: the error says so, and the summary counts the rest."""
    monkeypatch.setenv("TELNYX_API_KEY", "another")
    cluster_option = f"--cluster={address}"
    result = command("batch", "a.csv", cluster_option, "--output=out", "--job=spring")
    assert result.code == 1
    assert "check the API key" in result.err.splitlines()[-1]
    assert "The same command with --resume continues with the rest.\n0 made · " in result.err
    assert " · 5 not done · " in result.err


def interrupt_after(parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send Ctrl-C once the progress shows that this many parts are done."""
    update = JobReport.update

    def interrupt(report: JobReport, progress: JobProgress) -> None:
        if progress.parts_done >= parts and report.progress is not None:
            os.kill(os.getpid(), signal.SIGINT)
        update(report, progress)

    monkeypatch.setattr(JobReport, "update", interrupt)


def test_an_interrupted_job_finishes_the_parts_in_flight(
    command: Command,
    address: str,
    sandbox: Sandbox,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No further part is begun, and the same command with --resume does the others."""
    job = f"--cluster={address}", "--output=out", "--job=spring", "--lanes=1"
    with monkeypatch.context() as patch:
        interrupt_after(2, patch)
        result = command("batch", "*.csv", *job)
    assert result.code == 130
    assert "Stopping: the parts in flight are finished first; " in result.err
    done = len(os.listdir(folder / "out" / "outcomes"))
    assert done == len(os.listdir(folder / "out" / "begun")) < 8
    assert f"{5 * done} made · " in result.err
    assert f" · {40 - 5 * done} not done · " in result.err
    resumed = command("batch", "*.csv", *job, "--resume")
    assert (resumed.code, len(sandbox.rooms)) == (0, 40)
    assert summary_of(resumed.err) == "40 made · 0 existed · 0 recovered · 0 failed · 0 unknown"


def test_a_job_that_is_interrupted_twice_ends_immediately(
    command: Command,
    address: str,
    sandbox: Sandbox,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Parts in flight are cancelled, publish nothing, and are done by the next run."""
    interrupt = partial(os.kill, os.getpid(), signal.SIGINT)
    job = f"--cluster={address}", "--output=out", "--job=spring"
    sandbox.pause("503")
    with monkeypatch.context() as patch:
        interrupt_after(0, patch)
        said = Listener({"Stopping: ": interrupt})
        patch.setattr(sys, "stderr", said)
        code = command("batch", "*.csv", *job).code
    assert code == 130
    assert " · 40 not done · " in said.getvalue()
    sandbox.resume()
    resumed = command("batch", "*.csv", *job, "--resume")
    assert (resumed.code, len(sandbox.rooms)) == (0, 40)


def test_an_interruption_before_anything_is_sent_says_so(
    command: Command, sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a large input can be interrupted."""
    driver = import_module("telnyx_video.dask.driver")

    def interrupt(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(driver, "cut", interrupt)
    result = command("batch", "a.csv", "--cluster=local", "--output=out", "--job=spring")
    assert (result.code, result.err) == (130, "Interrupted; nothing was sent.\n")
    assert not (folder / "out").exists()


def test_a_scheduler_that_cannot_be_reached_is_named(
    command: Command, sandbox: Sandbox, folder: Path
) -> None:
    """Nothing was sent, and no folder was made."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        with dask.config.set({"distributed.comm.timeouts.connect": "100ms"}):
            result = command("batch", "a.csv", "--cluster", address, "--output=out", "--job=spring")
    assert result.code == 1
    assert f"Error: --cluster {address}: the scheduler cannot be reached (" in result.err
    assert "nothing was sent" in result.err
    assert not (folder / "out").exists()


PROBLEMS = {
    "no output": (["--cluster=local", "--job=j"], "--cluster: add --output DIR, a folder"),
    "no job": (["--cluster=local", "--output=out"], "--cluster: add --job NAME, by which"),
    "neither": (["--cluster=local"], "add --output DIR, .* and --job NAME"),
    "no cluster": (["--job=j"], "--job and --lanes are for a cluster: add --cluster local"),
    "many files": (["b.csv"], "batch takes one file, not 2: add --cluster local"),
    "an address": (["--cluster=host"], "must be local, or an address such as tcp://host:8786"),
    "standard input": (["-", "--cluster=local"], "cannot read standard input in parts"),
    "fail fast": (["--cluster=local", "--fail-fast"], "does not go with --fail-fast: leave it out"),
    "sandbox": (["--cluster=local", "--sandbox"], "run telnyx-video sandbox in another terminal"),
    "proxy": (["--cluster=local", "--proxy=http://p"], "set HTTPS_PROXY for the workers"),
    "lanes": (
        ["--cluster=local", "--output=out", "--job=j", "--lanes=5"],
        "5 lanes need --max-rate",
    ),
    "no such file": (
        ["none.csv", "--cluster=local", "--output=out", "--job=j"],
        "none.csv: there is no such file; nothing was sent",
    ),
    "plain HTTP": (
        ["--cluster=local", "--output=out", "--job=j", "--base-url=http://example.com/v2"],
        "add --allow-insecure if that is intended",
    ),
}


@pytest.mark.parametrize(("arguments", "problem"), PROBLEMS.values(), ids=PROBLEMS)
def test_options_that_cannot_work_are_refused(
    command: Command, sandbox: Sandbox, folder: Path, arguments: list[str], problem: str
) -> None:
    """Before a cluster is started, and before anything is sent."""
    result = command("batch", "a.csv", *arguments)
    assert result.code == 2
    (line,) = result.err.splitlines()
    assert pytest.RaisesExc(Exception, match=problem).matches(Exception(line))
    assert not (folder / "out").exists()


def test_a_missing_extra_is_named(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line itself does not need Dask."""
    for name in [name for name in sys.modules if name.startswith("telnyx_video.dask")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = command("batch", "a.csv", "--cluster=local", "--output=out", "--job=spring")
    assert (result.code, result.err) == (
        2, "Error: --cluster needs distributed, which is not installed: "
        "pip install 'telnyx-video[cli,dask]'\n",
    )  # fmt: skip


def test_many_failures_are_counted(command: Command, sandbox: Sandbox, folder: Path) -> None:
    """As many as fit a screen are printed; the folder has all."""
    rows = "".join(f"bad-{number},many\n" for number in range(23))
    (folder / "bad.csv").write_text(f"unique_name,max_participants\n{rows}")
    job = "--output=out", "--job=spring", "--lanes=1"
    result = command("batch", "bad.csv", "--cluster=local", *job)
    assert result.code == 1
    assert result.err.count("failed bad.csv, line ") == 20
    assert "... and 3 more; out/outcomes has all\n" in result.err


def progress(done: int, *, refused: int = 0, failed: int = 0) -> JobProgress:
    """Return the progress of a job of 1,000 rows, of which an earlier run did 100."""
    return JobProgress(
        rows=1000,
        done=done,
        before=100,
        summary=Summary(existed=100, failed=failed),
        refused=refused,
        parts=10,
        parts_done=1,
        rate=0.0,
        remaining=None,
    )


def test_a_log_gets_a_line_now_and_then() -> None:
    """Rooms of an earlier run are not progress of this one."""
    clock, said = Clock(), io.StringIO()
    console = Console(file=said, width=100)
    meter = Meter(console, "Creating rooms", "rooms", clock=clock)
    report = JobReport(console, meter, clock)
    for seen in (progress(100), progress(300), progress(400, refused=1, failed=3)):
        report.update(seen)
        clock.now += 10.0
        report.update(seen)
    assert said.getvalue().splitlines() == [
        "0 of 900 rooms",
        "200 of 900 rooms",
        "300 of 900 rooms, 10/s, 1 min 0 s left, 1 request refused by the rate limit, 3 failed",
    ]


def test_the_summary_explains_unreadable_and_recovered_rooms() -> None:
    """Unreadable rooms exist; recovered ones of parts begun again may be someone else's."""
    clock, said = Clock(), io.StringIO()
    console = Console(file=said, width=200)
    report = JobReport(console, Meter(console, "", clock=clock), clock)
    report.update(progress(550))
    clock.now += 20.0
    summary = Summary(made=9, recovered=1, unreadable=1, begun_again=2)
    assert report.print_summary(summary, 11) == 4
    assert said.getvalue().splitlines() == [
        "Unreadable rooms were made, but their replies cannot be read.",
        "In 2 parts begun more than once, recovered rooms are those that are not older than the "
        "first attempt.",
        "9 made · 0 existed · 1 recovered · 1 unreadable · 0 failed · 0 unknown · 20 s · 22/s",
    ]


def test_the_key_is_in_no_file_and_no_output(
    command: Command, address: str, sandbox: Sandbox, folder: Path
) -> None:
    """The workers take it from their environment."""
    job = f"--cluster={address}", "--output=out", "--job=spring"
    result = command("batch", "a.csv", *job, "--json")
    written = "".join(path.read_text() for path in (folder / "out").rglob("*.json*"))
    assert sandbox.api_key not in written + result.out + result.err
    assert json.loads((folder / "out" / "manifest.json").read_text())["server"] == sandbox.url
