"""Checks of jobs on a cluster, under failures; each returns what it measured."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from cluster.processes import KEY, PATIENCE, Cluster, Site, eventually
from telnyx_video import AsyncRoomsClient, CreateRoomRequest
from telnyx_video.provisioning import Job, provision_part

LOST = [
    {
        "on": "POST /rooms",
        "draw": [{"fault": "lost", "probability": 0.2}],
    }
]


@attrs.frozen
class Scale:
    """How large the checks are."""

    rooms: int = 50_000
    part_rows: int = 2_500
    rate: int = 1_000
    outage: float = 20.0
    share_rooms: int = 20_000
    share_rate: int = 400
    parts: int = 10_000
    partition: float = 30.0
    workers: int = 4

    @property
    def threads(self) -> int:
        """Return how many threads a worker has, for four lanes."""
        return 4 // self.workers

    @property
    def job_parts(self) -> int:
        """Return how many parts the rooms have."""
        return -(-self.rooms // self.part_rows)


SMALL = Scale(
    rooms=1_500, part_rows=100, rate=500, outage=2.0, share_rooms=2_000, share_rate=200, parts=300,
    partition=5.0, workers=2,
)  # fmt: skip

Check: TypeAlias = Callable[[Path, Scale], str]


def has_made(site: Site, rooms: float) -> bool:
    """Return whether there are this many rooms."""
    return site.count() >= rooms


def kill_workers(cluster: Cluster, site: Site, scale: Scale, victims: int = 2) -> None:
    """Kill workers, each at another time in the middle of the job."""
    for number in range(victims):
        share = (number + 1) / (victims + 2)
        eventually(partial(has_made, site, share * scale.rooms), "rooms are made")
        eventually(cluster.pids, "a worker runs")
        os.kill(cluster.pids()[-1], signal.SIGKILL)


def described(report: dict[str, Any], site: Site) -> str:
    """Return the figures of a run."""
    rows, sent = report["rows"], site.sent
    return (
        f"{rows:,} rooms in {report['seconds']:.1f} s, {sent / rows:.2f} requests a room, "
        f"{report['refused'] / sent:.1%} refused, {report['failed'] + report['unknown']} failed, "
        f"{report['begun_again']} parts begun again, {report['made']:,} made, "
        f"{report['existed']:,} existed, {report['recovered']:,} recovered"
    )


def check_present(report: dict[str, Any], count: int) -> None:
    """Check that all rooms exist, and that the summary says so."""
    assert report["rows"] == report["present"] == count, report
    assert report["failed"] == report["unknown"] == 0, report


def workers_killed(folder: Path, scale: Scale) -> str:
    """Two workers are killed."""
    with Site(folder) as site:
        source = site.write_rooms(scale.rooms)
        site.serve(scale.rate)
        cluster = site.cluster(scale.workers, scale.threads)
        driver = site.drive(source, scheduler=cluster.address, part_rows=scale.part_rows)
        kill_workers(cluster, site, scale)
        report = driver.finish()
        check_present(report, scale.rooms)
        site.check(scale.rooms, scale.job_parts)
        return described(report, site)


def answers_lost(folder: Path, scale: Scale) -> str:
    """A fifth of the answers is lost, the server is away for a while, and workers are killed."""
    with Site(folder) as site:
        source = site.write_rooms(scale.rooms)
        site.serve(scale.rate)
        site.control("faults", LOST)
        cluster = site.cluster(scale.workers, scale.threads)
        driver = site.drive(source, scheduler=cluster.address, part_rows=scale.part_rows)
        eventually(lambda: site.count() >= scale.rooms / 8, "rooms are made")
        site.control("outage", {"seconds": scale.outage, "kind": "refuse"})
        kill_workers(cluster, site, scale)
        report = driver.finish()
        check_present(report, scale.rooms)
        site.check(scale.rooms, scale.job_parts)
        requests = site.sent / scale.rooms
        assert requests <= 1.35 or scale is SMALL, f"{requests:.2f} requests a room"
        return described(report, site)


def driver_killed(folder: Path, scale: Scale) -> str:
    """The driver is killed with the scheduler in it; the job is run again, and once more."""
    with Site(folder) as site:
        source = site.write_rooms(scale.rooms)
        site.serve(scale.rate)
        driver = site.drive(source, part_rows=scale.part_rows)
        eventually(lambda: site.count() >= scale.rooms / 2, "rooms are made")
        driver.kill()
        done, begun, before = len(site.done), len(site.begun), site.sent
        report = site.drive(source, "again", part_rows=scale.part_rows).finish()
        check_present(report, scale.rooms)
        site.check(scale.rooms, scale.job_parts)
        # Of a part that is begun again, a room costs a look-up, and a create if there is none.
        rows = scale.rooms - done * scale.part_rows + (begun - done) * scale.part_rows
        most = 1.05 * rows + 100
        sent = site.sent - before
        assert sent <= most, f"{sent} requests, at most {most:.0f} without the {done} parts"
        before = site.sent
        site.drive(source, "third", part_rows=scale.part_rows).finish()
        assert site.sent == before, f"{site.sent - before} requests of a job that is done"
        return f"{described(report, site)}; {done} parts were done, and sent nothing again"


def two_drivers(folder: Path, scale: Scale) -> str:
    """Two drivers run the same job concurrently, on separate workers."""
    with Site(folder) as site:
        source = site.write_rooms(scale.rooms)
        site.serve(scale.rate)
        drivers = [
            site.drive(source, log, part_rows=scale.part_rows, lanes=2) for log in ("one", "two")
        ]
        reports = [driver.finish() for driver in drivers]
        for report in reports:
            check_present(report, scale.rooms)
        site.check(scale.rooms, scale.job_parts)
        return described(reports[0], site)


def nameless(folder: Path, scale: Scale) -> str:
    """Rows without a name, under kills and lost answers; then the same in another output."""
    with Site(folder) as site:
        source = site.write_rooms(scale.rooms, named=False)
        site.serve(scale.rate)
        site.control("faults", LOST)
        cluster = site.cluster(4)
        options: dict[str, Any] = {"scheduler": cluster.address, "part_rows": scale.part_rows}
        driver = site.drive(source, **options)
        kill_workers(cluster, site, scale)
        report = driver.finish()
        check_present(report, scale.rooms)
        site.check(scale.rooms, scale.job_parts)
        text, names = described(report, site), set(site.names)
        site.control("faults", [])
        again = site.drive(source, "again", output=str(folder / "other"), **options).finish()
        assert again["existed"] == scale.rooms, again
        assert set(site.names) == names
        return text


def share(folder: Path, scale: Scale) -> str:
    """Four lanes get the same share of the limit as one process."""
    with Site(folder) as site:
        source = site.write_rooms(scale.share_rooms)
        site.serve(scale.share_rate)
        alone = asyncio.run(_create(site.api, scale.share_rooms))
        cluster = site.cluster(4)
        before = site.sent
        part_rows = scale.share_rooms // 40
        report = site.drive(source, scheduler=cluster.address, part_rows=part_rows).finish()
        check_present(report, scale.share_rooms)
        refused = (site.sent - before - scale.share_rooms) / (site.sent - before)
        part = alone / report["seconds"]
        text = f"{part:.2f} of one process's rate ({scale.share_rooms / alone:.0f} a second)"
        assert part >= 0.9 or scale is SMALL, text
        assert refused <= 0.05 or scale is SMALL, f"{refused:.1%} refused"
        return f"{text}, {refused:.1%} refused, 40 parts in 4 lanes"


async def _create(url: str, count: int) -> float:
    """Create rooms with one client; returns the seconds."""
    async with AsyncRoomsClient(base_url=url, api_key=KEY) as rooms:
        requests = [CreateRoomRequest(unique_name=f"alone-{n}") for n in range(count)]
        began = time.monotonic()
        outcomes = await rooms.create_many(requests)
    assert all(outcome.room for outcome in outcomes)
    return time.monotonic() - began


def many_lanes(folder: Path, scale: Scale) -> str:
    """Few requests of sixteen lanes with a rate below the limit are refused."""
    with Site(folder) as site:
        source = site.write_rooms(scale.share_rooms)
        site.serve(scale.share_rate)
        cluster = site.cluster(4, threads=4)
        report = site.drive(
            source,
            scheduler=cluster.address,
            part_rows=scale.share_rooms // 64,
            lanes=16,
            max_rate=0.9 * scale.share_rate,
        ).finish()
        check_present(report, scale.share_rooms)
        sent = site.sent
        refused = (sent - scale.share_rooms) / sent
        assert refused <= 0.03 or scale is SMALL, f"{refused:.1%} refused"
        rate = scale.share_rooms / report["seconds"]
        return f"{refused:.1%} refused at {rate:.0f} a second of {scale.share_rate}"


def many_parts(folder: Path, scale: Scale) -> str:
    """A job of many parts that are all done is run again."""
    with Site(folder) as site:
        source = site.write_rooms(2 * scale.parts)
        site.serve()
        job = Job.of_files(source, output=folder / "out", job="job", server=site.api, part_rows=2)
        asyncio.run(_provision_all(job))
        before = site.sent
        report = site.drive(source, part_rows=2).finish()
        check_present(report, 2 * scale.parts)
        assert site.sent == before
        assert report["seconds"] <= 60
        return f"{scale.parts:,} parts in {report['seconds']:.1f} s, 0 requests"


async def _provision_all(job: Job) -> None:
    parts = iter(job.parts)

    async def work(rooms: AsyncRoomsClient) -> None:
        for part in parts:
            await provision_part(rooms, part, job.output, job=job.name)

    async with (
        AsyncRoomsClient(base_url=job.server, api_key=KEY) as rooms,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(20):
            group.create_task(work(rooms))


def worker_stopped(folder: Path, scale: Scale) -> str:
    """A worker is stopped for longer than its time-to-live, and then continues."""
    with Site(folder) as site:
        source = site.write_rooms(scale.rooms)
        site.serve(scale.rate)
        cluster = site.cluster(3, ttl="20 s")
        stopped = site.worker(cluster.address, nanny=False).pid  # which would kill it meanwhile
        with cluster.client() as client:
            client.wait_for_workers(4, timeout=PATIENCE)
            driver = site.drive(source, scheduler=cluster.address, part_rows=scale.part_rows)
            eventually(partial(has_made, site, scale.rooms / 4), "rooms are made")
            found = client.run(os.getpid, on_error="ignore").items()
            (address,) = (address for address, pid in found if pid == stopped)
            os.kill(stopped, signal.SIGSTOP)
            eventually(
                lambda: address not in client.scheduler_info(n_workers=-1)["workers"],
                "the scheduler misses the worker",
            )
        os.kill(stopped, signal.SIGCONT)
        report = driver.finish()
        check_present(report, scale.rooms)
        site.check(scale.rooms, scale.job_parts)
        return described(report, site)


def host_partitioned(folder: Path, scale: Scale) -> str:
    """Workers in network namespaces, of which one is cut off for a while."""
    with namespaces(2) as hosts, Site(folder, "10.77.0.1") as site:
        source = site.write_rooms(scale.rooms)
        site.serve(scale.rate)
        cluster = site.cluster(0, ttl="20 s")
        for host in hosts:
            for _ in range(2):
                site.worker(cluster.address, prefix=["ip", "netns", "exec", host])
        with cluster.client() as client:
            client.wait_for_workers(4)
        driver = site.drive(source, scheduler=cluster.address, part_rows=scale.part_rows)
        eventually(lambda: site.count() >= scale.rooms / 4, "rooms are made")
        _ip("link", "set", f"{hosts[0]}-a", "down")
        time.sleep(scale.partition)
        _ip("link", "set", f"{hosts[0]}-a", "up")
        report = driver.finish()
        check_present(report, scale.rooms)
        site.check(scale.rooms, scale.job_parts)
        return described(report, site)


@contextmanager
def namespaces(count: int) -> Generator[list[str]]:
    """Make network namespaces on a bridge, on which this host is 10.77.0.1."""
    hosts = [f"tvc{number}" for number in range(count)]
    bridge = "tvc-br"
    try:
        _ip("link", "add", bridge, "type", "bridge")
        _ip("address", "add", "10.77.0.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for number, host in enumerate(hosts, 2):
            _ip("netns", "add", host)
            _ip("link", "add", f"{host}-a", "type", "veth", "peer", "name", f"{host}-b")
            _ip("link", "set", f"{host}-a", "master", bridge, "up")
            _ip("link", "set", f"{host}-b", "netns", host)
            for words in (
                ("address", "add", f"10.77.0.{number}/24", "dev", f"{host}-b"),
                ("link", "set", f"{host}-b", "up"),
                ("link", "set", "lo", "up"),
            ):
                _ip("-n", host, *words)
        yield hosts
    finally:
        for host in hosts:
            subprocess.run(["ip", "netns", "delete", host], check=False, capture_output=True)
            subprocess.run(["ip", "link", "delete", f"{host}-a"], check=False, capture_output=True)
        subprocess.run(["ip", "link", "delete", bridge], check=False, capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


CHECKS: dict[str, Check] = {
    check.__name__.replace("_", "-"): check
    for check in (
        workers_killed,
        answers_lost,
        driver_killed,
        two_drivers,
        nameless,
        share,
        many_lanes,
        many_parts,
        worker_stopped,
        host_partitioned,
    )
}
