"""The lines of a journal: valid ones, invalid ones, and unusual ones."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.fake_server import FakeServer, Post
from support.asking import asked, asked_for
from support.strategies import rooms
from telnyx_video import (
    ConfigurationError,
    CreateRoomRequest,
    Outcome,
    Room,
    TransportError,
)
from telnyx_video._base.json import dumps
from telnyx_video.batch import CreateOutcome, OutcomeStream, collect
from telnyx_video.batch.journal_file import GAP, HEADER, JournalFile
from telnyx_video.batch.outcome import encode_line, outcome_line

INTENT = b'{"intent":0,"at":1.5,"request":{"unique_name":"room-0"}}\n'
GARBAGE = [
    b"\n",
    b"null\n",
    b"[]\n",
    b"hello\n",
    b"\xff\n",
    b"{}\n",
    b"[" * 100_000 + b"\n",
    b'{"intent":0}\n',
    b'{"intent":-1,"at":1,"request":{}}\n',
    b'{"intent":"0","at":1,"request":{}}\n',
    b'{"intent":0,"at":null,"request":{}}\n',
    b'{"intent":0,"at":1,"request":null}\n',
    b'{"begun":0}\n',
    b'{"begun":0,"at":"noon"}\n',
    b'{"begun":-1,"at":1}\n',
    b'{"begun":true,"at":1}\n',
    b'{"noted":-1,"request":{}}\n',
    b'{"noted":0,"request":null}\n',
    b'{"index":-1,"request":{}}\n',
    b'{"index":0.5,"request":{}}\n',
    b'{"index":0}\n',
    b'{"index":0,"request":[]}\n',
    b'{"intent":true,"at":1,"request":{}}\n',
    b'{"intent":0,"at":true,"request":{}}\n',
    b'{"intent":0,"at":-1e308,"request":{}}\n',
    b'{"intent":0,"at":1e999,"request":{}}\n',
    b'{"intent":100000000000000,"at":1,"request":{}}\n',
    b'{"index":true,"request":{},"room":{"id":"x"}}\n',
    b'{"index":2000000000,"request":{},"room":{"id":"x"}}\n',
    b'{"index":%d,"request":{},"room":{"id":"x"}}\n' % (3 + GAP),
    b'{"index":0,"request":{}}\n',
    b'{"index":0,"request":{},"room":{}}\n',
    b'{"index":0,"request":{},"room":5}\n',
    b'{"index":0,"request":{},"error":[]}\n',
    b'{"index":0,"request":{},"room":{"id":"x"},"error":{}}\n',
    b'{"index":0,"request":null,"room":{"id":"x"}}\n',
    b'{"index":0,"request":{},"room":{"id":"x"},"attempts":-1}\n',
    b'{"index":0,"request":{},"room":{"id":"x"},"attempts":true}\n',
    b'{"index":0,"request":{},"room":{"id":"x"},"recovered":1}\n',
    b'{"index":0,"request":{},"room":{"id":"x"},"existed":null}\n',
    b'{"index":0,"request":{},"room":{"id":"x"},"differences":5}\n',
    b'{"index":0,"request":{},"room":{"id":"x"},"differences":[5]}\n',
]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """The path of a journal that does not exist yet."""
    return tmp_path / "rooms.jsonl"


@pytest.fixture
def server(journal: Path) -> FakeServer:
    """A server in memory."""
    return FakeServer(journal)


async def run(server: FakeServer, requests: list[CreateRoomRequest]) -> list[CreateOutcome]:
    """Run a batch with the server's journal to its end."""
    return await collect(OutcomeStream(server, requests, concurrency=2, journal=server.journal))


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: repr(garbage[:80]))
@pytest.mark.parametrize("behind", [b"", INTENT])
async def test_garbage_is_skipped_and_reported(
    server: FakeServer, garbage: bytes, behind: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """An invalid line is reported by its number; the others are read."""
    content = HEADER + INTENT + garbage + behind
    server.journal.write_bytes(content)
    server.posts = [Post(asked(0), 0)]
    stream = OutcomeStream(server, asked_for(2), concurrency=2, journal=server.journal)
    assert stream.unreadable_lines == 0
    outcomes = await collect(stream)
    assert [outcome.status for outcome in outcomes] == ["recovered", "made"]
    assert stream.unreadable_lines == 1
    assert "1 lines cannot be read, the first is line 3" in caplog.text
    assert server.journal.read_bytes().startswith(content)


def test_a_journal_must_be_a_file(journal: Path) -> None:
    """A device or a pipe, which may have no end, is refused."""
    os.mkfifo(journal)
    with pytest.raises(OSError, match="must be a regular file"):
        JournalFile(str(journal))


async def test_a_long_line_is_read_back(server: FakeServer, journal: Path) -> None:
    """An outcome may be longer than a buffer."""
    name = "x" * 4000
    url = "https://example.com/".ljust(2000, "x")
    request = CreateRoomRequest(
        unique_name=name, webhook_event_url=url, webhook_event_failover_url=url
    )
    await run(server, [request])
    assert max(map(len, journal.read_bytes().splitlines())) > io.DEFAULT_BUFFER_SIZE  # noqa: ASYNC240 # a test
    (outcome,) = await run(server, [request])
    assert outcome.unwrap().id == name
    assert len(server.posts) == 1


@given(rooms, st.booleans(), st.booleans(), st.integers(1, 2), st.booleans())
def test_both_ways_to_write_an_outcome_agree(
    data: dict[str, object], recovered: bool, existed: bool, attempts: int, noted: bool
) -> None:
    """A request that is encoded already reads like one that is encoded with its outcome."""
    request = asked(7)
    outcome = CreateOutcome(
        index=7,
        request=request,
        room=Room.from_dict(data),
        attempts=attempts,
        recovered=recovered,
        existed=existed,
    )
    line = outcome_line(outcome, dumps(request.to_dict()) if noted else None)
    assert json.loads(line) == json.loads(encode_line(outcome.to_dict()))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1


def test_a_room_that_orjson_refuses_is_written() -> None:
    """orjson knows few kinds of time zones."""

    class Odd(tzinfo):
        def utcoffset(self, dt: datetime | None) -> timedelta:
            return timedelta(hours=1)

        def dst(self, dt: datetime | None) -> timedelta | None:
            return None

        def tzname(self, dt: datetime | None) -> str:
            return "odd"

    room = Room(id="a", created_at=datetime(2024, 3, 1, tzinfo=Odd()))
    outcome = CreateOutcome(index=7, request=asked(7), room=room)
    line = json.loads(outcome_line(outcome, b"{}"))
    assert line["room"]["created_at"] == "2024-03-01T00:00:00+01:00"


def test_undecodable_bytes_are_written() -> None:
    """An error's message may quote bytes of a header that are not UTF-8."""
    assert encode_line({"message": "bad \udcff byte"}) == b'{"message": "bad ? byte"}\n'


async def test_an_outcome_that_says_unknown_leaves_the_request_begun(server: FakeServer) -> None:
    """A named room of unknown outcome is looked up by the next run."""
    error = TransportError("cut", Outcome.UNKNOWN)
    lost = CreateOutcome(index=0, request=asked(0), error=error)
    server.journal.write_bytes(HEADER + INTENT + encode_line(lost.to_dict()))
    server.posts = [Post(asked(0), 0)]
    (outcome,) = await run(server, asked_for(1))
    assert outcome.recovered
    assert len(server.posts) == 1
    lines = server.journal.read_bytes().splitlines()
    assert len(lines) == 5  # no second intent: the first one holds, with its time


async def test_an_invalid_request_is_noted_and_may_be_corrected(server: FakeServer) -> None:
    """An invalid item may have become a request when the batch is resumed, but not the reverse."""
    mixed = [asked(0), "room-1"]
    first, second = await run(server, mixed)  # type: ignore[arg-type] # untyped callers
    assert first.room
    assert second.attempts == 0
    again = await run(server, asked_for(2))
    assert all(outcome.room for outcome in again)
    with pytest.raises(ConfigurationError, match="another input"):
        await run(server, mixed)  # type: ignore[arg-type] # untyped callers


async def test_an_error_of_the_input_is_raised_after_its_requests(server: FakeServer) -> None:
    """With a journal, too, drawn requests are made, and then the exception is raised."""

    def broken() -> Iterator[CreateRoomRequest]:
        yield from asked_for(3)
        raise LookupError

    with pytest.raises(LookupError):
        await collect(OutcomeStream(server, broken(), concurrency=5, journal=server.journal))
    assert [post.request for post in server.posts] == asked_for(3)
    assert len(await run(server, asked_for(4))) == 4


@pytest.mark.parametrize("concurrency", [3, 20])
async def test_stopping_sends_no_more_noted_requests(server: FakeServer, concurrency: int) -> None:
    """Requests that were noted and not sent wait for the next run."""
    requests = asked_for(200)
    stream = OutcomeStream(server, requests, concurrency=concurrency, journal=server.journal)
    async with stream:
        await anext(stream)
        sent = len(server.posts)
        stream.stop()
        rest = [outcome async for outcome in stream]
    assert len(server.posts) == sent == 1 + len(rest) < 200
    assert len(await run(server, requests)) == 200
    assert len(server.posts) == 200


async def test_stopping_while_resuming_ends_the_batch(server: FakeServer) -> None:
    """A stop takes effect before the whole input is compared."""
    await run(server, asked_for(40))
    stream = OutcomeStream(server, asked_for(40), concurrency=1, journal=server.journal)
    async with stream:
        await anext(stream)
        stream.stop()
        assert len([outcome async for outcome in stream]) < 39
    assert len(server.posts) == 40


async def test_a_nameless_request_that_was_refused_is_tried_again(server: FakeServer) -> None:
    """It is known that no room was made."""
    nameless = CreateRoomRequest(max_participants=5)
    refused = CreateOutcome(index=0, request=nameless, error=ConfigurationError("not today"))
    assert refused.error is not None
    assert refused.error.outcome is Outcome.NOT_APPLIED
    server.journal.write_bytes(HEADER + encode_line(refused.to_dict()))
    (outcome,) = await run(server, [nameless])
    assert outcome.room


async def test_nameless_rooms_alone_are_noted_one_by_one(server: FakeServer) -> None:
    """They are not noted ahead, so a request that was not sent has no unknown outcome."""
    nameless = [CreateRoomRequest(max_participants=number) for number in range(2, 12)]
    stream = OutcomeStream(server, nameless, concurrency=2, journal=server.journal)
    async with stream:
        await anext(stream)
    noted = server.journal.read_bytes().count(b"intent")
    assert noted <= 4
    assert len(await run(server, nameless)) == 10


async def test_a_batch_is_noted_in_several_steps(server: FakeServer) -> None:
    """More requests are noted ahead while the batch runs."""
    outcomes = await run(server, asked_for(40))
    assert [outcome.index for outcome in outcomes] == list(range(40))
    assert all(outcome.room for outcome in outcomes)
