"""One part, provisioned to its end."""

import asyncio
import json
import time
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest

from cli.fixed_server import fixed_server
from telnyx_video import (
    AsyncRoomsClient,
    AuthenticationError,
    ConfigurationError,
    CreateRoomRequest,
    TransportError,
)
from telnyx_video.provisioning import Job, RowsPart, Summary, provision_part
from telnyx_video.sandbox import Sandbox


@pytest.fixture
def rows() -> RowsPart:
    """Four rows: a name, the same name, no name, and an invalid one."""
    values = [{"unique_name": "a"}, {"unique_name": "a"}, {"max_participants": 5}, {"color": 1}]
    return RowsPart("part-000000", values, first=10)


def lines(folder: Path, name: str = "part-000000") -> list[dict[str, Any]]:
    """Return the published outcomes, in the order of the input."""
    published = (folder / "outcomes" / f"{name}.jsonl").read_text().splitlines()
    return sorted(map(json.loads, published), key=lambda line: line["index"])


async def test_a_part_is_provisioned_and_its_outcomes_published(
    rooms: AsyncRoomsClient, sandbox: Sandbox, rows: RowsPart, tmp_path: Path
) -> None:
    """Each row has an outcome, with its place in the whole input."""
    summary = await provision_part(rooms, rows, tmp_path, job="job", concurrency=1)
    assert summary == Summary(made=2, existed=1, failed=1)
    outcomes = lines(tmp_path)
    assert [line["index"] for line in outcomes] == [10, 11, 12, 13]
    assert [line["line"] for line in outcomes] == [1, 2, 3, 4]
    assert outcomes[0]["room"]["unique_name"] == "a"
    assert outcomes[3]["error"]["type"] == "InvalidRequestError"
    assert len(sandbox.rooms) == 2


async def test_a_part_that_is_done_sends_nothing(
    rooms: AsyncRoomsClient, sandbox: Sandbox, rows: RowsPart, tmp_path: Path
) -> None:
    """Its summary is that of the outcomes, even if a kill left only these."""
    summary = await provision_part(rooms, rows, tmp_path, job="job")
    sent = sandbox.requests.total()
    assert await provision_part(rooms, rows, tmp_path, job="job") == summary
    (tmp_path / "summaries" / "part-000000.json").unlink()
    assert await provision_part(rooms, rows, tmp_path, job="job") == summary
    assert sandbox.requests.total() == sent


async def test_a_row_without_a_name_has_the_same_name_in_each_attempt(
    rooms: AsyncRoomsClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """It depends on the job, the part and the row, and on nothing else."""
    part = RowsPart("part-000000", [{"max_participants": 5}] * 3)
    first = await provision_part(rooms, part, tmp_path / "one", job="job")
    again = await provision_part(rooms, part, tmp_path / "two", job="job")
    assert (first.made, again.existed, len(sandbox.rooms)) == (3, 3, 3)
    await provision_part(rooms, part, tmp_path / "three", job="another")
    assert len(sandbox.rooms) == 6


async def test_one_of_two_concurrent_attempts_publishes(
    rooms: AsyncRoomsClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Both return the published summary, and no room is made twice."""
    part = RowsPart("part-000000", [{"unique_name": f"room-{n}"} for n in range(50)])
    one, two = await asyncio.gather(
        *(provision_part(rooms, part, tmp_path, job="job") for _ in range(2))
    )
    assert one == two
    assert one.present == len(lines(tmp_path)) == len(sandbox.rooms) == 50
    assert len(list((tmp_path / "outcomes").iterdir())) == 1


async def test_an_interrupted_part_is_begun_again(
    rooms: AsyncRoomsClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The draft is gone, and the summary says that the part was begun before."""
    part = RowsPart("part-000000", [{"unique_name": f"room-{n}"} for n in range(50)])
    sandbox.pause("503")
    attempt = asyncio.create_task(provision_part(rooms, part, tmp_path, job="job"))
    async with asyncio.timeout(30):
        while not sandbox.requests:  # noqa: ASYNC110 # the sandbox has no event to wait for
            await asyncio.sleep(0.01)
    attempt.cancel()
    await asyncio.wait({attempt})
    assert list((tmp_path / "outcomes").iterdir()) == []
    sandbox.resume()
    summary = await provision_part(rooms, part, tmp_path, job="job")
    assert (summary.present, summary.begun_again) == (50, 1)
    (tmp_path / "summaries" / "part-000000.json").unlink()
    assert await provision_part(rooms, part, tmp_path, job="job") == summary


async def test_rooms_of_a_killed_attempt_are_recovered(
    rooms: AsyncRoomsClient, tmp_path: Path
) -> None:
    """Rooms that are older than the part's first attempt are not."""
    begun = tmp_path / "begun" / "part-000000.json"
    part = RowsPart("part-000000", [{"unique_name": name} for name in "abc"])
    await rooms.create(unique_name="a")
    begun.parent.mkdir()
    begun.write_text(json.dumps({"at": time.time() - 60}))
    summary = await provision_part(rooms, part, tmp_path, job="job")
    assert summary == Summary(made=2, recovered=1, begun_again=1)


async def test_a_wrong_key_does_not_end_a_part(rows: RowsPart, tmp_path: Path) -> None:
    """It is an error of the account, not of a row: nothing is published."""
    async with (
        Sandbox() as sandbox,
        AsyncRoomsClient(base_url=sandbox.url, api_key="another") as rooms,
    ):
        with pytest.raises(AuthenticationError):
            await provision_part(rooms, rows, tmp_path, job="job")
    assert list((tmp_path / "outcomes").iterdir()) == []


async def test_a_server_that_stays_down_does_not_end_a_part(
    rows: RowsPart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The part can be run again when the server answers."""
    stream_many: Any = AsyncRoomsClient.stream_many
    impatient = partialmethod(stream_many, give_up_after=0.1)
    monkeypatch.setattr(AsyncRoomsClient, "stream_many", impatient)
    async with AsyncRoomsClient(base_url="http://127.0.0.1:1/v2", api_key="key") as rooms:
        with pytest.raises(TransportError, match="down for too long"):
            await provision_part(rooms, rows, tmp_path, job="job")
    assert list((tmp_path / "outcomes").iterdir()) == []


async def test_a_file_may_be_a_part(
    rooms: AsyncRoomsClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Other engines need only a path, an output and a name."""
    path = tmp_path / "rooms.csv"
    path.write_text("unique_name\na\nb\n")
    summary = await provision_part(rooms, path, tmp_path / "out", job="job")
    assert summary.made == len(sandbox.rooms) == 2


async def test_a_job_reads_the_outcomes_of_its_parts(
    rooms: AsyncRoomsClient, tmp_path: Path
) -> None:
    """Parts that are not done have no outcomes yet."""
    (tmp_path / "rooms.csv").write_text("unique_name\n" + "".join(f"r{n}\n" for n in range(5)))
    output = tmp_path / "out"
    job = Job.of_files(tmp_path / "*.csv", output=output, job="job", server="s", part_rows=2)
    assert (job.rows, len(job.parts), job.done, job.summary) == (5, 3, set(), Summary())
    for part in job.parts[1:]:
        await provision_part(rooms, part, job.output, job=job.name)
    assert job.summary == Summary(made=3)
    assert [line["index"] for line in job.outcomes()] == [2, 3, 4]
    assert {line["file"] for line in job.outcomes()} == {str(tmp_path / "rooms.csv")}
    assert repr(job) == f"<Job 'job': 3 parts in {tmp_path / 'out'}>"


async def test_a_job_names_the_rows_without_a_room(
    rooms: AsyncRoomsClient, rows: RowsPart, tmp_path: Path
) -> None:
    """Parts without such a row are not read."""
    whole = RowsPart("part-000001", [{"unique_name": "b"}], first=14)
    job = Job([rows, whole], output=tmp_path, job="job", server="s")
    for part in job.parts:
        await provision_part(rooms, part, tmp_path, job="job", concurrency=1)
    (tmp_path / "outcomes" / "part-000001.jsonl").write_text("not read")
    (missing,) = job.missing()
    assert (missing["index"], missing["line"], missing["status"]) == (13, 4, "failed")


def test_a_folder_names_its_job(tmp_path: Path) -> None:
    """A folder without a job has no name."""
    assert Job.name_in(tmp_path) is None
    Job([], output=tmp_path, job="spring-term", server="s")
    assert Job.name_in(tmp_path) == "spring-term"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"job": "other"}, "the job 'job', not of the job 'other'"),
        ({"server": "t"}, "the server s, not of the server t"),
        ({"values": ["b"]}, "an input with the digest"),
    ],
)
def test_an_output_of_another_job_is_refused(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    """Its outcomes would count as those of this job."""
    first: dict[str, Any] = {"job": "job", "server": "s", "values": ["a"]}

    def begin(job: str, server: str, values: list[str]) -> Job:
        parts = [RowsPart("part-000000", [CreateRoomRequest(unique_name=name) for name in values])]
        return Job(parts, output=tmp_path, job=job, server=server)

    begin(**first)
    begin(**first)
    with pytest.raises(ConfigurationError, match=said):
        begin(**(first | change))


def test_a_summary_explains_parts_begun_again() -> None:
    """It says what counts as recovered there."""
    summary = Summary(made=1000, existed=198, failed=1, unknown=1)
    assert str(summary) == (
        "1,198 of 1,200 rooms present: 1,000 made, 198 existed, 0 recovered; 1 failed, 1 unknown"
    )
    summary.add(Summary(unreadable=1, begun_again=1))
    assert "0 recovered, 1 unreadable; 1 failed" in str(summary)
    assert "begun more than once" in str(summary)


async def test_a_room_whose_reply_is_unreadable_is_present(tmp_path: Path) -> None:
    """It was certainly made; only its reply cannot be read."""
    part = RowsPart("part-000000", [{"unique_name": "a"}])
    reply = {"data": {"id": "some-id", "max_participants": "x"}}
    with fixed_server(reply, status=201) as url:
        async with AsyncRoomsClient(base_url=url, api_key="key") as rooms:
            summary = await provision_part(rooms, part, tmp_path, job="job")
    assert (summary.present, summary.unreadable, summary.missing) == (1, 1, 0)
