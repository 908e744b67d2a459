"""After a crash, only requests that were marked count as sent."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from batch.fake_server import FakeServer, Post
from support.asking import asked, asked_for
from telnyx_video import (
    UNSET,
    AsyncRoomsClient,
    CreateRoomRequest,
    NameTakenError,
    Outcome,
)
from telnyx_video._base.http import HttpRequest
from telnyx_video._execution.reconcile import CreateResult
from telnyx_video.batch import CreateOutcome, OutcomeStream, collect, journal_file
from telnyx_video.batch.journal_file import HEADER, NOTED, RUN, boot_id
from telnyx_video.sandbox import Sandbox

REQUESTS = [
    CreateRoomRequest(max_participants=2 + number) if number % 4 == 3 else asked(number)
    for number in range(12)
]


@attrs.define
class Recording(FakeServer):
    """A server that also notes how much of the journal was synced at each POST."""

    synced: list[int] = attrs.field(factory=list[int])
    """Bytes, for each of `posts`."""
    synced_now: int = 0

    async def create(
        self,
        request: CreateRoomRequest,
        seconds_since_intent: float | None,
        http_request: HttpRequest | None,
    ) -> CreateResult:
        """Make it."""
        self.synced.append(self.synced_now)
        return await super().create(request, seconds_since_intent, http_request)


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """The server of a complete batch."""
    server, sync = Recording(tmp_path / "rooms.jsonl"), os.fsync

    def fsync(file: int) -> None:
        length = server.journal.stat().st_size
        sync(file)
        server.synced_now = length

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        run(server)
    assert len(server.posts) == len(server.synced) == len(REQUESTS)
    return server


def run(server: FakeServer) -> list[CreateOutcome]:
    """Begin or resume the batch, and run it to its end."""
    return asyncio.run(
        collect(OutcomeStream(server, REQUESTS, concurrency=2, journal=server.journal))
    )


def resumed(
    tmp_path: Path, content: bytes, posts: list[Post], other: str | None = None
) -> list[CreateOutcome]:
    """Resume a journal of this content, after someone else has made a room of this name.

    Checks that no room is doubled or lost.
    """
    server = FakeServer(tmp_path / "resumed.jsonl", list(posts), {other} if other else set())
    server.journal.write_bytes(content)
    outcomes = run(server)
    requests = [post.request for post in server.posts]
    for request, outcome in zip(REQUESTS, outcomes, strict=True):
        if request.unique_name is UNSET:
            assert requests.count(request) == 1 or outcome.status == "unknown"
        else:
            assert requests.count(request) + (request.unique_name == other) == 1
    return outcomes


def cuts(content: bytes, start: int, end: int) -> Iterator[int]:
    """Yield where a crash may cut the file: after each line, and within it."""
    ends = [place for place in range(start, end + 1) if content[place - 1 : place] == b"\n"]
    yield from sorted({*ends, *(place + 15 for place in ends if place + 15 <= end), start, end})


def test_a_killed_batch_claims_only_what_it_has_begun(recorded: Recording, tmp_path: Path) -> None:
    """At every point, another's room of a request that was not begun counts as another's."""
    content, posts = recorded.journal.read_bytes(), recorded.posts
    for length in cuts(content, len(HEADER), len(content)):
        sent = [post for post in posts if post.length <= length]
        made = [post.request for post in sent]
        lines = [
            json.loads(line) for line in content[: content.rindex(b"\n", 0, length)].splitlines()
        ]
        begun = {line["begun"] for line in lines if "begun" in line}
        others = [index for index in range(len(REQUESTS)) if index % 4 != 3 and index not in begun]
        other = str(REQUESTS[others[-1]].unique_name) if others else None
        outcomes = resumed(tmp_path, content[:length], sent, other)
        for request, outcome in zip(REQUESTS, outcomes, strict=True):
            if request.unique_name is UNSET or outcome.from_journal:
                continue
            if request in made:
                assert outcome.status == "recovered"
            elif request.unique_name == other:
                assert isinstance(outcome.error, NameTakenError)
                assert outcome.error.outcome is Outcome.NOT_APPLIED
            else:
                assert outcome.status == "made"


def test_after_a_power_cut_only_certain_rooms_are_claimed(
    recorded: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marks that were not synced are lost: no room is doubled, and none counts as another's."""
    content = recorded.journal.read_bytes()
    monkeypatch.setattr(journal_file, "boot_id", lambda: "the next boot")
    for count, (post, synced) in enumerate(zip(recorded.posts, recorded.synced, strict=True), 1):
        sent = recorded.posts[:count]
        for length in cuts(content, max(synced, len(HEADER)), post.length):
            outcomes = resumed(tmp_path, content[:length], sent)
            made = [post.request for post in sent]
            for request, outcome in zip(REQUESTS, outcomes, strict=True):
                if request.unique_name is not UNSET and request in made:
                    assert outcome.room or outcome.status == "unknown"


async def test_a_room_of_someone_else_is_not_claimed(tmp_path: Path) -> None:
    """Three of twenty requests were sent, and someone else makes a room of another name."""
    journal, requests = tmp_path / "rooms.jsonl", asked_for(20)
    async with (
        Sandbox() as sandbox,
        AsyncRoomsClient(base_url=sandbox.url, api_key=sandbox.api_key) as rooms,
    ):
        async with rooms.stream_many(requests, concurrency=3, journal=journal) as stream:
            for _ in range(3):
                await anext(stream)
            content = journal.read_bytes()  # a test
        lines = [json.loads(line) for line in content.splitlines()]
        begun = {line["begun"] for line in lines if "begun" in line}
        assert {line["noted"] for line in lines if "noted" in line} > begun
        await rooms.create(unique_name="room-11")
        journal.write_bytes(content)  # a test
        outcomes = await rooms.create_many(requests, journal=journal, if_exists="error")
        names = [str(room["unique_name"]) for room in sandbox.rooms]
    assert 11 not in begun
    assert isinstance(outcomes[11].error, NameTakenError)
    assert outcomes[11].error.outcome is Outcome.NOT_APPLIED
    assert all(outcome.room for outcome in outcomes if outcome.index != 11)
    assert sorted(names) == sorted(str(request.unique_name) for request in requests)


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    """A server in memory."""
    return FakeServer(tmp_path / "rooms.jsonl")


def journal_of(boot: str | None, *, marked: bool) -> bytes:
    """Return a journal in which the first request was noted."""
    content = (
        HEADER + RUN % (json.dumps(boot).encode(), 8) + NOTED % (0, b'{"unique_name":"room-0"}')
    )
    return content + b'{"begun":0,"at":1.5}\n' if marked else content


def outcome_of_first(server: FakeServer) -> CreateOutcome:
    """Run a batch of one."""
    stream = OutcomeStream(server, asked_for(1), concurrency=1, journal=server.journal)
    (outcome,) = asyncio.run(collect(stream))
    return outcome


@pytest.mark.parametrize("boot", ["an earlier one", None])
def test_the_outcome_of_an_unmarked_request_in_another_boot_is_unknown(
    server: FakeServer, boot: str | None
) -> None:
    """After a crash of the system, or without boot ids, a taken name proves little."""
    server.journal.write_bytes(journal_of(boot, marked=False))
    server.posts.append(Post(asked(0), 0))
    outcome = outcome_of_first(server)
    assert isinstance(outcome.error, NameTakenError)
    assert outcome.error.outcome is Outcome.UNKNOWN
    again = outcome_of_first(server)  # nor does it later
    assert again.status != "failed"


def test_a_marked_request_is_looked_up(server: FakeServer) -> None:
    """It may have been sent, in any boot."""
    server.journal.write_bytes(journal_of("an earlier one", marked=True))
    server.posts.append(Post(asked(0), 0))
    assert outcome_of_first(server).recovered


def test_an_intent_of_a_journal_without_marks_may_have_been_sent(server: FakeServer) -> None:
    """Older journals have no marks."""
    server.journal.write_bytes(
        HEADER + b'{"intent":0,"at":1.5,"request":{"unique_name":"room-0"}}\n'
    )
    server.posts.append(Post(asked(0), 0))
    assert outcome_of_first(server).recovered


@pytest.fixture
def no_boot_id(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A system without boot ids."""

    def refuse(*_: object, **__: object) -> None:
        raise FileNotFoundError

    boot_id.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr("builtins.open", refuse)
        assert boot_id() is None
    yield
    boot_id.cache_clear()


@pytest.mark.usefixtures("no_boot_id")
def test_a_system_without_boot_ids_runs_batches(server: FakeServer) -> None:
    """The file has null in place of the id."""
    assert outcome_of_first(server).status == "made"
    assert b'{"run":null,"ahead":8}\n' in server.journal.read_bytes()


def test_a_mark_that_cannot_be_written_stops_the_batch(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent without its mark."""
    write = os.write

    def failing(file: int, data: bytes) -> int:
        if data.startswith(b'{"begun"'):
            raise OSError(28, "No space left on device")
        return write(file, data)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", failing)
        with pytest.raises(OSError, match="No space left"):
            run(server)
    assert [post.request for post in server.posts if post.request.unique_name] == []
    assert all(outcome.status == "made" for outcome in run(server))
