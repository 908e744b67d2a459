"""A batch with a journal: interrupted, changed or run twice, it makes each room once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    CreateRoomRequest,
    Outcome,
    OutcomeUnknownError,
    RetryPolicy,
    RoomsClient,
)
from telnyx_video.batch.journal_file import HEADER
from telnyx_video.sandbox import Sandbox


def asked(count: int) -> list[CreateRoomRequest]:
    """Requests with unique names."""
    return [CreateRoomRequest(unique_name=f"room-{n}") for n in range(count)]


def client(sandbox: Sandbox, *, auto_name: bool = False) -> AsyncRoomsClient:
    """A client that makes at most two attempts."""
    return AsyncRoomsClient(
        base_url=sandbox.url,
        api_key=sandbox.api_key,
        retry=RetryPolicy(attempts=2),
        auto_name=auto_name,
    )


def lines(journal: Path) -> list[dict[str, object]]:
    """Return the journal's lines after the header."""
    return [json.loads(line) for line in journal.read_text().splitlines()[1:]]


async def test_each_request_is_noted_then_begun_then_done(tmp_path: Path) -> None:
    """The lines of each request are in this order."""
    journal = tmp_path / "rooms.jsonl"
    async with Sandbox() as sandbox, client(sandbox) as rooms:
        await rooms.create_many(asked(20), journal=journal)
    noted: set[object] = set()
    begun: set[object] = set()
    done: set[object] = set()
    for line in lines(journal):
        if "noted" in line:
            noted.add(line["noted"])
        elif "begun" in line:
            assert line["begun"] in noted
            begun.add(line["begun"])
        elif "index" in line:
            assert line["index"] in begun
            done.add(line["index"])
    assert begun == done == set(range(20))


async def test_finished_requests_are_returned_and_not_sent_again(tmp_path: Path) -> None:
    """The same batch again returns the same rooms, and sends nothing."""
    journal = tmp_path / "rooms.jsonl"
    async with Sandbox() as sandbox, client(sandbox) as rooms:
        first = await rooms.create_many(asked(20), journal=journal)
        requests = sum(sandbox.requests.values())
        again = await rooms.create_many(asked(20), journal=journal)
        assert sum(sandbox.requests.values()) == requests
    assert [outcome.room for outcome in again] == [outcome.room for outcome in first]
    assert [{outcome.from_journal for outcome in outcomes} for outcomes in (first, again)] == [
        {False},
        {True},
    ]


async def test_a_torn_last_line_is_removed(tmp_path: Path) -> None:
    """A line that a crash left half written does not count."""
    journal = tmp_path / "rooms.jsonl"
    async with Sandbox() as sandbox, client(sandbox) as rooms:
        await rooms.create_many(asked(3), journal=journal)
        whole = journal.read_bytes()
        journal.write_bytes(whole[:-20])
        outcomes = await rooms.create_many(asked(3), journal=journal)
        assert len(sandbox.rooms) == 3
    assert all(outcome.room for outcome in outcomes)
    assert all(isinstance(line, dict) for line in lines(journal))


@pytest.mark.parametrize("count", [1, 3])
async def test_the_journal_of_another_input_is_refused(tmp_path: Path, count: int) -> None:
    """Other requests, or fewer, are noticed before anything is sent."""
    journal = tmp_path / "rooms.jsonl"
    async with Sandbox() as sandbox, client(sandbox) as rooms:
        await rooms.create_many(asked(3), journal=journal)
        others = [CreateRoomRequest(unique_name=f"other-{n}") for n in range(count)]
        with pytest.raises(ConfigurationError, match="journal of another input"):
            await rooms.create_many(others if count == 3 else asked(count), journal=journal)
        assert len(sandbox.rooms) == 3


async def test_the_journal_of_another_server_is_refused(tmp_path: Path) -> None:
    """The error names both addresses, and nothing is sent or lost."""
    journal = tmp_path / "rooms.jsonl"
    async with Sandbox() as there, Sandbox() as here:
        async with client(there) as rooms:
            made = await rooms.create_many(asked(3), journal=journal)
        content = journal.read_bytes()
        assert b"sandbox-key" not in content
        with pytest.raises(ConfigurationError) as caught:
            async with client(here) as rooms:
                await rooms.create_many(asked(3), journal=journal)
        assert "journal of another server" in caught.value.message
        assert there.url in caught.value.message
        assert here.url in caught.value.message
        assert not here.requests
        assert journal.read_bytes() == content
        async with client(there) as rooms:
            again = await rooms.create_many(asked(3), journal=journal)
        assert [outcome.room for outcome in again] == [outcome.room for outcome in made]


@pytest.mark.parametrize("noted", [b"", b',"server":null'])
async def test_a_journal_without_a_server_can_be_resumed_anywhere(
    tmp_path: Path, noted: bytes
) -> None:
    """Older journals do not name a server."""
    journal = tmp_path / "rooms.jsonl"
    async with Sandbox() as sandbox, client(sandbox) as rooms:
        await rooms.create_many(asked(3), journal=journal)
        requests = sum(sandbox.requests.values())
        _, rest = journal.read_bytes().split(b"\n", 1)
        journal.write_bytes(HEADER.replace(b"}", noted + b"}") + rest)
        outcomes = await rooms.create_many(asked(3), journal=journal)
        assert sum(sandbox.requests.values()) == requests
    assert {outcome.from_journal for outcome in outcomes} == {True}


def test_the_server_is_noted_with_each_client(tmp_path: Path) -> None:
    """The blocking client notes its server, too."""
    journal = tmp_path / "rooms.jsonl"
    with Sandbox() as sandbox:
        with RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key) as rooms:
            rooms.create_many(asked(1), journal=journal)
        header = json.loads(journal.read_text().splitlines()[0])
        assert header == {"journal": "telnyx-video", "version": 1, "server": sandbox.url}


@pytest.mark.parametrize(
    "content",
    [
        "hello",
        '{"a": 1}\n',
        "name,size\nroom,3\n",
        '{"journal":"telnyx-video","version":2}\n',
        '{"journal":"telnyx-video","version":1,"server"}\n',
        '{"journal":"telnyx-video"\n',
    ],
)
async def test_another_file_is_refused_and_not_touched(tmp_path: Path, content: str) -> None:
    """A file that is not a journal is not changed."""
    file = tmp_path / "precious.txt"
    file.write_text(content)
    async with Sandbox() as sandbox, client(sandbox) as rooms:
        with pytest.raises(ConfigurationError, match="is not a journal: it has other content"):
            await rooms.create_many(asked(1), journal=file)
        assert sandbox.rooms == []
    assert file.read_text() == content


async def test_two_runs_on_one_journal_are_refused(tmp_path: Path) -> None:
    """While one batch writes it, another cannot."""
    journal = tmp_path / "rooms.jsonl"
    async with (
        Sandbox() as sandbox,
        client(sandbox) as rooms,
        rooms.stream_many(asked(3), journal=journal),
    ):
        with pytest.raises(ConfigurationError):
            await rooms.create_many(asked(3), journal=journal)


async def test_a_journal_that_cannot_be_written_stops_before_sending(tmp_path: Path) -> None:
    """A missing folder raises the system's error, and nothing is sent."""
    async with Sandbox() as sandbox, client(sandbox) as rooms:
        with pytest.raises(OSError):  # noqa: PT011 # the system's own words
            await rooms.create_many(asked(1), journal=tmp_path / "missing" / "rooms.jsonl")
        assert sandbox.rooms == []


async def test_a_nameless_request_of_unknown_outcome_is_never_sent_again(tmp_path: Path) -> None:
    """Resumed, it is reported as unknown, as before, without a request."""
    journal = tmp_path / "rooms.jsonl"
    nameless = [CreateRoomRequest(max_participants=5)]
    lost = [{"on": "POST /rooms", "faults": ["lost"]}]
    async with Sandbox(faults=lost) as sandbox, client(sandbox) as rooms:
        (first,) = await rooms.create_many(nameless, journal=journal)
        requests = sum(sandbox.requests.values())
        (again,) = await rooms.create_many(nameless, journal=journal)
        assert sum(sandbox.requests.values()) == requests
    for outcome in (first, again):
        assert isinstance(outcome.error, OutcomeUnknownError)
        assert outcome.error.outcome is Outcome.UNKNOWN
    assert (first.from_journal, again.from_journal) == (False, True)


async def test_a_given_name_is_kept(tmp_path: Path) -> None:
    """A name that auto_name gave in the first run is the name in the next."""
    journal = tmp_path / "rooms.jsonl"
    async with Sandbox() as sandbox:
        async with client(sandbox, auto_name=True) as rooms:
            stream = rooms.stream_many([CreateRoomRequest()] * 3, concurrency=1, journal=journal)
            async with stream:
                await anext(stream)
            await asyncio.sleep(0)
        async with client(sandbox, auto_name=True) as rooms:
            outcomes = await rooms.create_many([CreateRoomRequest()] * 3, journal=journal)
        made = {room["unique_name"] for room in sandbox.rooms}
    assert {outcome.request.unique_name for outcome in outcomes} == made
    assert len(made) == 3


async def test_a_refused_request_is_tried_again(tmp_path: Path) -> None:
    """It is known that no room was made."""
    journal = tmp_path / "rooms.jsonl"
    refusing = [{"on": "POST /rooms", "faults": [403]}]
    async with Sandbox(faults=refusing) as sandbox, client(sandbox) as rooms:
        (refused,) = await rooms.create_many(asked(1), journal=journal)
        assert refused.error is not None
        (made,) = await rooms.create_many(asked(1), journal=journal)
        assert made.room is not None


async def test_a_policy_without_retries_makes_noted_requests(tmp_path: Path) -> None:
    """A request that an earlier run noted and never sent has had no attempt."""
    journal = tmp_path / "rooms.jsonl"
    async with (
        Sandbox() as sandbox,
        AsyncRoomsClient(
            base_url=sandbox.url, api_key=sandbox.api_key, retry=RetryPolicy.none()
        ) as rooms,
    ):
        async with rooms.stream_many(asked(20), concurrency=2, journal=journal) as stream:
            await anext(stream)
            stream.stop()
            async for _ in stream:
                pass
        assert len(sandbox.rooms) < 20
        outcomes = await rooms.create_many(asked(20), journal=journal)
        assert [outcome.error for outcome in outcomes] == [None] * 20
        assert len(sandbox.rooms) == 20


def test_an_input_that_failed_can_be_resumed(tmp_path: Path) -> None:
    """Nothing after its failure is drawn, though `map` would continue: the next run matches."""
    journal = tmp_path / "rooms.jsonl"

    def parse(row: str) -> CreateRoomRequest:
        if row == "bad":
            raise ValueError("no such row")
        return CreateRoomRequest(unique_name=row)

    rows = [f"room-{number}" for number in range(20)]
    with (
        Sandbox() as sandbox,
        RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key) as rooms,
    ):
        with pytest.raises(ValueError, match="no such row"):
            rooms.create_many(map(parse, [*rows[:10], "bad", *rows[11:]]), journal=journal)
        outcomes = rooms.create_many(map(parse, rows), journal=journal)
        assert [outcome.unwrap().unique_name for outcome in outcomes] == rows
